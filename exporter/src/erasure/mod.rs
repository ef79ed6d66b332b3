//! What is held of a visitor, and having it gone (GDPR, articles 15 and 17): from Postgres, and from every bucket by writing
//! the objects concerned again.
//!
//! An erasure is a row that says how far it is. Each step may be interrupted, and is done again or gone on with: first what
//! comes is refused, then rows are deleted here, then buckets are searched for rows that are only there, then each bucket is
//! brought to the new generation of each batch. A bucket that is down, and a batch that none tells of, keep nothing else
//! waiting.

pub mod access;
mod copies;
pub mod search;
mod take_out;
pub mod visitor;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::time::Instant;
use uuid::Uuid;

use self::search::{OfBatch, Search, SearchError};
use self::take_out::take_out;
use self::visitor::Visitor;
use crate::export::{Exporter, Failure};
use crate::progress::Progress;
use crate::store::credentials::Author;
use crate::store::erasure_searches::{self, ToSearch};
use crate::store::erasures::{self, Entry, Erasure};
use crate::store::{erased_rows, retention};

/// How long what comes of an erased visitor is refused, in days: a browser keeps a token for 395 (`edge/src/token.rs`), and
/// what was sent with it may be 30 on its way. One more for clocks.
const REFUSED_DAYS: i32 = 395 + 30 + 1;
/// The pause before it is looked again whether an export has ended.
const PAUSE: Duration = Duration::from_millis(200);
/// How long exports, other erasures and what else writes objects are waited for.
const PATIENCE: Duration = Duration::from_mins(10);

/// What to do about a batch that no bucket tells of.
const UNSEARCHED: &str = "see that a required destination is in the settings and answers; put back there what is missing or \
                          changed, from another destination or from a version that the bucket keeps; then `exporter forget \
                          --resume`";

/// What was done.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The erasures that were worked on.
    pub erasures: Vec<Done>,
    /// Objects that were written again, in all destinations.
    pub objects: usize,
    /// Destinations that still have what was erased, and why; copies below other prefixes among them.
    pub pending: Vec<Pending>,
    /// Erasures of other visitors that are not finished, where one visitor was meant.
    pub others: usize,
}

/// How far an erasure is.
#[derive(Debug, Serialize)]
pub struct Done {
    /// What manifests and the record of requests call it.
    pub erasure_id: Uuid,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// What stands for the visitor in the record of requests, hexadecimal.
    pub visitor_hash: String,
    /// Rows deleted from Postgres.
    pub rows_database: i64,
    /// Rows that only buckets had.
    pub rows_buckets: i64,
    /// Whether nothing is left to do.
    pub finished: bool,
}

/// Something that is still to be done.
#[derive(Debug, Serialize)]
pub struct Pending {
    /// The destination; absent when it is the database, or when no bucket could be searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The export batch; absent when it is the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_batch_id: Option<Uuid>,
    /// Why.
    pub reason: String,
    /// What to do.
    pub remedy: &'static str,
}

/// Why nothing could be done.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The database.
    #[error("the database failed: {0}")]
    Store(#[from] sqlx::Error),
    /// Somebody else writes objects.
    #[error(
        "another erasure, a backfill or a repair is running, and has not ended in ten minutes: try again when it has"
    )]
    Busy,
}

/// Forgets a visitor, as far as everything answers. What is left is done by [`resume`].
///
/// # Errors
/// When it could not be begun, or the database fails in the middle.
pub async fn forget(
    pool: &PgPool,
    exporter: &Exporter,
    visitor: Visitor,
    author: &Author,
    progress: &Progress,
) -> Result<Report, EraseError> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    erasures::refuse(&mut transaction, visitor.0, REFUSED_DAYS).await?;
    let erasure = erasures::begin(&mut transaction, visitor.0).await?;
    record(&mut transaction, &erasure, "forget", author).await?;
    transaction.commit().await?;
    drop(connection);
    let mut report = work(pool, exporter, Some(erasure.id), author, progress).await?;
    report.pending.extend(copies::behind(&mut *pool.acquire().await?, exporter, Some(erasure.id)).await?);
    Ok(report)
}

