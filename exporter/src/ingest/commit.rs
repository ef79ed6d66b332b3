//! From rows to a committed segment. One transaction is one segment, and counts what became of its events; a row that
//! Postgres refuses all the same is found by halving, and costs nobody but itself.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, PgPool, Postgres};
use tokio::time::timeout;
use wire::{Outcome, Reason};

use super::tally::{DROPPED_BY_PIXEL, Names, Tally};
use crate::store::events::{self, EventRow};
use crate::store::pixel_drops::{self, PixelDrop};
use crate::store::{outcomes, partitions, redaction_findings, sqlstate};

/// How often a transaction that lost a deadlock or a serialisation race is tried again.
const RACES: u32 = 4;
/// Postgres gives a statement up sooner by itself. One that says nothing for so long cannot be reached any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of the rows.
#[derive(Debug)]
pub struct Committed {
    /// One for each row, in their order; none where the database failed before it was known. What it did commit of those
    /// is a duplicate next time.
    pub outcomes: Vec<Option<Outcome>>,
    /// Why the database failed, where it did.
    pub failure: Option<sqlx::Error>,
}

/// What is to be committed.
#[derive(Debug)]
pub struct Group<'a> {
    /// The events that can be stored.
    pub rows: &'a [EventRow<'a>],
    /// What pixels report.
    pub reports: &'a [PixelDrop<'a>],
    /// What is already known of the others: counted with the first rows that are committed.
    pub tally: Tally<'a>,
    /// The sites that are counted by name.
    pub sites: &'a Names,
    /// How many sites may be listed a day.
    pub new_sites: u32,
    /// When the last of it came.
    pub now: DateTime<Utc>,
}

/// Commits a group, and counts it.
pub async fn commit(pool: &PgPool, group: &Group<'_>) -> Committed {
    let mut outcomes = vec![None; group.rows.len()];
    let failure = if group.rows.is_empty() && group.reports.is_empty() && group.tally.is_empty() {
        None
    } else {
        group.by_halves(pool, &mut outcomes).await.err()
    };
    Committed { outcomes, failure }
}

impl<'a> Group<'a> {
    async fn by_halves(&self, pool: &PgPool, outcomes: &mut [Option<Outcome>]) -> sqlx::Result<()> {
        let mut connection = pool.acquire().await?;
        // What else is to be recorded, until it is.
        let mut beside = Some(self.tally.clone());
        let mut parts = vec![(self.rows, outcomes)];
        while let Some((part, outcomes)) = parts.pop() {
            match self.patiently(pool, &mut connection, part, beside.as_ref()).await {
                Ok(found) => {
                    beside = None;
                    outcomes.iter_mut().zip(found).for_each(|(outcome, found)| *outcome = Some(found));
                }
                Err(Failure { error, fault: Fault::Connection | Fault::Database | Fault::Race }) => return Err(error),
                Err(failure) if part.len() > 1 => {
                    tracing::debug!(fault = ?failure.fault, rows = part.len(), "halved");
                    let (left, right) = part.split_at(part.len() / 2);
                    let (of_left, of_right) = outcomes.split_at_mut(left.len());
                    // The left one first: of two rows with one id the first is stored.
                    parts.extend([(right, of_right), (left, of_left)]);
                }
                Err(failure) => {
                    let outcome = Outcome::Invalid(failure.refusal());
                    outcomes.fill(Some(outcome));
                    let beside = beside.get_or_insert_with(|| Tally::new(self.tally.day()));
                    self.count(beside, part, &[outcome]);
                }
            }
        }
        match beside {
            Some(left) => {
                self.patiently(pool, &mut connection, &[], Some(&left)).await.map(drop).map_err(|it| it.error)
            }
            None => Ok(()),
        }
    }

