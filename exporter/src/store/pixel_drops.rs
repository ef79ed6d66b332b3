//! Loss that pixels report of themselves.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A pixel's report that it had to drop events.
#[derive(Clone, Debug)]
pub struct PixelDrop<'a> {
    /// The batch that carried the report.
    pub batch_id: Uuid,
    /// The site it came from.
    pub site_id: &'a str,
    /// The page load that reported.
    pub stream_id: Uuid,
    /// How many events.
    pub dropped: u32,
    /// The edge's clock.
    pub received_at: DateTime<Utc>,
}

/// Records a report, once per batch however often it is delivered.
pub async fn record(connection: &mut PgConnection, report: &PixelDrop<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: record_pixel_drop
        insert into pixel_drops (batch_id, site_id, stream_id, dropped, received_at)
        values ($1, $2, $3, $4, $5)
        on conflict (batch_id) do nothing",
        report.batch_id,
        report.site_id,
        report.stream_id,
        i64::from(report.dropped),
        report.received_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
