//! Where a destination's credentials come from, in their order, looked up anew every few seconds.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use aws_credential_types::provider::{error, future};
use aws_sdk_s3::config::{Credentials, ProvideCredentials};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::sync::Mutex;

use super::ambient::Ambient;
use super::master_keys::MasterKeys;
use super::{CredentialsError, Keys, open};
use crate::clock::Clock;
use crate::config::{self, Destination};
use crate::store::credentials;

/// How long stored credentials are used before it is looked whether there are others.
pub const FRESH: TimeDelta = TimeDelta::seconds(5);
/// The same of this machine's own, which may cost a request over the network.
const FRESH_AMBIENT: TimeDelta = TimeDelta::minutes(5);
/// Temporary credentials are not used until the last moment: a long request must still be signed in time.
const BEFORE_EXPIRY: TimeDelta = TimeDelta::minutes(1);

/// The places where credentials may be.
#[derive(Clone, Debug)]
pub struct Sources {
    /// None when the database cannot be asked, which `doctor` says elsewhere.
    pool: Option<PgPool>,
    master_key_file: Option<PathBuf>,
    clock: Clock,
}

/// Where credentials were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Stored in the database.
    Stored {
        /// Which of the destination's.
        version: i32,
    },
    /// The destination's settings.
    Settings,
    /// The environment, a profile or a role of this machine.
    Ambient,
}

/// Credentials, and where they were found.
#[derive(Clone, Debug)]
pub struct Found {
    /// For the SDK.
    pub credentials: Credentials,
    /// Where.
    pub source: Source,
}

/// The credentials of one destination, for the SDK.
#[derive(Clone, Debug)]
pub struct Provider(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sources: Sources,
    destination: String,
    settings: Option<Keys>,
    ambient: Ambient,
    latest: Mutex<Option<(Found, DateTime<Utc>)>>,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored { version } => write!(formatter, "stored in the database, version {version}"),
            Self::Settings => formatter.write_str("access_key and secret_key of the settings"),
            Self::Ambient => formatter.write_str("the environment, a profile or a role of this machine"),
        }
    }
}

impl Sources {
    /// All of them.
    #[must_use]
    pub fn new(pool: PgPool, settings: &config::Credentials) -> Self {
        Self { pool: Some(pool), master_key_file: settings.master_key_file.clone(), clock: Clock::system() }
    }

    /// All but the database.
    #[must_use]
    pub fn without_database() -> Self {
        Self { pool: None, master_key_file: None, clock: Clock::system() }
    }

    /// The same, at the time of `clock`.
    #[must_use]
    pub fn at(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The credentials of `destination`. Nothing is asked yet.
    #[must_use]
    pub fn of(&self, destination: &Destination) -> Provider {
        Provider(Arc::new(Inner {
            sources: self.clone(),
            destination: destination.name.clone(),
            settings: destination.keys(),
            ambient: Ambient::new(&destination.region),
            latest: Mutex::default(),
        }))
    }
}

impl Provider {
    /// The credentials of now.
    ///
    /// # Errors
    /// Says what is wrong with those that come first in the order: others do not stand in for them.
    pub async fn find(&self) -> Result<Found, CredentialsError> {
        let Inner { sources, latest, .. } = &*self.0;
        // One asks, the others wait for the answer.
        let mut latest = latest.lock().await;
        let now = sources.clock.now();
        if let Some((found, until)) = &*latest
            && now < *until
        {
            return Ok(found.clone());
        }
        let found = self.look_up().await?;
        let fresh = if found.source == Source::Ambient { FRESH_AMBIENT } else { FRESH };
        let expiry = found.credentials.expiry().map(|at| DateTime::<Utc>::from(at) - BEFORE_EXPIRY);
        let until = expiry.map_or(now + fresh, |expiry| expiry.min(now + fresh));
        *latest = Some((found.clone(), until));
        Ok(found)
    }

    async fn look_up(&self) -> Result<Found, CredentialsError> {
        let Inner { sources, destination, settings, ambient, .. } = &*self.0;
        if let Some(pool) = &sources.pool
            && let Some(record) = credentials::in_use(&mut *pool.acquire().await?, destination).await?
        {
            let keys = open(&record, &MasterKeys::load(sources.master_key_file.as_deref())?)?;
            let source = Source::Stored { version: record.version };
            return Ok(Found { credentials: keys.for_sdk("stored"), source });
        }
        if let Some(keys) = settings {
            return Ok(Found { credentials: keys.for_sdk("settings"), source: Source::Settings });
        }
        match ambient.credentials().await {
            Ok(credentials) => Ok(Found { credentials, source: Source::Ambient }),
            Err(reason) => Err(CredentialsError::None { destination: destination.clone(), reason }),
        }
    }
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.find().await.map(|found| found.credentials).map_err(error::CredentialsError::provider_error)
        })
    }
}
