//! All SQL, and nothing else: a function a statement, named in its first line so that Postgres statistics find it.
//!
//! Functions take a connection and say when they need a transaction. Time comes from the database, so that workers on
//! several machines agree on it.

pub mod backlog;
pub mod billing;
pub mod credentials;
pub mod deliveries;
pub mod disk;
pub mod erased_rows;
pub mod erasure_searches;
pub mod erasures;
pub mod event_search;
pub mod events;
pub mod export_batches;
pub mod exported_rows;
pub mod losses;
pub mod operator;
pub mod outcomes;
pub mod partitions;
pub mod pixel_drops;
pub mod redaction_findings;
pub mod retention;
pub mod rewritten_objects;
pub mod schema;
pub mod segments;
pub mod server;
pub mod sites;
pub mod tail;
pub mod transactions;
pub mod tries;
pub mod usage;
pub mod verifications;
pub mod webhooks;

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Row};

use crate::config::Database;

/// A caller that waits longer for a connection is better told to come back.
const ACQUIRE: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is asked first whether it is still there.
const TRUSTED: Duration = Duration::from_millis(100);
/// Transactions of ingest at once. While one waits for the disk, another is prepared.
pub const COMMITS: u32 = 3;
/// Connections for ingest beside those that commit: for those who ask after the health, who get no others.
pub const SPARE: u32 = 2;
/// Connections for export and verify.
const EXPORT: u32 = 8;
/// Connections for the operator.
const OPERATOR: u32 = 4;
/// Connections for those who ask how the installation is doing: a person, and Prometheus.
const STATUS: u32 = 2;
/// Connections that one exporter takes at most.
pub const CONNECTIONS: u32 = COMMITS + SPARE + EXPORT + OPERATOR + STATUS;

/// Four pools, so that neither an export nor a curious operator ever takes ingest's connections, or each other's, and it can be
/// told at any time how they are.
#[derive(Clone, Debug)]
pub struct Pools {
    /// For the edge's listener alone.
    pub ingest: PgPool,
    /// For export and verify, and what is done to the schema.
    pub export: PgPool,
    /// For the operator's listener.
    pub operator: PgPool,
    /// For its `/health` and `/metrics`, whatever else the operator looks for.
    pub status: PgPool,
}

impl Pools {
    /// Pools that connect when first used.
    pub fn new(database: &Database) -> sqlx::Result<Self> {
        let options = PgConnectOptions::from_str(database.url.expose())?.options([
            ("timezone", "UTC"),
            // An acknowledgement means that the commit is on disk, whatever the server's own default.
            ("synchronous_commit", "on"),
            // The server notices in half a minute that we are gone, and lets go of what we held.
            ("tcp_keepalives_idle", "15"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ]);
        let pool = |name: &str, connections: u32, statement: &str, lock: &str, idle: &str| {
            let options = options.clone().application_name(name).options([
                ("statement_timeout", statement),
                ("lock_timeout", lock),
                ("idle_in_transaction_session_timeout", idle),
            ]);
            let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE);
            // One that was used a moment ago is not asked whether it is still there.
            let pool = pool.test_before_acquire(false).before_acquire(|connection, used| {
                Box::pin(async move {
                    if used.idle_for > TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            });
            let pool = pool.after_release(|connection, _| Box::pin(is_outside_transactions(connection)));
            pool.connect_lazy_with(options)
        };
        Ok(Self {
            ingest: pool("evothesis-ingest", COMMITS + SPARE, "8s", "4s", "10s"),
            export: pool("evothesis-export", EXPORT, "10min", "10s", "10min"),
            operator: pool("evothesis-operator", OPERATOR, "15s", "4s", "10s"),
            status: pool("evothesis-status", STATUS, "15s", "4s", "10s"),
        })
    }

    /// Ends all connections once nobody uses them any more.
    pub async fn close(&self) {
        tokio::join!(self.ingest.close(), self.export.close(), self.operator.close(), self.status.close());
    }
}

/// Whether others may use a connection: one that is cut off while it begins a transaction is in one that sqlx 0.9.0 does
/// not know of (<https://github.com/launchbadge/sqlx/issues/4393>), and nothing that others do would be committed.
async fn is_outside_transactions(connection: &mut PgConnection) -> sqlx::Result<bool> {
    // Sent as one message, so that both times are its own.
    let sql = "-- name: is_outside_transactions
        select now() = statement_timestamp()";
    sqlx::raw_sql(sql).fetch_one(connection).await?.try_get(0)
}

/// The SQLSTATE of an error; empty when it did not come from the server. Unlike the message it quotes no value.
#[must_use]
pub fn sqlstate(error: &sqlx::Error) -> Cow<'_, str> {
    error.as_database_error().and_then(DatabaseError::code).unwrap_or_default()
}

/// What kind of thing failed, for logs: unlike an error's message it quotes nothing.
#[must_use]
pub fn kind(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Database(_) => "database",
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => "connection",
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => "pool",
        _ => "other",
    }
}
