//! From segments to buckets: claim whole segments as export batches, deliver each batch to every destination, and mark
//! what all required destinations were verified to hold.
//!
//! Any number of exporters may run at once, and any of them may die at any instruction: an export batch is a pure
//! function of its row and its segments, a delivery is a leased row, and whoever finds it unfinished does the same again.

mod backfill;
mod claim;
mod deliver;
mod erase;
pub mod hours;
pub mod keys;
pub mod layout;
pub mod manifest;
pub mod objects;
mod placed;
mod queue;
pub mod rendering;
mod renditions;
pub mod selection;

use futures::future::join_all;
use serde::Serialize;
use sqlx::PgPool;
use tokio::sync::Mutex;
use utoipa::ToSchema;
use uuid::Uuid;

pub use self::claim::{Plan, claim};
use self::hours::Hours;
use self::renditions::Renditions;
use crate::bucket::Bucket;
use crate::config::{Config, Destination};
use crate::credentials::Sources;
use crate::progress::Progress;
use crate::refusal;
use crate::store::export_batches::Reach;
use crate::store::{deliveries, segments};

/// Exports to the destinations of a configuration.
#[derive(Debug)]
pub struct Exporter {
    pool: PgPool,
    targets: Vec<Target>,
    required: Vec<String>,
    plan: Plan,
    regular_reach: Reach,
    renditions: Renditions,
    lease_seconds: u32,
    tries: u32,
    pause_seconds: u32,
    owner: String,
}

/// What is asked of a run beside what is due.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// The only destination.
    pub destination: Option<String>,
    /// Hours whose batches are written again although they are exported: the same objects, or, below `to_prefix`, a set of
    /// its own.
    pub hours: Hours,
    /// Where a set of its own goes.
    pub to_prefix: Option<String>,
}

/// Why a run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It cannot be done: what it is, and what to do instead.
    #[error("{field}: {reason}")]
    Refused {
        /// What of the order is at fault.
        field: &'static str,
        /// Why, and what to do instead.
        reason: String,
    },
    /// The database.
    #[error("the database failed: {0}")]
    Store(#[from] sqlx::Error),
}

/// A destination and the way to it.
#[derive(Debug)]
struct Target {
    destination: Destination,
    bucket: Bucket,
    /// Deliveries of one process to one destination go one after the other, so that a run that was asked for reports all
    /// that was pending. Destinations do not wait for each other.
    running: Mutex<()>,
}

/// What a run did.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Report {
    /// Export batches that are new.
    pub claimed: Vec<Claimed>,
    /// Objects put and verified.
    pub objects: Vec<PutObject>,
    /// Deliveries that failed. They stay pending.
    pub failures: Vec<Failure>,
    /// What destinations got without the rows that retention had dropped before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
}

/// Rows that a destination did not get, since they are no longer in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dropped {
    /// The destination.
    pub destination: String,
    /// Export batches that lack some.
    pub export_batches: usize,
    /// Rows that they lack.
    pub rows: u64,
}

/// A new export batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct Claimed {
    /// Its id.
    pub export_batch_id: Uuid,
    /// Its rows.
    pub rows: i64,
}

/// An object that a bucket was verified to hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct PutObject {
    /// The destination.
    pub destination: String,
    /// Its key.
    pub key: String,
    /// Its rows.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
}

/// A delivery that failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failure {
    /// The destination.
    pub destination: String,
    /// The export batch; absent when the failure came before any.
    pub export_batch_id: Option<Uuid>,
    /// What kind of failure it is: see [`crate::refusal`].
    pub code: String,
    /// Why, as the storage said it.
    pub reason: String,
    /// What to do.
    pub remedy: &'static str,
    /// Whether it was the last try: the batch is a dead letter.
    pub is_dead: bool,
}

impl Failure {
    fn new(destination: &str, export_batch_id: Option<Uuid>, code: &str, reason: String) -> Self {
        let remedy = refusal::of(code).remedy;
        let (destination, code) = (destination.to_owned(), code.to_owned());
        Self { destination, export_batch_id, code, reason, remedy, is_dead: false }
    }
}

impl Exporter {
    /// An exporter for `config`; `owner` names it in leases, for people to read.
    #[must_use]
    pub fn new(pool: PgPool, config: &Config, owner: String) -> Self {
        let sources = Sources::new(pool.clone(), &config.credentials);
        let target = |destination: &Destination| Target {
            bucket: Bucket::new(destination, sources.of(destination)),
            destination: destination.clone(),
            running: Mutex::new(()),
        };
        Self {
            pool,
            targets: config.destinations.iter().map(target).collect(),
            required: config.required_names(),
            plan: Plan::of(config),
            regular_reach: if config.export.schedule.takes_full_hours() { Reach::FullHours } else { Reach::Now },
            renditions: Renditions::default(),
            lease_seconds: config.export.lease.seconds(),
            tries: config.export.tries,
            pause_seconds: config.export.retry.seconds(),
            owner,
        }
    }

