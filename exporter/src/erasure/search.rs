//! Looking for a visitor where the database does not reach: in the objects of batches whose rows retention has dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::bucket::{Bucket, BucketError};
use crate::config::Format;
use crate::export::objects::back::{self, Found};
use crate::export::objects::{Bounds, RenderError};
use crate::export::{Exporter, keys};
use crate::refusal::{self, Concerns};
use crate::store::deliveries::{self, Object};
use crate::store::export_batches::{self, ExportBatch};
use crate::store::rewritten_objects::Versions;
use crate::store::{erasures, rewritten_objects};

/// What the objects of a batch have of a visitor, and what else.
#[derive(Debug, Default)]
pub struct OfBatch {
    /// The visitor's rows.
    pub found: Found,
    /// How many objects were read.
    pub objects: usize,
}

/// Why a batch was not searched.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The database.
    #[error("the database failed: {0}")]
    Store(#[from] sqlx::Error),
    /// No destination that has all of it answers, or is in the settings.
    #[error("export batch {export_batch_id} is nowhere to be read: {reason}")]
    Nowhere {
        /// The batch.
        export_batch_id: Uuid,
        /// What each destination said.
        reason: String,
    },
}

/// Why one bucket does not tell.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error(transparent)]
    Unreadable(#[from] RenderError),
    #[error("{0} is missing, or is not what was exported: `exporter verify` tells more")]
    Other(String),
    #[error("it has {found} row(s) where {expected} were exported: `exporter verify` tells more")]
    Rows { expected: u64, found: u64 },
}

/// A search of one batch after the other. A destination that has ceased to answer is not asked again.
pub struct Search<'a> {
    exporter: &'a Exporter,
    visitor: Uuid,
    down: BTreeMap<&'a str, String>,
}

impl<'a> Search<'a> {
    /// A search for `visitor` in the buckets of `exporter`.
    #[must_use]
    pub fn new(exporter: &'a Exporter, visitor: Uuid) -> Self {
        Self { exporter, visitor, down: BTreeMap::new() }
    }

    /// Searches a batch in the first destination that has all of it and answers.
    ///
    /// # Errors
    /// When there is none.
    pub async fn batch(
        &mut self,
        connection: &mut PgConnection,
        export_batch_id: Uuid,
    ) -> Result<OfBatch, SearchError> {
        let batch = export_batches::get(connection, export_batch_id).await?;
        // What others have asked for before, and some bucket still has.
        let gone: Arc<BTreeSet<Uuid>> = Arc::new(erasures::events(connection, batch.id).await?.into_iter().collect());
        let mut reasons = Vec::new();
        for (destination, bucket) in self.exporter.buckets() {
            let name = destination.name.as_str();
            if !deliveries::state(connection, batch.id, name).await?.exported {
                continue;
            }
            let taken = deliveries::taken(connection, batch.id, name).await?;
            if !taken.is_whole() {
                continue;
            }
            let selection = taken.selection;
            if let Some(reason) = self.down.get(name) {
                reasons.push(reason.clone());
                continue;
            }
            let recorded = deliveries::objects(connection, batch.id, name).await?;
            let versions = rewritten_objects::versions(connection, batch.id, name).await?;
            // The format that is searched fastest; all of them have the same rows.
            let format = batch.formats.iter().copied().min_by_key(|format| *format != Format::Parquet);
            let objects = recorded.iter().filter(|it| Some(it.format) == format);
            let reading =
                Reading { bucket, batch: &batch, selection, versions, visitor: self.visitor, gone: gone.clone() };
            match reading.all(objects).await {
                Ok(of_batch) => return Ok(of_batch),
                Err(error) => {
                    let reason = format!("{name}: {error}");
                    if let ReadError::Bucket(error) = &error
                        && is_down(bucket, &keys::manifest(&destination.prefix, &batch), error).await
                    {
                        self.down.insert(name, reason.clone());
                    }
                    reasons.push(reason);
                }
            }
        }
        if reasons.is_empty() {
            reasons.push("no destination of the settings has all of it".to_owned());
        }
        Err(SearchError::Nowhere { export_batch_id, reason: reasons.join("; ") })
    }
}

/// Whether a bucket that refused an object refuses everything. Where that does not tell, `small` does.
async fn is_down(bucket: &Bucket, small: &str, error: &BucketError) -> bool {
    match refusal::of(&error.code).concerns {
        Concerns::Batch => false,
        Concerns::Unclear => bucket.get(small).await.is_err(),
        Concerns::Destination | Concerns::Here => true,
    }
}

/// How the objects of a batch in one bucket are read.
struct Reading<'a> {
    bucket: &'a Bucket,
    batch: &'a ExportBatch,
    selection: wire::Selection,
    versions: Versions,
    visitor: Uuid,
    gone: Arc<BTreeSet<Uuid>>,
}

impl Reading<'_> {
    async fn all(&self, objects: impl Iterator<Item = &Object>) -> Result<OfBatch, ReadError> {
        let mut of_batch = OfBatch::default();
        for object in objects {
            of_batch.add(self.one(object).await?);
        }
        let found = of_batch.found.rows.iter().filter(|row| !self.gone.contains(&row.event_id)).count() as u64;
        let (found, expected) = (of_batch.found.others + found, self.batch.rows.unsigned_abs());
        if found == expected { Ok(of_batch) } else { Err(ReadError::Rows { expected, found }) }
    }

    /// What an object has. Where a glance says that it has nothing of the visitor, what the database says of the others is
    /// told.
    async fn one(&self, object: &Object) -> Result<Found, ReadError> {
        let file = self.bucket.download(&object.key).await?;
        let is_known = |sha256: &String| self.versions.contains(&(object.format, object.number, sha256.clone()));
        let file = file.filter(|it| is_known(&it.sha256)).ok_or_else(|| ReadError::Other(object.key.clone()))?;
        let (format, rendering, visitor) = (object.format, self.batch.rendering(), self.visitor);
        let (selection, gone) = (self.selection.clone(), self.gone.clone());
        let looked = tokio::task::spawn_blocking(move || {
            back::look(format, file.reader()?, &selection, &rendering, visitor, &gone)
        });
        let looked = looked.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        let recorded = || {
            object.event_ids.zip(object.times).map(|(event_id, times)| Bounds {
                event_id,
                timestamp: (times.0.timestamp_micros(), times.1.timestamp_micros()),
            })
        };
        Ok(looked.unwrap_or_else(|| Found { rows: Vec::new(), others: object.rows, bounds: recorded() }))
    }
}

impl OfBatch {
    fn add(&mut self, found: Found) {
        self.objects += 1;
        self.found.rows.extend(found.rows);
        self.found.others += found.others;
        self.found.bounds = match (self.found.bounds, found.bounds) {
            (Some(known), Some(more)) => Some(known.with(more)),
            (known, more) => known.or(more),
        };
    }
}
