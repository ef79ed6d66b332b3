//! The settings: the embedded defaults (which document every key), a file over them, the environment over both. The
//! environment of the classic system names destinations where nothing else does.

mod classic;
mod environment;
mod error;
mod period;
mod schedule;
mod size;
mod validate;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::providers::{Format as _, Serialized, Toml};
use figment::value::{Dict, Map};
use figment::{Figment, Metadata, Profile, Provider};
use serde::{Deserialize, Serialize};
use toml::Table;
use wire::Selection;

pub use self::error::{ConfigError, Shape};
pub use self::period::Period;
pub use self::schedule::Schedule;
pub use self::size::{Size, readable};
pub use self::validate::Invalid;
use crate::billing::Plan;
use crate::credentials::Keys;
use crate::export::layout::Layout;
use crate::ingest::redact::Addresses;
use crate::secret::Secret;
use crate::store::sites::Threshold;

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
    /// The client's own redaction: what the edge was told, so that it finds nothing here.
    #[serde(default)]
    pub redaction: Redaction,
    /// How long events stay in Postgres.
    pub retention: Retention,
    /// When a new site counts.
    pub sites: Sites,
    /// What was agreed on.
    pub billing: Billing,
    /// Who is told.
    pub webhooks: Webhooks,
    /// When and how to export.
    pub export: Export,
    /// What stored access keys are sealed with.
    #[serde(default)]
    pub credentials: Credentials,
    /// When to look whether the buckets still hold it.
    pub verify: Verify,
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
    /// How much it may take on disk; unknown unless it is set.
    #[serde(default)]
    pub disk: Option<Size>,
}

/// The client's own redaction: what the edge was told, so that it finds nothing here.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// What may come of visitors' addresses.
    #[serde(default)]
    pub ip: Addresses,
    /// What may come in texts.
    #[serde(flatten)]
    pub texts: redaction::Settings,
}

/// How long events stay in Postgres.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Full days beside the one that it is; 0 for all of them.
    pub days: u32,
}

impl Retention {
    /// How many full days are kept; `None` when all are.
    #[must_use]
    pub fn kept(self) -> Option<u32> {
        (self.days > 0).then_some(self.days)
    }
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

/// When a new site counts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sites {
    /// Sites that may be new on one UTC day.
    pub new_a_day: u32,
    /// Events that a site must have to be confirmed by itself.
    pub events: u32,
    /// The visitors they must come from.
    pub visitors: u32,
    /// The UTC days they must come on.
    pub days: u32,
    /// Days of silence after which an unconfirmed site is forgotten.
    pub forget_after_days: u32,
}

impl Sites {
    /// What confirms a site by itself.
    #[must_use]
    pub fn threshold(&self) -> Threshold {
        Threshold { events: self.events, visitors: self.visitors, days: self.days }
    }
}

/// What was agreed on.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Billing {
    /// The plan.
    pub plan: Plan,
    /// Whether the HIPAA terms are in force.
    pub hipaa: bool,
    /// Shares of the plan's page views at which a message goes out, in percent.
    pub tell_at_percent: Vec<u32>,
}

/// Who is told of new sites, closed months and passed shares.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Where messages are posted to; empty for nowhere.
    pub url: String,
    /// What they are signed with: keys by id, each `whsec_` and base64.
    #[serde(default)]
    pub keys: BTreeMap<String, Secret>,
    /// An address of this machine that `url` may name all the same, for trying it out.
    #[serde(default)]
    pub loopback: Option<SocketAddr>,
}

/// When and how to export.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// When runs begin.
    pub schedule: Schedule,
    /// The formats each export batch is written in.
    pub formats: Vec<Format>,
    /// How long a silent worker keeps a delivery.
    pub lease: Period,
    /// How often a batch may fail at a destination that is otherwise well, before it is left to people.
    pub tries: u32,
    /// The pause after a first failure; each further one doubles it.
    pub retry: Period,
    /// The folders of an object's key: see [`Layout`].
    pub layout: Layout,
    /// How JSON Lines are compressed.
    pub jsonl_compression: Compression,
    /// Whether CSV keeps spreadsheets from taking a text for a formula.
    pub csv_formula_safe: bool,
    /// Whether each row ends with the whole event as one JSON object.
    pub raw_event_data: bool,
}

/// When the buckets are compared with the database.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// By what the storage says of its objects.
    pub head: Schedule,
    /// By downloading all of them.
    pub full: Schedule,
}

/// How JSON Lines are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// RFC 1952: what every tool reads.
    Gzip,
    /// RFC 8878: smaller and faster.
    Zstd,
}

/// A format of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet, zstd.
    Parquet,
    /// JSON Lines, gzip or zstd.
    Jsonl,
    /// RFC 4180, gzip.
    Csv,
}

