//! Loading the two sides: what the database says was exported, and what a bucket holds.

use std::collections::BTreeMap;

use bytes::Bytes;
use sqlx::PgConnection;

use super::VerifyError;
use super::diff::{Delivery, Expected, Found, FoundObject, Listing};
use crate::bucket::{self, Bucket, BucketError};
use crate::config::Destination;
use crate::export::{keys, manifest, objects, planned_keys};
use crate::store::{self, export_batches, exported_rows, segments};

/// Every delivery to a destination.
pub(super) async fn deliveries(
    connection: &mut PgConnection,
    destination: &Destination,
) -> Result<Vec<Delivery>, VerifyError> {
    let mut deliveries = Vec::new();
    for row in store::deliveries::all(connection, &destination.name).await? {
        let batch = export_batches::get(connection, row.export_batch_id).await?;
        deliveries.push(Delivery {
            keys: planned_keys(&destination.prefix, &batch).into_iter().collect(),
            batch,
            exported: row.exported,
        });
    }
    Ok(deliveries)
}

/// What the destination must hold of a delivery; nothing while it is pending.
pub(super) async fn expected(
    connection: &mut PgConnection,
    destination: &Destination,
    delivery: &Delivery,
) -> Result<Option<Expected>, VerifyError> {
    if !delivery.exported {
        return Ok(None);
    }
    let batch = &delivery.batch;
    let objects = store::deliveries::objects(connection, batch.id, &destination.name).await?;
    let members = segments::of_batch(connection, batch.id).await?;
    Ok(Some(Expected {
        manifest_key: keys::manifest(&destination.prefix, batch),
        manifest: manifest::of(batch, members, objects),
        ids: exported_rows::ids_of_batch(connection, batch).await?,
        exported_segments: exported_segments(connection, delivery).await?,
    }))
}

/// The segments of a delivery that are marked exported.
pub(super) async fn exported_segments(
    connection: &mut PgConnection,
    delivery: &Delivery,
) -> Result<Vec<i64>, VerifyError> {
    Ok(segments::exported_of_batch(connection, delivery.batch.id).await?)
}

/// The bucket's side.
pub(super) struct Side<'a> {
    pub(super) bucket: Bucket,
    pub(super) destination: &'a Destination,
}

impl Side<'_> {
    /// All keys.
    pub(super) async fn listing(&self) -> Result<Listing, VerifyError> {
        Ok(Listing { objects: self.list(keys::OBJECTS).await?, manifests: self.list(keys::MANIFESTS).await? })
    }

    /// The manifest and the objects of a delivery, downloaded.
    pub(super) async fn found(&self, expected: &Expected) -> Result<Found, VerifyError> {
        let manifest = self.get(&expected.manifest_key).await?;
        let mut objects = BTreeMap::new();
        for object in &expected.manifest.objects {
            let Some(body) = self.get(&object.key).await? else { continue };
            objects.insert(
                object.key.clone(),
                FoundObject {
                    bytes: body.len() as u64,
                    sha256: bucket::sha256(&body),
                    ids: objects::event_ids(&object.format, body).map_err(|error| error.to_string()),
                },
            );
        }
        Ok(Found { manifest: manifest.map(|body| serde_json::from_slice(&body).ok()), objects })
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, VerifyError> {
        let prefix = format!("{}{folder}", self.destination.prefix);
        let listed = self.bucket.list(&prefix).await.map_err(|source| self.failed(source))?;
        Ok(listed.into_iter().map(|object| object.key).collect())
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, VerifyError> {
        self.bucket.get(key).await.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: BucketError) -> VerifyError {
        VerifyError::Bucket { destination: self.destination.name.clone(), source }
    }
}
