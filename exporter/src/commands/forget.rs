//! `exporter forget`: have everything gone that is held of a visitor.

use std::io::{self, Read};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::author::author;
use crate::config::Config;
use crate::erasure::access::{Plan, plan};
use crate::erasure::visitor::Visitor;
use crate::erasure::{self, Report};
use crate::export::Exporter;
use crate::progress::Progress;
use crate::serve;
use crate::store::{Pools, schema};

/// What `--help` shows.
pub const EXAMPLES: &str = "\
Examples:
  exporter forget --visitor 0192f3a4-… --dry-run               what would be taken out, and from where
  exporter forget --visitor 0192f3a4-… --reason 'ticket 4711'  take it out
  exporter forget --visitor - < token.txt                      the id, or the token of the browser, from stdin
  exporter forget --resume                                     go on where a bucket did not answer";

/// No id is that long, nor any token.
const LONGEST: u64 = 4096;

/// The arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The visitor: the `visitor_id` of events, or the token that the visitor's browser keeps. `-` reads it from stdin, which
    /// no other user of the machine sees.
    #[arg(long, value_name = "ID", required_unless_present = "resume")]
    visitor: Option<String>,
    /// Say what would be taken out, and change nothing.
    #[arg(long, requires = "visitor")]
    dry_run: bool,
    /// Go on with what is not finished, as `serve` does by itself every few minutes.
    #[arg(long, conflicts_with = "visitor")]
    resume: bool,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Why, for the record of requests.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Runs it; the exit code is 1 when something is left to do.
///
/// # Errors
/// The database's, or that it cannot be begun.
pub async fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let visitor = arguments.visitor.as_deref().map(visitor).transpose()?;
    let pools = Pools::new(&config.database)?;
    schema::check(&mut *pools.export.acquire().await.context("cannot reach the database")?).await?;
    let exporter = Exporter::new(pools.export.clone(), config, serve::owner());
    let progress = if arguments.json { Progress::silent() } else { Progress::on_stderr() };
    if let (Some(visitor), true) = (visitor, arguments.dry_run) {
        let plan = plan(&pools.export, &exporter, visitor, &progress).await?;
        if arguments.json {
            println!("{}", serde_json::to_string_pretty(&plan)?);
        } else {
            print_plan(&plan);
        }
        return Ok(if plan.unreachable.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) });
    }
    let author = author(&arguments.reason);
    let report = match visitor {
        Some(visitor) => erasure::forget(&pools.export, &exporter, visitor, &author, &progress).await?,
        None => erasure::resume(&pools.export, &exporter, &author, &progress).await?,
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    let is_done = report.pending.is_empty() && report.erasures.iter().all(|it| it.finished);
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The visitor that an argument names, or stdin.
pub(super) fn visitor(argument: &str) -> anyhow::Result<Visitor> {
    let mut text = argument.to_owned();
    if argument == "-" {
        text.clear();
        io::stdin().take(LONGEST).read_to_string(&mut text).context("cannot read the visitor from stdin")?;
    }
    text.parse().map_err(|reason| anyhow::anyhow!("--visitor: {reason}"))
}

fn print_plan(plan: &Plan) {
    println!("would delete {} row(s) from Postgres", plan.rows_database);
    println!("would take out {} row(s) that only buckets have", plan.rows_buckets);
    for it in &plan.export_batches {
        let places = it.destinations.join(", ");
        println!("would write batch {} again, {} row(s) less, in: {places}", it.export_batch_id, it.rows);
    }
    for reason in &plan.unreachable {
        println!("could not look: {reason}");
    }
    println!("nothing was changed");
}

fn print(report: &Report) {
    for it in &report.erasures {
        let state = if it.finished { "finished" } else { "NOT finished" };
        println!(
            "erasure {} {state}: {} row(s) deleted from Postgres, {} row(s) that only buckets had",
            it.erasure_id, it.rows_database, it.rows_buckets
        );
    }
    println!("{} object(s) written again", report.objects);
    if report.objects > 0 {
        println!(
            "where a bucket keeps versions, it still has the old ones of these objects: delete them there, or let a rule do it"
        );
    }
    println!("backups of Postgres and its write-ahead log still have the rows until they are thrown away");
    if report.others > 0 {
        println!(
            "{} other visitor(s) are not forgotten everywhere yet: `exporter forget --resume` goes on, and says what is in the way",
            report.others
        );
    }
    for alike in report.pending.chunk_by(|a, b| (&a.destination, &a.reason) == (&b.destination, &b.reason)) {
        let Some(it) = alike.first() else { continue };
        let place =
            it.destination.as_deref().unwrap_or(if it.export_batch_id.is_some() { "search" } else { "database" });
        let batch = it.export_batch_id.map(|id| format!(" batch {id}")).unwrap_or_default();
        let more = if alike.len() > 1 { format!(" and {} more", alike.len() - 1) } else { String::new() };
        eprintln!("{place}:{batch}{more} still to be done: {}\n  what to do: {}", it.reason, it.remedy);
    }
    if report.erasures.is_empty() && report.pending.is_empty() {
        println!("nothing is left to do");
    }
}
