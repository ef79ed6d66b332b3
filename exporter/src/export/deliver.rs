//! One export batch on its way to one bucket: objects, then the manifest, then a look at what the bucket really holds,
//! then the mark.

use futures::stream::{self, TryStreamExt};
use sqlx::{PgConnection, PgPool};
use wire::manifest::Outcomes;
use wire::{Manifest, ManifestObject, Selection};

use super::keys;
use super::manifest::{self, Told};
use super::objects::RenderError;
use super::objects::spool::Shelf;
use super::placed::{self, Placed};
use super::renditions::Renditions;
use crate::bucket::{Bucket, BucketError, Described};
use crate::progress::Work;
use crate::refusal;
use crate::store::deliveries::{self, Lease, Object, Taken};
use crate::store::export_batches::{self, ExportBatch};
use crate::store::{erasures, segments, tries};

/// Objects of one delivery that are sent, or read back, at once. Each takes a part's length of memory.
const AT_ONCE: usize = 4;

/// Everything one delivery needs.
pub(super) struct Delivery<'a> {
    pub(super) pool: &'a PgPool,
    pub(super) bucket: &'a Bucket,
    pub(super) prefix: &'a str,
    pub(super) required: &'a [String],
    pub(super) lease: &'a Lease,
    pub(super) renditions: &'a Renditions,
    /// Advances while rows are rendered.
    pub(super) work: &'a Work,
}

/// What a bucket was verified to hold.
pub(super) struct Delivered {
    pub(super) objects: Vec<Object>,
    /// Rows of the batch that were still here.
    pub(super) rows: i64,
    /// Rows of the batch that retention had dropped.
    pub(super) dropped: i64,
}

/// Why a delivery did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliverError {
    /// Another worker has taken over: nothing was marked. What was put has the keys that it will put, and the same bytes
    /// where both are of one version.
    #[error("another worker has taken over")]
    LeaseLost,
    /// Another worker may have taken over, and perhaps a visitor has been erased since: nothing more is put.
    #[error("the database did not renew the lease before it ran out")]
    LeaseOver,
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

impl DeliverError {
    /// What kind of failure it is: see [`refusal`].
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Bucket(error) => &error.code,
            Self::NotHeld { .. } => refusal::NOT_HELD,
            Self::Render(RenderError::Spool(_)) => refusal::DISK,
            Self::LeaseLost | Self::LeaseOver | Self::Store(_) | Self::Render(RenderError::Store(_)) => {
                refusal::DATABASE
            }
            Self::Render(_) => refusal::ROWS,
        }
    }
}

impl Delivery<'_> {
    /// Delivers and marks.
    pub(super) async fn run(&self) -> Result<Delivered, DeliverError> {
        let mut connection = self.pool.acquire().await?;
        let batch = export_batches::get(&mut connection, self.lease.export_batch_id).await?;
        let mut told = told(&mut connection, &batch, &self.lease.destination).await?;
        // Uploads take long; meanwhile others can use the connection.
        drop(connection);
        let rendition = self.renditions.of(self.pool, &batch, &told.selection, self.work).await?;

        let dropped = rendition.dropped;
        if dropped > 0
            && let Some((objects, told)) = self.put_before(&batch, &told).await?
        {
            self.mark(&batch, &objects, &told).await?;
            let dropped = told.dropped.cast_signed();
            return Ok(Delivered { objects, rows: batch.rows - dropped, dropped });
        }
        let mut placed = placed::place(self.prefix, &batch, &rendition, &told.selection, &[])?;
        if !told.rewrites.is_empty() {
            end_uploads(self.bucket, self.prefix, &batch).await?;
        }
        if !told.rewrites.is_empty() || (dropped > 0 && self.lease.attempts > 1) {
            self.add_leftovers(&batch, &told.selection, &mut placed).await?;
        }
        told.count(&rendition);
        told.objects = placed.iter().map(|it| (&it.object).into()).collect();
        publish(self.bucket, self.prefix, &batch, &placed, &told).await?;
        let objects: Vec<_> = placed.into_iter().map(|it| it.object).collect();
        self.mark(&batch, &objects, &told).await?;
        Ok(Delivered { objects, rows: batch.rows - dropped, dropped })
    }

    /// What an attempt that was not marked has put in full, perhaps when more rows were here: it is not replaced by less.
    async fn put_before(&self, batch: &ExportBatch, told: &Told) -> Result<Option<(Vec<Object>, Told)>, DeliverError> {
        let Some(found) = self.bucket.get(&keys::manifest(self.prefix, batch)).await? else { return Ok(None) };
        let Ok(Manifest { outcomes, objects, .. }) = serde_json::from_slice(&found) else { return Ok(None) };
        let Outcomes { left_out, dropped, .. } = outcomes;
        let told = Told { left_out, dropped, objects, ..told.clone() };
        // Of another generation, say, or emptied by an erasure.
        let is_emptied = !told.selection.is_partial() && left_out != dropped;
        if is_emptied || manifest::bytes(batch, &told) != found {
            return Ok(None);
        }
        let object = |it: &ManifestObject| Object::told(it, keys::number(&it.key, batch.id)?);
        let Some(objects) = told.objects.iter().map(object).collect::<Option<Vec<_>>>() else { return Ok(None) };
        for object in &objects {
            if !holds(self.bucket, object).await? {
                return Ok(None);
            }
        }
        Ok(Some((objects, told)))
    }

    /// Adds objects without rows in the place of those that an attempt has put before an erasure, or before a day was dropped,
    /// and that are not among `placed` any more.
    async fn add_leftovers(
        &self,
        batch: &ExportBatch,
        selection: &Selection,
        placed: &mut Vec<Placed>,
    ) -> Result<(), DeliverError> {
        let shelf = Shelf::new().map_err(RenderError::from)?;
        for (number, key) in keys_of(self.bucket, self.prefix, batch).await?.into_iter().enumerate() {
            let Some(format) = keys::format(&key).filter(|_| placed.iter().all(|it| it.object.key != key)) else {
                continue;
            };
            let number = i32::try_from(placed.len() + number).unwrap_or(i32::MAX);
            placed.push(placed::empty(&shelf, batch, selection, format, number, key)?);
        }
        placed::sort(batch, placed);
        Ok(())
    }

    async fn mark(&self, batch: &ExportBatch, objects: &[Object], told: &Told) -> Result<(), DeliverError> {
        let mut transaction = self.pool.begin().await?;
        export_batches::lock(&mut transaction, self.lease.export_batch_id).await?;
        if !deliveries::finish(&mut transaction, self.lease, batch.generation).await? {
            return Err(DeliverError::LeaseLost);
        }
        let Lease { export_batch_id, destination, .. } = self.lease;
        let Told { left_out, dropped, .. } = *told;
        deliveries::record_objects(&mut transaction, *export_batch_id, destination, objects, left_out, dropped).await?;
        segments::mark_exported(&mut transaction, Some(self.lease.export_batch_id), self.required).await?;
        let has_waited = tries::end_wait(&mut transaction, &self.lease.destination).await?;
        transaction.commit().await?;
        if has_waited {
            tracing::info!(destination = self.lease.destination, "the destination takes objects again");
        }
        Ok(())
    }
}

