//! Everything that is held of a visitor, each event once.

use std::collections::HashSet;
use std::io::Write;

use serde::Serialize;
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use super::search::{Search, SearchError};
use super::visitor::Visitor;
use crate::export::Exporter;
use crate::export::objects::{self, RenderError};
use crate::progress::Progress;
use crate::store::credentials::Author;
use crate::store::erasure_searches::{self, ToSearch};
use crate::store::erasures::{self, Entry};
use crate::store::{erased_rows, retention};

/// What was looked at, and what was found.
#[derive(Debug, Default, Serialize)]
pub struct Held {
    /// What stands for the visitor in the record of requests, hexadecimal.
    pub visitor_hash: String,
    /// Events in Postgres.
    pub rows_database: usize,
    /// Events that only buckets have.
    pub rows_buckets: usize,
    /// Export batches of which rows are no longer in Postgres, that were searched in a bucket.
    pub export_batches: usize,
    /// Sites that are still to be confirmed and have counted the visitor.
    pub counted_by_sites: Vec<String>,
    /// Export batches that could not be searched, and why. What is told is not everything then.
    pub unreachable: Vec<String>,
    /// Sets below other prefixes (`exporter export --to-prefix`), which are not looked into.
    pub copies: Vec<Copy>,
}

/// A set that was exported below another prefix.
#[derive(Debug, Serialize)]
pub struct Copy {
    /// The destination.
    pub destination: String,
    /// The prefix.
    pub prefix: String,
}

/// Why it could not be told.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The database.
    #[error("the database failed: {0}")]
    Store(#[from] sqlx::Error),
    /// The rows.
    #[error(transparent)]
    Rows(#[from] RenderError),
    /// Where they are told.
    #[error("cannot write what was found: {0}")]
    Out(#[from] std::io::Error),
}

/// Writes a JSON line for each event of a visitor to `out`: first those in Postgres, by site and time, then those that only
/// buckets have, as they arrived.
///
/// # Errors
/// When the database fails, or nothing can be written. A bucket that does not answer is told of.
pub async fn access(
    pool: &PgPool,
    exporter: &Exporter,
    visitor: Visitor,
    author: &Author,
    out: &mut (impl Write + Send),
    progress: &Progress,
) -> Result<Held, AccessError> {
    let mut connection = pool.acquire().await?;
    // What belongs to the session must not go back to the pool.
    connection.close_on_drop();
    retention::keep_days(&mut connection).await?;
    retention::take_back(&mut connection).await?;
    let mut held = Held::default();
    let mut told = HashSet::new();
    for (event_id, line) in objects::lines_of_visitor(&mut connection, visitor.0).await? {
        told.insert(event_id);
        out.write_all(&line)?;
    }
    held.rows_database = told.len();
    let batches = erasure_searches::dropped_batches(&mut connection, None).await?;
    let work = progress.begin("searching", batches.len() as u64);
    let mut search = Search::new(exporter, visitor.0);
    for ToSearch { export_batch_id: batch, .. } in batches {
        match search.batch(&mut connection, batch).await {
            Ok(of_batch) => {
                held.export_batches += 1;
                for row in of_batch.found.rows {
                    if told.insert(row.event_id) {
                        held.rows_buckets += 1;
                        out.write_all(&row.line)?;
                    }
                }
            }
            Err(SearchError::Store(error)) => return Err(error.into()),
            Err(error) => held.unreachable.push(error.to_string()),
        }
        work.advance(1);
    }
    out.flush()?;
    let copies = erasures::copies(&mut connection).await?;
    held.copies = copies.into_iter().map(|(destination, prefix)| Copy { destination, prefix }).collect();
    held.counted_by_sites = erased_rows::sites(&mut connection, visitor.0).await?;
    let visitor_hash = erasures::hash(&mut connection, visitor.0).await?;
    let entry = Entry {
        action: "access",
        visitor_hash: &visitor_hash,
        erasure_id: None,
        rows_database: i64::try_from(held.rows_database).unwrap_or(i64::MAX),
        rows_buckets: i64::try_from(held.rows_buckets).unwrap_or(i64::MAX),
    };
    erasures::record(&mut connection, entry, author).await?;
    held.visitor_hash = wire::signature::hex(&visitor_hash);
    Ok(held)
}

/// What an erasure would take out.
#[derive(Debug, Default, Serialize)]
pub struct Plan {
    /// Rows in Postgres.
    pub rows_database: i64,
    /// Rows that only buckets have.
    pub rows_buckets: i64,
    /// Export batches that would get a new generation, and the destinations that would be rewritten.
    pub export_batches: Vec<Planned>,
    /// Export batches that could not be searched, and why.
    pub unreachable: Vec<String>,
}

/// An export batch that would be written again.
#[derive(Debug, Serialize)]
pub struct Planned {
    /// The batch.
    pub export_batch_id: Uuid,
    /// Rows that it would have fewer.
    pub rows: i64,
    /// Where it is.
    pub destinations: Vec<String>,
}

/// What [`super::forget`] would do. Changes nothing.
///
/// # Errors
/// The database's.
pub async fn plan(
    pool: &PgPool,
    exporter: &Exporter,
    visitor: Visitor,
    progress: &Progress,
) -> Result<Plan, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    // What belongs to the session must not go back to the pool.
    connection.close_on_drop();
    retention::keep_days(&mut connection).await?;
    let mut plan = Plan::default();
    let mut transaction = connection.begin().await?;
    let counts = erased_rows::count(&mut transaction, visitor.0).await?;
    transaction.rollback().await?;
    plan.rows_database = counts.iter().map(|(_, rows)| rows).sum();
    for (batch, rows) in counts {
        if let Some(batch) = batch {
            add(&mut connection, &mut plan, batch, rows).await?;
        }
    }
    let batches = erasure_searches::dropped_batches(&mut connection, None).await?;
    let work = progress.begin("searching", batches.len() as u64);
    let mut search = Search::new(exporter, visitor.0);
    for ToSearch { export_batch_id: batch, .. } in batches {
        match search.batch(&mut connection, batch).await {
            Ok(of_batch) => {
                let here = plan.export_batches.iter().find(|it| it.export_batch_id == batch).map_or(0, |it| it.rows);
                let rows = i64::try_from(of_batch.found.rows.len()).unwrap_or(i64::MAX) - here;
                if rows > 0 {
                    plan.rows_buckets += rows;
                    add(&mut connection, &mut plan, batch, rows).await?;
                }
            }
            Err(SearchError::Store(error)) => return Err(error),
            Err(error) => plan.unreachable.push(error.to_string()),
        }
        work.advance(1);
    }
    Ok(plan)
}

async fn add(connection: &mut PgConnection, plan: &mut Plan, batch: Uuid, rows: i64) -> sqlx::Result<()> {
    if let Some(known) = plan.export_batches.iter_mut().find(|it| it.export_batch_id == batch) {
        known.rows += rows;
        return Ok(());
    }
    let destinations = erasures::holders(connection, batch).await?;
    plan.export_batches.push(Planned { export_batch_id: batch, rows, destinations });
    Ok(())
}
