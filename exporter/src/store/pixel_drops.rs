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
    /// Its visitor.
    pub visitor_id: Uuid,
    /// How many events.
    pub dropped: u32,
    /// The edge's clock.
    pub received_at: DateTime<Utc>,
}

/// Records reports, once per batch however often it is delivered, and returns the batches that are new. Those of erased
/// visitors are left out.
pub async fn record(connection: &mut PgConnection, reports: &[PixelDrop<'_>]) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "-- name: record_pixel_drops
        insert into pixel_drops (batch_id, site_id, stream_id, dropped, received_at)
        select batch_id, site_id, stream_id, dropped, received_at
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::uuid[])
            as row (batch_id, site_id, stream_id, dropped, received_at, visitor_id)
        where not exists (select from erased_visitors) or not visitor_is_erased(visitor_id)
        -- Two that record the same batches in different orders would deadlock.
        order by batch_id
        on conflict (batch_id) do nothing
        returning batch_id",
        column(reports, |it| it.batch_id) as Vec<Uuid>,
        column(reports, |it| it.site_id) as Vec<&str>,
        column(reports, |it| it.stream_id) as Vec<Uuid>,
        column(reports, |it| i64::from(it.dropped)) as Vec<i64>,
        column(reports, |it| it.received_at) as Vec<DateTime<Utc>>,
        column(reports, |it| it.visitor_id) as Vec<Uuid>,
    )
    .fetch_all(connection)
    .await
}

fn column<'a, T>(reports: &'a [PixelDrop<'a>], value: impl Fn(&'a PixelDrop<'a>) -> T) -> Vec<T> {
    reports.iter().map(value).collect()
}
