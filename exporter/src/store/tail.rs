//! The order in which segments can be followed. Commits become visible out of the order of their ids and of their times; up
//! to the oldest ingest transaction that is still open, nothing can come any more.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// A segment to follow.
#[derive(Clone, Copy, Debug)]
pub struct Arrived {
    /// Its id.
    pub id: i64,
    /// When its transaction began.
    pub ingested_at: DateTime<Utc>,
}

/// Every segment before this time that there will ever be can be seen now. Asked on several exporters' behalf: all of them
/// show their transactions to the server.
pub async fn horizon(connection: &mut PgConnection) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(
        r#"-- name: tail_horizon
        select least(
            (
                select min(xact_start)
                from pg_stat_activity
                where datname = current_database() and application_name = 'evothesis-ingest' and state <> 'idle'
            ),
            -- A transaction that began a moment ago may not show yet.
            clock_timestamp() - interval '100 milliseconds'
        ) as "horizon!""#
    )
    .fetch_one(connection)
    .await
}

/// The segments from `(ingested_at, id)` on and before `horizon`, in this order, at most `limit`.
pub async fn segments(
    connection: &mut PgConnection,
    from: (DateTime<Utc>, i64),
    horizon: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Arrived>> {
    sqlx::query_as!(
        Arrived,
        "-- name: tail_segments
        select id, ingested_at
        from segments
        where (ingested_at, id) >= ($1, $2) and ingested_at < $3
        order by ingested_at, id
        limit $4",
        from.0,
        from.1,
        horizon,
        limit,
    )
    .fetch_all(connection)
    .await
}
