//! From rows to a committed segment. One statement is one transaction is one segment; a row that Postgres refuses all the
//! same is found by halving, and costs nobody but itself.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::time::timeout;
use wire::{Outcome, Reason};

use crate::store::events::{self, EventRow};
use crate::store::pixel_drops::{self, PixelDrop};
use crate::store::{partitions, sqlstate};

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

/// Commits `rows` and pixels' reports.
pub async fn commit(pool: &PgPool, rows: &[EventRow<'_>], reports: &[PixelDrop<'_>], now: DateTime<Utc>) -> Committed {
    let mut outcomes = vec![None; rows.len()];
    let failure = if rows.is_empty() && reports.is_empty() {
        None
    } else {
        by_halves(pool, rows, reports, now, &mut outcomes).await.err()
    };
    Committed { outcomes, failure }
}

async fn by_halves(
    pool: &PgPool,
    rows: &[EventRow<'_>],
    reports: &[PixelDrop<'_>],
    now: DateTime<Utc>,
    outcomes: &mut [Option<Outcome>],
) -> sqlx::Result<()> {
    let mut connection = pool.acquire().await?;
    let mut parts = vec![(rows, outcomes)];
    while let Some((part, outcomes)) = parts.pop() {
        match patiently(pool, &mut connection, part, reports, now).await {
            Ok(found) => outcomes.iter_mut().zip(found).for_each(|(outcome, found)| *outcome = Some(found)),
            Err(failure) if failure.fault != Fault::Row => return Err(failure.error),
            Err(failure) if part.len() == 1 => {
                // The message may quote the row, so only its class is told.
                tracing::error!(code = %sqlstate(&failure.error), "postgres refused an event that every check passed");
                outcomes.fill(Some(Outcome::Invalid(Reason::RefusedByStore)));
            }
            Err(_) => {
                let (left, right) = part.split_at(part.len() / 2);
                let (of_left, of_right) = outcomes.split_at_mut(left.len());
                // The left one first: of two rows with one id the first is stored.
                parts.extend([(right, of_right), (left, of_left)]);
            }
        }
    }
    Ok(())
}

/// Stores a part, tried again while that can help.
async fn patiently(
    pool: &PgPool,
    connection: &mut PoolConnection<Postgres>,
    rows: &[EventRow<'_>],
    reports: &[PixelDrop<'_>],
    now: DateTime<Utc>,
) -> Result<Vec<Outcome>, Failure> {
    let (mut races, mut has_made_days, mut has_reconnected) = (0, false, false);
    loop {
        let failure = match timeout(PATIENCE, store(connection, rows, reports)).await {
            Ok(Ok(outcomes)) => return Ok(outcomes),
            Ok(Err(error)) => Failure::from(error),
            Err(_) => Failure { error: sqlx::Error::Io(ErrorKind::TimedOut.into()), fault: Fault::Connection },
        };
        match failure.fault {
            Fault::Race if races < RACES => races += 1,
            Fault::Partition if !has_made_days => {
                has_made_days = true;
                let made = partitions::ensure(connection, now).await;
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

async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>, Failure> {
    pool.acquire().await.map_err(|error| Failure { error, fault: Fault::Database })
}

/// Stores what is new in `rows`, and says what became of each.
async fn store(
    connection: &mut PgConnection,
    rows: &[EventRow<'_>],
    reports: &[PixelDrop<'_>],
) -> sqlx::Result<Vec<Outcome>> {
    if !reports.is_empty() {
        pixel_drops::record(connection, reports).await?;
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut new: HashSet<_> = events::insert(connection, rows).await?.into_iter().collect();
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
    /// Ours: a day has no partition.
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

/// By SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let told = error.as_database_error();
        // What is wrong with the tables beside `events` is no event's fault.
        let is_beside = told.and_then(DatabaseError::table).is_some_and(|it| matches!(it, "segments" | "pixel_drops"));
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
