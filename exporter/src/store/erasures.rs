//! Erasures: what is still to be done for visitors who ask to be forgotten. Of a visitor who is not needed any more only
//! the keyed hash stays.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;
use wire::manifest::Rewrite;

use super::sqlstate;
use crate::clock::rfc3339;

/// Longer than deleting from the largest table takes the slowest disk.
const TIMEOUT: &str = "1h";

/// What ends a wait for a lock.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// A request that is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of `erasures`, explained there")]
pub struct Erasure {
    pub id: Uuid,
    pub visitor_hash: Vec<u8>,
    pub visitor_id: Option<Uuid>,
    pub requested_at: DateTime<Utc>,
    pub taken_out_at: Option<DateTime<Utc>>,
    pub searched_number: i64,
    pub searched_at: Option<DateTime<Utc>>,
    pub rows_database: i64,
    pub rows_buckets: i64,
}

/// Rows that were deleted from a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The segment.
    pub segment_id: i64,
    /// Its batch; none while it is in none.
    pub export_batch_id: Option<Uuid>,
    /// The events.
    pub event_ids: Vec<Uuid>,
    /// The page loads that they were of.
    pub stream_ids: Vec<Uuid>,
}

/// What stands for a visitor.
pub async fn hash(connection: &mut PgConnection, visitor_id: Uuid) -> sqlx::Result<Vec<u8>> {
    sqlx::query_scalar!(
        r#"-- name: hash_of_visitor
        select hash_of_visitor($1) as "hash!""#,
        visitor_id,
    )
    .fetch_one(connection)
    .await
}

