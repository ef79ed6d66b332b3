//! One export batch on its way to one bucket: objects, then the manifest, then a look at what the bucket really holds,
//! then the mark.

use bytes::Bytes;
use sqlx::PgPool;
use wire::ManifestObject;

use super::objects::{self, RenderError};
use super::{keys, manifest};
use crate::bucket::{self, Bucket, BucketError};
use crate::config::Format;
use crate::store::deliveries::{self, Lease};
use crate::store::{export_batches, segments};

/// Everything one delivery needs.
pub(super) struct Delivery<'a> {
    pub(super) pool: &'a PgPool,
    pub(super) bucket: &'a Bucket,
    pub(super) prefix: &'a str,
    pub(super) required: &'a [String],
    pub(super) lease: &'a Lease,
}

/// What a bucket was verified to hold.
pub(super) struct Delivered {
    pub(super) objects: Vec<ManifestObject>,
}

/// Why a delivery did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliverError {
    /// Another worker has taken over: nothing was marked. What was put has the keys that it will put, and the same bytes
    /// where both are of one version.
    #[error("another worker has taken over")]
    LeaseLost,
    /// The bucket.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The bucket holds something else than it acknowledged.
    #[error("the bucket acknowledged {key} and does not hold what was sent")]
    NotHeld {
        /// The key.
        key: String,
    },
    /// The rows.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The database.
    #[error("the database failed: {0}")]
    Store(#[from] sqlx::Error),
}

impl Delivery<'_> {
    /// Delivers and marks.
    pub(super) async fn run(&self) -> Result<Delivered, DeliverError> {
        let mut connection = self.pool.acquire().await?;
        let batch = export_batches::get(&mut connection, self.lease.export_batch_id).await?;
        let members = segments::of_batch(&mut connection, batch.id).await?;
        let rendered = objects::render(&mut connection, &batch).await?;
        // Uploads take long; meanwhile others can use the connection.
        drop(connection);

        let mut objects = Vec::new();
        for object in rendered {
            let key = keys::object(self.prefix, object.format, &batch);
            let bytes = object.body.len() as u64;
            let sha256 = bucket::sha256(&object.body);
            self.bucket.put(&key, content_type(object.format), object.body).await?;
            let format = object.format.name().to_owned();
            objects.push(ManifestObject { key, format, rows: batch.rows.cast_unsigned(), bytes, sha256 });
        }
        let manifest_key = keys::manifest(self.prefix, &batch);
        let manifest = manifest::to_bytes(&manifest::of(&batch, members, objects.clone()));
        self.bucket.put(&manifest_key, "application/json", manifest.clone()).await?;

        for object in &objects {
            self.check(&object.key, |body| bucket::sha256(body) == object.sha256).await?;
        }
        self.check(&manifest_key, |body| *body == manifest).await?;
        self.mark(&objects).await?;
        Ok(Delivered { objects })
    }

    async fn check(&self, key: &str, holds: impl Fn(&Bytes) -> bool) -> Result<(), DeliverError> {
        match self.bucket.get(key).await? {
            Some(body) if holds(&body) => Ok(()),
            _ => Err(DeliverError::NotHeld { key: key.to_owned() }),
        }
    }

    async fn mark(&self, objects: &[ManifestObject]) -> Result<(), DeliverError> {
        let mut transaction = self.pool.begin().await?;
        export_batches::lock(&mut transaction, self.lease.export_batch_id).await?;
        if !deliveries::finish(&mut transaction, self.lease).await? {
            return Err(DeliverError::LeaseLost);
        }
        deliveries::record_objects(&mut transaction, self.lease, objects).await?;
        segments::mark_exported(&mut transaction, Some(self.lease.export_batch_id), self.required).await?;
        transaction.commit().await?;
        Ok(())
    }
}

fn content_type(format: Format) -> &'static str {
    match format {
        Format::Parquet => "application/vnd.apache.parquet",
        Format::Jsonl => "application/gzip",
    }
}
