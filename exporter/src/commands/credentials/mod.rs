//! `exporter credentials`: the access keys of destinations, sealed in the database. Nothing here prints one, or takes one from
//! the command line, where every user of the machine sees it.

mod input;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use sqlx::PgConnection;

use super::author::author;
use crate::clock::Clock;
use crate::config::{Config, Destination};
use crate::credentials::change;
use crate::credentials::master_keys::KEY_BYTES;
use crate::credentials::master_keys::{self, MasterKey, MasterKeys};
use crate::credentials::sources::FRESH;
use crate::doctor;
use crate::store::credentials::{self as store, Listed};
use crate::store::{Pools, schema};

/// What `--help` shows.
pub const EXAMPLES: &str = "\
Examples:
  exporter credentials generate-key /etc/evothesis/master-key     once; then set credentials.master_key_file
  exporter credentials set client                                 asks for the keys, and shows nothing of them
  exporter credentials set client < keys.txt                      access key, secret key and session token, each on a line
  aws sts assume-role ... | exporter credentials set client       as the AWS command line prints them
  exporter credentials rotate client --reason 'yearly'            only if the bucket takes the new ones
  exporter credentials list                                       what is stored, since when, and what is used instead
  exporter credentials generate-key --replace FILE && exporter credentials rewrap
                                                                  another master key";

/// The changes that `list --changes` shows.
const CHANGES: i64 = 1000;

/// The arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Store the access keys of a destination, in place of those before. Read from stdin, or asked for on a terminal.
    Set(Change),
    /// Say what is stored, and where each destination's access keys come from. Never a value.
    List {
        /// Print one JSON object instead of text.
        #[arg(long)]
        json: bool,
        /// Say also who changed what, when and why, the latest first.
        #[arg(long)]
        changes: bool,
    },
    /// Try new access keys on the bucket, and store them only if it takes them. Until then the old ones stay in use. Exit code 1
    /// when it does not.
    Rotate(Change),
    /// Take the stored access keys of a destination out of use and erase them.
    Revoke(Change),
    /// Seal everything with the first key of the master key file, so that the others can go.
    Rewrap(Because),
    /// Make a master key: a new file that nobody else may read.
    GenerateKey {
        /// The file.
        file: PathBuf,
        /// Put the key before those of a file that is there: it seals from now on, and the others still open.
        #[arg(long)]
        replace: bool,
    },
}

#[derive(Debug, Args)]
struct Change {
    /// The name of the destination.
    destination: String,
    #[command(flatten)]
    because: Because,
}

#[derive(Debug, Args)]
struct Because {
    /// Why, for the record of changes.
    #[arg(long, default_value = "", value_name = "TEXT")]
    reason: String,
}

/// Runs it; the exit code is 1 when a bucket did not take new access keys.
///
/// # Errors
/// Says what is wrong with what was typed, the master key file or the database.
pub async fn run(
    arguments: Arguments,
    config: impl FnOnce() -> Result<Config, crate::config::ConfigError>,
    clock: Clock,
) -> anyhow::Result<ExitCode> {
    match arguments.action {
        // Needs no settings: it comes before them.
        Action::GenerateKey { file, replace } => generate(&file, replace),
        Action::Set(change) => set(&change, &config()?).await,
        Action::List { json, changes } => list(&config()?, json, changes).await,
        Action::Rotate(change) => rotate(&change, &config()?, clock).await,
        Action::Revoke(change) => revoke(&change, &config()?).await,
        Action::Rewrap(because) => rewrap(&because, &config()?).await,
    }
}

fn generate(file: &std::path::Path, replace: bool) -> anyhow::Result<ExitCode> {
    let mut bytes = zeroize::Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(&mut *bytes).context("the operating system has no random bytes")?;
    let key = MasterKey::new(*bytes);
    master_keys::add(file, &key, replace)?;
    println!("wrote master key {} to {}", key.id(), file.display());
    if replace {
        println!("run `exporter credentials rewrap` next, and then remove the other keys from the file");
    } else {
        println!("keep a copy elsewhere, away from the database's backups: without it, nothing that is stored opens");
    }
    Ok(ExitCode::SUCCESS)
}

async fn connected(config: &Config) -> anyhow::Result<sqlx::pool::PoolConnection<sqlx::Postgres>> {
    let pools = Pools::new(&config.database)?;
    let mut connection = pools.operator.acquire().await.context("cannot reach the database")?;
    schema::check(&mut connection).await?;
    Ok(connection)
}

fn destination<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a Destination> {
    let known = || config.destination_names().join(", ");
    let found = config.destinations.iter().find(|it| it.name == name);
    found.with_context(|| format!("there is no destination of this name: the settings have {}", known()))
}

async fn set(change: &Change, config: &Config) -> anyhow::Result<ExitCode> {
    let name = &destination(config, &change.destination)?.name;
    let master = MasterKeys::load(config.credentials.master_key_file.as_deref())?;
    let mut connection = connected(config).await?;
    let keys = input::read(name)?;
    let author = author(&change.because.reason);
    let version = change::set(&mut connection, &master, (name, &keys), false, &author).await?;
    println!(
        "stored credentials of {name}, version {version}: exporters use them within {} seconds. Try them with `exporter doctor`",
        FRESH.num_seconds()
    );
    Ok(ExitCode::SUCCESS)
}

