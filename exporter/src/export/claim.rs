//! Making export batches: whole segments of one hour of arrival, each in exactly one batch, the batches in one chain.

use sqlx::PgPool;

use super::rendering::Rendering;
use crate::config::{Config, Destination, Format};
use crate::store::deliveries::{self, Planned};
use crate::store::export_batches::{self, ExportBatch, Reach};

/// A batch is closed before it grows past this, so that delivering one, which begins again after a failure, takes minutes
/// and its temporary files a few gigabytes. Never splits a segment.
const ROWS: i64 = 10_000_000;

/// What a claim makes of the segments that it finds.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the batch goes to.
    pub destinations: Vec<Planned>,
    /// What it is written as.
    pub formats: Vec<Format>,
    /// How.
    pub rendering: Rendering,
}

impl Plan {
    /// What `config` says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let planned = |it: &Destination| Planned { destination: it.name.clone(), selection: it.select.clone() };
        let mut formats = config.export.formats.clone();
        // The order in a manifest must not depend on the order in a file.
        formats.sort_unstable();
        let destinations = config.destinations.iter().map(planned).collect();
        Self { destinations, formats, rendering: Rendering::new(&config.export) }
    }
}

/// Claims the oldest unclaimed segments of one hour within `reach` as an export batch; `None` when there are none.
///
/// # Errors
/// The database's.
pub async fn claim(pool: &PgPool, plan: &Plan, reach: Reach) -> sqlx::Result<Option<ExportBatch>> {
    let mut transaction = pool.begin().await?;
    export_batches::lock_chain(&mut transaction).await?;
    let claimed = export_batches::claim(&mut transaction, reach, ROWS, &plan.formats, &plan.rendering).await?;
    let Some(batch) = claimed else { return Ok(None) };
    deliveries::create_missing(&mut transaction, Some(batch.id), &plan.destinations).await?;
    transaction.commit().await?;
    Ok(Some(batch))
}
