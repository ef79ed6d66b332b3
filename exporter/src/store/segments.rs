//! Segments: what one ingest transaction stored, and the unit that export claims. The insert of the events writes them.

use sqlx::PgConnection;
use uuid::Uuid;

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
/// batch, or of all. A destination that has no delivery of the batch, or a partial
/// one, does not hold it.
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
                            and not deliveries.is_partial
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
