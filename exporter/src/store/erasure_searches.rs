//! How far erasures have looked through batches of which rows are no longer here: past what no bucket tells of, and back to it.

use sqlx::PgConnection;
use uuid::Uuid;

/// An export batch that an erasure is to look for rows in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToSearch {
    /// Its place in the chain.
    pub number: i64,
    /// Its id.
    pub export_batch_id: Uuid,
}

/// Export batches of which rows are no longer here, in the order of the chain: all, or those that an erasure has not searched.
pub async fn dropped_batches(connection: &mut PgConnection, id: Option<Uuid>) -> sqlx::Result<Vec<ToSearch>> {
    sqlx::query_as!(
        ToSearch,
        "-- name: batches_to_search
        select number, id as export_batch_id
        from export_batches
        where exists (select from segments where export_batch_id = export_batches.id and dropped_rows > 0)
            and (
                number > coalesce((select searched_number from erasures where id = $1), 0)
                or exists (
                    select from unsearched_batches where erasure_id = $1 and export_batch_id = export_batches.id
                )
            )
        order by number",
        id,
    )
    .fetch_all(connection)
    .await
}

/// Notes that a batch was searched, and what was found.
pub async fn note_searched(connection: &mut PgConnection, id: Uuid, batch: &ToSearch, rows: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: note_searched
        with searched as (
            delete from unsearched_batches where erasure_id = $1 and export_batch_id = $3
        )
        update erasures
        set searched_number = greatest(searched_number, $2), rows_buckets = rows_buckets + $4
        where id = $1",
        id,
        batch.number,
        batch.export_batch_id,
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that a batch could not be searched, and why: the search goes past it and comes back to it.
pub async fn note_unsearched(
    connection: &mut PgConnection,
    id: Uuid,
    batch: &ToSearch,
    reason: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: note_unsearched
        with unsearched as (
            insert into unsearched_batches (erasure_id, export_batch_id, reason) values ($1, $3, $4)
            on conflict (erasure_id, export_batch_id) do update set tried_at = now(), reason = excluded.reason
        )
        update erasures set searched_number = greatest(searched_number, $2) where id = $1",
        id,
        batch.number,
        batch.export_batch_id,
        reason,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The batches that an erasure, or any, could not search, and why, in the order of the chain.
pub async fn unsearched(connection: &mut PgConnection, id: Option<Uuid>) -> sqlx::Result<Vec<(Uuid, String)>> {
    let batches = sqlx::query!(
        "-- name: unsearched_batches
        select distinct on (number) export_batch_id, reason
        from unsearched_batches
        join export_batches on export_batches.id = export_batch_id
        where $1::uuid is null or erasure_id = $1
        order by number, tried_at desc",
        id,
    )
    .fetch_all(connection)
    .await?;
    Ok(batches.into_iter().map(|it| (it.export_batch_id, it.reason)).collect())
}

/// Notes that there is nothing left to look for, and forgets whom that was, unless a batch could not be searched.
pub async fn note_all_searched(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: note_all_searched
        update erasures
        set searched_at = now(), visitor_id = case when taken_out_at is null then visitor_id end
        where id = $1 and not exists (select from unsearched_batches where erasure_id = $1)",
        id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a generation of a batch may still grow: the erasure that it was made for has not searched the batch.
pub async fn is_growing(connection: &mut PgConnection, export_batch_id: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"-- name: is_generation_growing
        select exists (
            select from rewrites
            join erasures on erasures.id = rewrites.erasure_id
            join export_batches on export_batches.id = rewrites.export_batch_id
            where rewrites.export_batch_id = $1
                and visitor_id is not null
                and (
                    searched_number < number
                    or exists (
                        select from unsearched_batches as it
                        where it.erasure_id = erasures.id and it.export_batch_id = $1
                    )
                )
        ) as "is_growing!""#,
        export_batch_id,
    )
    .fetch_one(connection)
    .await
}
