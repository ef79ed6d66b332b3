//! Deliveries: one export batch on its way to one destination, worked on under a lease.
//!
//! Every change of state names the epoch it believes in. `false` from one of them means that the lease is lost and
//! nothing was changed: the worker stops.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;
use wire::{ManifestObject, Selection};

use super::rewritten_objects;
use crate::clock::rfc3339;
use crate::config::Format;

/// The right to work on a delivery, while its epoch lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What to deliver.
    pub export_batch_id: Uuid,
    /// Where to.
    pub destination: String,
    /// Proves that nobody took over since.
    pub epoch: i64,
    /// Which attempt it is, from 1.
    pub attempts: i32,
}

/// An object that a bucket was checked to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its format.
    pub format: Format,
    /// Its position among the objects of its format.
    pub number: i32,
    /// Its rows.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// The smallest and the largest event id; not known of the first version's.
    pub event_ids: Option<(Uuid, Uuid)>,
    /// The earliest and the latest time; not known of the first version's.
    pub times: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl From<&Object> for ManifestObject {
    fn from(object: &Object) -> Self {
        Self {
            key: object.key.clone(),
            format: object.format.name().to_owned(),
            rows: object.rows,
            bytes: object.bytes,
            sha256: object.sha256.clone(),
            min_event_id: object.event_ids.map(|ids| ids.0),
            max_event_id: object.event_ids.map(|ids| ids.1),
            min_timestamp: object.times.map(|times| rfc3339(times.0)),
            max_timestamp: object.times.map(|times| rfc3339(times.1)),
        }
    }
}

impl Object {
    /// What a manifest tells of it, the `number`th of its format; `None` when that is no manifest of ours.
    #[must_use]
    pub fn told(object: &ManifestObject, number: i32) -> Option<Self> {
        let time = |text: &Option<String>| text.as_ref()?.parse::<DateTime<Utc>>().ok();
        Some(Self {
            key: object.key.clone(),
            format: Format::ALL.into_iter().find(|format| format.name() == object.format)?,
            number,
            rows: object.rows,
            bytes: object.bytes,
            sha256: object.sha256.clone(),
            event_ids: object.min_event_id.zip(object.max_event_id),
            times: time(&object.min_timestamp).zip(time(&object.max_timestamp)),
        })
    }
}

/// How far an export batch is with a destination, as `verify` sees it.
#[derive(Clone, Debug)]
pub struct State {
    /// Whether the bucket was checked to hold it.
    pub exported: bool,
    /// The batch's segments that are marked exported, ascending. For a destination that does not hold the batch, only
    /// where no other holds it either: one that is new gets what was exported before it.
    pub exported_segments: Vec<i64>,
    /// Rows of the batch that retention has dropped.
    pub dropped_rows: i64,
    /// Whether the destination still has, or may have, what an erasure has taken out of the batch.
    pub is_behind: bool,
}

/// What a delivery takes of its batch, and how much it has left out.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What it takes.
    pub selection: Selection,
    /// Rows that it left out; 0 until it is exported.
    pub left_out: u64,
    /// Those of them that retention had dropped before.
    pub dropped: u64,
}

impl Taken {
    /// Whether the destination has all of the batch once it is exported.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.selection.is_partial() && self.dropped == 0
    }
}

/// A destination, and what it takes of what it is given.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The destination's name.
    pub destination: String,
    /// What it takes.
    pub selection: Selection,
}

impl Planned {
    /// Null for everything as it is, which most destinations take.
    fn recorded(&self) -> Option<Json<&Selection>> {
        (self.selection != Selection::default()).then_some(Json(&self.selection))
    }
}

