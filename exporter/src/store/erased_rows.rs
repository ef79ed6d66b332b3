//! The rows of a visitor who is erased: found, deleted, and what counted them made what is left.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Longer than deleting from the largest table takes the slowest disk.
const TIMEOUT: &str = "1h";

/// Rows of a visitor in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfSegment {
    /// The segment.
    pub segment_id: i64,
    /// The events.
    pub event_ids: Vec<Uuid>,
    /// The page loads that they were of.
    pub stream_ids: Vec<Uuid>,
}

/// Says whose rows the statements of this transaction are about. A setting, since the server's log quotes slow statements
/// with their parameters.
pub async fn look_for(connection: &mut PgConnection, visitor_id: Uuid) -> sqlx::Result<()> {
    sqlx::query_scalar!(
        "-- name: look_for_visitor
        select set_config('evothesis.visitor', $1, true)",
        visitor_id.to_string(),
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// How many rows of a visitor there are in each export batch; none for those that are in no batch yet.
/// Belongs into a transaction.
pub async fn count(connection: &mut PgConnection, visitor_id: Uuid) -> sqlx::Result<Vec<(Option<Uuid>, i64)>> {
    give_time(connection).await?;
    look_for(connection, visitor_id).await?;
    let counts = sqlx::query!(
        r#"-- name: count_rows_of_visitor
        select segments.export_batch_id as "export_batch_id?", count(*) as "rows!"
        from events
        left join segments on segments.id = events.segment_id
        where events.visitor_id = current_setting('evothesis.visitor')::uuid
        group by segments.export_batch_id"#
    )
    .fetch_all(connection)
    .await?;
    Ok(counts.into_iter().map(|it| (it.export_batch_id, it.rows)).collect())
}

/// The sites that are still to be confirmed and have counted a visitor.
pub async fn sites(connection: &mut PgConnection, visitor_id: Uuid) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "-- name: sites_of_visitor
        select site_id from site_visitors where visitor_id = $1 order by site_id",
        visitor_id,
    )
    .fetch_all(connection)
    .await
}

async fn give_time(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query(sqlx::AssertSqlSafe(format!("set local statement_timeout = '{TIMEOUT}'"))).execute(connection).await?;
    Ok(())
}

/// Finds the rows of a visitor, by segment. All days are read for that, so nothing must be locked. Belongs into a transaction.
pub async fn find(connection: &mut PgConnection, visitor_id: Uuid) -> sqlx::Result<Vec<OfSegment>> {
    give_time(connection).await?;
    look_for(connection, visitor_id).await?;
    sqlx::query_as!(
        OfSegment,
        r#"-- name: find_rows_of_visitor
        select
            segment_id as "segment_id!", array_agg(event_id) as "event_ids!", array_agg(distinct stream_id) as "stream_ids!"
        from events
        where visitor_id = current_setting('evothesis.visitor')::uuid
        group by segment_id
        order by segment_id"#
    )
    .fetch_all(connection)
    .await
}

/// The export batch of each of those `segments` that are in one.
pub async fn batches_of(connection: &mut PgConnection, segments: &[i64]) -> sqlx::Result<HashMap<i64, Uuid>> {
    let pairs = sqlx::query!(
        r#"-- name: batches_of_segments
        select id, export_batch_id as "export_batch_id!"
        from segments where id = any ($1) and export_batch_id is not null"#,
        segments,
    )
    .fetch_all(connection)
    .await?;
    Ok(pairs.into_iter().map(|it| (it.id, it.export_batch_id)).collect())
}