/// Goes on with every erasure that is not finished, because somebody says so.
///
/// # Errors
/// As of [`forget`].
pub async fn resume(
    pool: &PgPool,
    exporter: &Exporter,
    author: &Author,
    progress: &Progress,
) -> Result<Report, EraseError> {
    let mut connection = pool.acquire().await?;
    for erasure in erasures::unfinished(&mut connection).await? {
        record(&mut connection, &erasure, "resume", author).await?;
    }
    drop(connection);
    let mut report = work(pool, exporter, None, author, progress).await?;
    report.pending.extend(copies::behind(&mut *pool.acquire().await?, exporter, None).await?);
    Ok(report)
}

/// Goes on with every erasure that is not finished, as `serve` does by itself.
///
/// # Errors
/// As of [`forget`].
pub async fn go_on(pool: &PgPool, exporter: &Exporter) -> Result<Report, EraseError> {
    let author = Author { os_user: "serve".to_owned(), reason: String::new() };
    work(pool, exporter, None, &author, &Progress::silent()).await
}

async fn work(
    pool: &PgPool,
    exporter: &Exporter,
    only: Option<Uuid>,
    author: &Author,
    progress: &Progress,
) -> Result<Report, EraseError> {
    let mut connection = pool.acquire().await?;
    // What belongs to the session must not go back to the pool.
    connection.close_on_drop();
    let mut report = Report::default();
    if erasures::unfinished(&mut connection).await?.is_empty() && only.is_none() {
        return Ok(report);
    }
    let begun = Instant::now();
    while !erasures::lock(&mut connection).await? {
        pause(begun).await?;
    }
    // Whoever had the lock may have finished some.
    let meant = match only {
        Some(id) => vec![erasures::get(&mut connection, id).await?],
        None => erasures::unfinished(&mut connection).await?,
    };
    retention::keep_days(&mut connection).await?;
    retention::take_back(&mut connection).await?;
    for erasure in &meant {
        if erasure.taken_out_at.is_none() {
            match take_out(&mut connection, erasure, exporter.landing()).await {
                // Others need not wait for that.
                Err(EraseError::Busy) => {
                    report.pending.push(Pending {
                        destination: None,
                        export_batch_id: None,
                        reason: "its rows are being exported or stored, and have not ceased to be in ten minutes"
                            .to_owned(),
                        remedy: "`exporter forget --resume` when the export has ended; `serve` goes on by itself, too",
                    });
                    continue;
                }
                done => done?,
            }
        }
        if erasure.searched_at.is_none() {
            search_all(&mut connection, exporter, erasure, progress).await?;
        }
        for (export_batch_id, reason) in erasure_searches::unsearched(&mut connection, Some(erasure.id)).await? {
            report.pending.push(Pending {
                destination: None,
                export_batch_id: Some(export_batch_id),
                reason: format!("it was not looked for rows that are only in buckets: {reason}"),
                remedy: UNSEARCHED,
            });
        }
    }
    // Buckets do not wait for each other.
    let behind = erasures::behind(&mut connection, only).await?;
    let work = progress.begin("rewriting", behind.len() as u64);
    let mut down: Vec<(String, Failure)> = Vec::new();
    for (destination, export_batch_id) in behind {
        if let Some((_, failure)) = down.iter().find(|(name, _)| *name == destination) {
            report.pending.push(pending(&destination, export_batch_id, failure));
            continue;
        }
        // Whoever has lost the connection has lost the right to erase.
        connection.ping().await?;
        match exporter.erase(&destination, export_batch_id).await {
            Ok(written) => report.objects += written.len(),
            Err(failure) => {
                report.pending.push(pending(&destination, export_batch_id, &failure));
                if exporter.is_down(&failure).await {
                    down.push((destination, failure));
                }
            }
        }
        work.advance(1);
    }
    for erasure in meant {
        report.erasures.push(finish(&mut connection, erasure.id, author).await?);
    }
    if let Some(id) = only {
        report.others = erasures::unfinished(&mut connection).await?.iter().filter(|it| it.id != id).count();
    }
    Ok(report)
}

fn pending(destination: &str, export_batch_id: Uuid, failure: &Failure) -> Pending {
    Pending {
        destination: Some(destination.to_owned()),
        export_batch_id: Some(export_batch_id),
        reason: failure.reason.clone(),
        remedy: failure.remedy,
    }
}