/// Adds the deliveries that are missing, so that every export batch, or a new one, has one to each of `destinations`: a
/// destination that is new in the configuration receives what there was before it. What a delivery takes is as set now.
pub async fn create_missing(
    connection: &mut PgConnection,
    export_batch_id: Option<Uuid>,
    destinations: &[Planned],
) -> sqlx::Result<()> {
    for planned in destinations {
        sqlx::query!(
            r#"-- name: create_missing_deliveries
            insert into deliveries (export_batch_id, destination, selection, is_partial, generation)
            select export_batches.id, $2, $3, $4, export_batches.generation
            from export_batches
            where ($1::uuid is null or export_batches.id = $1)
                and not exists (
                    select from deliveries
                    where deliveries.export_batch_id = export_batches.id and deliveries.destination = $2
                )
            on conflict do nothing"#,
            export_batch_id,
            planned.destination,
            planned.recorded() as _,
            planned.selection.is_partial(),
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// What a delivery takes of its batch.
pub async fn taken(connection: &mut PgConnection, export_batch_id: Uuid, destination: &str) -> sqlx::Result<Taken> {
    let row = sqlx::query!(
        r#"-- name: selection_of_delivery
        select
            selection as "selection: Json<Selection>", coalesce(rows_left_out, 0) as "left_out!", rows_dropped as dropped
        from deliveries where export_batch_id = $1 and destination = $2"#,
        export_batch_id,
        destination,
    )
    .fetch_one(connection)
    .await?;
    Ok(Taken {
        selection: row.selection.map(|recorded| recorded.0).unwrap_or_default(),
        left_out: row.left_out.cast_unsigned(),
        dropped: row.dropped.cast_unsigned(),
    })
}

/// The destinations beside `destination` that hold all of a batch, to the same bytes, as far as is known.
pub async fn others_with_all(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    destination: &str,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "-- name: others_with_all
        select destination from deliveries
        where export_batch_id = $1 and destination <> $2
            and exported_at is not null and not is_partial and rows_dropped = 0 and doubted_at is null
            and selection is not distinct from (
                select selection from deliveries where export_batch_id = $1 and destination = $2
            )
        order by destination",
        export_batch_id,
        destination,
    )
    .fetch_all(connection)
    .await
}

/// Leases a pending delivery to `destination` that nobody works on and that is no dead letter, one with the fewest attempts
/// first; none of `tried`, and of those that failed only whose pause is over, unless they are tried `at_once`.
pub async fn lease(
    connection: &mut PgConnection,
    destination: &str,
    owner: &str,
    seconds: u32,
    at_once: bool,
    tried: &[Uuid],
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
                and deliveries.dead_since is null
                and ($4 or deliveries.retry_at is null or deliveries.retry_at <= clock_timestamp())
                and deliveries.export_batch_id <> all ($5::uuid[])
            order by deliveries.attempts, export_batches.number
            limit 1
            for update of deliveries skip locked
        )
        returning export_batch_id, destination, epoch, attempts",
        destination,
        owner,
        f64::from(seconds),
        at_once,
        tried,
    )
    .fetch_optional(connection)
    .await
}

/// Whether `destination` waits for its next try.
pub async fn must_wait(connection: &mut PgConnection, destination: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"-- name: must_destination_wait
        select exists (
            select from destination_waits where destination = $1 and retry_at > clock_timestamp()
        ) as "waits!""#,
        destination,
    )
    .fetch_one(connection)
    .await
}

/// Rows of the export batches that are on their way to `destination`, as far as they are still here.
pub async fn pending_rows(connection: &mut PgConnection, destination: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"-- name: pending_rows_of_destination
        select coalesce(sum(rows - export_batch_dropped_rows(id)), 0)::bigint as "rows!"
        from deliveries
        join export_batches on export_batches.id = deliveries.export_batch_id
        where destination = $1 and exported_at is null and dead_since is null"#,
        destination,
    )
    .fetch_one(connection)
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

