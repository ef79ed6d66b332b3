//! Proves the buckets against the database: load both sides, compare them without touching either, report.

pub mod diff;
mod discrepancy;
mod load;

use serde::Serialize;
use sqlx::PgPool;

pub use self::discrepancy::Discrepancy;
use crate::bucket::{Bucket, BucketError};
use crate::config::Config;

/// What was compared, and what was found.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Per destination.
    pub checked: Vec<Checked>,
    /// Everything that is not as it should be.
    pub discrepancies: Vec<Discrepancy>,
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
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A bucket did not answer.
    #[error("destination {destination}: {source}")]
    Bucket {
        /// Which.
        destination: String,
        /// Why.
        source: BucketError,
    },
    /// The database did not answer.
    #[error("the database failed: {0}")]
    Store(#[from] sqlx::Error),
}

/// Compares every destination with the database, one export batch at a time.
pub async fn verify(pool: &PgPool, config: &Config) -> Result<Verdict, VerifyError> {
    let mut verdict = Verdict::default();
    let mut connection = pool.acquire().await?;
    for destination in &config.destinations {
        let name = &destination.name;
        let side = load::Side { bucket: Bucket::new(destination), destination };
        // The bucket first: whatever is in it by now, the database knows of. The other way round, a batch exported in
        // between would look like a stray.
        let listing = side.listing().await?;
        let deliveries = load::deliveries(&mut connection, destination).await?;
        let mut checked = Checked { destination: name.clone(), ..Checked::default() };
        verdict.discrepancies.extend(diff::strays(name, &listing, &deliveries));
        for delivery in &deliveries {
            let Some(expected) = load::expected(&mut connection, destination, delivery).await? else {
                checked.pending += 1;
                let segments = load::exported_segments(&mut connection, delivery).await?;
                verdict.discrepancies.extend(diff::pending(destination, delivery, &segments));
                continue;
            };
            let found = side.found(&expected).await?;
            checked.export_batches += 1;
            checked.objects += found.objects.len();
            checked.rows += expected.manifest.rows;
            verdict.discrepancies.extend(diff::delivery(name, &expected, &found));
        }
        verdict.checked.push(checked);
    }
    Ok(verdict)
}
