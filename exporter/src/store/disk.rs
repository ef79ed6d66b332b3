//! What the database takes on disk.

use chrono::NaiveDate;
use sqlx::PgConnection;

/// Bytes of the database, and of each of some days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Of the whole database.
    pub bytes: i64,
    /// Of the partitions that hold events, the oldest first.
    pub days: Vec<OfDay>,
    /// What a full day adds to all other tables.
    pub lasting_bytes_a_day: i64,
}

/// A day's partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfDay {
    /// The UTC day.
    pub day: NaiveDate,
    /// Its bytes, indexes included.
    pub bytes: i64,
}

/// What the database takes, and each of the days before `today` that holds any event.
pub async fn used(connection: &mut PgConnection, today: NaiveDate) -> sqlx::Result<Used> {
    let bytes = sqlx::query_scalar!(
        r#"-- name: database_bytes
        select pg_database_size(current_database()) as "bytes!""#
    )
    .fetch_one(&mut *connection)
    .await?;
    let days = sqlx::query_as!(
        OfDay,
        r#"-- name: bytes_by_day
        select to_date(right(relname, 8), 'YYYYMMDD') as "day!", coalesce(pg_total_relation_size(oid), 0) as "bytes!"
        from pg_class
        join pg_inherits on inhrelid = oid
        where inhparent = to_regclass('events')
            and relname ~ '^events_[0-9]{8}$'
            and relname < 'events_' || to_char($1::date, 'YYYYMMDD')
            -- One that no event ever came for has indexes, and no page of rows.
            and pg_relation_size(oid) > 0
        order by 1"#,
        today,
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(Used { bytes, days, lasting_bytes_a_day: lasting_bytes_a_day(connection, today).await? })
}

/// What each of the last seven full days has added to the tables beside the events. They grow with the segments, of which none
/// is ever deleted: a day has its share of them by the segments that came on it. Those whose old rows are deleted are taken
/// for larger than they get.
async fn lasting_bytes_a_day(connection: &mut PgConnection, today: NaiveDate) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"-- name: lasting_bytes_a_day
        with tables as (
            select coalesce(sum(pg_total_relation_size(oid)), 0) as bytes
            from pg_class
            where relkind = 'r'
                and relnamespace = (select relnamespace from pg_class where oid = to_regclass('events'))
                and relname !~ '^events_[0-9]{8}$'
        ),
        -- By numbers, since counting would read millions. A gap counts as a segment, on all days alike.
        numbers as (
            select
                min(id) as first,
                max(id) + 1 as after_last,
                greatest(
                    $1::date - 7,
                    (select (ingested_at at time zone 'utc')::date from segments order by ingested_at, id limit 1)
                ) as since
            from segments
        ),
        full_days as (
            select
                $1::date - since as days,
                (
                    select id from segments
                    where ingested_at >= since::timestamp at time zone 'utc'
                    order by ingested_at, id limit 1
                ) as first,
                coalesce(
                    (
                        select id from segments
                        where ingested_at >= $1::date::timestamp at time zone 'utc'
                        order by ingested_at, id limit 1
                    ),
                    after_last
                ) as after_last
            from numbers
            where since < $1::date
        )
        select coalesce(
            (
                select tables.bytes
                    * greatest(full_days.after_last - full_days.first, 0)
                    / (numbers.after_last - numbers.first)
                    / full_days.days
                from tables, numbers, full_days
            ),
            0
        )::bigint as "bytes!""#,
        today,
    )
    .fetch_one(connection)
    .await
}