/// Gives a lease back after a failure that is not the delivery's own.
pub async fn give_back(connection: &mut PgConnection, lease: &Lease, code: &str, reason: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "-- name: give_back_delivery
        update deliveries
        set lease_owner = null, lease_until = null, last_error = $5, last_error_at = now(), last_error_code = $4
        where export_batch_id = $1 and destination = $2 and epoch = $3 and exported_at is null",
        lease.export_batch_id,
        lease.destination,
        lease.epoch,
        code,
        reason,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a delivery of a batch's `generation` exported. Belongs into one transaction with [`record_objects`].
pub async fn finish(connection: &mut PgConnection, lease: &Lease, generation: i32) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "-- name: finish_delivery
        update deliveries
        set exported_at = now(), lease_owner = null, lease_until = null,
            failures = 0, retry_at = null, dead_since = null,
            last_error = null, last_error_at = null, last_error_code = null,
            generation = $4
        where export_batch_id = $1 and destination = $2 and epoch = $3 and exported_at is null",
        lease.export_batch_id,
        lease.destination,
        lease.epoch,
        generation,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes down what the bucket was checked to hold, in the order of the manifest, how many rows were left out, and how many of
/// them since retention had `dropped` them.
pub async fn record_objects(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    destination: &str,
    objects: &[Object],
    left_out: u64,
    dropped: u64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: record_left_out
        update deliveries set rows_left_out = $3, rows_dropped = $4 where export_batch_id = $1 and destination = $2",
        export_batch_id,
        destination,
        left_out.cast_signed(),
        dropped.cast_signed(),
    )
    .execute(&mut *connection)
    .await?;
    for object in objects {
        let (earliest, latest) = object.times.unzip();
        sqlx::query!(
            "-- name: record_object
            insert into objects (
                export_batch_id, destination, key, format, rows, bytes, sha256,
                number, min_event_id, max_event_id, min_timestamp, max_timestamp
            )
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            export_batch_id,
            destination,
            object.key,
            object.format.name(),
            object.rows.cast_signed(),
            object.bytes.cast_signed(),
            object.sha256,
            object.number,
            object.event_ids.map(|ids| ids.0),
            object.event_ids.map(|ids| ids.1),
            earliest,
            latest,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Writes down that a bucket was checked to hold these objects of a batch's `generation` in place of those before. `false`
/// when the batch is of another generation by now, or is not exported there. Belongs into a transaction.
pub async fn replace_objects(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    destination: &str,
    generation: i32,
    objects: &[Object],
    left_out: u64,
    dropped: u64,
) -> sqlx::Result<bool> {
    let replaced = sqlx::query!(
        "-- name: replace_generation
        update deliveries
        set generation = $3, last_error = null, last_error_at = null, last_error_code = null
        where export_batch_id = $1 and destination = $2 and exported_at is not null
            and $3 = (select generation from export_batches where id = $1)",
        export_batch_id,
        destination,
        generation,
    )
    .execute(&mut *connection)
    .await?;
    if replaced.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "-- name: forget_objects
        delete from objects where export_batch_id = $1 and destination = $2",
        export_batch_id,
        destination,
    )
    .execute(&mut *connection)
    .await?;
    rewritten_objects::forget(connection, export_batch_id, destination).await?;
    record_objects(connection, export_batch_id, destination, objects, left_out, dropped).await?;
    Ok(true)
}

/// Writes down why a bucket still has what was erased.
pub async fn note_behind(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    destination: &str,
    code: &str,
    reason: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: note_behind
        update deliveries set last_error = $4, last_error_at = now(), last_error_code = $3
        where export_batch_id = $1 and destination = $2 and exported_at is not null",
        export_batch_id,
        destination,
        code,
        reason,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down that the bucket does not hold an exported batch as it was exported, by a comparison of this `kind`. Since when
/// stays as it is, and so does the closest comparison that found so.
pub async fn doubt(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    destination: &str,
    kind: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: doubt_delivery
        update deliveries
        set doubted_at = coalesce(doubted_at, now()),
            doubted_by = case when doubted_by = 'full' then doubted_by else $3 end
        where export_batch_id = $1 and destination = $2 and exported_at is not null",
        export_batch_id,
        destination,
        kind,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down that the bucket holds a batch as it was exported. A comparison of the kind `head` has not read what one of the
/// kind `full` may have found, and leaves that as it is.
pub async fn end_doubt(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    destination: &str,
    kind: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: end_doubt_of_delivery
        update deliveries set doubted_at = null, doubted_by = null
        where export_batch_id = $1 and destination = $2 and doubted_at is not null and $3 in ('full', doubted_by)",
        export_batch_id,
        destination,
        kind,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What the bucket was checked to hold, in the order of the manifest.
pub async fn objects(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    destination: &str,
) -> sqlx::Result<Vec<Object>> {
    let rows = sqlx::query!(
        r#"-- name: objects_of_delivery
        select
            objects.key, objects.format as "format: Format", objects.rows, objects.bytes, objects.sha256, objects.number,
            objects.min_event_id, objects.max_event_id, objects.min_timestamp, objects.max_timestamp
        from objects
        join export_batches on export_batches.id = objects.export_batch_id
        where objects.export_batch_id = $1 and objects.destination = $2
        order by array_position(export_batches.formats, objects.format), objects.number, objects.key collate "C""#,
        export_batch_id,
        destination,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Object {
            key: row.key,
            format: row.format,
            number: row.number,
            rows: row.rows.cast_unsigned(),
            bytes: row.bytes.cast_unsigned(),
            sha256: row.sha256,
            event_ids: row.min_event_id.zip(row.max_event_id),
            times: row.min_timestamp.zip(row.max_timestamp),
        })
        .collect())
}

/// The keys of all objects that the bucket was checked to hold.
pub async fn keys(connection: &mut PgConnection, destination: &str) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "-- name: keys_of_destination
        select key from objects where destination = $1",
        destination,
    )
    .fetch_all(connection)
    .await
}

/// The export batches that `destination` does not hold yet.
pub async fn pending(connection: &mut PgConnection, destination: &str) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "-- name: pending_export_batches
        select id from export_batches
        where not exists (
            select from deliveries
            where deliveries.export_batch_id = export_batches.id
                and deliveries.destination = $1
                and deliveries.exported_at is not null
        )",
        destination,
    )
    .fetch_all(connection)
    .await
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
                select member
                from segments cross join lateral segment_ids(id, stands_for) as member
                where export_batch_id = $1 and exported_at is not null
                    and (
                        is_exported
                        or not exists (
                            select from deliveries
                            where export_batch_id = $1 and exported_at is not null and not is_partial
                        )
                    )
                order by member
            ) as "exported_segments!",
            export_batch_dropped_rows($1) as "dropped_rows!",
            exists (
                select from deliveries
                join export_batches on export_batches.id = deliveries.export_batch_id
                where deliveries.export_batch_id = $1 and destination = $2
                    and deliveries.generation < export_batches.generation
            ) as "is_behind!"
        from delivery"#,
        export_batch_id,
        destination,
    )
    .fetch_one(connection)
    .await
}
