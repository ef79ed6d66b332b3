//! How far behind each destination is.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// What a destination does not hold yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Backlog {
    /// Its name.
    pub destination: String,
    /// Rows that wait and are still here, those of no export batch included.
    pub pending_rows: i64,
    /// When the oldest of them came.
    pub oldest: Option<DateTime<Utc>>,
    /// When the destination last was verified to hold an export batch.
    pub last_success: Option<DateTime<Utc>>,
    /// Deliveries whose last attempt failed.
    pub failing: i64,
    /// Rows that retention dropped before it got them: destinations that were required then hold them.
    pub never_got_rows: i64,
}

/// The backlog of each of `destinations`, in their order.
pub async fn of(connection: &mut PgConnection, destinations: &[String]) -> sqlx::Result<Vec<Backlog>> {
    sqlx::query_as!(
        Backlog,
        r#"-- name: backlogs
        with unclaimed as (
            select coalesce(sum(rows), 0)::bigint as rows, min(ingested_at) as oldest
            from segments where export_batch_id is null
        )
        select
            destination as "destination!",
            (unclaimed.rows + waiting.rows) as "pending_rows!",
            least(unclaimed.oldest, waiting.oldest) as oldest,
            (
                select max(exported_at) from deliveries where deliveries.destination = configured.destination
            ) as last_success,
            (
                select count(*) from deliveries
                where deliveries.destination = configured.destination and exported_at is null and last_error is not null
            ) as "failing!",
            waiting.dropped + (
                select coalesce(sum(rows_dropped), 0)::bigint from deliveries
                where deliveries.destination = configured.destination and rows_dropped > 0
            ) as "never_got_rows!"
        from unnest($1::text[]) with ordinality as configured (destination, position)
        cross join unclaimed
        cross join lateral (
            select
                coalesce(sum(rows - dropped), 0)::bigint as rows,
                min(hour) filter (where rows > dropped) as oldest,
                coalesce(sum(dropped), 0)::bigint as dropped
            from (
                select rows, hour, export_batch_dropped_rows(id) as dropped
                from export_batches
                where not exists (
                    select from deliveries
                    where export_batch_id = export_batches.id
                        and deliveries.destination = configured.destination
                        and exported_at is not null
                )
            ) as batch
        ) as waiting
        order by position"#,
        destinations,
    )
    .fetch_all(connection)
    .await
}
