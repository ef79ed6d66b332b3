//! What shares a transaction: batches that arrive within a few milliseconds of each other, or while others are committed.
//!
//! One task gathers what waits; a few groups are committed side by side where they are large. No caller leads: one that hangs
//! up would take the others' batches with it. What was taken in is committed, whether its caller still listens or not.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use redaction::Report;
use sqlx::PgPool;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::sleep;
use wire::{IngestAnswer, Outcome, Refused};

use super::admit::{admit, pixel_drop};
use super::commit::{Committed, Group, commit};
use super::decode::Batch;
use super::room::Place;
use super::tally::{Names, Tally};
use crate::metrics::Metrics;
use crate::store::{COMMITS, kind, sqlstate};

/// How long a batch waits for company when nobody commits.
const COMPANY: Duration = Duration::from_millis(1);
/// And at most while somebody does: most of what a small transaction costs does not depend on its rows.
const PATIENCE: Duration = Duration::from_millis(20);
/// So many events are worth a transaction of their own beside others,
const LARGE: usize = 100;
/// and so many callers: the next ones gather meanwhile.
const MANY: usize = 32;
/// A group is closed at so many events. More do not make the insert faster.
const EVENTS: usize = 1000;
/// Sites that are counted by name on a day. All others are one.
const SITES: usize = 1000;
/// Versions of the edge that findings are counted by.
pub const VERSIONS: usize = 16;

/// The database did not commit. What it did commit of the batch is a duplicate next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the batch could not be committed")]
pub struct NotCommitted;

/// The way to the next group.
#[derive(Debug)]
pub struct Groups {
    queue: mpsc::UnboundedSender<Waiting>,
}

/// A batch and whoever waits for what becomes of it.
struct Waiting {
    batch: Batch,
    missed: Report,
    now: DateTime<Utc>,
    answer: oneshot::Sender<Result<IngestAnswer, NotCommitted>>,
    _place: Place,
}

impl Groups {
    /// Groups that are committed by the connections of `pool`, until this is dropped and all are. Lists up to
    /// `new_sites` a day.
    #[must_use]
    pub fn new(pool: PgPool, new_sites: u32, metrics: Metrics) -> Self {
        // The places bound it.
        let (queue, waiting) = mpsc::unbounded_channel();
        let settling = Settling { pool, new_sites, metrics, sites: Names::new(SITES), versions: Names::new(VERSIONS) };
        tokio::spawn(run(Arc::new(settling), waiting));
        Self { queue }
    }

    /// Commits what is new in a `batch` that came `now` and that personal data was `missed` in, and says what became of each
    /// event. Goes on without whoever asked.
    pub async fn commit(
        &self,
        batch: Batch,
        missed: Report,
        now: DateTime<Utc>,
        place: Place,
    ) -> Result<IngestAnswer, NotCommitted> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Waiting { batch, missed, now, answer, _place: place }).map_err(|_| NotCommitted)?;
        answered.await.map_err(|_| NotCommitted)?
    }
}

/// What settling a group takes.
struct Settling {
    pool: PgPool,
    new_sites: u32,
    metrics: Metrics,
    sites: Names,
    versions: Names,
}

async fn run(settling: Arc<Settling>, mut queue: mpsc::UnboundedReceiver<Waiting>) {
    let turns = Arc::new(Semaphore::new(COMMITS as usize));
    while let Some(first) = queue.recv().await {
        let mut group = Gathered { events: first.batch.events.len(), waiting: vec![first] };
        group.gather(&mut queue, &turns).await;
        // Never closed, so it never fails.
        let Ok(turn) = turns.clone().acquire_owned().await else { return };
        group.fill(&mut queue);
        let settling = settling.clone();
        tokio::spawn(async move {
            settling.settle(group.waiting).await;
            drop(turn);
        });
    }
}

/// What is to share a transaction.
struct Gathered {
    waiting: Vec<Waiting>,
    events: usize,
}

impl Gathered {
    fn add(&mut self, next: Waiting) {
        self.events += next.batch.events.len();
        self.waiting.push(next);
    }

