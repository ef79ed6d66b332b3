//! How the Postgres server is set up, for `doctor`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// The settings that matter to events.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of the server, and none goes with another")]
pub struct Server {
    /// As of `server_version_num`: 150004 is 15.4.
    pub version: i32,
    /// Whether commits reach the disk.
    pub fsync: bool,
    /// Whether pages survive a crash in the middle of a write.
    pub full_page_writes: bool,
    /// Whether it takes no writes: a standby, or set so.
    pub read_only: bool,
    /// Whether the exporter's user may do anything.
    pub superuser: bool,
    /// Whether pages that the disk has changed are noticed.
    pub data_checksums: bool,
    /// Connections that it takes in all.
    pub max_connections: i32,
    /// How many of them are kept for superusers.
    pub reserved_connections: i32,
    /// Connections of others than exporters, at this moment.
    pub other_connections: i64,
    /// Its time.
    pub now: DateTime<Utc>,
}

/// Asks the server.
pub async fn ask(connection: &mut PgConnection) -> sqlx::Result<Server> {
    sqlx::query_as!(
        Server,
        r#"-- name: server_settings
        select
            current_setting('server_version_num')::integer as "version!",
            current_setting('fsync')::boolean as "fsync!",
            current_setting('full_page_writes')::boolean as "full_page_writes!",
            (pg_is_in_recovery() or current_setting('transaction_read_only')::boolean) as "read_only!",
            current_setting('is_superuser')::boolean as "superuser!",
            current_setting('data_checksums')::boolean as "data_checksums!",
            current_setting('max_connections')::integer as "max_connections!",
            (
                current_setting('superuser_reserved_connections')::integer
                + coalesce(current_setting('reserved_connections', true)::integer, 0)
            ) as "reserved_connections!",
            (
                select count(*) from pg_stat_activity
                -- Who may not see what kind a backend is sees this.
                where coalesce(application_name, '') not like 'evothesis-%' and datid is not null and usesysid is not null
            ) as "other_connections!",
            clock_timestamp() as "now!""#
    )
    .fetch_one(connection)
    .await
}