async fn rotate(change: &Change, config: &Config, clock: Clock) -> anyhow::Result<ExitCode> {
    let destination = destination(config, &change.destination)?;
    let name = &destination.name;
    let master = MasterKeys::load(config.credentials.master_key_file.as_deref())?;
    let mut connection = connected(config).await?;
    let keys = input::read(name)?;
    let author = author(&change.because.reason);
    if let Err(trouble) = doctor::prove(destination, keys.for_sdk("typed in"), clock).await {
        store::record_change(&mut connection, (name, None), "refused", &author).await?;
        eprintln!("the bucket does not take the new credentials, and the old ones stay in use: {}", trouble.what);
        eprintln!("what to do: {}", trouble.remedy);
        return Ok(ExitCode::FAILURE);
    }
    let version = change::set(&mut connection, &master, (name, &keys), true, &author).await?;
    println!(
        "the bucket takes the new credentials of {name}: stored as version {version}, and those before are erased. Exporters use \
         them within {} seconds; after that, delete the old access key at the storage",
        FRESH.num_seconds()
    );
    Ok(ExitCode::SUCCESS)
}

async fn revoke(change: &Change, config: &Config) -> anyhow::Result<ExitCode> {
    // A destination that is gone from the settings may still have some.
    let name = &change.destination;
    let mut connection = connected(config).await?;
    let Some(version) = change::revoke(&mut connection, name, &author(&change.because.reason)).await? else {
        bail!("no credentials of this destination are stored: `exporter credentials list` says of which there are");
    };
    println!("erased credentials of {name}, version {version}. Delete the access key at the storage, too");
    if let Some(destination) = config.destinations.iter().find(|it| it.name == *name) {
        println!("within {} seconds, exporters use {} instead", FRESH.num_seconds(), unstored(destination));
    }
    Ok(ExitCode::SUCCESS)
}

async fn rewrap(because: &Because, config: &Config) -> anyhow::Result<ExitCode> {
    let master = MasterKeys::load(config.credentials.master_key_file.as_deref())?;
    let mut connection = connected(config).await?;
    let rewrapped = change::rewrap(&mut connection, &master, &author(&because.reason)).await?;
    println!("sealed {} record(s) with master key {}: {}", rewrapped.len(), master.first().id(), rewrapped.join(", "));
    for other in master.others() {
        println!("nothing needs master key {other} any more: remove its line from the file; no restart is needed");
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the access keys are looked for when none are stored.
fn unstored(destination: &Destination) -> &'static str {
    if destination.access_key.is_some() {
        "access_key and secret_key of the settings"
    } else {
        "what the environment, a profile or a role of the machine has"
    }
}

async fn list(config: &Config, as_json: bool, changes: bool) -> anyhow::Result<ExitCode> {
    let mut connection = connected(config).await?;
    let stored = store::list(&mut connection).await?;
    let changes = if changes { store::changes(&mut connection, CHANGES).await? } else { Vec::new() };
    let opens = opens(config, &mut connection).await?;
    let in_use = |name: &str| stored.iter().find(|it| it.destination == name && it.revoked_at.is_none());
    if as_json {
        let destinations: Vec<_> = config
            .destinations
            .iter()
            .map(
                |it| json!({ "destination": it.name, "stored": in_use(&it.name).is_some(), "otherwise": unstored(it) }),
            )
            .collect();
        let all = json!({ "destinations": destinations, "stored": stored, "troubles": opens, "changes": changes });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    for it in &config.destinations {
        match in_use(&it.name) {
            Some(stored) => println!("{:<20} stored, {}", it.name, told(stored)),
            None => println!("{:<20} nothing stored: {} is used", it.name, unstored(it)),
        }
    }
    for it in
        stored.iter().filter(|it| it.revoked_at.is_none() && !config.destination_names().contains(&it.destination))
    {
        println!("{:<20} stored, and in no settings: {}", it.destination, told(it));
    }
    for it in stored.iter().filter(|it| it.revoked_at.is_some()) {
        println!("{:<20} {}", it.destination, told(it));
    }
    for trouble in &opens {
        println!("{trouble}");
    }
    for it in &changes {
        let at = it.at.format("%Y-%m-%d %H:%M:%S");
        let version = it.version.map_or_else(|| "-".to_owned(), |version| format!("version {version}"));
        println!("{at}  {:<8} {:<20} {version:<12} by {}  {}", it.action, it.destination, it.os_user, it.reason);
    }
    Ok(ExitCode::SUCCESS)
}

fn told(it: &Listed) -> String {
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    let proven =
        it.proven_at.map_or_else(|| "not tried yet".to_owned(), |at| format!("taken by the bucket {}", day(at)));
    let revoked = it.revoked_at.map_or_else(String::new, |at| format!(", erased {}", day(at)));
    format!("version {} of {}, {proven}, master key {}{revoked}", it.version, day(it.created_at), it.master_key_id)
}

/// What keeps stored credentials from being opened.
async fn opens(config: &Config, connection: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    let mut troubles = Vec::new();
    for name in store::destinations(connection).await? {
        let Some(record) = store::in_use(connection, &name).await? else { continue };
        let opened = MasterKeys::load(config.credentials.master_key_file.as_deref())
            .map_err(Into::into)
            .and_then(|keys| crate::credentials::open(&record, &keys));
        troubles.extend(opened.err().map(|error| error.to_string()));
    }
    troubles.dedup();
    Ok(troubles)
}
