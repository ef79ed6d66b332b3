//! Sets below other prefixes (`exporter export --to-prefix`). An erasure writes nothing there, and is not done while one of
//! them has what it has taken out: whoever made the copy deletes it, and makes it again where it is needed.

use sqlx::PgConnection;
use uuid::Uuid;
use wire::Manifest;

use super::Pending;
use crate::bucket::{Bucket, BucketError};
use crate::export::{Exporter, keys};
use crate::store::erasures;
use crate::store::export_batches::{self, ExportBatch};

/// What to do about a copy that is behind.
const REMEDY: &str = "delete what is below that prefix, and make the copy again with `exporter export --to-prefix` if it is \
                      still needed; then `exporter forget --resume` looks once more";

/// The copies that still have what was erased of the visitor of one erasure, or of anybody, and those that could not be looked
/// into.
pub(super) async fn behind(
    connection: &mut PgConnection,
    exporter: &Exporter,
    only: Option<Uuid>,
) -> sqlx::Result<Vec<Pending>> {
    let mut rewritten = Vec::new();
    for (id, generation) in erasures::rewritten(connection, only).await? {
        rewritten.push((export_batches::get(connection, id).await?, generation));
    }
    let mut pending = Vec::new();
    if rewritten.is_empty() {
        return Ok(pending);
    }
    for (destination, prefix) in erasures::copies(connection).await? {
        let bucket = exporter.buckets().find(|(it, _)| it.name == destination).map(|(_, bucket)| bucket);
        let copy = format!("the copy below {prefix} (export --to-prefix)");
        let reason = match bucket {
            None => format!("{copy} was not looked into: the destination is no longer in the settings"),
            Some(bucket) => match count(bucket, &prefix, &rewritten).await {
                Ok(0) => continue,
                Ok(batches) => format!("{copy} has {batches} batch(es) as they were before an erasure"),
                Err(error) => format!("{copy} was not looked into: {error}"),
            },
        };
        pending.push(Pending { destination: Some(destination), export_batch_id: None, reason, remedy: REMEDY });
    }
    Ok(pending)
}

/// How many of the `rewritten` batches a copy has of an earlier generation.
async fn count(bucket: &Bucket, prefix: &str, rewritten: &[(ExportBatch, i32)]) -> Result<usize, BucketError> {
    let listed = bucket.list(prefix).await?;
    let mut behind = 0;
    for (batch, generation) in rewritten {
        // Another copy may lie below this one.
        let start = format!("{prefix}{}", batch.rendering().layout.fixed_start());
        let is_its = |key: &&String| key.starts_with(&start) && keys::is_of(key, batch.id);
        let objects: Vec<_> = listed.iter().filter(is_its).map(String::as_str).collect();
        let manifest_key = keys::manifest(prefix, batch);
        if objects.is_empty() && !listed.contains(&manifest_key) {
            continue;
        }
        let manifest = bucket.get(&manifest_key).await?;
        if !is_new(manifest.as_deref(), *generation, &objects) {
            behind += 1;
        }
    }
    Ok(behind)
}

/// Whether a manifest is of `generation` or a later one, and names all the objects that there are: what it does not name may be
/// left of an earlier one.
fn is_new(manifest: Option<&[u8]>, generation: i32, objects: &[&str]) -> bool {
    let Some(Ok(manifest)) = manifest.map(serde_json::from_slice::<Manifest>) else { return false };
    manifest.generation.unwrap_or(1) >= generation.unsigned_abs()
        && objects.iter().all(|key| manifest.objects.iter().any(|object| object.key == *key))
}
