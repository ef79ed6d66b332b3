//! The command line. Results go to stdout; `serve` logs there, all else logs to stderr. Exit codes: 0 well, 1 not well,
//! 2 could not tell.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::clock::Clock;
use crate::commands::{access, credentials, doctor, export, forget, retention, sites, status, usage, verify, webhooks};
use crate::config::Config;
use crate::store::{Pools, partitions, schema};
use crate::{causes, redact, serve};

const COULD_NOT_TELL: u8 = 2;

/// Libraries that speak for us to the storage, whatever `RUST_LOG` says.
const TALKATIVE: [&str; 4] = ["aws_", "hyper", "h2", "rustls"];

const CONFIG_HELP: &str = "The settings; the environment (EVOTHESIS_SECTION__KEY) overlays them";

const EXAMPLES: &str = "\
Examples:
  exporter migrate --config /etc/evothesis/exporter.toml    create or update the schema
  exporter doctor  --config /etc/evothesis/exporter.toml    see whether everything is in order
  exporter credentials set client                           store a bucket's access keys, sealed
  exporter serve   --config /etc/evothesis/exporter.toml    take events in and export them
  exporter export                                           export now, settings from the environment
  exporter export retry                                     try dead letters again
  exporter verify --json                                    prove the buckets against the database
  exporter verify --bucket-only --bucket my-events          prove a bucket by itself, without the database
  exporter status                                           see how the installation is doing, and what to do
  exporter retention --dry-run                              see which days would be dropped, and what holds one back
  exporter access --visitor - --out jane.jsonl < token.txt  tell a visitor what is held of them
  exporter forget --visitor - --dry-run < token.txt         see what would be taken out of a visitor, and from where
  exporter usage --month 2026-10 --invoice                  what is due for a month
  exporter redact --explain < lines.jsonl                   try out what is taken for personal data";

const REDACT_EXAMPLE: &str = r#"Example:
  echo '{"id": 1, "context": "url", "input": "/thanks?mail=jane@example.org"}' | exporter redact
  {"id":1,"output":"/thanks?mail=[email]"}"#;

/// Stores events in Postgres, ships them to S3 buckets and proves what is there.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[arg(long, global = true, value_name = "FILE", help = CONFIG_HELP)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take events in and export them, until SIGTERM.
    #[command(after_help = "Example:\n  exporter serve --migrate --config exporter.toml")]
    Serve {
        /// Update the schema first. Otherwise another schema than this program's is refused.
        #[arg(long)]
        migrate: bool,
    },
    /// Create or update the schema, and the partitions that are needed now.
    #[command(after_help = "Example:\n  exporter migrate --config exporter.toml")]
    Migrate,
    /// Export now, or write hours again; a line for each object put and verified. Exit code 1 when a destination failed, or
    /// a dead letter is left.
    #[command(after_help = export::EXAMPLES)]
    Export(export::Arguments),
    /// Compare the buckets with the database, or a bucket with itself.
    ///
    /// Objects and manifests are compared by their bytes with what was written, and the rows in them with the rows in the
    /// database by event id. Exit code 0: no discrepancy, 1: discrepancies, 2: none, and it could not be completed: a bucket
    /// or the database did not answer, or a bucket without the database holds no manifest, or none of
    /// the range.
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Arguments),
    /// Try out what is taken for personal data: a filter over JSON Lines.
    ///
    /// Takes {"id", "context", "key", "input"} by the line, where context is url, text, `key_value` (the input stands
    /// under the key) or json (the input is any JSON), and gives {"id", "output"}. A line that is none of these gives {"error", "id"},
    /// so that the lines still correspond; exit code 1 when there was one.
    #[command(after_help = REDACT_EXAMPLE)]
    Redact {
        /// Say also what was taken out, where, by which rule, and why.
        #[arg(long)]
        explain: bool,
        /// Settings to try: TOML with the keys of [redaction]. Otherwise those of --config, or none.
        #[arg(long, value_name = "FILE", conflicts_with = "config")]
        settings: Option<PathBuf>,
    },
    /// Tell all that is held of a visitor, from Postgres and from the buckets, as JSON Lines.
    ///
    /// Exit code 0: everything was looked through, 2: not everything could be.
    #[command(after_help = access::EXAMPLES)]
    Access(access::Arguments),
    /// Take out all that is held of a visitor, from Postgres and from every bucket, and refuse what still comes.
    ///
    /// Objects concerned are written again at their keys, under manifests of a new generation. Exit code 0: nothing is left,
    /// 1: something is, and `serve` or --resume goes on with it, 2: it could not be begun, or was interrupted.
    #[command(after_help = forget::EXAMPLES)]
    Forget(forget::Arguments),
    /// List sites, and say which of them are billed.
    #[command(after_help = sites::EXAMPLES)]
    Sites(sites::Arguments),
    /// Print what was stored in a month, and what is due for it.
    #[command(after_help = usage::EXAMPLES)]
    Usage(usage::Arguments),
    /// List the messages that webhooks tell, and send some again.
    #[command(after_help = webhooks::EXAMPLES)]
    Webhooks(webhooks::Arguments),
    /// Try the database and every bucket, and say what is wrong and what to do. Exit code 1 when something is.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::Arguments),
    /// Keep the access keys of destinations in the database, sealed: set, list, rotate, revoke, rewrap, generate-key.
    #[command(after_help = credentials::EXAMPLES)]
    Credentials(credentials::Arguments),
    /// Say how the installation is doing: delivered share, loss, disk, lag, and what to do. Exit code 1 when something is critical.
    #[command(after_help = status::EXAMPLES)]
    Status(status::Arguments),
    /// Drop the days that retention.days says, as `serve` does every hour. Exit code 1 when a day is held back.
    ///
    /// A day is dropped only when every required destination was verified to hold all of it.
    #[command(after_help = retention::EXAMPLES)]
    Retention(retention::Arguments),
}

