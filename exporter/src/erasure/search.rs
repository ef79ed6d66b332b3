//! Looking for a visitor where the database does not reach: in the objects of batches whose rows retention has dropped.

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::bucket::{Bucket, BucketError};
use crate::config::Format;
use crate::export::Exporter;
use crate::export::objects::back::{self, Found};
use crate::export::objects::{Bounds, RenderError};
use crate::store::export_batches::{self, ExportBatch};
use crate::store::{deliveries, erasures};

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
        /// What the last destination said.
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
    #[error("{0} is not what was exported: `exporter verify` tells more")]
    Other(String),
}

/// Searches a batch in the first destination that has all of it and answers.
///
/// # Errors
/// When there is none.
pub async fn search(
    connection: &mut PgConnection,
    exporter: &Exporter,
    export_batch_id: Uuid,
    visitor: Uuid,
) -> Result<OfBatch, SearchError> {
    let batch = export_batches::get(connection, export_batch_id).await?;
    // What others have asked for before, and some bucket still has.
    let gone: Arc<BTreeSet<Uuid>> = Arc::new(erasures::events(connection, batch.id).await?.into_iter().collect());
    let mut reason = "no destination of the settings has all of it".to_owned();
    for (destination, bucket) in exporter.buckets() {
        let state = deliveries::state(connection, batch.id, &destination.name).await?;
        if !state.exported {
            continue;
        }
        let (selection, _) = deliveries::taken(connection, batch.id, &destination.name).await?;
        if selection.is_partial() {
            continue;
        }
        let objects = deliveries::objects(connection, batch.id, &destination.name).await?;
        // The format that is searched fastest; all of them have the same rows.
        let format = batch.formats.iter().copied().min_by_key(|format| *format != Format::Parquet);
        let mut of_batch = OfBatch::default();
        let mut failure = None;
        for object in objects.iter().filter(|it| Some(it.format) == format) {
            match read(bucket, &batch, &selection, object, (visitor, &gone)).await {
                Ok(found) => {
                    of_batch.objects += 1;
                    of_batch.add(found);
                }
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        match failure {
            None => return Ok(of_batch),
            Some(error) => reason = format!("{}: {error}", destination.name),
        }
    }
    Err(SearchError::Nowhere { export_batch_id, reason })
}

/// What an object has. Where a glance says that it has nothing of the visitor, what the database says of the others is told.
async fn read(
    bucket: &Bucket,
    batch: &ExportBatch,
    selection: &wire::Selection,
    object: &deliveries::Object,
    (visitor, gone): (Uuid, &Arc<BTreeSet<Uuid>>),
) -> Result<Found, ReadError> {
    let file = bucket.download(&object.key).await?;
    let file = file.filter(|it| it.sha256 == object.sha256).ok_or_else(|| ReadError::Other(object.key.clone()))?;
    let (format, selection, rendering, gone) = (object.format, selection.clone(), batch.rendering(), gone.clone());
    let looked =
        tokio::task::spawn_blocking(move || back::look(format, file.reader()?, &selection, &rendering, visitor, &gone));
    let looked = looked.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
    let recorded = || {
        object.event_ids.zip(object.times).map(|(event_id, times)| Bounds {
            event_id,
            timestamp: (times.0.timestamp_micros(), times.1.timestamp_micros()),
        })
    };
    Ok(looked.unwrap_or_else(|| Found { rows: Vec::new(), others: object.rows, bounds: recorded() }))
}

impl OfBatch {
    fn add(&mut self, found: Found) {
        self.found.rows.extend(found.rows);
        self.found.others += found.others;
        self.found.bounds = match (self.found.bounds, found.bounds) {
            (Some(known), Some(more)) => Some(known.with(more)),
            (known, more) => known.or(more),
        };
    }
}
