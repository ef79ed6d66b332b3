//! What is pending for one destination, delivered batch by batch, and what becomes of a batch that fails.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::deliver::{self, DeliverError, Delivered};
use super::{Exporter, Failure, PutObject, Report, Target};
use crate::progress::{Progress, Work};
use crate::refusal::{self, Concerns};
use crate::store::deliveries::{self, Lease};
use crate::store::tries;

/// Batches that may fail one after the other, each for a reason of its own: a run that goes on would try them all in vain.
const FAILURES: usize = 5;

impl Exporter {
    /// Delivers to one destination until nothing is pending, or the destination takes nothing. A batch that fails for a
    /// reason of its own holds up no other. What waits for its next try is left alone, unless all is tried `at_once`.
    pub(super) async fn deliver_all(&self, target: &Target, at_once: bool, progress: &Progress) -> Report {
        let _one_at_a_time = target.running.lock().await;
        let name = &target.destination.name;
        let mut report = Report::default();
        let begun = async {
            let mut connection = self.pool.acquire().await?;
            let waits = !at_once && deliveries::must_wait(&mut connection, name).await?;
            Ok::<_, sqlx::Error>((waits, deliveries::pending_rows(&mut connection, name).await?))
        };
        let rows = match begun.await {
            Ok((true, _)) => return report,
            Ok((false, rows)) => rows.unsigned_abs(),
            Err(error) => return failed_here(report, name, &error),
        };
        let work = progress.begin(name, rows);
        let mut tried: Vec<Uuid> = Vec::new();
        while report.failures.len() < FAILURES {
            let begun = Instant::now();
            let lease = match self.lease(target, at_once, &tried).await {
                Ok(None) => break,
                Ok(Some(lease)) => lease,
                Err(error) => return failed_here(report, name, &error),
            };
            let done = work.done();
            let delivered = self.deliver(target, &lease, begun, &work).await;
            // What was rendered is not delivered yet; what others have rendered was not told of.
            work.settle(done + delivered.as_ref().map_or(0, |it| it.rows.unsigned_abs()));
            match delivered {
                Ok(Delivered { objects, dropped, .. }) => {
                    report.note_dropped(name, dropped);
                    report.objects.extend(objects.into_iter().map(|object| put(name, &object)));
                }
                Err(DeliverError::LeaseLost) => {
                    tracing::warn!(destination = name, "lease lost to another worker");
                    tried.push(lease.export_batch_id);
                }
                Err(error) => {
                    tried.push(lease.export_batch_id);
                    let (failure, concerns) = self.failed(target, &lease, &error).await;
                    report.failures.push(failure);
                    if concerns != Concerns::Batch {
                        break;
                    }
                }
            }
        }
        report
    }

    async fn lease(&self, target: &Target, at_once: bool, tried: &[Uuid]) -> sqlx::Result<Option<Lease>> {
        let mut connection = self.pool.acquire().await?;
        let name = &target.destination.name;
        deliveries::lease(&mut connection, name, &self.owner, self.lease_seconds, at_once, tried).await
    }

    /// Delivers while the lease, which was asked for when it had `begun`, is renewed beside it. A lost lease stops the delivery
    /// where it stands.
    async fn deliver(
        &self,
        target: &Target,
        lease: &Lease,
        begun: Instant,
        work: &Work,
    ) -> Result<Delivered, DeliverError> {
        let delivery = deliver::Delivery {
            pool: &self.pool,
            bucket: &target.bucket,
            prefix: &target.destination.prefix,
            required: &self.required,
            lease,
            renditions: &self.renditions,
            work,
        };
        tokio::select! {
            result = delivery.run() => result,
            error = self.keep(lease, begun) => Err(error),
        }
    }

