//! What the operator asks: is it alive, how much is there, how far is each bucket.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// How far a destination is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DestinationStatus {
    /// Its name.
    pub destination: String,
    /// Rows that the destination does not hold yet, those of no export batch included.
    pub pending_rows: i64,
    /// When it last was verified to hold an export batch.
    pub last_success: Option<DateTime<Utc>>,
    /// Deliveries whose last attempt failed, the latest first, at most ten.
    pub failures: Vec<DeliveryFailure>,
}

/// A delivery whose last attempt failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryFailure {
    /// What could not be delivered.
    pub export_batch_id: uuid::Uuid,
    /// How often it was tried.
    pub attempts: i32,
    /// When it failed last.
    pub failed_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// Ok when the database answers.
pub async fn ping(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query_scalar!(
        r#"-- name: ping
        select 1 as "one!""#
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// How many events were stored. Read from the segments, so it costs the same however many there are in each.
pub async fn count_events(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"-- name: count_events
        select coalesce(sum(rows), 0)::bigint as "rows!" from segments"#
    )
    .fetch_one(connection)
    .await
}

/// How far `destination` is.
pub async fn destination_status(connection: &mut PgConnection, destination: &str) -> sqlx::Result<DestinationStatus> {
    let totals = sqlx::query!(
        r#"-- name: destination_totals
        select
            (
                coalesce((select sum(rows) from segments where export_batch_id is null), 0)
                + coalesce((
                    select sum(rows)
                    from export_batches
                    where not exists (
                        select from deliveries
                        where export_batch_id = export_batches.id and destination = $1 and exported_at is not null
                    )
                    -- What retention has dropped does not wait any more.
                    and not exists (
                        select from segments where export_batch_id = export_batches.id and dropped_rows > 0
                    )
                ), 0)
            )::bigint as "pending_rows!",
            (select max(exported_at) from deliveries where destination = $1) as last_success"#,
        destination,
    )
    .fetch_one(&mut *connection)
    .await?;
    let failures = sqlx::query_as!(
        DeliveryFailure,
        r#"-- name: destination_failures
        select export_batch_id, attempts, last_error_at as "failed_at!", last_error as "reason!"
        from deliveries
        where destination = $1 and exported_at is null and last_error is not null and last_error_at is not null
        order by last_error_at desc
        limit 10"#,
        destination,
    )
    .fetch_all(connection)
    .await?;
    Ok(DestinationStatus {
        destination: destination.to_owned(),
        pending_rows: totals.pending_rows,
        last_success: totals.last_success,
        failures,
    })
}
