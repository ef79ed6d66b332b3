//! What became of a transaction whose answer never came.

use sqlx::PgConnection;

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All of it is stored.
    Committed,
    /// None of it is.
    Aborted,
    /// It has not ended, or too long ago.
    Unknown,
}

/// The id of the transaction that this is called in.
pub async fn current(connection: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar!(
        r#"-- name: transaction_id
        select pg_current_xact_id()::text as "id!""#
    )
    .fetch_one(connection)
    .await
}

/// What became of the transaction of this id.
pub async fn fate(connection: &mut PgConnection, transaction_id: &str) -> sqlx::Result<Fate> {
    let status = sqlx::query_scalar!(
        "-- name: fate_of_transaction
        select pg_xact_status($1::text::xid8)",
        transaction_id,
    )
    .fetch_one(connection)
    .await?;
    Ok(match status.as_deref() {
        Some("committed") => Fate::Committed,
        Some("aborted") => Fate::Aborted,
        _ => Fate::Unknown,
    })
}
