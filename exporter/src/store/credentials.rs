//! Sealed credentials of destinations, and who changed them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use crate::credentials::envelope::Sealed;

/// Credentials that are in use.
#[derive(Clone, Debug)]
pub struct Record {
    /// Whose.
    pub destination: String,
    /// Which of them.
    pub version: i32,
    /// Themselves.
    pub sealed: Sealed,
}

/// Credentials, without themselves.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Whose.
    pub destination: String,
    /// Which of them.
    pub version: i32,
    /// When they were stored.
    pub created_at: DateTime<Utc>,
    /// When the bucket was first seen to accept them.
    pub proven_at: Option<DateTime<Utc>>,
    /// When they went out of use.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The fingerprint of the master key that opens them.
    pub master_key_id: String,
}

/// A change that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// When.
    pub at: DateTime<Utc>,
    /// Whose credentials.
    pub destination: String,
    /// Which of them; absent when none were stored.
    pub version: Option<i32>,
    /// What: `set`, `rotate`, `refused`, `revoke` or `rewrap`.
    pub action: String,
    /// Who.
    pub os_user: String,
    /// Why; may be empty.
    pub reason: String,
}

/// Who makes a change, and why.
#[derive(Clone, Debug)]
pub struct Author {
    /// The user of the operating system.
    pub os_user: String,
    /// The reason given; may be empty.
    pub reason: String,
}

/// Lets one change after the other happen, until the transaction ends.
pub async fn lock(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"-- name: lock_credentials
        select pg_advisory_xact_lock(hashtextextended('evothesis credentials', 0)) as "locked!: ()""#
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// The credentials that `destination` is asked with.
pub async fn in_use(connection: &mut PgConnection, destination: &str) -> sqlx::Result<Option<Record>> {
    let row = sqlx::query!(
        r#"-- name: credentials_in_use
        select version, master_key_id, wrap_nonce as "wrap_nonce!", wrapped_key as "wrapped_key!", nonce as "nonce!",
            ciphertext as "ciphertext!"
        from credentials
        where destination = $1 and revoked_at is null"#,
        destination,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Record {
        destination: destination.to_owned(),
        version: row.version,
        sealed: Sealed {
            master_key_id: row.master_key_id,
            wrap_nonce: row.wrap_nonce,
            wrapped_key: row.wrapped_key,
            nonce: row.nonce,
            ciphertext: row.ciphertext,
        },
    }))
}

/// The destinations that have credentials in use.
pub async fn destinations(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "-- name: destinations_with_credentials
        select destination from credentials where revoked_at is null order by destination"
    )
    .fetch_all(connection)
    .await
}

/// All that ever were, the newest of each destination first.
pub async fn list(connection: &mut PgConnection) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        "-- name: list_credentials
        select destination, version, created_at, proven_at, revoked_at, master_key_id
        from credentials
        order by destination, version desc"
    )
    .fetch_all(connection)
    .await
}

/// The version that the next credentials of `destination` get. Needs the lock.
pub async fn next_version(connection: &mut PgConnection, destination: &str) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        r#"-- name: next_credentials_version
        select coalesce(max(version), 0) + 1 as "version!" from credentials where destination = $1"#,
        destination,
    )
    .fetch_one(connection)
    .await
}

/// Adds credentials and puts them to use; those before must be revoked.
pub async fn insert(connection: &mut PgConnection, record: &Record, proven: bool) -> sqlx::Result<()> {
    let Record { destination, version, sealed } = record;
    sqlx::query!(
        "-- name: insert_credentials
        insert into credentials
            (destination, version, master_key_id, wrap_nonce, wrapped_key, nonce, ciphertext, proven_at)
        values ($1, $2, $3, $4, $5, $6, $7, case when $8::boolean then now() end)",
        destination,
        version,
        sealed.master_key_id,
        sealed.wrap_nonce,
        sealed.wrapped_key,
        sealed.nonce,
        sealed.ciphertext,
        proven,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the credentials of `destination` out of use and erases them; which they were, if there were any.
pub async fn revoke(connection: &mut PgConnection, destination: &str) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "-- name: revoke_credentials
        update credentials
        set revoked_at = now(), wrap_nonce = null, wrapped_key = null, nonce = null, ciphertext = null
        where destination = $1 and revoked_at is null
        returning version",
        destination,
    )
    .fetch_optional(connection)
    .await
}

/// Replaces the wrapping of a record's data key.
pub async fn rewrap(connection: &mut PgConnection, record: &Record) -> sqlx::Result<()> {
    let Record { destination, version, sealed } = record;
    sqlx::query!(
        "-- name: rewrap_credentials
        update credentials
        set master_key_id = $3, wrap_nonce = $4, wrapped_key = $5
        where destination = $1 and version = $2 and revoked_at is null",
        destination,
        version,
        sealed.master_key_id,
        sealed.wrap_nonce,
        sealed.wrapped_key,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that a bucket has accepted credentials.
pub async fn mark_proven(connection: &mut PgConnection, destination: &str, version: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: mark_credentials_proven
        update credentials set proven_at = now() where destination = $1 and version = $2 and proven_at is null",
        destination,
        version,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records who did what and why.
pub async fn record_change(
    connection: &mut PgConnection,
    (destination, version): (&str, Option<i32>),
    action: &str,
    author: &Author,
) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: record_credential_change
        insert into credential_changes (destination, version, action, os_user, reason) values ($1, $2, $3, $4, $5)",
        destination,
        version,
        action,
        author.os_user,
        author.reason,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The latest error of each of `destinations` whose last delivery failed, with the destination's name before it.
pub async fn latest_failures(
    connection: &mut PgConnection,
    destinations: &[String],
) -> sqlx::Result<Vec<(String, String)>> {
    let rows = sqlx::query!(
        r#"-- name: latest_delivery_failures
        select distinct on (destination) destination, last_error as "last_error!"
        from deliveries
        where destination = any($1) and exported_at is null and last_error is not null
            and last_error_at > coalesce((
                select max(exported_at) from deliveries as done where done.destination = deliveries.destination
            ), '-infinity')
        order by destination, last_error_at desc"#,
        destinations,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.destination, row.last_error)).collect())
}

/// What was changed, the latest first, at most `limit`.
pub async fn changes(connection: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Change>> {
    sqlx::query_as!(
        Change,
        "-- name: credential_changes
        select at, destination, version, action, os_user, reason from credential_changes order by id desc limit $1",
        limit,
    )
    .fetch_all(connection)
    .await
}
