//! The access keys of destinations: where they come from, and how they are kept.
//!
//! In this order: stored in the database (sealed, see [`envelope`]), the destination's settings, the AWS SDK's own chain.
//! They are looked up again and again while the service runs, so that new ones are used without a restart.

mod ambient;
pub mod change;
pub mod envelope;
pub mod keys;
pub mod master_keys;
pub mod sources;

pub use self::keys::Keys;
pub use self::sources::{Found, Source, Sources};
use crate::store::credentials::Record;

/// Why there are no access keys.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The master keys cannot be had.
    #[error(transparent)]
    MasterKeys(#[from] master_keys::MasterKeyError),
    /// Sealed by a key that is not there.
    #[error(
        "version {version} of the credentials of {destination} is sealed with master key {master_key_id}, which is not in the \
         master key file: put that key back, or run `exporter credentials set {destination}`"
    )]
    UnknownMasterKey {
        /// The destination.
        destination: String,
        /// The version.
        version: i32,
        /// The key's fingerprint.
        master_key_id: String,
    },
    /// Sealed otherwise than it should be: changed, or copied from another record.
    #[error(
        "version {version} of the credentials of {destination} does not open: its row was changed or copied from another: run \
         `exporter credentials set {destination}`"
    )]
    Forged {
        /// The destination.
        destination: String,
        /// The version.
        version: i32,
    },
    /// The database.
    #[error("cannot look up stored credentials: {0}")]
    Store(#[from] sqlx::Error),
    /// None anywhere.
    #[error(
        "no credentials: none are stored (`exporter credentials set {destination}`), access_key and secret_key are not set, and \
         the environment, the AWS profile and the metadata service of this machine have none: {reason}"
    )]
    None {
        /// The destination.
        destination: String,
        /// What the AWS SDK's chain said.
        reason: String,
    },
}

/// Opens a stored record.
///
/// # Errors
/// Says which key is missing, or that the record is not what was stored.
pub fn open(record: &Record, keys: &master_keys::MasterKeys) -> Result<Keys, CredentialsError> {
    let (destination, version) = (record.destination.clone(), record.version);
    let Some(key) = keys.find(&record.sealed.master_key_id) else {
        let master_key_id = record.sealed.master_key_id.clone();
        return Err(CredentialsError::UnknownMasterKey { destination, version, master_key_id });
    };
    let identity = envelope::Identity { destination: &record.destination, version };
    let opened = envelope::open(key, identity, &record.sealed).and_then(|plain| Keys::from_plain(&plain));
    opened.ok_or(CredentialsError::Forged { destination, version })
}
