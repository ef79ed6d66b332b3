//! Bringing a bucket to the generation of a batch that an erasure has made: the objects concerned are written again at their
//! keys, then the manifest, then it is looked at what the bucket holds, then that is written down. What is about to be put is
//! written down before, so that whoever begins again knows what an interrupted one has left there.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgConnection;
use uuid::Uuid;
use wire::Selection;

use super::deliver::{self, DeliverError};
use super::manifest::Told;
use super::objects::spool::Shelf;
use super::objects::{self, RenderError, back};
use super::placed::{self, Placed};
use super::{Exporter, Failure, PutObject, Target, queue};
use crate::bucket::Bucket;
use crate::progress::Work;
use crate::refusal::{self, Concerns};
use crate::store::deliveries::{self, Object};
use crate::store::export_batches::{self, ExportBatch};
use crate::store::{erasure_searches, erasures, rewritten_objects};

/// Why a bucket still has what was erased.
#[derive(Debug, thiserror::Error)]
enum EraseError {
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    #[error("{0}")]
    NotYet(&'static str),
    #[error("{key} is missing, or is not what was exported, and its rows are no longer in the database")]
    Lost { key: String },
}

impl EraseError {
    fn code(&self) -> &str {
        match self {
            Self::Deliver(error) => error.code(),
            Self::NotYet(_) => refusal::ERASING,
            Self::Lost { .. } => refusal::LOST,
        }
    }
}

impl Exporter {
    /// The destinations of the configuration, and their buckets.
    pub fn buckets(&self) -> impl Iterator<Item = (&crate::config::Destination, &Bucket)> {
        self.targets.iter().map(|target| (&target.destination, &target.bucket))
    }

    /// How long a request that nobody waits for any more may still be on its way into a bucket.
    #[must_use]
    pub fn landing(&self) -> Duration {
        self.targets.iter().map(|target| target.destination.timeout.duration()).max().unwrap_or_default()
    }

    /// Takes out of the bucket of `destination` what erasures have taken out of a batch. Returns what was written.
    ///
    /// # Errors
    /// Why the bucket still has it, which is written down, too.
    pub async fn erase(&self, destination: &str, export_batch_id: Uuid) -> Result<Vec<PutObject>, Failure> {
        let target = self.targets.iter().find(|target| target.destination.name == destination);
        let done = match target {
            Some(target) => self.erase_at(target, export_batch_id).await,
            None => Err(EraseError::NotYet("the destination is no longer in the settings")),
        };
        match done {
            Ok(objects) => Ok(objects.iter().map(|object| queue::put(destination, object)).collect()),
            Err(error) => {
                let failure = Failure::new(destination, Some(export_batch_id), error.code(), error.to_string());
                tracing::warn!(destination, %export_batch_id, reason = failure.reason, "the bucket still has what was erased");
                let noted = async {
                    let mut connection = self.pool.acquire().await?;
                    let Failure { code, reason, .. } = &failure;
                    deliveries::note_behind(&mut connection, export_batch_id, destination, code, reason).await
                };
                if let Err(error) = noted.await {
                    tracing::warn!(%error, "cannot write down why");
                }
                Err(failure)
            }
        }
    }

    /// Whether a failure keeps an erasure from everything else in the bucket, too.
    pub async fn is_down(&self, failure: &Failure) -> bool {
        let target = self.targets.iter().find(|target| target.destination.name == failure.destination);
        let Some(target) = target else { return false };
        queue::concerns(target, &failure.code).await != Concerns::Batch
    }

    async fn erase_at(&self, target: &Target, export_batch_id: Uuid) -> Result<Vec<Object>, EraseError> {
        let (name, prefix) = (&target.destination.name, &target.destination.prefix);
        let mut connection = self.pool.acquire().await.map_err(DeliverError::from)?;
        let loaded = async {
            let batch = export_batches::get(&mut connection, export_batch_id).await?;
            let state = deliveries::state(&mut connection, batch.id, name).await?;
            let recorded = deliveries::objects(&mut connection, batch.id, name).await?;
            let told = deliver::told(&mut connection, &batch, name).await?;
            Ok::<_, sqlx::Error>((batch, state, recorded, told))
        };
        let (batch, state, recorded, mut told) = loaded.await.map_err(DeliverError::from)?;
        if !state.exported {
            return Err(EraseError::NotYet("its export there is not finished, and takes care of it when it is"));
        }
        deliver::end_uploads(&target.bucket, prefix, &batch).await?;
        let mut placed = if state.dropped_rows == 0 {
            drop(connection);
            let rendition = self.renditions.of(&self.pool, &batch, &told.selection, &Work::silent()).await;
            let rendition = rendition.map_err(DeliverError::from)?;
            if rendition.dropped > 0 {
                return Err(EraseError::NotYet("a day of it was dropped meanwhile"));
            }
            told.count(&rendition);
            placed::place(prefix, &batch, &rendition, &told.selection, &recorded).map_err(DeliverError::from)?
        } else {
            if erasure_searches::is_growing(&mut connection, batch.id).await.map_err(DeliverError::from)? {
                return Err(EraseError::NotYet("an erasure has not searched it for rows that are only in buckets"));
            }
            let placed = from_bucket(&mut connection, target, &batch, &told.selection, &recorded).await?;
            let rows = check_rows(&batch, &told, &placed).map_err(DeliverError::from)?;
            told.left_out = (batch.rows - rows).cast_unsigned();
            // Of a whole export nothing else is left out. Of a part nobody knows whether what is erased was dropped before.
            told.dropped = if told.selection.is_partial() { told.dropped.min(told.left_out) } else { told.left_out };
            placed
        };
        let objects: Vec<_> = placed.iter().map(|it| it.object.clone()).collect();
        told.objects = objects.iter().map(Into::into).collect();
        let known: HashSet<_> = recorded.iter().map(|it| (it.key.as_str(), it.sha256.as_str())).collect();
        placed.retain(|it| !known.contains(&(it.object.key.as_str(), it.object.sha256.as_str())));
        let written: Vec<_> = placed.iter().map(|it| it.object.clone()).collect();
        let noted = async { rewritten_objects::note(&mut *self.pool.acquire().await?, batch.id, name, &written).await };
        noted.await.map_err(DeliverError::from)?;
        deliver::publish(&target.bucket, prefix, &batch, &placed, &told).await?;
        self.record_generation(&batch, name, &objects, &told).await?;
        Ok(written)
    }

