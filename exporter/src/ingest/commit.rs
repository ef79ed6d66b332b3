//! From rows to a committed segment. One statement is one transaction and one segment, and counts what it stores. What came
//! to anything else is counted right after it, before any answer. A row that Postgres refuses all the same is found by
//! halving, and costs nobody but itself.

use std::collections::{BTreeSet, HashSet};
use std::io::ErrorKind;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, PgPool, Postgres};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use uuid::Uuid;
use wire::{Outcome, Reason, ids};

use super::tally::{DROPPED_BY_PIXEL, IMPLAUSIBLE_DROPS, LATE_MS, Names, Tally};
use crate::store::events::{self, Counting, EventRow};
use crate::store::losses::IMPLAUSIBLE;
use crate::store::pixel_drops::{self, PixelDrop};
use crate::store::transactions::{self, Fate};
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
    /// What is already known of the others.
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
    if group.rows.is_empty() && group.reports.is_empty() && group.tally.is_empty() {
        return Committed { outcomes, failure: None };
    }
    let failure = group.settle(pool, &mut outcomes).await.err();
    if failure.is_some() {
        // What is not counted is not known either: it comes again, and is counted then.
        outcomes.iter_mut().filter(|it| **it != Some(Outcome::Accepted)).for_each(|it| *it = None);
    }
    Committed { outcomes, failure }
}

impl<'a> Group<'a> {
    /// Stores the rows, each counted by the transaction that stores it; and counts in another what came to anything else.
    async fn settle(&self, pool: &PgPool, outcomes: &mut [Option<Outcome>]) -> sqlx::Result<()> {
        let mut connection = pool.acquire().await?;
        self.by_halves(pool, &mut connection, outcomes).await?;
        let is_all = outcomes.iter().all(|it| *it == Some(Outcome::Accepted));
        if is_all && self.tally.is_empty() && self.reports.is_empty() {
            return Ok(());
        }
        let mut tries = Tries::default();
        let mut sent = None;
        loop {
            let attempt = timeout(PATIENCE, self.record(&mut connection, outcomes, &mut sent)).await;
            let done = tries.after(attempt, self.now, pool, &mut connection).await.map_err(|it| it.error)?;
            if let Some(known) = done {
                outcomes.clone_from_slice(&known);
                return Ok(());
            }
        }
    }

    async fn by_halves(
        &self,
        pool: &PgPool,
        connection: &mut PoolConnection<Postgres>,
        outcomes: &mut [Option<Outcome>],
    ) -> sqlx::Result<()> {
        let mut parts = vec![(self.rows, outcomes)];
        while let Some((part, outcomes)) = parts.pop() {
            match self.patiently(pool, connection, part).await {
                Ok(found) => outcomes.iter_mut().zip(found).for_each(|(outcome, found)| *outcome = Some(found)),
                Err(Failure { error, fault: Fault::Connection | Fault::Database | Fault::Race }) => return Err(error),
                Err(failure) if part.len() > 1 => {
                    tracing::debug!(fault = ?failure.fault, rows = part.len(), "halved");
                    let (left, right) = part.split_at(part.len() / 2);
                    let (of_left, of_right) = outcomes.split_at_mut(left.len());
                    // The left one first: of two rows with one id the first is stored.
                    parts.extend([(right, of_right), (left, of_left)]);
                }
                Err(failure) => outcomes.fill(Some(Outcome::Invalid(failure.refusal()))),
            }
        }
        Ok(())
    }

