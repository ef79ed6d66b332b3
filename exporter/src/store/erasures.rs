//! Erasures: what is still to be done for visitors who ask to be forgotten. Of a visitor who is not needed any more only
//! the keyed hash stays.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;
use wire::manifest::Rewrite;

use super::sqlstate;
use crate::clock::rfc3339;

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
    pub finished_at: Option<DateTime<Utc>>,
    pub rows_database: i64,
    pub rows_buckets: i64,
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
        returning id, visitor_hash, visitor_id, requested_at, taken_out_at, searched_number, searched_at, finished_at,
            rows_database, rows_buckets",
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
        select id, visitor_hash, visitor_id, requested_at, taken_out_at, searched_number, searched_at, finished_at,
            rows_database, rows_buckets
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
        select id, visitor_hash, visitor_id, requested_at, taken_out_at, searched_number, searched_at, finished_at,
            rows_database, rows_buckets
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

/// The batches out of which something of the visitor of an erasure was taken, by whichever erasure, or of any visitor, and the
/// generation by which all of it was.
pub async fn rewritten(connection: &mut PgConnection, erasure_id: Option<Uuid>) -> sqlx::Result<Vec<(Uuid, i32)>> {
    let rewritten = sqlx::query!(
        r#"-- name: rewritten_batches
        select export_batch_id, max(generation) as "generation!"
        from rewrites
        where $1::uuid is null
            or erasure_id in (
                select id from erasures where visitor_hash = (select visitor_hash from erasures where id = $1)
            )
        group by export_batch_id"#,
        erasure_id,
    )
    .fetch_all(connection)
    .await?;
    Ok(rewritten.into_iter().map(|it| (it.export_batch_id, it.generation)).collect())
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
