//! Proves the buckets against the database: load both sides, compare them without touching either, report.
//!
//! Objects and manifests are compared by their bytes with what was written, the rows in the objects by event id with the
//! rows in the database; of those that retention has dropped, by their number. Other columns are not compared again.

pub mod diff;
mod discrepancy;
mod load;

use serde::Serialize;
use sqlx::{PgConnection, PgPool};

use self::diff::Known;
pub use self::discrepancy::{Discrepancy, Kind};
use crate::bucket::{Bucket, BucketError};
use crate::config::{Config, Destination};
use crate::credentials::Sources;
use crate::export::keys;
use crate::store::{deliveries, export_batches, retention, segments};

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
    /// Objects read back and hashed.
    pub objects: usize,
    /// Rows that the database says it holds.
    pub rows: u64,
    /// Export batches that it does not hold yet. They are no discrepancy.
    pub pending: usize,
    /// Export batches that it never got before retention dropped rows of them. Every destination that was required held
    /// them by then. They are no discrepancy.
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
}

/// Compares every destination with the database, one export batch at a time. A bucket that does not answer keeps no
/// other from being compared. Meanwhile no day is dropped.
///
/// # Errors
/// The database's.
pub async fn verify(pool: &PgPool, config: &Config) -> sqlx::Result<Verdict> {
    let mut verdict = Verdict::default();
    let mut connection = pool.acquire().await?;
    // What belongs to the session must not go back to the pool.
    connection.close_on_drop();
    retention::keep_days(&mut connection).await?;
    retention::take_back(&mut connection).await?;
    let sources = Sources::new(pool.clone(), &config.credentials);
    for destination in &config.destinations {
        let bucket = Bucket::new(destination, sources.of(destination));
        match compare(&mut connection, destination, bucket, &mut verdict.discrepancies).await {
            Ok(checked) => verdict.checked.push(checked),
            Err(VerifyError::Bucket(error)) => {
                verdict
                    .unreachable
                    .push(Unreachable { destination: destination.name.clone(), reason: error.to_string() });
            }
            Err(VerifyError::Store(error)) => return Err(error),
        }
    }
    verdict.unclaimed_rows = segments::unclaimed_rows(&mut connection).await?;
    Ok(verdict)
}

async fn compare(
    connection: &mut PgConnection,
    destination: &Destination,
    bucket: Bucket,
    discrepancies: &mut Vec<Discrepancy>,
) -> Result<Checked, VerifyError> {
    let name = &destination.name;
    let side = load::Side { bucket, destination };
    // The bucket first: whatever is in it by now, the database knows of. The other way round, a batch exported in
    // between would look like a stray.
    let layouts = export_batches::layouts(connection).await?;
    let listing = side.listing(&layouts).await?;
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
    let mut checked = Checked { destination: name.clone(), ..Checked::default() };
    for batch in &batches {
        // Only now: exports go on beside this, and what was pending a moment ago may be delivered and marked.
        let state = deliveries::state(connection, batch.id, name).await?;
        if !state.exported {
            if state.dropped_rows > 0 {
                checked.never_got += 1;
            } else {
                checked.pending += 1;
            }
            discrepancies.extend(diff::pending(destination, batch, state.exported_segments));
            continue;
        }
        let expected = load::expected(connection, destination, batch, state).await?;
        let found = side.found(&expected).await?;
        checked.export_batches += 1;
        checked.objects += found.objects.len();
        checked.rows += expected.rows();
        discrepancies.extend(diff::delivery(name, &expected, &found));
    }
    Ok(checked)
}
