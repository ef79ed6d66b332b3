//! From rows to a committed segment. One transaction is one segment; a row that Postgres refuses all the same is found by
//! halving, and costs nobody but itself.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;
use wire::{Reason, Refused};

use crate::store::events::{self, EventRow};
use crate::store::pixel_drops::{self, PixelDrop};
use crate::store::{partitions, segments, sqlstate};

/// How often a transaction that lost a deadlock or a serialisation race is tried.
const ATTEMPTS: u32 = 5;

/// What became of the rows; the three add up to them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// New, and committed.
    pub accepted: u32,
    /// Stored before.
    pub duplicates: u32,
    /// Refused by Postgres.
    pub refused: Vec<Refused>,
}

/// Commits `rows`, no id of which may occur twice, and a pixel's report beside them.
///
/// # Errors
/// The database's, when it is not the fault of a row. Some rows may be committed then; sent again, they are duplicates.
pub async fn commit(
    pool: &PgPool,
    rows: &[EventRow<'_>],
    report: Option<&PixelDrop<'_>>,
    now: DateTime<Utc>,
) -> sqlx::Result<Committed> {
    let mut committed = Committed::default();
    if rows.is_empty() && report.is_none() {
        return Ok(committed);
    }
    let mut connection = pool.acquire().await?;
    let mut parts = vec![rows];
    while let Some(part) = parts.pop() {
        match patiently(&mut connection, part, report, now).await {
            Ok(new) => {
                committed.accepted += new;
                committed.duplicates += u32::try_from(part.len()).unwrap_or(u32::MAX) - new;
            }
            Err(failure) if failure.fault != Fault::Row => return Err(failure.error),
            Err(failure) if part.len() == 1 => {
                // The message may quote the row, so only its class is told.
                tracing::error!(code = %sqlstate(&failure.error), "postgres refused an event that every check passed");
                committed
                    .refused
                    .push(Refused { seq: u32::try_from(part[0].seq).ok(), reason: Reason::RefusedByStore });
            }
            Err(_) => {
                let (left, right) = part.split_at(part.len() / 2);
                parts.extend([right, left]);
            }
        }
    }
    Ok(committed)
}

/// One transaction, tried again while that can help. Returns how many rows were new.
async fn patiently(
    connection: &mut PgConnection,
    rows: &[EventRow<'_>],
    report: Option<&PixelDrop<'_>>,
    now: DateTime<Utc>,
) -> Result<u32, Failure> {
    let mut attempt = 1;
    loop {
        let failure = match transaction(connection, rows, report).await {
            Ok(new) => return Ok(new),
            Err(failure) => failure,
        };
        match failure.fault {
            Fault::Race if attempt < ATTEMPTS => {}
            Fault::Partition if attempt == 1 => {
                let added = partitions::ensure(connection, now).await?;
                tracing::error!(added, "a day partition was missing on arrival");
            }
            _ => return Err(failure),
        }
        attempt += 1;
    }
}

async fn transaction(
    connection: &mut PgConnection,
    rows: &[EventRow<'_>],
    report: Option<&PixelDrop<'_>>,
) -> Result<u32, Failure> {
    let mut transaction = connection.begin().await?;
    let mut new = 0;
    if !rows.is_empty() {
        let segment_id = segments::next_id(&mut transaction).await?;
        let inserted = events::insert(&mut transaction, segment_id, rows).await;
        let ids = inserted.map_err(Failure::of_insert)?.into_iter().collect();
        if let Some(contents) = contents(rows, &ids) {
            segments::seal(&mut transaction, segment_id, &contents).await?;
            new = ids.len();
        }
    }
    if let Some(report) = report {
        pixel_drops::record(&mut transaction, report).await?;
    }
    transaction.commit().await?;
    Ok(u32::try_from(new).unwrap_or(u32::MAX))
}

/// What the segment of the rows in `ids` holds; nothing when there is none.
fn contents(rows: &[EventRow<'_>], ids: &HashSet<Uuid>) -> Option<segments::Contents> {
    let new = || rows.iter().filter(|row| ids.contains(&row.event_id));
    Some(segments::Contents {
        rows: i32::try_from(ids.len()).ok()?,
        min_event_id: new().map(|row| row.event_id).min()?,
        max_event_id: new().map(|row| row.event_id).max()?,
        min_timestamp: new().map(|row| row.timestamp).min()?,
        max_timestamp: new().map(|row| row.timestamp).max()?,
    })
}

/// Whose fault a failed transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A row's: data that Postgres refuses.
    Row,
    /// Two transactions met: the next try may succeed.
    Race,
    /// Ours: a day has no partition.
    Partition,
    /// The database's.
    Database,
}

/// A transaction that failed, and whose fault it is.
#[derive(Debug)]
struct Failure {
    error: sqlx::Error,
    fault: Fault,
}

/// Statements that hold no event: never the fault of one, whatever they fail with.
impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let fault = match sqlstate(&error).as_ref() {
            "40001" | "40P01" => Fault::Race,
            _ => Fault::Database,
        };
        Self { error, fault }
    }
}

impl Failure {
    /// The insert of the events, by its SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
    fn of_insert(error: sqlx::Error) -> Self {
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        let fault = match sqlstate(&error).as_ref() {
            // A missing partition is a check violation of no named constraint.
            "23514" if constraint.is_none() => Fault::Partition,
            // An id that is taken does nothing: what else is unique is ours to keep so.
            "23505" => Fault::Database,
            // 54 are limits of the program, such as JSON nested too deep.
            code if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => Fault::Row,
            _ => return error.into(),
        };
        Self { error, fault }
    }
}