/// The keys of all objects of a batch that are in a bucket, whoever put them.
pub(super) async fn keys_of(bucket: &Bucket, prefix: &str, batch: &ExportBatch) -> Result<Vec<String>, DeliverError> {
    let start = format!("{prefix}{}", batch.rendering().layout.fixed_start());
    Ok(bucket.list(&start).await?.into_iter().filter(|key| keys::is_of(key, batch.id)).collect())
}

/// Ends the uploads in parts that attempts before an erasure have left behind: their parts have rows that are gone.
pub(super) async fn end_uploads(bucket: &Bucket, prefix: &str, batch: &ExportBatch) -> Result<(), DeliverError> {
    let start = format!("{prefix}{}", batch.rendering().layout.fixed_start());
    let ended = bucket.end_uploads(&start, |key| keys::is_of(key, batch.id)).await;
    Ok(ended.map_err(|error| match error.code.as_str() {
        // Another key might: everything else of the bucket goes on.
        "AccessDenied" | "AllAccessDisabled" | "Forbidden" => {
            BucketError { code: refusal::UPLOADS.to_owned(), ..error }
        }
        _ => error,
    })?)
}

/// What a manifest tells of a batch at a destination, but for its objects; nothing is left out of it before it is exported.
pub(super) async fn told(connection: &mut PgConnection, batch: &ExportBatch, destination: &str) -> sqlx::Result<Told> {
    let Taken { selection, left_out, dropped } = deliveries::taken(connection, batch.id, destination).await?;
    Ok(Told {
        segments: segments::of_batch(connection, batch.id).await?,
        selection,
        left_out,
        dropped,
        objects: Vec::new(),
        rewrites: erasures::rewrites(connection, batch.id).await?,
        repeats: None,
    })
}

/// Whether a bucket holds an object, to the byte.
pub(super) async fn holds(bucket: &Bucket, object: &Object) -> Result<bool, BucketError> {
    let sent = Described { bytes: object.bytes, sha256: Some(object.sha256.clone()) };
    Ok(bucket.examine(&object.key).await? == Some(sent))
}

/// Puts objects, then the manifest that tells of them and of those that stay as they are, and then reads back what the bucket
/// has acknowledged.
pub(super) async fn publish(
    bucket: &Bucket,
    prefix: &str,
    batch: &ExportBatch,
    placed: &[Placed],
    told: &Told,
) -> Result<(), DeliverError> {
    stream::iter(placed.iter().map(Ok)).try_for_each_concurrent(AT_ONCE, |it| it.put(bucket, batch)).await?;
    let manifest_key = keys::manifest(prefix, batch);
    let manifest = manifest::bytes(batch, told);
    bucket.put(&manifest_key, "application/json", manifest.clone()).await?;
    let compared =
        stream::iter(placed.iter().map(Ok)).try_for_each_concurrent(AT_ONCE, |Placed { object, .. }| async move {
            let is_held = holds(bucket, object).await?;
            if is_held { Ok(()) } else { Err(DeliverError::NotHeld { key: object.key.clone() }) }
        });
    compared.await?;
    if bucket.get(&manifest_key).await? != Some(manifest) {
        return Err(DeliverError::NotHeld { key: manifest_key });
    }
    Ok(())
}
