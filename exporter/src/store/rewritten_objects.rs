//! What an erasure is about to put in the place of objects: known before it is put, so that an interrupted one is told from
//! somebody else's doing.

use std::collections::BTreeSet;

use sqlx::PgConnection;
use uuid::Uuid;

use super::deliveries::Object;
use crate::config::Format;

/// Writes down what is about to be put in the place of objects, so that it is known again whoever dies before
/// [`super::deliveries::replace_objects`].
pub async fn note(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    destination: &str,
    objects: &[Object],
) -> sqlx::Result<()> {
    let formats: Vec<_> = objects.iter().map(|it| it.format.name().to_owned()).collect();
    let numbers: Vec<_> = objects.iter().map(|it| it.number).collect();
    let hashes: Vec<_> = objects.iter().map(|it| it.sha256.clone()).collect();
    sqlx::query!(
        "-- name: note_rewritten_objects
        insert into rewritten_objects (export_batch_id, destination, format, number, sha256)
        select $1, $2, format, number, sha256 from unnest($3::text[], $4::integer[], $5::text[]) as it (format, number, sha256)
        on conflict do nothing",
        export_batch_id,
        destination,
        &formats,
        &numbers,
        &hashes,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The bytes that may stand for an object of a batch, by its format and number: SHA-256, lower-case hexadecimal.
pub type Versions = BTreeSet<(Format, i32, String)>;

/// What a bucket may hold of a batch: what it was checked to hold, what an erasure that died has put there, and what was
/// copied there from a destination that takes the same.
pub async fn versions(
    connection: &mut PgConnection,
    export_batch_id: Uuid,
    destination: &str,
) -> sqlx::Result<Versions> {
    let rows = sqlx::query!(
        r#"-- name: object_versions
        with alike as (
            select it.export_batch_id, it.destination
            from deliveries
            join deliveries as it
                on it.export_batch_id = deliveries.export_batch_id and it.selection is not distinct from deliveries.selection
            where deliveries.export_batch_id = $1 and deliveries.destination = $2
        )
        select format as "format!: Format", number as "number!", sha256 as "sha256!"
        from objects join alike using (export_batch_id, destination)
        union
        select format, number, sha256 from rewritten_objects join alike using (export_batch_id, destination)"#,
        export_batch_id,
        destination,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|it| (it.format, it.number, it.sha256)).collect())
}

/// Forgets what was put: the bucket was checked to hold it.
pub async fn forget(connection: &mut PgConnection, export_batch_id: Uuid, destination: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: forget_rewritten_objects
        delete from rewritten_objects where export_batch_id = $1 and destination = $2",
        export_batch_id,
        destination,
    )
    .execute(connection)
    .await?;
    Ok(())
}
