//! Segments: what one ingest transaction stored, and the unit that export claims. The insert of the events writes them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A segment that belongs to no export batch yet.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `segments`, explained there")]
pub struct Segment {
    pub id: i64,
    pub ingested_at: DateTime<Utc>,
    pub rows: i32,
    pub min_event_id: Uuid,
    pub max_event_id: Uuid,
    pub min_timestamp: DateTime<Utc>,
    pub max_timestamp: DateTime<Utc>,
}

/// The oldest segments without an export batch, at most `limit`, locked until the transaction ends. Those that another
/// transaction has locked are left to it.
pub async fn lock_unclaimed(connection: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Segment>> {
    sqlx::query_as!(
        Segment,
        "-- name: lock_unclaimed_segments
        select id, ingested_at, rows, min_event_id, max_event_id, min_timestamp, max_timestamp
        from segments
        where export_batch_id is null
        order by ingested_at, id
        limit $1
        for update skip locked",
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Makes locked segments members of an export batch, for good.
pub async fn assign(connection: &mut PgConnection, export_batch_id: Uuid, ids: &[i64]) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: assign_segments
        update segments set export_batch_id = $1 where id = any ($2) and export_batch_id is null",
        export_batch_id,
        ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The members of an export batch, ascending.
pub async fn of_batch(connection: &mut PgConnection, export_batch_id: Uuid) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "-- name: segments_of_batch
        select id from segments where export_batch_id = $1 order by id",
        export_batch_id,
    )
    .fetch_all(connection)
    .await
}

/// Marks segments exported whose batch every one of the `required` destinations was verified to hold: those of one
/// batch, or of all. A destination that has no delivery of the batch does not hold it.
pub async fn mark_exported(
    connection: &mut PgConnection,
    export_batch_id: Option<Uuid>,
    required: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: mark_segments_exported
        update segments set exported_at = now()
        where id in (
            select id
            from segments
            where exported_at is null
                and export_batch_id is not null
                and ($1::uuid is null or export_batch_id = $1)
                and cardinality($2::text[]) > 0
                and not exists (
                    select from unnest($2::text[]) as required (destination)
                    where not exists (
                        select from deliveries
                        where deliveries.export_batch_id = segments.export_batch_id
                            and deliveries.destination = required.destination
                            and deliveries.exported_at is not null
                    )
                )
            -- Two that mark at once must lock in one order, or they deadlock.
            order by id
            for update
        )",
        export_batch_id,
        required,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Rows that belong to no export batch yet.
pub async fn unclaimed_rows(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"-- name: unclaimed_rows
        select coalesce(sum(rows), 0)::bigint as "rows!" from segments where export_batch_id is null"#
    )
    .fetch_one(connection)
    .await
}
