//! Reading the rows of an export batch.

use bytes::Bytes;
use futures::stream::BoxStream;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use uuid::Uuid;

use super::erased_rows;
use super::export_batches::ExportBatch;

/// What is exported, and the segment.
const COLUMNS: &str = "event_id, event_type, site_id, visitor_id, session_id, stream_id, seq, timestamp, sent_at, received_at, url, \
    path, title, referrer, channel, platform, utm_source, utm_medium, utm_campaign, utm_term, utm_content, \
    utm_id, country, region, user_agent, browser, os, device, bot, ip_address, consent, redactions, data, \
    segments.ingested_at, t, session_number, session_start, edge_version, segment_id";
/// Longer than the largest batch takes to the slowest disk.
const COPY_TIMEOUT: &str = "1h";
/// Longer than many days take that are dropped at once.
const DROP_TIMEOUT: &str = "5min";

/// Keeps days from being dropped until the transaction ends, and says how many rows of `batch` were dropped before: what is read
/// after this is all the others. Waits while days are dropped.
pub async fn keep(connection: &mut PgConnection, batch: &ExportBatch) -> sqlx::Result<i64> {
    sqlx::query!(
        r#"-- name: keep_rows
        select set_config('lock_timeout', $1, true), pg_advisory_xact_lock_shared(hashtext('read rows')) as "lock!: ()""#,
        DROP_TIMEOUT,
    )
    .fetch_one(&mut *connection)
    .await?;
    // A statement of its own: its snapshot must not be older than the lock.
    sqlx::query_scalar!(
        r#"-- name: dropped_rows_of_batch
        select export_batch_dropped_rows($1) as "rows!""#,
        batch.id,
    )
    .fetch_one(connection)
    .await
}

/// The rows of `batch` as a binary `COPY` in pieces: the columns of [`crate::export::objects::row::COLUMNS`] and the id of
/// the segment. Segment follows segment by id; within one, rows come as the database finds them. With `by_site`, the rows
/// of a site come together, sites in the order of their bytes. Needs a transaction.
pub async fn copy_of_batch<'a>(
    connection: &'a mut PgConnection,
    batch: &ExportBatch,
    by_site: bool,
) -> sqlx::Result<BoxStream<'a, sqlx::Result<Bytes>>> {
    by_segments(connection).await?;
    let order = if by_site { "site_id collate \"C\", segments.id" } else { "segments.id" };
    // `COPY` takes no parameters; what is put in is an id that Postgres has checked, in hexadecimal.
    let (id, columns) = (batch.id, COLUMNS);
    connection
        .copy_out_raw(&format!(
            "copy (
                -- name: exported_rows
                select
                    {columns}
                from (
                    -- In their order already here, so that rows need no sorting.
                    select id, ingested_at, min_event_id, max_event_id
                    from segments
                    where export_batch_id = '{id}'
                    order by id
                ) as segments
                join events on events.segment_id = segments.id
                    -- Leaves the partitions out that the segment does not touch.
                    and event_id between segments.min_event_id and segments.max_event_id
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
    erased_rows::look_for(&mut *connection, visitor).await?;
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

/// The ids of the rows of `batch`, as the database finds them. Needs a transaction.
pub async fn ids_of_batch<'a>(
    connection: &'a mut PgConnection,
    batch: &ExportBatch,
) -> sqlx::Result<BoxStream<'a, sqlx::Result<Uuid>>> {
    by_segments(connection).await?;
    Ok(sqlx::query_scalar!(
        "-- name: exported_row_ids
        select event_id
        from segments
        join events on events.segment_id = segments.id
            and event_id between segments.min_event_id and segments.max_event_id
        where segments.export_batch_id = $1",
        batch.id,
    )
    .fetch(connection))
}

/// Has the rows of each segment read by the index on it, for the rest of the transaction. Anything else reads whole
/// partitions, or the ids of a whole batch for each of its segments; statistics are behind just when a batch is new, and must
/// not talk the planner into it.
async fn by_segments(connection: &mut PgConnection) -> sqlx::Result<()> {
    let settings = "set local enable_hashjoin = off; set local enable_mergejoin = off; set local enable_seqscan = off;
        set local enable_bitmapscan = off";
    connection.execute(AssertSqlSafe(format!("{settings}; set local statement_timeout = '{COPY_TIMEOUT}'"))).await?;
    Ok(())
}
