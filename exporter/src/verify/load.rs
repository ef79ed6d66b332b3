//! Loading the two sides: what the database says was exported, and what a bucket holds.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgConnection;
use wire::ManifestObject;

use super::Depth;
use super::diff::{Expected, Found, FoundObject, Listing};
use crate::bucket::{Bucket, BucketError};
use crate::config::Destination;
use crate::export::layout::Layout;
use crate::export::manifest::{self, Told};
use crate::export::{keys, objects};
use crate::store::deliveries::{self, State};
use crate::store::export_batches::ExportBatch;
use crate::store::{erasures, exported_rows, segments};

/// What a destination must hold of a batch in this `state`.
pub(super) async fn expected(
    connection: &mut PgConnection,
    destination: &Destination,
    batch: &ExportBatch,
    state: State,
) -> sqlx::Result<Expected> {
    let objects = deliveries::objects(connection, batch.id, &destination.name).await?;
    let segments = segments::of_batch(connection, batch.id).await?;
    let (selection, left_out) = deliveries::taken(connection, batch.id, &destination.name).await?;
    let rewrites = erasures::rewrites(connection, batch.id).await?;
    let objects = objects.iter().map(Into::into).collect();
    let told = Told { segments, selection, left_out, objects, rewrites, repeats: None };
    Ok(Expected {
        export_batch_id: batch.id,
        manifest_key: keys::manifest(&destination.prefix, batch),
        manifest: manifest::bytes(batch, &told),
        told,
        ids: exported_rows::ids_of_batch(connection, batch).await?,
        dropped_rows: state.dropped_rows.cast_unsigned(),
        exported_segments: state.exported_segments,
    })
}

/// The bucket's side.
pub(super) struct Side<'a> {
    pub(super) bucket: Bucket,
    pub(super) destination: &'a Destination,
}

impl Side<'_> {
    /// All keys below the beginnings that `layouts` have.
    pub(super) async fn listing(&self, layouts: &[Layout]) -> Result<Listing, BucketError> {
        let starts: BTreeSet<_> = layouts.iter().map(Layout::fixed_start).collect();
        let mut objects = BTreeSet::new();
        for start in starts {
            objects.extend(self.list(start).await?);
        }
        Ok(Listing { objects: objects.into_iter().collect(), manifests: self.list(keys::MANIFESTS).await? })
    }

    /// The manifest of a batch, and its objects as deeply as asked for.
    pub(super) async fn found(&self, expected: &Expected, depth: Depth) -> Result<Found, BucketError> {
        let manifest = self.bucket.get(&expected.manifest_key).await?;
        let mut objects = BTreeMap::new();
        for object in &expected.told.objects {
            if let Some(found) = object_in(&self.bucket, object, depth).await? {
                objects.insert(object.key.clone(), found);
            }
        }
        Ok(Found { manifest, objects })
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, BucketError> {
        let prefix = format!("{}{folder}", self.destination.prefix);
        self.bucket.list(&prefix).await
    }
}

/// An object as a bucket has it, or describes it; `None` when there is none.
pub(super) async fn object_in(
    bucket: &Bucket,
    object: &ManifestObject,
    depth: Depth,
) -> Result<Option<FoundObject>, BucketError> {
    if depth == Depth::Head {
        let described = bucket.describe(&object.key).await?;
        return Ok(described.map(|it| FoundObject { bytes: it.bytes, sha256: it.sha256, ids: None }));
    }
    let Some(file) = bucket.download(&object.key).await? else { return Ok(None) };
    let (format, bytes, sha256) = (object.format.clone(), file.bytes, file.sha256.clone());
    let ids = tokio::task::spawn_blocking(move || {
        let file = file.reader().map_err(|error| error.to_string())?;
        objects::event_ids(&format, file).map_err(|error| error.to_string())
    });
    let ids = ids.await.unwrap_or_else(|error| Err(error.to_string()));
    Ok(Some(FoundObject { bytes, sha256: Some(sha256), ids: Some(ids) }))
}
