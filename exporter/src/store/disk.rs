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
    /// What the segments of a full day add. They are folded when their events were dropped.
    pub segments_bytes_a_day: i64,
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
    let beside = beside_events(connection, today).await?;
    Ok(Used { bytes, days, segments_bytes_a_day: beside.segments, lasting_bytes_a_day: beside.others })
}

/// What each of the last seven full days has added beside the events, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Beside {
    segments: i64,
    others: i64,
}

/// All tables beside the events grow with the segments: a day has its share of them by the segments that came on it. Those
/// whose old rows are deleted are taken for larger than they get.
async fn beside_events(connection: &mut PgConnection, today: NaiveDate) -> sqlx::Result<Beside> {
    let beside = sqlx::query_as!(
        Beside,
        r#"-- name: bytes_beside_events
        with tables as (
            select
                pg_total_relation_size('segments') as of_segments,
                sum(pg_total_relation_size(oid)) - pg_total_relation_size('segments') as of_others
            from pg_class
            where relkind = 'r'
                and relnamespace = (select relnamespace from pg_class where oid = to_regclass('events'))
                and relname !~ '^events_[0-9]{8}$'
        ),
        -- By numbers, since counting would read millions. A gap counts as a segment, on all days alike.
        numbers as (
            select
                min(id) as first,
                -- Those of batches that are gone are one for each.
                (select id from segments where dropped_rows < rows order by ingested_at, id limit 1) as first_kept,
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
        ),
        arrived as (
            select greatest(after_last - first, 0)::numeric / days as a_day from full_days
        )
        select
            coalesce(of_segments * a_day / nullif(greatest(numbers.after_last - first_kept, a_day), 0), 0)::bigint as "segments!",
            coalesce(of_others * a_day / (numbers.after_last - first), 0)::bigint as "others!"
        from tables, numbers, arrived"#,
        today,
    )
    .fetch_optional(connection)
    .await?;
    Ok(beside.unwrap_or_default())
}