    async fn record_generation(
        &self,
        batch: &ExportBatch,
        destination: &str,
        objects: &[Object],
        told: &Told,
    ) -> Result<(), EraseError> {
        let recorded = async {
            let mut transaction = self.pool.begin().await?;
            let is_current = deliveries::replace_objects(
                &mut transaction,
                batch.id,
                destination,
                batch.generation,
                objects,
                told.left_out,
                told.dropped,
            )
            .await?;
            transaction.commit().await?;
            Ok::<_, sqlx::Error>(is_current)
        };
        if recorded.await.map_err(DeliverError::from)? {
            Ok(())
        } else {
            Err(EraseError::NotYet("another erasure has changed the batch meanwhile"))
        }
    }
}

/// The objects that a bucket holds, without what was erased: rows of them are nowhere else.
async fn from_bucket(
    connection: &mut PgConnection,
    target: &Target,
    batch: &ExportBatch,
    selection: &Selection,
    recorded: &[Object],
) -> Result<Vec<Placed>, EraseError> {
    let loaded = async {
        let events: BTreeSet<Uuid> = erasures::events(connection, batch.id).await?.into_iter().collect();
        let versions = rewritten_objects::versions(connection, batch.id, &target.destination.name).await?;
        Ok::<_, sqlx::Error>((Arc::new(events), versions))
    };
    let (events, versions) = loaded.await.map_err(DeliverError::from)?;
    let shelf = Shelf::new().map_err(|error| DeliverError::from(RenderError::from(error)))?;
    let mut placed = Vec::new();
    for before in recorded {
        let (key, format) = (&before.key, before.format);
        let file = target.bucket.download(key).await.map_err(DeliverError::from)?;
        let is_known = |sha256: &String| versions.contains(&(format, before.number, sha256.clone()));
        let file = file.filter(|it| is_known(&it.sha256)).ok_or_else(|| EraseError::Lost { key: key.clone() })?;
        let is_as_recorded = file.sha256 == before.sha256;
        let (selection, rendering, events) = (selection.clone(), batch.rendering(), events.clone());
        let shelf = shelf.clone();
        let left = tokio::task::spawn_blocking(move || {
            back::without(&shelf, format, file.reader()?, &selection, &rendering, &events)
        });
        let left = left.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let left = left.map_err(DeliverError::from)?;
        let object = if is_as_recorded && left.rows == before.rows {
            before.clone()
        } else {
            Object {
                rows: left.rows,
                bytes: left.file.bytes,
                sha256: left.file.sha256.clone(),
                event_ids: left.bounds.map(|it| it.event_id),
                times: left.bounds.and_then(|it| it.times()),
                ..before.clone()
            }
        };
        placed.push(Placed::own(object, left.file));
    }
    Ok(placed)
}

/// The rows that the objects of each format have: as many in one as in the other, and of a whole export all.
fn check_rows(batch: &ExportBatch, told: &Told, placed: &[Placed]) -> Result<i64, RenderError> {
    let sum = |format| {
        let rows = placed.iter().filter(|it| it.object.format == format).map(|it| it.object.rows).sum::<u64>();
        rows.cast_signed()
    };
    let sums: Vec<_> = batch.formats.iter().map(|format| sum(*format)).collect();
    let is_whole = !told.selection.is_partial() && told.dropped == 0;
    let expected = if is_whole { batch.rows } else { sums.first().copied().unwrap_or_default() };
    match sums.iter().find(|rows| **rows != expected) {
        Some(found) if !placed.is_empty() => Err(objects::RenderError::Rows { expected, found: *found }),
        _ => Ok(if placed.is_empty() { 0 } else { expected }),
    }
}
