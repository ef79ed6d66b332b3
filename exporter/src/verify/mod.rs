//! Proves the buckets against the database: load both sides, compare them without touching either, report.
//!
//! Which deliveries do not hold what was exported is noted as soon as it is found, while no day can be dropped: retention keeps
//! their rows.
//!
//! Objects and manifests are compared by their bytes with what was written, the rows in the objects by event id with the
//! rows in the database; of those that retention has dropped, by their number. Other columns are not compared again.
//! One format of one batch is compared at a time, and ids are sorted on disk: memory grows with the keys of a bucket, and not
//! with rows.

pub mod bucket_only;
pub mod chain;
pub mod diff;
mod discrepancy;
mod ids;
mod load;
mod repair;

use std::io;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};

use self::diff::{Expected, Found, Known};
pub use self::discrepancy::{Discrepancy, Kind};
pub use self::ids::Difference;
pub use self::repair::{Repair, repair};
use crate::bucket::{Bucket, BucketError};
use crate::config::{Config, Destination};
use crate::credentials::Sources;
use crate::export::hours::Hours;
use crate::export::keys;
use crate::progress::Progress;
use crate::store::deliveries::State;
use crate::store::export_batches::ExportBatch;
use crate::store::verifications::{self, Verification};
use crate::store::{deliveries, export_batches, retention, segments};

/// Findings that are kept with the last comparison, so that `status` can tell what it was.
const FINDINGS: usize = 5;

/// How closely objects are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// By what the storage says of them: that they are there, their lengths, and their hashes where it tells them.
    Head,
    /// By every byte and every event id.
    #[default]
    Full,
}

impl Depth {
    /// Its name in the database and in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Full => "full",
        }
    }
}

/// What is to be compared.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// How closely.
    pub depth: Depth,
    /// The hours of arrival whose batches are.
    pub hours: Hours,
    /// The only destination.
    pub destination: Option<String>,
}

/// What was compared, and what was found.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Per destination.
    pub checked: Vec<Checked>,
    /// Everything that is not as it should be.
    pub discrepancies: Vec<Discrepancy>,
    /// Destinations that could not be compared to the end. What was found before that is among the discrepancies.
    pub unreachable: Vec<Unreachable>,
    /// Rows that are stored and belong to no export batch yet. They are no discrepancy.
    pub unclaimed_rows: i64,
}

/// A destination whose bucket did not answer.
#[derive(Debug, Serialize)]
pub struct Unreachable {
    /// The destination.
    pub destination: String,
    /// Why.
    pub reason: String,
}

/// How much of a destination was compared.
#[derive(Debug, Default, Serialize)]
pub struct Checked {
    /// The destination.
    pub destination: String,
    /// Export batches that it must hold.
    pub export_batches: usize,
    /// Objects looked at.
    pub objects: usize,
    /// Rows that the database says it holds.
    pub rows: u64,
    /// Export batches that it does not hold yet. They are no discrepancy.
    pub pending: usize,
    /// Export batches that still hold what is being erased. They are no discrepancy.
    pub erasing: usize,
    /// Export batches that it got without rows that retention had dropped by then: every destination that was required held
    /// these. They are no discrepancy.
    pub never_got: usize,
}