/// Deletes rows. The chain and their segments must be locked.
pub async fn delete(connection: &mut PgConnection, event_ids: &[Uuid]) -> sqlx::Result<()> {
    give_time(connection).await?;
    sqlx::query!(
        "-- name: delete_rows_of_visitor
        delete from events where event_id = any ($1)",
        event_ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Locks export batches, their deliveries and `segments`, in the order that deliveries are marked in. `false` when somebody
/// delivers one of the batches, or did, and what they put may still be `landing`: after the end of a lease that was not given
/// back, and after an export that was not the first try.
pub async fn lock_batches(
    connection: &mut PgConnection,
    ids: &[Uuid],
    segments: &[i64],
    landing: Duration,
) -> sqlx::Result<bool> {
    sqlx::query!(
        "-- name: lock_export_batches_of_erasure
        select id from export_batches where id = any ($1) order by id for update",
        ids,
    )
    .fetch_all(&mut *connection)
    .await?;
    let under_way = sqlx::query_scalar!(
        r#"-- name: lock_deliveries_of_erasure
        select
            case when exported_at is null then lease_until else case when attempts > 1 then exported_at end end
                > clock_timestamp() - make_interval(secs => $2) as "is_leased?"
        from deliveries where export_batch_id = any ($1)
        order by export_batch_id, destination
        for update"#,
        ids,
        landing.as_secs_f64(),
    )
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: lock_segments_of_erasure
        select id from segments where id = any ($1) order by id for update",
        segments,
    )
    .fetch_all(connection)
    .await?;
    Ok(!under_way.contains(&Some(true)))
}

/// Takes a lease that ran out from whoever may still believe in it.
pub async fn end_leases(connection: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: end_leases_of_erasure
        update deliveries set epoch = epoch + 1, lease_owner = null, lease_until = null
        where export_batch_id = any ($1) and exported_at is null",
        ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes segments what is left of them.
pub async fn shrink_segments(connection: &mut PgConnection, removed: &[OfSegment]) -> sqlx::Result<()> {
    let ids: Vec<_> = removed.iter().map(|it| it.segment_id).collect();
    let rows: Vec<_> = removed.iter().map(|it| i32::try_from(it.event_ids.len()).unwrap_or(i32::MAX)).collect();
    sqlx::query!(
        r#"-- name: shrink_segments
        with left_over as (
            select
                gone.id,
                gone.rows,
                -- Postgres knows no smallest uuid before version 18; as text they have the same order.
                min(event_id::text collate "C")::uuid as min_event_id,
                max(event_id::text collate "C")::uuid as max_event_id,
                min(events.timestamp) as min_timestamp,
                max(events.timestamp) as max_timestamp
            from unnest($1::bigint[], $2::integer[]) as gone (id, rows)
            join segments on segments.id = gone.id
            left join events
                on events.segment_id = gone.id
                and events.event_id between segments.min_event_id and segments.max_event_id
            group by gone.id, gone.rows
        )
        update segments
        set rows = segments.rows - left_over.rows,
            min_event_id = coalesce(left_over.min_event_id, events_day_start(events_day(segments.min_event_id))),
            max_event_id = coalesce(left_over.max_event_id, events_day_start(events_day(segments.min_event_id))),
            min_timestamp = coalesce(left_over.min_timestamp, date_trunc('day', segments.min_timestamp, 'UTC')),
            max_timestamp = coalesce(left_over.max_timestamp, date_trunc('day', segments.min_timestamp, 'UTC'))
        from left_over
        where segments.id = left_over.id"#,
        &ids,
        &rows,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: delete_empty_segments
        delete from segments where id = any ($1) and rows = 0 and export_batch_id is null",
        &ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes a batch what is left of it after `removed` rows, in a generation of its own, unless this erasure has made one. Its
/// bounds become those of its segments, which must be true. A destination that got that generation before it grew is behind.
pub async fn shrink_batch(
    connection: &mut PgConnection,
    erasure_id: Uuid,
    export_batch_id: Uuid,
    removed: &[Uuid],
) -> sqlx::Result<()> {
    let rows = i64::try_from(removed.len()).unwrap_or(i64::MAX);
    sqlx::query!(
        r#"-- name: shrink_export_batch
        with rewritten as (
            insert into rewrites (export_batch_id, generation, erasure_id, rows_removed)
            select id, generation + 1, $2, $3 from export_batches where id = $1
            on conflict (export_batch_id, erasure_id) do update
            set rows_removed = rewrites.rows_removed + excluded.rows_removed
            returning generation
        ), bounds as (
            select
                min(min_event_id::text collate "C")::uuid as min_event_id,
                max(max_event_id::text collate "C")::uuid as max_event_id,
                min(min_timestamp) as min_timestamp,
                max(max_timestamp) as max_timestamp
            from segments where export_batch_id = $1 and rows > 0
        )
        update export_batches
        set rows = rows - $3,
            generation = rewritten.generation,
            min_event_id = coalesce(bounds.min_event_id, events_day_start(events_day(export_batches.min_event_id))),
            max_event_id = coalesce(bounds.max_event_id, events_day_start(events_day(export_batches.min_event_id))),
            min_timestamp = coalesce(bounds.min_timestamp, date_trunc('day', export_batches.min_timestamp, 'UTC')),
            max_timestamp = coalesce(bounds.max_timestamp, date_trunc('day', export_batches.min_timestamp, 'UTC'))
        from rewritten, bounds
        where id = $1"#,
        export_batch_id,
        erasure_id,
        rows,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: lower_deliveries_of_growing_generation
        update deliveries set generation = export_batches.generation - 1
        from export_batches
        where export_batches.id = $1 and export_batch_id = $1 and exported_at is not null
            and deliveries.generation = export_batches.generation",
        export_batch_id,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: raise_deliveries_without_attempts
        update deliveries set generation = export_batches.generation
        from export_batches
        where export_batches.id = $1 and export_batch_id = $1 and exported_at is null and attempts = 0",
        export_batch_id,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: note_erased_events
        insert into erasure_events (erasure_id, export_batch_id, event_ids) values ($1, $2, $3)
        on conflict (erasure_id, export_batch_id) do update
        set event_ids = erasure_events.event_ids || excluded.event_ids",
        erasure_id,
        export_batch_id,
        removed,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes `rows` that only buckets had off the segments of a batch, whose rows now lie between these bounds. Which segment had
/// them nobody knows any more; their sum is right. Segments have the bounds of the batch as long as they have rows in buckets
/// alone, so that each search brings all of them up to date: what is here alone, nobody searches again.
pub async fn shrink_dropped(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    rows: i64,
    event_ids: Option<(Uuid, Uuid)>,
    times: Option<(DateTime<Utc>, DateTime<Utc>)>,
) -> sqlx::Result<()> {
    let (first, last) = event_ids.unzip();
    let (earliest, latest) = times.unzip();
    let segments = sqlx::query!(
        "-- name: shrink_dropped_segments
        with less as (
            select
                id,
                least(dropped_rows, greatest($2 - (sum(dropped_rows) over (order by id) - dropped_rows), 0))::integer as rows
            from segments where export_batch_id = $1 and dropped_rows > 0
        )
        update segments
        set rows = segments.rows - less.rows,
            dropped_rows = dropped_rows - less.rows,
            min_event_id = coalesce($3, events_day_start(events_day(segments.min_event_id))),
            max_event_id = coalesce($4, events_day_start(events_day(segments.min_event_id))),
            min_timestamp = coalesce($5, date_trunc('day', segments.min_timestamp, 'UTC')),
            max_timestamp = coalesce($6, date_trunc('day', segments.min_timestamp, 'UTC'))
        from less
        where segments.id = less.id
        returning segments.id, segments.dropped_rows",
        export_batch_id,
        rows,
        first,
        last,
        earliest,
        latest,
    )
    .fetch_all(&mut *connection)
    .await?;
    let is_here = segments.into_iter().filter(|it| it.dropped_rows == 0);
    let is_here = is_here.map(|it| OfSegment { segment_id: it.id, event_ids: Vec::new(), stream_ids: Vec::new() });
    shrink_segments(connection, &is_here.collect::<Vec<_>>()).await
}

/// Takes a visitor out of what is counted: which sites counted them is deleted, and page loads get other ids, which are no
/// visitor's. So figures stay what they are.
pub async fn unlink(connection: &mut PgConnection, visitor_id: Uuid, stream_ids: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: unlink_sites
        delete from site_visitors where visitor_id = $1",
        visitor_id,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: unlink_streams
        with other as materialized (select id, gen_random_uuid() as other_id from unnest($1::uuid[]) as id)
        update stream_days set stream_id = other_id from other where stream_id = other.id",
        stream_ids,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: unlink_pixel_drops
        update pixel_drops set stream_id = gen_random_uuid() where stream_id = any ($1)",
        stream_ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}