    /// Waits for company: while others are committed, as far as that takes a moment. A group that is large gains nothing by it.
    async fn gather(&mut self, queue: &mut mpsc::UnboundedReceiver<Waiting>, turns: &Semaphore) {
        let nobody_commits = async {
            sleep(COMPANY).await;
            let _ = turns.acquire_many(COMMITS).await;
        };
        let long_enough = sleep(PATIENCE);
        tokio::pin!(nobody_commits, long_enough);
        while self.events < LARGE && self.waiting.len() < MANY {
            let next = tokio::select! {
                biased;
                next = queue.recv() => next,
                () = &mut nobody_commits => None,
                () = &mut long_enough => None,
            };
            let Some(next) = next else { break };
            self.add(next);
        }
    }

    /// Takes in what is there already, as far as it fits.
    fn fill(&mut self, queue: &mut mpsc::UnboundedReceiver<Waiting>) {
        while self.events < EVENTS {
            let Ok(next) = queue.try_recv() else { break };
            self.add(next);
        }
    }
}

impl Settling {
    /// Commits a group and answers every caller.
    async fn settle(&self, group: Vec<Waiting>) {
        let Some(now) = group.iter().map(|it| it.now).max() else { return };
        let (mut rows, mut shares) = (Vec::new(), Vec::with_capacity(group.len()));
        let mut tally = Tally::new(now.date_naive());
        for Waiting { batch, missed, now, .. } in &group {
            let mut admitted = admit(batch, *now);
            tally.add_refused(self.sites.known(tally.day(), &batch.site_id), &admitted.refused);
            if !missed.is_empty() {
                tally.add_findings(self.versions.known(tally.day(), &batch.edge_version), missed.counts());
            }
            shares.push((admitted.rows.len(), admitted.refused));
            rows.append(&mut admitted.rows);
        }
        let reports: Vec<_> = group.iter().filter_map(|it| pixel_drop(&it.batch)).collect();
        let whole = Group { rows: &rows, reports: &reports, tally, sites: &self.sites, new_sites: self.new_sites, now };
        let Committed { outcomes, failure } = commit(&self.pool, &whole).await;
        self.metrics.group(&outcomes);
        if failure.is_none() {
            self.metrics.beside(&whole.tally);
        }
        if let Some(error) = &failure {
            // The database quotes values in its messages: their kind must do.
            let (kind, code) = (kind(error), sqlstate(error));
            tracing::error!(kind, %code, batches = group.len(), events = rows.len(), "a group was not committed");
        }
        let mut settled = rows.iter().map(|row| u32::try_from(row.seq).ok()).zip(outcomes);
        let mut answers = Vec::with_capacity(group.len());
        for ((count, refused), waiting) in shares.into_iter().zip(&group) {
            // What is no row may not have been recorded.
            let has_others = waiting.batch.dropped > 0 || !refused.is_empty() || !waiting.missed.is_empty();
            let is_recorded = failure.is_none() || !has_others;
            let answer = answer(settled.by_ref().take(count), refused);
            answers.push(answer.filter(|_| is_recorded).ok_or(NotCommitted));
        }
        for (waiting, answer) in group.into_iter().zip(answers) {
            // Whoever has hung up will send again.
            let _ = waiting.answer.send(answer);
        }
    }
}

/// The answer for a batch of which events were `refused`, and the others have these outcomes; none while one is not known.
fn answer(
    outcomes: impl Iterator<Item = (Option<u32>, Option<Outcome>)>,
    refused: Vec<Refused>,
) -> Option<IngestAnswer> {
    let mut answer = IngestAnswer { refused, ..IngestAnswer::default() };
    let mut is_complete = true;
    // To the end, since the next batch's outcomes follow.
    for (seq, outcome) in outcomes {
        match outcome {
            None => is_complete = false,
            Some(Outcome::Accepted) => answer.accepted += 1,
            Some(Outcome::Duplicate) => answer.duplicates += 1,
            Some(Outcome::Filtered(reason) | Outcome::Invalid(reason)) => answer.refused.push(Refused { seq, reason }),
        }
    }
    is_complete.then_some(answer)
}
