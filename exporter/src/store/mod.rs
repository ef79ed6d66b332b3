//! All SQL, and nothing else: a function a statement, named in its first line so that Postgres statistics find it.
//!
//! Functions take a connection and say when they need a transaction. Time comes from the database, so that workers on
//! several machines agree on it.

pub mod deliveries;
pub mod events;
pub mod export_batches;
pub mod exported_rows;
pub mod operator;
pub mod partitions;
pub mod pixel_drops;
pub mod schema;
pub mod segments;

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::config::Database;

/// A caller that waits longer for a connection is better told to come back.
const ACQUIRE: Duration = Duration::from_secs(5);

/// Two pools, so that an export or a curious operator never takes ingest's connections.
#[derive(Clone, Debug)]
pub struct Pools {
    /// For the edge's listener alone.
    pub ingest: PgPool,
    /// For everything else.
    pub work: PgPool,
}

impl Pools {
    /// Pools that connect when first used.
    pub fn new(database: &Database) -> sqlx::Result<Self> {
        let options = PgConnectOptions::from_str(database.url.expose())?.options([
            ("timezone", "UTC"),
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "10min"),
            // An acknowledgement means that the commit is on disk, whatever the server's own default.
            ("synchronous_commit", "on"),
        ]);
        let ingest = options.clone().application_name("evothesis-ingest").options([("statement_timeout", "20s")]);
        let work = options.application_name("evothesis-work").options([("statement_timeout", "10min")]);
        Ok(Self { ingest: pool(ingest, 12), work: pool(work, 8) })
    }
}

/// The SQLSTATE of an error; empty when it did not come from the server. Unlike the message it quotes no value.
#[must_use]
pub fn sqlstate(error: &sqlx::Error) -> Cow<'_, str> {
    error.as_database_error().and_then(DatabaseError::code).unwrap_or_default()
}

fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE).connect_lazy_with(options)
}
