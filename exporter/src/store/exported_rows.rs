//! Reading the rows of an export batch.

use bytes::Bytes;
use futures::stream::BoxStream;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use uuid::Uuid;

use super::erasures;
use super::export_batches::ExportBatch;

/// What is exported, and the segment.
const COLUMNS: &str = "event_id, event_type, site_id, visitor_id, session_id, stream_id, seq, timestamp, sent_at, received_at, url, \
    path, title, referrer, channel, platform, utm_source, utm_medium, utm_campaign, utm_term, utm_content, \
    utm_id, country, region, user_agent, browser, os, device, bot, ip_address, consent, redactions, data, \
    segments.ingested_at, t, session_number, session_start, edge_version, segment_id";
/// Longer than the largest batch takes to the slowest disk.
const COPY_TIMEOUT: &str = "1h";

/// The rows of `batch` as a binary `COPY` in pieces: the columns of [`crate::export::objects::row::COLUMNS`] and the id of
/// the segment. Segment follows segment by id; within one, rows come as the database finds them. With `by_site`, the rows
/// of a site come together, sites in the order of their bytes. Needs a transaction.
pub async fn copy_of_batch<'a>(
    connection: &'a mut PgConnection,
    batch: &ExportBatch,
    by_site: bool,
) -> sqlx::Result<BoxStream<'a, sqlx::Result<Bytes>>> {
    // Segments in their order, and the rows of each by the index: anything else reads whole partitions, or sorts rows
    // that do not fit into memory. Statistics that are behind must not talk the planner into it.
    let (order, plan) = if by_site { ("site_id collate \"C\", segments.id", "on") } else { ("segments.id", "off") };
    let settings = format!(
        "set local enable_hashjoin = {plan}; set local enable_mergejoin = {plan}; set local enable_seqscan = {plan};
        set local statement_timeout = '{COPY_TIMEOUT}'"
    );
    connection.execute(AssertSqlSafe(settings)).await?;
    // `COPY` takes no parameters; what is put in is two ids of ours and one that Postgres has checked, in hexadecimal.
    let ExportBatch { id, min_event_id, max_event_id, .. } = batch;
    let columns = COLUMNS;
    connection
        .copy_out_raw(&format!(
            "copy (
                -- name: exported_rows
                select
                    {columns}
                from segments
                join events on events.segment_id = segments.id
                where segments.export_batch_id = '{id}'
                    -- Leaves the partitions out that the batch does not touch.
                    and event_id between '{min_event_id}' and '{max_event_id}'
                order by {order}
            ) to stdout (format binary)"
        ))
        .await
}

/// The rows of `visitor` as a binary `COPY` in pieces, with the columns of [`copy_of_batch`]. Needs a transaction.
pub async fn copy_of_visitor(
    connection: &mut PgConnection,
    visitor: Uuid,
) -> sqlx::Result<BoxStream<'_, sqlx::Result<Bytes>>> {
    connection.execute(AssertSqlSafe(format!("set local statement_timeout = '{COPY_TIMEOUT}'"))).await?;
    erasures::look_for(&mut *connection, visitor).await?;
    let columns = COLUMNS;
    connection
        .copy_out_raw(&format!(
            "copy (
                -- name: rows_of_visitor
                select {columns}
                from events
                join segments on segments.id = events.segment_id
                where visitor_id = current_setting('evothesis.visitor')::uuid
            ) to stdout (format binary)"
        ))
        .await
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