    /// Renews a lease, last asked for at `asked`, until it is lost, or may be: others take over by the database's clock, which
    /// began to count after ours.
    async fn keep(&self, lease: &Lease, asked: Instant) -> DeliverError {
        let lasts = Duration::from_secs(u64::from(self.lease_seconds));
        let mut until = asked + lasts;
        loop {
            tokio::time::sleep_until(until.min(Instant::now() + lasts / 3)).await;
            let asked = Instant::now();
            let renewed =
                async { deliveries::renew(&mut *self.pool.acquire().await?, lease, self.lease_seconds).await };
            match tokio::time::timeout_at(until, renewed).await {
                Ok(Ok(true)) => until = asked + lasts,
                Ok(Ok(false)) => return DeliverError::LeaseLost,
                Ok(Err(error)) if Instant::now() < until => tracing::warn!(%error, "cannot renew a lease"),
                _ => return DeliverError::LeaseOver,
            }
        }
    }

    /// Writes down what became of a delivery that failed, and says whom that concerns.
    async fn failed(&self, target: &Target, lease: &Lease, error: &DeliverError) -> (Failure, Concerns) {
        let name = &target.destination.name;
        let (code, batch) = (error.code(), lease.export_batch_id);
        let mut failure = Failure::new(name, Some(batch), code, error.to_string());
        let concerns = tokio::select! {
            concerns = concerns(target, code) => concerns,
            // Somebody else is at it and finds out.
            _ = self.keep(lease, Instant::now()) => return (failure, Concerns::Here),
        };
        tracing::error!(destination = name, export_batch_id = %batch, code, reason = failure.reason, concerns = ?concerns, "export failed");
        match self.record(lease, &failure, concerns).await {
            Ok(is_dead) => failure.is_dead = is_dead,
            Err(error) => tracing::warn!(%error, "cannot give a lease back; it will run out"),
        }
        if failure.is_dead {
            tracing::error!(
                destination = name,
                export_batch_id = %batch,
                code,
                tries = self.tries,
                remedy = failure.remedy,
                "dead letter: the batch is not tried again by itself; when the reason is gone: exporter export retry"
            );
        }
        (failure, concerns)
    }

    /// Whether the delivery is a dead letter now.
    async fn record(&self, lease: &Lease, failure: &Failure, concerns: Concerns) -> sqlx::Result<bool> {
        let mut connection = self.pool.acquire().await?;
        let Failure { code, reason, .. } = failure;
        if concerns == Concerns::Batch {
            let died = tries::fail(&mut connection, lease, code, reason, self.tries, self.pause_seconds).await?;
            return Ok(died.unwrap_or_default());
        }
        let is_mine = deliveries::give_back(&mut connection, lease, code, reason).await?;
        if concerns == Concerns::Destination && is_mine {
            let failures =
                tries::make_wait(&mut connection, &lease.destination, code, reason, self.pause_seconds).await?;
            if failures == 1 {
                tracing::error!(
                    destination = lease.destination,
                    code,
                    meaning = refusal::of(code).meaning,
                    remedy = failure.remedy,
                    "the destination takes nothing: everything for it waits here, and goes on by itself when it does again"
                );
            }
        }
        Ok(false)
    }
}

/// Whom the failure `code` concerns: where that does not tell, a small object does.
pub(super) async fn concerns(target: &Target, code: &str) -> Concerns {
    match refusal::of(code).concerns {
        Concerns::Unclear => match target.bucket.probe(&target.destination.prefix).await {
            Ok(()) => Concerns::Batch,
            Err(_) => Concerns::Destination,
        },
        known => known,
    }
}

fn failed_here(mut report: Report, name: &str, error: &sqlx::Error) -> Report {
    let failure = Failure::new(name, None, refusal::DATABASE, format!("the database failed: {error}"));
    tracing::error!(destination = name, reason = failure.reason, "export failed");
    report.failures.push(failure);
    report
}

/// An object that was put, in the log and in the report.
pub(super) fn put(destination: &str, object: &deliveries::Object) -> PutObject {
    let deliveries::Object { key, rows, bytes, .. } = object;
    tracing::info!(destination, key, rows, bytes, "exported");
    PutObject { destination: destination.to_owned(), key: key.clone(), rows: *rows, bytes: *bytes }
}
