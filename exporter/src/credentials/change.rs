//! What an operator does to stored credentials: each change in one transaction with the record of who made it and why.

use sqlx::{Connection, PgConnection};

use super::envelope::{self, Identity, Randomness, SealError};
use super::master_keys::MasterKeys;
use super::{CredentialsError, Keys};
use crate::store::credentials::{self, Author, Record};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The credentials that are there.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// No random bytes.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database.
    #[error("the database failed: {0}")]
    Store(#[from] sqlx::Error),
}

/// Stores `keys` for `destination`, erases those before, and returns the version. `proven` says that the bucket took them, which is a
/// rotation.
///
/// # Errors
/// Nothing is changed then.
pub async fn set(
    connection: &mut PgConnection,
    master: &MasterKeys,
    (destination, keys): (&str, &Keys),
    proven: bool,
    author: &Author,
) -> Result<i32, ChangeError> {
    let mut transaction = connection.begin().await?;
    credentials::lock(&mut transaction).await?;
    let version = credentials::next_version(&mut transaction, destination).await?;
    let identity = Identity { destination, version };
    let sealed = envelope::seal(master.first(), identity, &keys.to_plain(), &Randomness::of_system()?)?;
    credentials::revoke(&mut transaction, destination).await?;
    let record = Record { destination: destination.to_owned(), version, sealed };
    credentials::insert(&mut transaction, &record, proven).await?;
    let action = if proven { "rotate" } else { "set" };
    credentials::record_change(&mut transaction, (destination, Some(version)), action, author).await?;
    transaction.commit().await?;
    Ok(version)
}

/// Takes the stored credentials of `destination` out of use and erases them; the version, if there were any.
///
/// # Errors
/// Nothing is changed then.
pub async fn revoke(
    connection: &mut PgConnection,
    destination: &str,
    author: &Author,
) -> Result<Option<i32>, ChangeError> {
    let mut transaction = connection.begin().await?;
    credentials::lock(&mut transaction).await?;
    let version = credentials::revoke(&mut transaction, destination).await?;
    if version.is_some() {
        credentials::record_change(&mut transaction, (destination, version), "revoke", author).await?;
    }
    transaction.commit().await?;
    Ok(version)
}

/// Seals all data keys with the first master key, and returns whose those were that another had sealed.
///
/// # Errors
/// Nothing is changed then.
pub async fn rewrap(
    connection: &mut PgConnection,
    master: &MasterKeys,
    author: &Author,
) -> Result<Vec<String>, ChangeError> {
    let mut transaction = connection.begin().await?;
    credentials::lock(&mut transaction).await?;
    let mut rewrapped = Vec::new();
    for destination in credentials::destinations(&mut transaction).await? {
        let Some(record) = credentials::in_use(&mut transaction, &destination).await? else { continue };
        // Also those that need nothing: after this, all of them open.
        super::open(&record, master)?;
        let Record { version, sealed, .. } = &record;
        let Some(old) = master.find(&sealed.master_key_id).filter(|old| old.id() != master.first().id()) else {
            continue;
        };
        let identity = Identity { destination: &destination, version: *version };
        let sealed = envelope::rewrap((old, master.first()), identity, sealed, &Randomness::of_system()?);
        let sealed = sealed.ok_or(SealError)?;
        credentials::rewrap(&mut transaction, &Record { sealed, ..record.clone() }).await?;
        credentials::record_change(&mut transaction, (&destination, Some(*version)), "rewrap", author).await?;
        rewrapped.push(destination);
    }
    transaction.commit().await?;
    Ok(rewrapped)
}