    /// Stores a part, tried again while that can help.
    async fn patiently(
        &self,
        pool: &PgPool,
        connection: &mut PoolConnection<Postgres>,
        rows: &[EventRow<'a>],
    ) -> Result<Vec<Outcome>, Failure> {
        let mut tries = Tries::default();
        let number = random()?;
        loop {
            let attempt = timeout(PATIENCE, self.store(connection, rows, number, tries.has_reconnected)).await;
            if let Some(outcomes) = tries.after(attempt, self.now, pool, connection).await? {
                return Ok(outcomes);
            }
        }
    }

    /// Stores and counts what is new in `rows` as the attempt of this `number`, and says what became of each. Where an answer
    /// was lost before, some may be stored under it already.
    async fn store(
        &self,
        connection: &mut PgConnection,
        rows: &[EventRow<'a>],
        number: i64,
        is_repeated: bool,
    ) -> sqlx::Result<Vec<Outcome>> {
        let mut outcomes = vec![Outcome::Accepted; rows.len()];
        if rows.is_empty() {
            return Ok(outcomes);
        }
        let day = self.tally.day();
        let sites: BTreeSet<&str> = rows.iter().map(|row| row.site_id).collect();
        let in_time_from = self.now.timestamp_millis().saturating_sub(LATE_MS - 1);
        let counting = Counting {
            day,
            sites: sites.into_iter().map(|site_id| (site_id, self.sites.known(day, site_id))).collect(),
            in_time_from: Uuid::from_bytes(ids::v7(in_time_from.unsigned_abs(), [0; 10])),
            new_sites: self.new_sites,
            attempt: number,
        };
        let new = events::insert(connection, rows, &counting).await?;
        if new.len() == rows.len() {
            return Ok(outcomes);
        }
        let mut new: HashSet<_> = new.into_iter().collect();
        if is_repeated {
            new.extend(events::stored_by(connection, rows, number).await?);
        }
        // Each id is taken once: the first row that has it is the one that was stored.
        for (row, outcome) in rows.iter().zip(&mut outcomes) {
            if !new.remove(&row.event_id) {
                *outcome = Outcome::Duplicate;
            }
        }
        Ok(outcomes)
    }

    /// Counts what was not stored and what pixels report, in one transaction. Gives the `outcomes` with those duplicates
    /// told apart that are none. A transaction that was `sent` and not answered may be committed: then that is all.
    async fn record(
        &self,
        connection: &mut PgConnection,
        outcomes: &[Option<Outcome>],
        sent: &mut Option<Sent>,
    ) -> sqlx::Result<Vec<Option<Outcome>>> {
        if let Some(Sent { transaction_id, known }) = sent.take() {
            match transactions::fate(connection, &transaction_id).await? {
                Fate::Committed => return Ok(known),
                Fate::Aborted => {}
                // Nobody can tell yet. What comes again is counted then.
                Fate::Unknown => return Err(sqlx::Error::Io(ErrorKind::TimedOut.into())),
            }
        }
        let mut transaction = connection.begin().await?;
        let mut known = outcomes.to_vec();
        let old = self.rows.iter().zip(&mut known).filter(|(_, outcome)| **outcome == Some(Outcome::Duplicate));
        let (old, mut of_old): (Vec<_>, Vec<_>) = old.unzip();
        if !old.is_empty() {
            for place in events::conflicting(&mut transaction, &old).await? {
                if let Some(outcome) = of_old.get_mut(place) {
                    **outcome = Some(Outcome::Invalid(Reason::Conflict));
                }
            }
            for place in events::erased(&mut transaction, &old).await? {
                if let Some(outcome) = of_old.get_mut(place) {
                    **outcome = Some(Outcome::Filtered(Reason::Erased));
                }
            }
        }
        let mut tally = self.tally.clone();
        for (row, outcome) in self.rows.iter().zip(&known) {
            if let Some(outcome) = outcome.filter(|it| *it != Outcome::Accepted) {
                tally.add_row(self.sites.known(tally.day(), row.site_id), outcome);
            }
        }
        if !self.reports.is_empty() {
            let mut new: HashSet<_> = pixel_drops::record(&mut transaction, self.reports).await?.into_iter().collect();
            for report in self.reports.iter().filter(|report| new.remove(&report.batch_id)) {
                let dropped = i64::from(report.dropped);
                let (outcome, count) =
                    if dropped > IMPLAUSIBLE { (IMPLAUSIBLE_DROPS, 1) } else { (DROPPED_BY_PIXEL, dropped) };
                tally.add(self.sites.known(tally.day(), report.site_id), outcome, count);
            }
        }
        redaction_findings::add(&mut transaction, tally.day(), &tally.findings()).await?;
        outcomes::add(&mut transaction, &tally.counts()).await?;
        let transaction_id = transactions::current(&mut transaction).await?;
        *sent = Some(Sent { transaction_id, known: known.clone() });
        transaction.commit().await?;
        Ok(known)
    }
}

/// A transaction that is to be committed, and the outcomes that are known once it is.
#[derive(Debug)]
struct Sent {
    transaction_id: String,
    known: Vec<Option<Outcome>>,
}

/// What was done already so that another attempt could help.
#[derive(Debug, Default)]
struct Tries {
    races: u32,
    has_made_days: bool,
    has_reconnected: bool,
}

impl Tries {
    /// What an `attempt` came to; none when another one can help.
    async fn after<T>(
        &mut self,
        attempt: Result<sqlx::Result<T>, Elapsed>,
        now: DateTime<Utc>,
        pool: &PgPool,
        connection: &mut PoolConnection<Postgres>,
    ) -> Result<Option<T>, Failure> {
        let failure = match attempt {
            Ok(Ok(done)) => return Ok(Some(done)),
            Ok(Err(error)) => Failure::from(error),
            Err(_) => Failure { error: sqlx::Error::Io(ErrorKind::TimedOut.into()), fault: Fault::Connection },
        };
        match failure.fault {
            Fault::Race if self.races < RACES => self.races += 1,
            Fault::Partition if !self.has_made_days => {
                self.has_made_days = true;
                let made = partitions::ensure(connection, now).await;
                let added = made.map_err(|error| Failure { error, fault: Fault::Database })?;
                tracing::error!(added, "a day partition was missing on arrival");
            }
            // What it did commit all the same is looked for by the next one.
            Fault::Connection if !self.has_reconnected => {
                self.has_reconnected = true;
                let broken = std::mem::replace(connection, another(pool).await?);
                // Out of the pool: it may never say a word again.
                drop(broken.detach());
            }
            _ => return Err(failure),
        }
        Ok(None)
    }
}

/// A number that no other attempt has, of whichever exporter.
fn random() -> Result<i64, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure { error: sqlx::Error::Io(error.into()), fault: Fault::Database })?;
    Ok(i64::from_le_bytes(bytes))
}

/// A connection in place of a broken one. Those beside it may have been idle when the server went, and not know it yet.
async fn another(pool: &PgPool) -> Result<PoolConnection<Postgres>, Failure> {
    loop {
        let acquired = pool.acquire().await;
        let mut connection = acquired.map_err(|error| Failure { error, fault: Fault::Database })?;
        match timeout(PATIENCE, connection.ping()).await {
            Ok(Ok(())) => return Ok(connection),
            _ => drop(connection.detach()),
        }
    }
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