/// Lets others go on for a moment, unless that is too long after `begun`. Nothing that is being done is cut off.
async fn pause(begun: Instant) -> Result<(), EraseError> {
    if begun.elapsed() >= PATIENCE {
        return Err(EraseError::Busy);
    }
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

/// Looks through all batches of which rows are no longer here, past those that no bucket tells of.
async fn search_all(
    connection: &mut PgConnection,
    exporter: &Exporter,
    erasure: &Erasure,
    progress: &Progress,
) -> Result<(), EraseError> {
    let Some(visitor_id) = erasure.visitor_id else { return Ok(()) };
    let batches = erasure_searches::dropped_batches(connection, Some(erasure.id)).await?;
    let work = progress.begin("searching", batches.len() as u64);
    let mut search = Search::new(exporter, visitor_id);
    for batch in batches {
        let reason = match search.batch(connection, batch.export_batch_id).await {
            Ok(of_batch) if note(connection, erasure.id, visitor_id, &batch, &of_batch, exporter.landing()).await? => {
                None
            }
            Ok(_) => Some("it is being delivered".to_owned()),
            Err(SearchError::Store(error)) => return Err(error.into()),
            Err(SearchError::Nowhere { reason, .. }) => Some(reason),
        };
        if let Some(reason) = reason {
            erasure_searches::note_unsearched(connection, erasure.id, &batch, &reason).await?;
        }
        work.advance(1);
    }
    erasure_searches::note_all_searched(connection, erasure.id).await?;
    Ok(())
}

/// Notes what only buckets have of a batch, in a generation of its own. `false`, and nothing was changed, while the batch is
/// delivered.
async fn note(
    connection: &mut PgConnection,
    erasure_id: Uuid,
    visitor_id: Uuid,
    batch: &ToSearch,
    OfBatch { found, .. }: &OfBatch,
    landing: Duration,
) -> sqlx::Result<bool> {
    let id = batch.export_batch_id;
    let mut transaction = connection.begin().await?;
    let known = erasures::events(&mut transaction, id).await?;
    let new: Vec<_> = found.rows.iter().map(|row| row.event_id).filter(|id| !known.contains(id)).collect();
    let rows = i64::try_from(new.len()).unwrap_or(i64::MAX);
    if !found.rows.is_empty() {
        if !erased_rows::lock_batches(&mut transaction, &[id], &[], landing).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        erased_rows::end_leases(&mut transaction, &[id]).await?;
        let (event_ids, times) = (found.bounds.map(|it| it.event_id), found.bounds.and_then(|it| it.times()));
        erased_rows::shrink_dropped(&mut transaction, id, rows, event_ids, times).await?;
        erased_rows::shrink_batch(&mut transaction, erasure_id, id, &new).await?;
        let streams: Vec<_> = found.rows.iter().map(|row| row.stream_id).collect();
        erased_rows::unlink(&mut transaction, visitor_id, &streams).await?;
    }
    erasure_searches::note_searched(&mut transaction, erasure_id, batch, rows).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Finishes an erasure of which nothing is left to do, and says how far it is.
async fn finish(connection: &mut PgConnection, id: Uuid, author: &Author) -> Result<Done, EraseError> {
    let mut transaction = connection.begin().await?;
    let erasure = erasures::get(&mut transaction, id).await?;
    let is_done = erasure.finished_at.is_none()
        && erasure.visitor_id.is_none()
        && erasures::behind(&mut transaction, Some(id)).await?.is_empty()
        && erasures::finish(&mut transaction, id).await?;
    if is_done {
        record(&mut transaction, &erasure, "finished", author).await?;
    }
    transaction.commit().await?;
    Ok(Done {
        erasure_id: id,
        requested_at: erasure.requested_at,
        visitor_hash: wire::signature::hex(&erasure.visitor_hash),
        rows_database: erasure.rows_database,
        rows_buckets: erasure.rows_buckets,
        finished: is_done || erasure.finished_at.is_some(),
    })
}

async fn record(connection: &mut PgConnection, erasure: &Erasure, action: &str, author: &Author) -> sqlx::Result<()> {
    let entry = Entry {
        action,
        visitor_hash: &erasure.visitor_hash,
        erasure_id: Some(erasure.id),
        rows_database: erasure.rows_database,
        rows_buckets: erasure.rows_buckets,
    };
    erasures::record(connection, entry, author).await
}
