//! Segments: what one ingest transaction stored, and the unit that export claims. The insert of the events writes them. When
//! all events of an export batch were dropped, one segment stands for all of it.

use sqlx::PgConnection;
use uuid::Uuid;

/// The members of an export batch, ascending.
pub async fn of_batch(connection: &mut PgConnection, export_batch_id: Uuid) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        r#"-- name: segments_of_batch
        select member as "member!"
        from segments cross join lateral segment_ids(id, stands_for) as member
        where export_batch_id = $1
        order by member"#,
        export_batch_id,
    )
    .fetch_all(connection)
    .await
}

/// The last one that was begun: one of each transaction that stores events, committed or not.
pub async fn last(connection: &mut PgConnection) -> sqlx::Result<i64> {
    let last = sqlx::query_scalar!(
        "-- name: last_segment
        select pg_sequence_last_value(pg_get_serial_sequence('segments', 'id')::regclass)"
    );
    Ok(last.fetch_one(connection).await?.unwrap_or_default())
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

/// Has one segment stand for all of its export batch, in up to `limit` batches of which all rows were dropped, and returns
/// whether there may be more. Does nothing while somebody counts on days: an erasure changes the segments of such batches.
/// Belongs into a transaction.
pub async fn fold(connection: &mut PgConnection, limit: i64) -> sqlx::Result<bool> {
    let is_mine = sqlx::query_scalar!(
        r#"-- name: lock_days_briefly
        select pg_try_advisory_xact_lock(hashtext('drop days')) as "is_mine!""#
    )
    .fetch_one(&mut *connection)
    .await?;
    if !is_mine {
        return Ok(false);
    }
    let folded = sqlx::query_scalar!(
        r#"-- name: fold_segments
        with done as materialized (
            select
                export_batch_id,
                min(id) as id,
                sum(rows)::integer as rows,
                min(min_event_id::text collate "C")::uuid as min_event_id,
                max(max_event_id::text collate "C")::uuid as max_event_id,
                min(min_timestamp) as min_timestamp,
                max(max_timestamp) as max_timestamp,
                max(exported_at) as exported_at,
                max(measured_at) as measured_at,
                range_agg(int8range(id, id, '[]')) as ids
            from segments
            where export_batch_id in (
                select export_batch_id from segments
                where dropped_rows > 0
                group by export_batch_id
                having count(*) > 1
            )
            group by export_batch_id
            having bool_and(dropped_rows = rows and exported_at is not null and measured_at is not null)
            limit $1
        ), folded as (
            update segments
            set rows = done.rows,
                dropped_rows = done.rows,
                min_event_id = done.min_event_id,
                max_event_id = done.max_event_id,
                min_timestamp = done.min_timestamp,
                max_timestamp = done.max_timestamp,
                exported_at = done.exported_at,
                measured_at = done.measured_at,
                stands_for = done.ids
            from done
            where segments.id = done.id
            returning segments.id
        ), deleted as (
            delete from segments using done
            where segments.export_batch_id = done.export_batch_id and segments.id <> done.id
        )
        select count(*) as "batches!" from folded"#,
        limit,
    )
    .fetch_one(connection)
    .await?;
    Ok(folded == limit)
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
