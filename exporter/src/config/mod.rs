//! The settings: the embedded defaults (which document every key), a file over them, the environment over both.

mod period;
mod validate;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format as _, Toml};
use serde::{Deserialize, Serialize};

pub use self::period::Period;
pub use self::validate::Invalid;
use crate::secret::Secret;

/// The defaults, every key explained.
pub const DEFAULT: &str = include_str!("../../config/default.toml");

/// All settings. Serialised or printed, it shows no secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Postgres.
    pub database: Database,
    /// The edge's side.
    pub ingest: Ingest,
    /// The operator's side.
    pub operator: Operator,
    /// When and how to export.
    pub export: Export,
    /// Where to.
    #[serde(default)]
    pub destinations: Vec<Destination>,
}

/// Postgres.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// A connection URL, password included.
    pub url: Secret,
}

/// The listener for the edge.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Keys by id, each 32 bytes in hexadecimal.
    pub keys: BTreeMap<String, Secret>,
}

/// The listener for the operator.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The bearer token.
    pub token: Secret,
}

/// When and how to export.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The time between two runs.
    pub every: Period,
    /// The formats each export batch is written in.
    pub formats: Vec<Format>,
    /// How long a silent worker keeps a delivery.
    pub lease: Period,
}

/// A format of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet, zstd.
    Parquet,
    /// JSON Lines, gzip.
    Jsonl,
}

impl Format {
    /// The name in keys and manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
        }
    }
}

/// A bucket to export to.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Its name in logs, answers and the database.
    pub name: String,
    /// The bucket's name.
    pub bucket: String,
    /// Put before every key.
    #[serde(default)]
    pub prefix: String,
    /// The bucket's region.
    pub region: String,
    /// The storage's address; absent for AWS.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Whether the bucket's name goes into the path.
    #[serde(default)]
    pub path_style: bool,
    /// The access key's id.
    pub access_key: Secret,
    /// The access key's secret.
    pub secret_key: Secret,
    /// Whether nothing may be deleted before this bucket is verified to hold it.
    #[serde(default = "required")]
    pub required: bool,
}

fn required() -> bool {
    true
}

/// Why there is no configuration to work with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A key that is missing, unknown or of the wrong type.
    #[error("{0}")]
    Shape(#[from] Box<figment::Error>),
    /// A value that makes no sense.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl Config {
    /// The validated settings of `file` and the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Toml::string(DEFAULT));
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.display().to_string(), source })?;
            figment = figment.merge(Toml::string(&text));
        }
        Self::extract(&figment.merge(Env::prefixed("EVOTHESIS_").split("__")))
    }

    fn extract(figment: &Figment) -> Result<Self, ConfigError> {
        let config: Self = figment.extract().map_err(Box::new)?;
        config.validate()?;
        Ok(config)
    }

    /// The names of all destinations.
    #[must_use]
    pub fn destination_names(&self) -> Vec<String> {
        self.destinations.iter().map(|destination| destination.name.clone()).collect()
    }

    /// The names of the destinations that must hold an event before it may be deleted here.
    #[must_use]
    pub fn required_names(&self) -> Vec<String> {
        self.destinations.iter().filter(|it| it.required).map(|it| it.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
