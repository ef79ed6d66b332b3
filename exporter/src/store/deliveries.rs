//! Deliveries: one export batch on its way to one destination, worked on under a lease.
//!
//! Every change of state names the epoch it believes in. `false` from one of them means that the lease is lost and
//! nothing was changed: the worker stops.

use sqlx::PgConnection;
use uuid::Uuid;
use wire::ManifestObject;

/// The right to work on a delivery, while its epoch lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What to deliver.
    pub export_batch_id: Uuid,
    /// Where to.
    pub destination: String,
    /// Proves that nobody took over since.
    pub epoch: i64,
}

/// How far an export batch is with a destination, as `verify` sees it.
#[derive(Clone, Debug)]
pub struct State {
    /// Whether the bucket was checked to hold it.
    pub exported: bool,
    /// The batch's segments that are marked exported, ascending. For a destination that does not hold the batch, only
    /// those that are still here in full: it never gets the others.
    pub exported_segments: Vec<i64>,
    /// Rows of the batch that retention has dropped.
    pub dropped_rows: i64,
}

/// Adds the deliveries of a new export batch, in the transaction that makes it.
pub async fn create(connection: &mut PgConnection, export_batch_id: Uuid, destinations: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: create_deliveries
        insert into deliveries (export_batch_id, destination) select $1, unnest($2::text[])",
        export_batch_id,
        destinations,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds the deliveries that are missing, so that every export batch has one to each of `destinations`: a destination
/// that is new in the configuration receives what there was before it.
pub async fn create_missing(connection: &mut PgConnection, destinations: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        r#"-- name: create_missing_deliveries
        insert into deliveries (export_batch_id, destination)
        select export_batches.id, configured.destination
        from export_batches
        cross join unnest($1::text[]) as configured (destination)
        where not exists (
            select from deliveries
            where deliveries.export_batch_id = export_batches.id
                and deliveries.destination = configured.destination
        )
        on conflict do nothing"#,
        destinations,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Leases a pending delivery to `destination` that nobody works on, one with the fewest attempts first.
pub async fn lease(
    connection: &mut PgConnection,
    destination: &str,
    owner: &str,
    seconds: u32,
) -> sqlx::Result<Option<Lease>> {
    sqlx::query_as!(
        Lease,
        "-- name: lease_delivery
        update deliveries
        set lease_owner = $2,
            lease_until = clock_timestamp() + make_interval(secs => $3),
            epoch = epoch + 1,
            attempts = attempts + 1
        where (export_batch_id, destination) = (
            select deliveries.export_batch_id, deliveries.destination
            from deliveries
            join export_batches on export_batches.id = deliveries.export_batch_id
            where deliveries.destination = $1
                and deliveries.exported_at is null
                and (deliveries.lease_until is null or deliveries.lease_until < clock_timestamp())
                -- What retention has dropped cannot be rendered any more.
                and not exists (
                    select from segments
                    where segments.export_batch_id = deliveries.export_batch_id and dropped_rows > 0
                )
            order by deliveries.attempts, export_batches.number
            limit 1
            for update of deliveries skip locked
        )
        returning export_batch_id, destination, epoch",
        destination,
        owner,
        f64::from(seconds),
    )
    .fetch_optional(connection)
    .await
}

/// Extends a lease.
pub async fn renew(connection: &mut PgConnection, lease: &Lease, seconds: u32) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "-- name: renew_delivery
        update deliveries
        set lease_until = clock_timestamp() + make_interval(secs => $4)
        where export_batch_id = $1 and destination = $2 and epoch = $3 and exported_at is null",
        lease.export_batch_id,
        lease.destination,
        lease.epoch,
        f64::from(seconds),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a lease back after a failure.
pub async fn fail(connection: &mut PgConnection, lease: &Lease, reason: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "-- name: fail_delivery
        update deliveries
        set lease_owner = null, lease_until = null, last_error = $4, last_error_at = now()
        where export_batch_id = $1 and destination = $2 and epoch = $3 and exported_at is null",
        lease.export_batch_id,
        lease.destination,
        lease.epoch,
        reason,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a delivery exported. Belongs into one transaction with [`record_objects`].
pub async fn finish(connection: &mut PgConnection, lease: &Lease) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "-- name: finish_delivery
        update deliveries
        set exported_at = now(), lease_owner = null, lease_until = null, last_error = null, last_error_at = null
        where export_batch_id = $1 and destination = $2 and epoch = $3 and exported_at is null",
        lease.export_batch_id,
        lease.destination,
        lease.epoch,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes down what the bucket was checked to hold.
pub async fn record_objects(
    connection: &mut PgConnection,
    lease: &Lease,
    objects: &[ManifestObject],
) -> sqlx::Result<()> {
    for object in objects {
        sqlx::query!(
            "-- name: record_object
            insert into objects (export_batch_id, destination, key, format, rows, bytes, sha256)
            values ($1, $2, $3, $4, $5, $6, $7)",
            lease.export_batch_id,
            lease.destination,
            object.key,
            object.format,
            object.rows.cast_signed(),
            object.bytes.cast_signed(),
            object.sha256,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// What the bucket was checked to hold, in the order of the manifest.
pub async fn objects(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    destination: &str,
) -> sqlx::Result<Vec<ManifestObject>> {
    let rows = sqlx::query!(
        r#"-- name: objects_of_delivery
        select key, format, rows, bytes, sha256 from objects
        where export_batch_id = $1 and destination = $2
        order by format desc"#,
        export_batch_id,
        destination,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ManifestObject {
            key: row.key,
            format: row.format,
            rows: row.rows.cast_unsigned(),
            bytes: row.bytes.cast_unsigned(),
            sha256: row.sha256,
        })
        .collect())
}

/// How far an export batch is with `destination`: both halves as of one moment, since deliveries finish at any time.
pub async fn state(connection: &mut PgConnection, export_batch_id: Uuid, destination: &str) -> sqlx::Result<State> {
    sqlx::query_as!(
        State,
        r#"-- name: delivery_state
        with delivery as (
            select exists (
                select from deliveries
                where export_batch_id = $1 and destination = $2 and exported_at is not null
            ) as is_exported
        )
        select
            is_exported as "exported!",
            array(
                select id from segments
                where export_batch_id = $1 and exported_at is not null and (dropped_rows = 0 or is_exported)
                order by id
            ) as "exported_segments!",
            (
                select coalesce(sum(dropped_rows), 0) from segments where export_batch_id = $1 and dropped_rows > 0
            )::bigint as "dropped_rows!"
        from delivery"#,
        export_batch_id,
        destination,
    )
    .fetch_one(connection)
    .await
}