/// Refuses what comes of a visitor from now on, for so many `days`.
pub async fn refuse(connection: &mut PgConnection, visitor_id: Uuid, days: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: refuse_visitor
        insert into erased_visitors (visitor_hash, until)
        values (hash_of_visitor($1), now() + make_interval(days => $2))
        on conflict (visitor_hash) do update set until = greatest(erased_visitors.until, excluded.until)",
        visitor_id,
        days,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Waits until every insert that may not know of a refusal is committed. `false` when one is not soon: inserts queue behind
/// whoever waits, so this one lets them pass and is to come again. Belongs into a transaction of its own, which lets inserts
/// pass again when it ends.
pub async fn await_inserts(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query!(
        "-- name: await_inserts_briefly
        set local lock_timeout = '500ms'"
    )
    .execute(&mut *connection)
    .await?;
    // The statement that inserts events takes its lock on this table before it looks for refusals.
    let locked = sqlx::query!(
        "-- name: await_inserts
        lock table segments in share row exclusive mode"
    )
    .execute(connection)
    .await;
    match locked {
        Ok(_) => Ok(true),
        Err(error) if sqlstate(&error) == LOCK_NOT_AVAILABLE => Ok(false),
        Err(error) => Err(error),
    }
}

/// Forgets refusals that nothing can come of any more.
pub async fn forget_refusals(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: forget_refusals
        delete from erased_visitors where until < now()"
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Begins an erasure, or gives the one that was begun for this visitor, to be looked through once more.
pub async fn begin(connection: &mut PgConnection, visitor_id: Uuid) -> sqlx::Result<Erasure> {
    sqlx::query_as!(
        Erasure,
        "-- name: begin_erasure
        insert into erasures (visitor_hash, visitor_id)
        values (hash_of_visitor($1), $1)
        on conflict (visitor_hash) where finished_at is null do update
        set visitor_id = excluded.visitor_id, taken_out_at = null, searched_at = null, searched_number = 0
        returning id, visitor_hash, visitor_id, requested_at, taken_out_at, searched_number, searched_at, rows_database,
            rows_buckets",
        visitor_id,
    )
    .fetch_one(connection)
    .await
}

/// A request by its id.
pub async fn get(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<Erasure> {
    sqlx::query_as!(
        Erasure,
        "-- name: get_erasure
        select id, visitor_hash, visitor_id, requested_at, taken_out_at, searched_number, searched_at, rows_database,
            rows_buckets
        from erasures where id = $1",
        id,
    )
    .fetch_one(connection)
    .await
}

/// What is not finished, the oldest first.
pub async fn unfinished(connection: &mut PgConnection) -> sqlx::Result<Vec<Erasure>> {
    sqlx::query_as!(
        Erasure,
        "-- name: unfinished_erasures
        select id, visitor_hash, visitor_id, requested_at, taken_out_at, searched_number, searched_at, rows_database,
            rows_buckets
        from erasures where finished_at is null order by requested_at, id"
    )
    .fetch_all(connection)
    .await
}

/// Takes the right to erase until the connection ends. `false` while somebody writes objects again, or erases.
pub async fn lock(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"-- name: lock_erasures
        select pg_try_advisory_lock(hashtext('rewrite objects')) as "is_mine!""#
    )
    .fetch_one(connection)
    .await
}

/// Keeps erasures away from objects that are written again, until the connection ends. `false` when there is one that does
/// not end in the time that locks are waited for.
pub async fn keep_away(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let kept = sqlx::query_scalar!(
        r#"-- name: keep_erasures_away
        select pg_advisory_lock_shared(hashtext('rewrite objects')) as "lock!: ()""#
    )
    .fetch_one(connection)
    .await;
    match kept {
        Ok(_) => Ok(true),
        Err(error) if sqlstate(&error) == LOCK_NOT_AVAILABLE => Ok(false),
        Err(error) => Err(error),
    }
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

/// Deletes the rows of a visitor, and says of which segments. The chain must be locked.
pub async fn delete_rows(connection: &mut PgConnection, visitor_id: Uuid) -> sqlx::Result<Vec<Removed>> {
    give_time(connection).await?;
    look_for(connection, visitor_id).await?;
    sqlx::query_as!(
        Removed,
        r#"-- name: delete_rows_of_visitor
        with removed as (
            delete from events
            where visitor_id = current_setting('evothesis.visitor')::uuid
            returning event_id, segment_id, stream_id
        ), of_segment as (
            select segment_id, array_agg(event_id) as event_ids, array_agg(distinct stream_id) as stream_ids
            from removed
            group by segment_id
        )
        select
            segment_id as "segment_id!", export_batch_id as "export_batch_id?", event_ids as "event_ids!",
            stream_ids as "stream_ids!"
        from of_segment
        left join segments on segments.id = segment_id
        order by segment_id"#
    )
    .fetch_all(connection)
    .await
}

/// Locks export batches, their deliveries and `segments`, in the order that deliveries are marked in. `false` when somebody
/// delivers one of the batches.
pub async fn lock_batches(connection: &mut PgConnection, ids: &[Uuid], segments: &[i64]) -> sqlx::Result<bool> {
    sqlx::query!(
        "-- name: lock_export_batches_of_erasure
        select id from export_batches where id = any ($1) order by id for update",
        ids,
    )
    .fetch_all(&mut *connection)
    .await?;
    let under_way = sqlx::query_scalar!(
        r#"-- name: lock_deliveries_of_erasure
        select exported_at is null and lease_until > clock_timestamp() as "is_leased?"
        from deliveries where export_batch_id = any ($1)
        order by export_batch_id, destination
        for update"#,
        ids,
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
pub async fn shrink_segments(connection: &mut PgConnection, removed: &[Removed]) -> sqlx::Result<()> {
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
/// bounds become those of its segments, which must be true.
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
/// them nobody knows any more; their sum is right.
pub async fn shrink_dropped(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    rows: i64,
    event_ids: Option<(Uuid, Uuid)>,
    times: Option<(DateTime<Utc>, DateTime<Utc>)>,
) -> sqlx::Result<()> {
    let (first, last) = event_ids.unzip();
    let (earliest, latest) = times.unzip();
    sqlx::query!(
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
        where segments.id = less.id",
        export_batch_id,
        rows,
        first,
        last,
        earliest,
        latest,
    )
    .execute(connection)
    .await?;
    Ok(())
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

/// Notes that the rows here are deleted.
pub async fn note_taken_out(connection: &mut PgConnection, id: Uuid, rows: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: note_taken_out
        update erasures
        set taken_out_at = now(),
            rows_database = rows_database + $2,
            visitor_id = case when searched_at is null then visitor_id end
        where id = $1",
        id,
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes how far buckets were searched, and what was found.
pub async fn note_searched(connection: &mut PgConnection, id: Uuid, number: i64, rows: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: note_searched
        update erasures set searched_number = $2, rows_buckets = rows_buckets + $3 where id = $1",
        id,
        number,
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that there is nothing left to look for, and forgets whom that was.
pub async fn note_all_searched(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: note_all_searched
        update erasures
        set searched_at = now(), visitor_id = case when taken_out_at is null then visitor_id end
        where id = $1",
        id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Export batches of which rows are no longer here, after the `number`th: their numbers and ids.
pub async fn dropped_batches(connection: &mut PgConnection, number: i64) -> sqlx::Result<Vec<(i64, Uuid)>> {
    let batches = sqlx::query!(
        "-- name: batches_to_search
        select number, id from export_batches
        where number > $1
            and exists (select from segments where export_batch_id = export_batches.id and dropped_rows > 0)
        order by number",
        number,
    )
    .fetch_all(connection)
    .await?;
    Ok(batches.into_iter().map(|it| (it.number, it.id)).collect())
}

/// The events that buckets may still have of a batch.
pub async fn events(connection: &mut PgConnection, export_batch_id: Uuid) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"-- name: erased_events_of_batch
        select unnest(event_ids) as "id!" from erasure_events where export_batch_id = $1"#,
        export_batch_id,
    )
    .fetch_all(connection)
    .await
}

/// The destinations that hold a batch.
pub async fn holders(connection: &mut PgConnection, export_batch_id: Uuid) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "-- name: holders_of_batch
        select destination from deliveries where export_batch_id = $1 and exported_at is not null order by destination",
        export_batch_id,
    )
    .fetch_all(connection)
    .await
}

/// Whether some visitor is still to be looked for.
pub async fn is_searching(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"-- name: is_searching
        select exists (select from erasures where visitor_id is not null) as "is_searching!""#
    )
    .fetch_one(connection)
    .await
}

/// The destinations that still have what was erased, or may have, with the batches.
pub async fn behind(connection: &mut PgConnection, erasure_id: Option<Uuid>) -> sqlx::Result<Vec<(String, Uuid)>> {
    let behind = sqlx::query!(
        "-- name: deliveries_behind
        select destination, deliveries.export_batch_id
        from deliveries
        join export_batches on export_batches.id = deliveries.export_batch_id
        where deliveries.generation < coalesce(
                (
                    select rewrites.generation from rewrites
                    where rewrites.export_batch_id = deliveries.export_batch_id and rewrites.erasure_id = $1
                ),
                case when $1::uuid is null then export_batches.generation else 0 end
            )
            -- What nobody ever tried to bring there is not there.
            and (exported_at is not null or attempts > 0)
        order by destination, number",
        erasure_id,
    )
    .fetch_all(connection)
    .await?;
    Ok(behind.into_iter().map(|it| (it.destination, it.export_batch_id)).collect())
}

/// The generations of a batch after the first, as manifests tell them.
pub async fn rewrites(connection: &mut PgConnection, export_batch_id: Uuid) -> sqlx::Result<Vec<Rewrite>> {
    let rows = sqlx::query!(
        "-- name: rewrites_of_batch
        select generation, erasure_id, made_at, rows_removed from rewrites where export_batch_id = $1 order by generation",
        export_batch_id,
    )
    .fetch_all(connection)
    .await?;
    let rewrite = |generation: i32, request, at, rows: i64| Rewrite {
        generation: generation.unsigned_abs(),
        reason: "erasure".to_owned(),
        request,
        at: rfc3339(at),
        rows_removed: rows.cast_unsigned(),
    };
    Ok(rows.into_iter().map(|it| rewrite(it.generation, it.erasure_id, it.made_at, it.rows_removed)).collect())
}

/// Finishes an erasure of which nothing is left to do, and forgets what it took out. `false` when it was.
pub async fn finish(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<bool> {
    let finished = sqlx::query!(
        "-- name: finish_erasure
        update erasures set finished_at = now() where id = $1 and finished_at is null and visitor_id is null",
        id,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: forget_erased_events
        delete from erasure_events where erasure_id = $1",
        id,
    )
    .execute(connection)
    .await?;
    Ok(finished.rows_affected() == 1)
}

/// Notes that a set was exported below a prefix of its own.
pub async fn note_copy(connection: &mut PgConnection, destination: &str, prefix: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: note_copy
        insert into copies (destination, prefix) values ($1, $2)
        on conflict (destination, prefix) do update set made_at = now()",
        destination,
        prefix,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets that were exported below prefixes of their own: destination and prefix.
pub async fn copies(connection: &mut PgConnection) -> sqlx::Result<Vec<(String, String)>> {
    let copies = sqlx::query!(
        "-- name: copies
        select destination, prefix from copies order by destination, prefix"
    )
    .fetch_all(connection)
    .await?;
    Ok(copies.into_iter().map(|it| (it.destination, it.prefix)).collect())
}

/// An entry of the record of requests.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns of `visitor_requests`, explained there")]
pub struct Entry<'a> {
    pub action: &'a str,
    pub visitor_hash: &'a [u8],
    pub erasure_id: Option<Uuid>,
    pub rows_database: i64,
    pub rows_buckets: i64,
}

/// Records who asked for what and why.
pub async fn record(
    connection: &mut PgConnection,
    entry: Entry<'_>,
    author: &super::credentials::Author,
) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: record_visitor_request
        insert into visitor_requests (action, visitor_hash, erasure_id, os_user, reason, rows_database, rows_buckets)
        values ($1, $2, $3, $4, $5, $6, $7)",
        entry.action,
        entry.visitor_hash,
        entry.erasure_id,
        author.os_user,
        author.reason,
        entry.rows_database,
        entry.rows_buckets,
    )
    .execute(connection)
    .await?;
    Ok(())
}