    /// Stores a part, tried again while that can help.
    async fn patiently(
        &self,
        pool: &PgPool,
        connection: &mut PoolConnection<Postgres>,
        rows: &[EventRow<'a>],
        beside: Option<&Tally<'_>>,
    ) -> Result<Vec<Outcome>, Failure> {
        let (mut races, mut has_made_days, mut has_reconnected) = (0, false, false);
        loop {
            let failure = match timeout(PATIENCE, self.store(connection, rows, beside)).await {
                Ok(Ok(outcomes)) => return Ok(outcomes),
                Ok(Err(error)) => Failure::from(error),
                Err(_) => Failure { error: sqlx::Error::Io(ErrorKind::TimedOut.into()), fault: Fault::Connection },
            };
            match failure.fault {
                Fault::Race if races < RACES => races += 1,
                Fault::Partition if !has_made_days => {
                    has_made_days = true;
                    let made = partitions::ensure(connection, self.now).await;
                    let added = made.map_err(|error| Failure { error, fault: Fault::Database })?;
                    tracing::error!(added, "a day partition was missing on arrival");
                }
                // Whatever it did commit is a duplicate now.
                Fault::Connection if !has_reconnected => {
                    has_reconnected = true;
                    let broken = std::mem::replace(connection, acquire(pool).await?);
                    // Out of the pool: it may never say a word again.
                    drop(broken.detach());
                }
                _ => return Err(failure),
            }
        }
    }

    /// Stores what is new in `rows`, counts it and what came `beside`, and says what became of each row: in one transaction.
    async fn store(
        &self,
        connection: &mut PgConnection,
        rows: &[EventRow<'a>],
        beside: Option<&Tally<'_>>,
    ) -> sqlx::Result<Vec<Outcome>> {
        let mut transaction = connection.begin().await?;
        let outcomes = insert(&mut transaction, rows, self.new_sites).await?;
        let mut tally = Tally::new(self.tally.day());
        self.count(&mut tally, rows, &outcomes);
        if let Some(beside) = beside {
            tally.merge(beside);
            if !self.reports.is_empty() {
                let new: HashSet<_> = pixel_drops::record(&mut transaction, self.reports).await?.into_iter().collect();
                let mut unseen = new;
                for report in self.reports.iter().filter(|report| unseen.remove(&report.batch_id)) {
                    let site = self.sites.known(tally.day(), report.site_id);
                    tally.add(site, DROPPED_BY_PIXEL, i64::from(report.dropped));
                }
            }
            redaction_findings::add(&mut transaction, tally.day(), &tally.findings()).await?;
        }
        // Last, so that a row which others add to as well is locked no longer than the commit takes.
        outcomes::add(&mut transaction, &tally.counts()).await?;
        transaction.commit().await?;
        Ok(outcomes)
    }

    fn count<'b>(&self, tally: &mut Tally<'b>, rows: &'b [EventRow<'a>], outcomes: &[Outcome]) {
        for (row, outcome) in rows.iter().zip(outcomes) {
            tally.add_row(self.sites.known(tally.day(), row.site_id), row, *outcome, self.now);
        }
    }
}

async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>, Failure> {
    pool.acquire().await.map_err(|error| Failure { error, fault: Fault::Database })
}

/// Inserts what is new in `rows`, and says what became of each.
async fn insert(connection: &mut PgConnection, rows: &[EventRow<'_>], new_sites: u32) -> sqlx::Result<Vec<Outcome>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut new: HashSet<_> = events::insert(connection, rows, new_sites).await?.into_iter().collect();
    let mut outcomes = vec![Outcome::Accepted; rows.len()];
    // Each id is taken once: the first row that has it is the one that was stored.
    let old = rows.iter().zip(&mut outcomes).filter(|(row, _)| !new.remove(&row.event_id));
    let (old, mut of_old): (Vec<_>, Vec<_>) = old.unzip();
    if !old.is_empty() {
        for outcome in &mut of_old {
            **outcome = Outcome::Duplicate;
        }
        for place in events::conflicting(connection, &old).await? {
            if let Some(outcome) = of_old.get_mut(place) {
                **outcome = Outcome::Invalid(Reason::Conflict);
            }
        }
        for place in events::erased(connection, &old).await? {
            if let Some(outcome) = of_old.get_mut(place) {
                **outcome = Outcome::Filtered(Reason::Erased);
            }
        }
    }
    Ok(outcomes)
}

/// Whose fault a failed attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A row's: data that Postgres refuses.
    Row,
    /// Two transactions met: the next try may succeed.
    Race,
    /// Ours: a day has no partition. A row's, when it still has none after all days were made.
    Partition,
    /// The connection's: it is gone, or was ended by the server.
    Connection,
    /// The database's.
    Database,
}

/// An attempt that failed, and whose fault it is.
#[derive(Debug)]
struct Failure {
    error: sqlx::Error,
    fault: Fault,
}

impl Failure {
    /// The reason that a single row is refused for.
    fn refusal(&self) -> Reason {
        if self.fault == Fault::Partition {
            // By this exporter's clock its day is kept, by another's it was dropped.
            return Reason::Expired;
        }
        // The message may quote the row, so only its class is told.
        tracing::error!(code = %sqlstate(&self.error), "postgres refused an event that every check passed");
        Reason::RefusedByStore
    }
}

/// By SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let told = error.as_database_error();
        // What is wrong with the tables beside `events` is no event's fault.
        let is_beside = told.and_then(DatabaseError::table).is_some_and(|it| !it.starts_with("events"));
        let fault = match sqlstate(&error).as_ref() {
            "40001" | "40P01" => Fault::Race,
            // A missing partition is a check violation of no named constraint.
            "23514" if told.is_some_and(|it| it.constraint().is_none()) => Fault::Partition,
            // An id that is taken does nothing: what else is unique is ours to keep so.
            "23505" => Fault::Database,
            // 54 are limits of the program, such as JSON nested too deep.
            code if !is_beside && ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => Fault::Row,
            // The server, or an operator, ended the session.
            code if code.starts_with("57P") => Fault::Connection,
            _ if matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) => Fault::Connection,
            _ => Fault::Database,
        };
        Self { error, fault }
    }
}
