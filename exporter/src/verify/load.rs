//! Loading the two sides: what the database says was exported, and what a bucket holds.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::diff::{Expected, Found, FoundObject, Listing};
use crate::bucket::{self, Bucket, BucketError};
use crate::config::Destination;
use crate::export::{keys, manifest, objects};
use crate::store::deliveries::{self, State};
use crate::store::export_batches::ExportBatch;
use crate::store::{exported_rows, segments};

/// What a destination must hold of a batch in this `state`.
pub(super) async fn expected(
    connection: &mut PgConnection,
    destination: &Destination,
    batch: &ExportBatch,
    state: State,
) -> sqlx::Result<Expected> {
    let objects = deliveries::objects(connection, batch.id, &destination.name).await?;
    let members = segments::of_batch(connection, batch.id).await?;
    Ok(Expected {
        manifest_key: keys::manifest(&destination.prefix, batch),
        manifest: manifest::of(batch, members, objects),
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
    /// All keys.
    pub(super) async fn listing(&self) -> Result<Listing, BucketError> {
        Ok(Listing { objects: self.list(keys::OBJECTS).await?, manifests: self.list(keys::MANIFESTS).await? })
    }

    /// The manifest and the objects of a batch, downloaded.
    pub(super) async fn found(&self, expected: &Expected) -> Result<Found, BucketError> {
        let manifest = self.bucket.get(&expected.manifest_key).await?;
        let mut objects = BTreeMap::new();
        for object in &expected.manifest.objects {
            let Some(body) = self.bucket.get(&object.key).await? else { continue };
            objects.insert(
                object.key.clone(),
                FoundObject {
                    bytes: body.len() as u64,
                    sha256: bucket::sha256(&body),
                    ids: objects::event_ids(&object.format, body).map_err(|error| error.to_string()),
                },
            );
        }
        Ok(Found { manifest, objects })
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, BucketError> {
        let prefix = format!("{}{folder}", self.destination.prefix);
        self.bucket.list(&prefix).await
    }
}