/// Runs what the command line says.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.command {
        Command::Serve { .. } => log_to(io::stdout),
        _ => log_to(io::stderr),
    };
    let result = match result {
        // In a box, as what is below: the compiler gives up on futures that hold so many others.
        Ok(()) => Box::pin(execute(cli)).await,
        Err(error) => Err(error),
    };
    result.unwrap_or_else(|error| {
        eprintln!("exporter: {}", causes::said_once(error.as_ref()));
        ExitCode::from(COULD_NOT_TELL)
    })
}

/// JSON lines, the fields of an event beside its message. `RUST_LOG` chooses how much.
fn log_to<W>(writer: W) -> anyhow::Result<()>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=error"));
    // One span says it all: none is inside another.
    let logger = tracing_subscriber::fmt().json().flatten_event(true).with_span_list(false);
    let logger = logger.with_env_filter(filter).with_writer(writer);
    // Below info, these tell access keys and what is signed with them.
    let is_discreet =
        |it: &Metadata<'_>| *it.level() <= Level::INFO || !TALKATIVE.iter().any(|name| it.target().starts_with(name));
    let logger = logger.finish().with(filter_fn(is_discreet));
    logger.try_init().map_err(|error| anyhow::anyhow!("cannot log: {error}"))
}

async fn execute(cli: Cli) -> anyhow::Result<ExitCode> {
    let config = || Config::load(cli.config.as_deref());
    let clock = Clock::system();
    match cli.command {
        Command::Serve { migrate } => {
            Box::pin(serve::serve(config()?, migrate, clock)).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Migrate => migrate(&config()?, clock).await,
        Command::Export(arguments) => Box::pin(export::run(arguments, &config()?, clock)).await,
        Command::Redact { explain, settings } => {
            let policy = redact::policy(settings.as_deref(), cli.config.as_deref())?;
            Ok(exit(redact::filter(&policy, io::stdin().lock(), io::stdout().lock(), explain)?))
        }
        Command::Verify(arguments) => Box::pin(verify::run(&arguments, cli.config.as_deref(), clock)).await,
        Command::Status(arguments) => status::run(&arguments, &config()?, clock).await,
        Command::Retention(arguments) => retention::run(&arguments, &config()?, clock).await,
        Command::Access(arguments) => Box::pin(access::run(&arguments, &config()?)).await,
        Command::Forget(arguments) => Box::pin(forget::run(&arguments, &config()?)).await,
        Command::Sites(arguments) => sites::run(arguments, &config()?).await,
        Command::Usage(arguments) => usage::run(arguments, &config()?).await,
        Command::Webhooks(arguments) => webhooks::run(arguments, &config()?).await,
        Command::Doctor(arguments) => doctor::run(&arguments, &config()?, clock).await,
        Command::Credentials(arguments) => credentials::run(arguments, config, clock).await,
    }
}

async fn migrate(config: &Config, clock: Clock) -> anyhow::Result<ExitCode> {
    let pools = Pools::new(&config.database)?;
    let mut connection = pools.export.acquire().await.context("cannot reach the database")?;
    schema::MIGRATOR.run(&mut *connection).await.context("cannot migrate the database")?;
    schema::check(&mut connection).await?;
    let added = partitions::ensure(&mut connection, clock.now()).await?;
    println!("schema is up to date; {added} partition(s) added");
    Ok(ExitCode::SUCCESS)
}

fn exit(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