    /// Claims what has arrived so far and delivers what is pending, to every destination, whatever waits for its next try.
    /// One that fails keeps what it lacks pending and stops no other.
    ///
    /// # Errors
    /// The database's, before anything was delivered.
    pub async fn run(&self) -> sqlx::Result<Report> {
        self.run_to(Reach::Now, true, &Progress::silent(), |_| true).await
    }

    /// A run that somebody asked for: see [`Order`].
    ///
    /// # Errors
    /// When it cannot be done, or the database's, before anything was delivered.
    pub async fn run_now(&self, order: &Order, progress: &Progress) -> Result<Report, RunError> {
        let is_meant = |target: &Target| order.destination.as_ref().is_none_or(|name| *name == target.destination.name);
        if !self.targets.iter().any(is_meant) {
            let name = order.destination.as_deref().unwrap_or_default();
            let reason = format!("there is no destination {name} in the configuration");
            return Err(RunError::Refused { field: "destination", reason });
        }
        if order.hours.is_everything() && order.to_prefix.is_none() {
            return Ok(self.run_to(Reach::Now, true, progress, is_meant).await?);
        }
        self.backfill(order, progress, is_meant).await
    }

    /// A regular run to one destination, however slow the others are: it claims what the schedule says, hours that are over
    /// or what has arrived so far, and leaves alone what waits for its next try.
    ///
    /// # Errors
    /// The database's, before anything was delivered.
    pub async fn run_only(&self, destination: &str) -> sqlx::Result<Report> {
        let is_meant = |target: &Target| target.destination.name == destination;
        self.run_to(self.regular_reach, false, &Progress::silent(), is_meant).await
    }

    /// Delivers to one destination what is due to be tried again, and claims nothing new.
    pub async fn retry_only(&self, destination: &str) -> Report {
        let mut report = Report::default();
        for target in self.targets.iter().filter(|target| target.destination.name == destination) {
            report.add(self.deliver_all(target, false, &Progress::silent()).await);
        }
        report
    }

    async fn run_to(
        &self,
        reach: Reach,
        at_once: bool,
        progress: &Progress,
        is_meant: impl Fn(&Target) -> bool,
    ) -> sqlx::Result<Report> {
        let mut report = self.claim_all(reach).await?;
        let meant = self.targets.iter().filter(|target| is_meant(target));
        for done in join_all(meant.map(|target| self.deliver_all(target, at_once, progress))).await {
            report.add(done);
        }
        // Deliveries mark their own batch; this catches a destination that is no longer required.
        segments::mark_exported(&mut *self.pool.acquire().await?, None, &self.required).await?;
        Ok(report)
    }

    /// Makes export batches of what is within `reach`, an hour or a part of one each, until nothing is left.
    async fn claim_all(&self, reach: Reach) -> sqlx::Result<Report> {
        let mut report = Report::default();
        while let Some(batch) = claim(&self.pool, &self.plan, reach).await? {
            tracing::info!(export_batch_id = %batch.id, hour = %batch.hour, rows = batch.rows, "claimed");
            report.claimed.push(Claimed { export_batch_id: batch.id, rows: batch.rows });
        }
        if report.claimed.is_empty() {
            tracing::info!(
                "nothing new to export: no events have arrived since the last batch, and nothing is written"
            );
        }
        // Batches of another configuration may lack a destination of this one.
        deliveries::create_missing(&mut *self.pool.acquire().await?, None, &self.plan.destinations).await?;
        Ok(report)
    }
}

impl Report {
    fn add(&mut self, other: Self) {
        self.objects.extend(other.objects);
        self.failures.extend(other.failures);
        for it in other.dropped {
            self.add_dropped(it);
        }
    }

    /// Notes that a batch went to `destination` without `rows` that were dropped.
    fn note_dropped(&mut self, destination: &str, rows: i64) {
        if rows > 0 {
            let destination = destination.to_owned();
            self.add_dropped(Dropped { destination, export_batches: 1, rows: rows.unsigned_abs() });
        }
    }

    fn add_dropped(&mut self, more: Dropped) {
        match self.dropped.iter_mut().find(|it| it.destination == more.destination) {
            Some(known) => {
                known.export_batches += more.export_batches;
                known.rows += more.rows;
            }
            None => self.dropped.push(more),
        }
    }
}
