//! Loading the two sides: what the database says was exported, and what a bucket holds.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::TryStreamExt;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;
use wire::ManifestObject;

use super::VerifyError;
use super::diff::{Expected, Found, FoundObject, Listing};
use super::ids::{Difference, Ids, Sorted};
use crate::bucket::{Bucket, BucketError};
use crate::config::Destination;
use crate::export::keys;
use crate::export::layout::Layout;
use crate::export::manifest::{self, Told};
use crate::export::objects::spool::Spooled;
use crate::export::objects::{self, Unreadable};
use crate::store::deliveries::{self, State, Taken};
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
    let Taken { selection, left_out, dropped } = deliveries::taken(connection, batch.id, &destination.name).await?;
    let rewrites = erasures::rewrites(connection, batch.id).await?;
    let objects = objects.iter().map(Into::into).collect();
    let told = Told { segments, selection, left_out, dropped, objects, rewrites, repeats: None };
    Ok(Expected {
        export_batch_id: batch.id,
        manifest_key: keys::manifest(&destination.prefix, batch),
        manifest: manifest::bytes(batch, &told),
        told,
        batch_rows: batch.rows.unsigned_abs(),
        dropped_rows: state.dropped_rows.cast_unsigned(),
        exported_segments: state.exported_segments,
    })
}

/// Ids that are read before they are sorted among the others.
const CHUNK: usize = 1 << 16;

/// The events of a batch in the database.
pub(super) async fn stored(connection: &mut PgConnection, batch: &ExportBatch) -> Result<Sorted, VerifyError> {
    let mut transaction = connection.begin().await?;
    let mut chunks = exported_rows::ids_of_batch(&mut transaction, batch).await?.try_chunks(CHUNK);
    let mut ids = Ids::default();
    while let Some(chunk) = chunks.try_next().await.map_err(|error| error.1)? {
        ids = blocking(move || {
            chunk.into_iter().try_for_each(|id| ids.add(id))?;
            Ok(ids)
        })
        .await?;
    }
    drop(chunks);
    transaction.commit().await?;
    Ok(blocking(|| ids.sorted()).await?)
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

    /// The manifest of a batch, and its objects: downloaded where there is something `stored` to compare them with, else as
    /// the storage describes them.
    pub(super) async fn found(&self, expected: &Expected, stored: Option<Sorted>) -> Result<Found, VerifyError> {
        let manifest = self.bucket.get(&expected.manifest_key).await?;
        let mut found = Found { manifest, objects: BTreeMap::new(), differences: BTreeMap::new() };
        let stored = stored.map(Arc::new);
        for objects in expected.told.objects.chunk_by(|a, b| a.format == b.format) {
            match &stored {
                Some(stored) => self.download(objects, stored, &mut found).await?,
                None => {
                    for object in objects {
                        let described = described(&self.bucket, object).await?;
                        found.objects.extend(described.map(|it| (object.key.clone(), it)));
                    }
                }
            }
        }
        Ok(found)
    }

    /// All objects of one format.
    async fn download(
        &self,
        objects: &[ManifestObject],
        stored: &Arc<Sorted>,
        found: &mut Found,
    ) -> Result<(), VerifyError> {
        let mut ids = Ids::default();
        let mut is_whole = true;
        for object in objects {
            let Some(file) = self.bucket.download(&object.key).await? else {
                is_whole = false;
                continue;
            };
            let (is, more) = read(file, &object.format, ids, Ids::add).await?;
            is_whole &= matches!(is.rows, Some(Ok(_)));
            found.objects.insert(object.key.clone(), is);
            ids = more;
        }
        if let (true, Some(object)) = (is_whole, objects.first()) {
            let stored = stored.clone();
            let difference = blocking(move || Difference::between(&stored, &ids.sorted()?)).await?;
            found.differences.insert(object.format.clone(), difference);
        }
        Ok(())
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, BucketError> {
        let prefix = format!("{}{folder}", self.destination.prefix);
        self.bucket.list(&prefix).await
    }
}

/// An object as the storage describes it; `None` when there is none.
pub(super) async fn described(bucket: &Bucket, object: &ManifestObject) -> Result<Option<FoundObject>, BucketError> {
    let described = bucket.describe(&object.key).await?;
    Ok(described.map(|it| FoundObject { bytes: it.bytes, sha256: it.sha256, rows: None }))
}

/// What a downloaded object is. Each of its events is put into `seen`, as far as they can be read.
///
/// # Errors
/// The disk's.
pub(super) async fn read<S: Send + 'static>(
    file: Spooled,
    format: &str,
    mut seen: S,
    put: fn(&mut S, Uuid) -> io::Result<()>,
) -> io::Result<(FoundObject, S)> {
    let format = format.to_owned();
    blocking(move || {
        let reader = file.reader()?;
        let mut count = 0;
        let mut ids = guarded(|| objects::event_ids(&format, reader));
        let rows = loop {
            match ids.as_mut().map_err(|reason| reason.clone()).and_then(|ids| guarded(|| ids.next().transpose())) {
                Ok(Some(id)) => put(&mut seen, id)?,
                Ok(None) => break Ok(count),
                Err(reason) => break Err(reason),
            }
            count += 1;
        };
        Ok((FoundObject { bytes: file.bytes, sha256: Some(file.sha256), rows: Some(rows) }, seen))
    })
    .await
}

/// What a reader says, which may panic over a damaged file.
fn guarded<T>(read: impl FnOnce() -> Result<T, Unreadable>) -> Result<T, String> {
    let read = catch_unwind(AssertUnwindSafe(read)).map_err(|_| "it is damaged".to_owned())?;
    read.map_err(|error| error.to_string())
}

/// What takes the disk or the processor for long, out of the way of everything else.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