/// Why a destination could not be compared to its end.
#[derive(Debug, thiserror::Error)]
enum VerifyError {
    /// The bucket did not answer.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] sqlx::Error),
    /// The disk of this machine.
    #[error("a temporary file cannot be used: {0}")]
    Disk(#[from] io::Error),
}

/// Compares every destination with the database, one export batch at a time. A bucket that does not answer keeps no
/// other from being compared. Meanwhile no day is dropped.
///
/// # Errors
/// The database's.
pub async fn verify(pool: &PgPool, config: &Config, order: &Order, progress: &Progress) -> sqlx::Result<Verdict> {
    let mut verdict = Verdict::default();
    let mut connection = pool.acquire().await?;
    // What belongs to the session must not go back to the pool.
    connection.close_on_drop();
    retention::keep_days(&mut connection).await?;
    retention::take_back(&mut connection).await?;
    let sources = Sources::new(pool.clone(), &config.credentials);
    let is_meant = |it: &&Destination| order.destination.as_ref().is_none_or(|name| *name == it.name);
    for destination in config.destinations.iter().filter(is_meant) {
        let bucket = Bucket::new(destination, sources.of(destination));
        let mut checked = Checked { destination: destination.name.clone(), ..Checked::default() };
        let found = &mut verdict.discrepancies;
        match compare(&mut connection, destination, bucket, order, progress, &mut checked, found).await {
            Ok(()) => {}
            Err(VerifyError::Store(error)) => return Err(error),
            Err(error) => {
                verdict
                    .unreachable
                    .push(Unreachable { destination: destination.name.clone(), reason: error.to_string() });
            }
        }
        verdict.checked.push(checked);
    }
    verdict.unclaimed_rows = segments::unclaimed_rows(&mut connection).await?;
    Ok(verdict)
}

/// Writes down what a comparison of whole destinations came to, and says aloud what it found. A comparison of some hours is
/// not written down.
///
/// # Errors
/// The database's.
pub async fn record(
    connection: &mut PgConnection,
    verdict: &Verdict,
    order: &Order,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let kind = order.depth.name();
    for it in &verdict.checked {
        let destination = &it.destination;
        let found = || verdict.discrepancies.iter().filter(|found| found.destination == *destination);
        let unreachable = verdict.unreachable.iter().find(|it| it.destination == *destination);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let verification = Verification {
            kind: kind.to_owned(),
            verified_at: now,
            export_batches: count(it.export_batches),
            objects: count(it.objects),
            rows: it.rows.cast_signed(),
            discrepancies: count(found().count()),
            findings: found().take(FINDINGS).map(ToString::to_string).collect(),
            unreachable: unreachable.map(|it| it.reason.clone()),
        };
        if verification.discrepancies > 0 {
            tracing::error!(
                destination,
                kind,
                discrepancies = verification.discrepancies,
                first = verification.findings.first(),
                "the bucket is not what was exported: `exporter verify` tells all, `exporter verify --repair` mends what it can"
            );
        } else if let Some(reason) = &verification.unreachable {
            tracing::warn!(destination, kind, reason, "the bucket could not be compared to its end");
        } else {
            tracing::info!(
                destination,
                kind,
                objects = it.objects,
                rows = it.rows,
                "the bucket holds what was exported"
            );
        }
        if order.hours.is_everything() {
            verifications::record(connection, destination, &verification).await?;
        }
    }
    Ok(())
}

async fn compare(
    connection: &mut PgConnection,
    destination: &Destination,
    bucket: Bucket,
    order: &Order,
    progress: &Progress,
    checked: &mut Checked,
    discrepancies: &mut Vec<Discrepancy>,
) -> Result<(), VerifyError> {
    let name = &destination.name;
    let side = load::Side { bucket, destination };
    // The bucket first: whatever is in it by now, the database knows of. The other way round, a batch exported in
    // between would look like a stray.
    let layouts = export_batches::layouts(connection).await?;
    let mut listing = side.listing(&layouts).await?;
    let in_range = |key: &String| keys::hour(key).is_none_or(|hour| order.hours.contains(hour));
    listing.objects.retain(in_range);
    listing.manifests.retain(in_range);
    let batches = export_batches::all(connection).await?;
    let known = Known {
        keys: deliveries::keys(connection, name)
            .await?
            .into_iter()
            .chain(batches.iter().map(|batch| keys::manifest(&destination.prefix, batch)))
            .collect(),
        pending: deliveries::pending(connection, name).await?,
    };
    discrepancies.extend(diff::strays(name, &listing, &known));
    let meant: Vec<_> = batches.iter().filter(|batch| order.hours.contains(batch.hour)).collect();
    let work = progress.begin(name, meant.iter().map(|batch| batch.rows.unsigned_abs()).sum());
    for batch in meant {
        // Only now: exports go on beside this, and what was pending a moment ago may be delivered and marked.
        let state = deliveries::state(connection, batch.id, name).await?;
        if !state.exported {
            checked.pending += 1;
            discrepancies.extend(diff::pending(destination, batch, state.exported_segments));
            continue;
        }
        work.advance(batch.rows.unsigned_abs());
        let Some((expected, found)) = loaded(connection, &side, batch, state, order.depth).await? else {
            checked.erasing += 1;
            continue;
        };
        checked.export_batches += 1;
        checked.objects += found.objects.len();
        checked.rows += expected.rows();
        checked.never_got += usize::from(expected.told.dropped > 0);
        let found = diff::delivery(name, &expected, &found);
        if found.is_empty() {
            deliveries::end_doubt(connection, batch.id, name, order.depth.name()).await?;
        } else {
            deliveries::doubt(connection, batch.id, name, order.depth.name()).await?;
        }
        discrepancies.extend(found);
    }
    Ok(())
}

/// Both sides of an exported batch, of one generation; `None` while it is being brought to another one.
async fn loaded(
    connection: &mut PgConnection,
    side: &load::Side<'_>,
    batch: &ExportBatch,
    mut state: State,
    depth: Depth,
) -> Result<Option<(Expected, Found)>, VerifyError> {
    let mut batch = batch.clone();
    while !state.is_behind {
        let expected = load::expected(connection, side.destination, &batch, state).await?;
        let stored = match depth {
            Depth::Head => None,
            Depth::Full => Some(load::stored(connection, &batch).await?),
        };
        let found = side.found(&expected, stored).await?;
        let now = export_batches::get(connection, batch.id).await?;
        if now.generation == batch.generation {
            return Ok(Some((expected, found)));
        }
        // An erasure came in between.
        state = deliveries::state(connection, batch.id, &side.destination.name).await?;
        batch = now;
    }
    Ok(None)
}
