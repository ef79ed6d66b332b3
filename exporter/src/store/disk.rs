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
    .fetch_all(connection)
    .await?;
    Ok(Used { bytes, days })
}