impl Format {
    /// Every format, in the order of a manifest.
    pub const ALL: [Self; 3] = [Self::Parquet, Self::Jsonl, Self::Csv];

    /// The name in keys and manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// What opens the access keys that are stored in the database.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The file of the master keys; absent for systemd's credential, or when none are stored.
    #[serde(default)]
    pub master_key_file: Option<PathBuf>,
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
    /// The access key's id, unless it is stored or this machine's own.
    #[serde(default)]
    pub access_key: Option<Secret>,
    /// The access key's secret.
    #[serde(default)]
    pub secret_key: Option<Secret>,
    /// Beside keys that are temporary.
    #[serde(default)]
    pub session_token: Option<Secret>,
    /// Whether nothing may be deleted before this bucket is verified to hold it.
    #[serde(default = "required")]
    pub required: bool,
    /// How long one request may take, with a body as long as a part; other waits follow from it.
    #[serde(default = "timeout")]
    pub timeout: Period,
    /// Longer objects are sent in parts of this length.
    #[serde(default = "part_size")]
    pub part_size: Size,
    /// What it takes of the events, and under which names; everything as it is when nothing is said.
    #[serde(default)]
    pub select: Selection,
}

impl Destination {
    /// The bucket of this name, all else as it is by default.
    #[must_use]
    pub fn new(bucket: String, region: String) -> Self {
        Self {
            name: bucket.clone(),
            bucket,
            prefix: String::new(),
            region,
            endpoint: None,
            path_style: false,
            access_key: None,
            secret_key: None,
            session_token: None,
            required: required(),
            timeout: timeout(),
            part_size: part_size(),
            select: Selection::default(),
        }
    }
}

fn required() -> bool {
    true
}

impl Destination {
    /// The access keys of the settings.
    #[must_use]
    pub fn keys(&self) -> Option<Keys> {
        let (access_key, secret_key) = (self.access_key.clone()?, self.secret_key.clone()?);
        Some(Keys { access_key, secret_key, session_token: self.session_token.clone() })
    }
}

fn part_size() -> Size {
    Size::of_mebibytes(16)
}

fn timeout() -> Period {
    Period::of_seconds(120)
}

impl Config {
    /// The validated settings of `file` and the environment.
    ///
    /// # Errors
    /// Names the setting, and never shows a value.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut given = Figment::new();
        if let Some(path) = file {
            let path = path.display().to_string();
            let text = std::fs::read_to_string(&path)
                .map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
            given = given.merge(layer(path, &text)?);
        }
        Self::from_layers(environment::merge(classic::merge(given, &classic::variables())?)?)
    }

    /// The validated settings of a file's `text`, whatever the environment says.
    ///
    /// # Errors
    /// As of [`Config::load`].
    pub fn from_text(text: &str) -> Result<Self, ConfigError> {
        Self::from_layers(Figment::new().merge(layer("the text".to_owned(), text)?))
    }

    /// Of what is `given`, over the defaults.
    fn from_layers(given: Figment) -> Result<Self, ConfigError> {
        Self::extract(&Figment::from(Toml::string(DEFAULT)).merge(given))
    }

    fn extract(settings: &Figment) -> Result<Self, ConfigError> {
        let config: Self = settings.extract().map_err(|error| ConfigError::Shape(error.into()))?;
        config.validate()?;
        Ok(config)
    }

    /// The names of all destinations.
    #[must_use]
    pub fn destination_names(&self) -> Vec<String> {
        self.destinations.iter().map(|destination| destination.name.clone()).collect()
    }

    /// What the lateness of regular work on this machine goes by: always the same here, and another elsewhere.
    #[must_use]
    pub fn seed(&self) -> String {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        format!("{} {}", host.trim(), self.operator.listen)
    }

    /// The names of the destinations that must hold an event before it may be deleted here.
    #[must_use]
    pub fn required_names(&self) -> Vec<String> {
        self.destinations.iter().filter(|it| it.required).map(|it| it.name.clone()).collect()
    }
}

/// The settings of a file, known by its path in errors.
fn layer(path: String, text: &str) -> Result<Named<Table>, ConfigError> {
    // Parsed here and not by figment, whose errors quote the line.
    let settings: Table = toml::from_str(text).map_err(|error| ConfigError::syntax(&path, text, &error))?;
    Ok(Named { origin: path, settings: Serialized::defaults(settings) })
}

/// Settings that say in errors where they come from.
struct Named<T> {
    origin: String,
    settings: Serialized<T>,
}

impl<T: Serialize> Provider for Named<T> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        self.settings.data()
    }
}

#[cfg(test)]
mod tests;
