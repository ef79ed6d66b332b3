//! Reading the rows of an export batch, in the one order that its objects have.

use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use sqlx::PgConnection;
use uuid::Uuid;

use super::export_batches::ExportBatch;

/// An event as it is exported.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `events`, explained there")]
pub struct ExportedRow {
    pub event_id: Uuid,
    pub event_type: String,
    pub site_id: String,
    pub visitor_id: Uuid,
    pub session_id: Uuid,
    pub stream_id: Uuid,
    pub seq: i64,
    pub timestamp: DateTime<Utc>,
    pub sent_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub url: String,
    pub path: String,
    pub title: String,
    pub referrer: String,
    pub channel: String,
    pub platform: String,
    pub utm_source: Option<String>,
    pub utm_medium: Option<String>,
    pub utm_campaign: Option<String>,
    pub utm_term: Option<String>,
    pub utm_content: Option<String>,
    pub utm_id: Option<String>,
    pub country: Option<String>,
    pub region: Option<String>,
    pub user_agent: String,
    pub browser: String,
    pub os: String,
    pub device: String,
    pub bot: Option<String>,
    pub ip_address: Option<String>,
    pub consent: String,
    pub redactions: String,
    pub data: String,
    pub ingested_at: DateTime<Utc>,
    pub t: i64,
    pub session_number: i64,
    pub session_start: DateTime<Utc>,
    pub edge_version: String,
}

/// The rows of `batch`, by site, time and id. Strings compare by bytes, so that no collation can change the order.
pub fn of_batch<'a>(
    connection: &'a mut PgConnection,
    batch: &'a ExportBatch,
) -> BoxStream<'a, sqlx::Result<ExportedRow>> {
    sqlx::query_as!(
        ExportedRow,
        r#"-- name: exported_rows
        select
            event_id, event_type, site_id, visitor_id, session_id, stream_id, seq, timestamp, sent_at, received_at,
            url, path, title, referrer, channel, platform,
            utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id,
            country, region, user_agent, browser, os, device, bot, ip_address, consent,
            redactions::text as "redactions!", data::text as "data!", segments.ingested_at,
            t, session_number, session_start, edge_version
        from segments
        join events on events.segment_id = segments.id
        where segments.export_batch_id = $1
            -- Leaves the partitions out that the batch does not touch.
            and event_id between $2 and $3
        order by site_id collate "C", timestamp, event_id"#,
        batch.id,
        batch.min_event_id,
        batch.max_event_id,
    )
    .fetch(connection)
}

/// The ids of the rows of `batch`, ascending.
pub async fn ids_of_batch(connection: &mut PgConnection, batch: &ExportBatch) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "-- name: exported_row_ids
        select event_id
        from segments
        join events on events.segment_id = segments.id
        where segments.export_batch_id = $1 and event_id between $2 and $3
        order by event_id",
        batch.id,
        batch.min_event_id,
        batch.max_event_id,
    )
    .fetch_all(connection)
    .await
}
