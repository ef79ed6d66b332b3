//! From segments to buckets: claim whole segments as export batches, deliver each batch to every destination, and mark
//! what all required destinations were verified to hold.
//!
//! Any number of exporters may run at once, and any of them may die at any instruction: an export batch is a pure
//! function of its row and its segments, a delivery is a leased row, and whoever finds it unfinished does the same again.

mod claim;
mod deliver;
pub mod keys;
pub mod layout;
pub mod manifest;
pub mod objects;
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
use self::deliver::{DeliverError, Delivered};
use self::renditions::Renditions;
use crate::bucket::Bucket;
use crate::config::{Config, Destination};
use crate::credentials::Sources;
use crate::store::deliveries::{self, Lease};
use crate::store::export_batches::Reach;
use crate::store::segments;

/// Who exports more often than hours end wants what has come so far.
const HOUR_SECONDS: u32 = 3600;

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
    owner: String,
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
    /// Why.
    pub reason: String,
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
        let every = config.export.every.seconds();
        Self {
            pool,
            targets: config.destinations.iter().map(target).collect(),
            required: config.required_names(),
            plan: Plan::of(config),
            regular_reach: if every < HOUR_SECONDS { Reach::Now } else { Reach::FullHours },
            renditions: Renditions::default(),
            lease_seconds: config.export.lease.seconds(),
            owner,
        }
    }

    /// Claims what has arrived so far and delivers what is pending, to every destination. One that fails keeps what it lacks
    /// pending and stops no other.
    ///
    /// # Errors
    /// The database's, before anything was delivered.
    pub async fn run(&self) -> sqlx::Result<Report> {
        self.run_to(Reach::Now, |_| true).await
    }

    /// A regular run to one destination, however slow the others are: it claims what `export.every` says, hours that are
    /// over or what has arrived so far.
    ///
    /// # Errors
    /// The database's, before anything was delivered.
    pub async fn run_only(&self, destination: &str) -> sqlx::Result<Report> {
        self.run_to(self.regular_reach, |target| target.destination.name == destination).await
    }

    async fn run_to(&self, reach: Reach, is_meant: impl Fn(&Target) -> bool) -> sqlx::Result<Report> {
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
        let meant = self.targets.iter().filter(|target| is_meant(target));
        for (objects, failures) in join_all(meant.map(|target| self.deliver_all(target))).await {
            report.objects.extend(objects);
            report.failures.extend(failures);
        }
        // Deliveries mark their own batch; this catches a destination that is no longer required.
        segments::mark_exported(&mut *self.pool.acquire().await?, None, &self.required).await?;
        Ok(report)
    }

    /// Delivers to one destination until nothing is pending, or something fails: the next run starts with what has been
    /// tried least.
    async fn deliver_all(&self, target: &Target) -> (Vec<PutObject>, Option<Failure>) {
        let _one_at_a_time = target.running.lock().await;
        let mut done = Vec::new();
        let name = &target.destination.name;
        loop {
            let (lease, result) = match self.lease(target).await {
                Ok(None) => return (done, None),
                Ok(Some(lease)) => {
                    let result = self.deliver(target, &lease).await;
                    (Some(lease), result)
                }
                Err(error) => (None, Err(DeliverError::Store(error))),
            };
            match result {
                Ok(delivered) => done.extend(delivered.objects.into_iter().map(|object| {
                    tracing::info!(
                        destination = name,
                        key = object.key,
                        rows = object.rows,
                        bytes = object.bytes,
                        "exported"
                    );
                    PutObject { destination: name.clone(), key: object.key, rows: object.rows, bytes: object.bytes }
                })),
                Err(DeliverError::LeaseLost) => tracing::warn!(destination = name, "lease lost to another worker"),
                Err(error) => {
                    let reason = error.to_string();
                    let export_batch_id = lease.as_ref().map(|lease| lease.export_batch_id);
                    tracing::error!(destination = name, export_batch_id = ?export_batch_id, reason, "export failed");
                    if let Some(lease) = lease {
                        self.give_back(&lease, &reason).await;
                    }
                    return (done, Some(Failure { destination: name.clone(), export_batch_id, reason }));
                }
            }
        }
    }

    async fn lease(&self, target: &Target) -> sqlx::Result<Option<Lease>> {
        let mut connection = self.pool.acquire().await?;
        deliveries::lease(&mut connection, &target.destination.name, &self.owner, self.lease_seconds).await
    }

    /// Delivers while the lease is renewed beside it. A lost lease stops the delivery where it stands.
    async fn deliver(&self, target: &Target, lease: &Lease) -> Result<Delivered, DeliverError> {
        let delivery = deliver::Delivery {
            pool: &self.pool,
            bucket: &target.bucket,
            prefix: &target.destination.prefix,
            required: &self.required,
            lease,
            renditions: &self.renditions,
        };
        tokio::select! {
            result = delivery.run() => result,
            error = self.keep(lease) => Err(error),
        }
    }

    /// Renews a lease until it is lost.
    async fn keep(&self, lease: &Lease) -> DeliverError {
        let pause = std::time::Duration::from_secs(u64::from(self.lease_seconds)) / 3;
        loop {
            tokio::time::sleep(pause).await;
            let renewed =
                async { deliveries::renew(&mut *self.pool.acquire().await?, lease, self.lease_seconds).await };
            match renewed.await {
                Ok(true) => {}
                Ok(false) => return DeliverError::LeaseLost,
                // The lease may still hold; if it does not, finishing will find out.
                Err(error) => tracing::warn!(%error, "cannot renew a lease"),
            }
        }
    }

    async fn give_back(&self, lease: &Lease, reason: &str) {
        let given = async { deliveries::fail(&mut *self.pool.acquire().await?, lease, reason).await };
        if let Err(error) = given.await {
            tracing::warn!(%error, "cannot give a lease back; it will run out");
        }
    }
}
