//! `exporter access`: tell a visitor what is held of them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::author::author;
use super::forget::visitor;
use crate::config::Config;
use crate::erasure::access::{Held, access};
use crate::export::Exporter;
use crate::progress::Progress;
use crate::serve;
use crate::store::{Pools, schema};

/// What `--help` shows.
pub const EXAMPLES: &str = "\
Examples:
  exporter access --visitor 0192f3a4-… --out jane.jsonl        every event of a visitor, a JSON object a line
  exporter access --visitor - < token.txt                      the id, or the token of the browser, from stdin
  exporter access --visitor - --out jane.jsonl --json          a summary for scripts";

/// The arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The visitor: the `visitor_id` of events, or the token that the visitor's browser keeps. `-` reads it from stdin, which
    /// no other user of the machine sees.
    #[arg(long, value_name = "ID")]
    visitor: String,
    /// Write the events to this new file, which nobody else may read, instead of stdout.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the summary as one JSON object. Needs --out.
    #[arg(long, requires = "out")]
    json: bool,
    /// Why, for the record of requests.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Runs it; the exit code is 2 when a bucket could not be searched, and what was told is not everything.
///
/// # Errors
/// The database's, or that nothing can be written.
pub async fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let visitor = visitor(&arguments.visitor)?;
    let pools = Pools::new(&config.database)?;
    schema::check(&mut *pools.export.acquire().await.context("cannot reach the database")?).await?;
    let exporter = Exporter::new(pools.export.clone(), config, serve::owner());
    let mut out: Box<dyn Write + Send> = match &arguments.out {
        Some(path) => {
            Box::new(BufWriter::new(private(path).with_context(|| format!("cannot make {}", path.display()))?))
        }
        None => Box::new(BufWriter::new(io::stdout())),
    };
    let progress = if arguments.json { Progress::silent() } else { Progress::on_stderr() };
    let author = author(&arguments.reason);
    let held = access(&pools.export, &exporter, visitor, &author, &mut out, &progress).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&held)?);
    } else {
        tell(&held);
    }
    Ok(if held.unreachable.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// A new file for this user alone.
fn private(path: &PathBuf) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

fn tell(held: &Held) {
    eprintln!("looked through Postgres: {} event(s)", held.rows_database);
    eprintln!(
        "looked through {} export batch(es) of which rows are only in buckets: {} more event(s)",
        held.export_batches, held.rows_buckets
    );
    if !held.counted_by_sites.is_empty() {
        eprintln!("counted, without more, as a visitor of sites to be confirmed: {}", held.counted_by_sites.join(", "));
    }
    for it in &held.copies {
        eprintln!(
            "{}: the copy below {} (export --to-prefix) was not looked into: it may have the same events",
            it.destination, it.prefix
        );
    }
    for reason in &held.unreachable {
        eprintln!("NOT looked through: {reason}");
    }
    if !held.unreachable.is_empty() {
        eprintln!("this is not everything: see that a required destination answers, and run it again");
    }
}
