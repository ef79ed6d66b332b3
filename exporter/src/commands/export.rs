//! `exporter export`: export now, write hours again, or try dead letters again.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;
use crate::export::hours::{Hour, Hours};
use crate::export::{Exporter, Order, Report};
use crate::progress::Progress;
use crate::serve;
use crate::store::{Pools, operator, schema, tries};

/// What `--help` shows.
pub const EXAMPLES: &str = "\
Examples:
  exporter export --config exporter.toml                       what has arrived so far, to every destination
  exporter export --destination backup                         to one of them
  exporter export --from 2026-11-01 --to 2026-11-02            the objects of a day once more, where a bucket lost some
  exporter export --from 2026-11-01 --to-prefix november/      a set of its own, from that day on
  exporter export retry --destination client                   its dead letters once more";

/// The arguments.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// The first hour of arrival (UTC) whose batches are written again: 2026-11-22, or 2026-11-22T09.
    #[arg(long, value_name = "HOUR")]
    from: Option<Hour>,
    /// The hour after the last; a day alone stands for its first hour, so the day before is the last.
    #[arg(long, value_name = "HOUR")]
    to: Option<Hour>,
    /// The only destination.
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// Write a whole set below this prefix of the same bucket, instead of the same objects once more.
    #[arg(long, value_name = "PREFIX")]
    to_prefix: Option<String>,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make dead letters ordinary again, and try them now.
    Retry {
        /// Those of this destination alone.
        #[arg(long, value_name = "NAME")]
        destination: Option<String>,
        /// Those of this export batch alone.
        #[arg(long, value_name = "ID")]
        batch: Option<Uuid>,
        /// Print one JSON object instead of lines.
        #[arg(long)]
        json: bool,
    },
}

/// What a destination still has not got.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Pending {
    destination: String,
    export_batches: i64,
    /// Those of them that wait for `exporter export retry`.
    dead_letters: i64,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    report: &'a Report,
    pending: &'a [Pending],
}

/// Runs it; the exit code is 1 when something failed, now or before: a dead letter is left.
///
/// # Errors
/// The database's, or that it cannot be done.
pub async fn run(arguments: Arguments, config: &Config, clock: Clock) -> anyhow::Result<ExitCode> {
    let pools = Pools::new(&config.database)?;
    schema::check(&mut *pools.export.acquire().await.context("cannot reach the database")?).await?;
    let exporter = Exporter::new(pools.export.clone(), config, serve::owner());
    let (order, is_json) = match arguments.action {
        None => {
            let Arguments { from, to, destination, to_prefix, json, .. } = arguments;
            (Order { destination, hours: Hours { from, to }, to_prefix }, json)
        }
        Some(Action::Retry { destination, batch, json }) => {
            let mut connection = pools.export.acquire().await?;
            let revived = tries::revive(&mut connection, destination.as_deref(), batch).await?;
            for it in &revived {
                eprintln!(
                    "{}: {} of {} ({} rows) is tried again",
                    it.destination, it.export_batch_id, it.hour, it.rows
                );
            }
            if revived.is_empty() {
                eprintln!("there is no such dead letter; what is pending is tried all the same");
            }
            (Order { destination, ..Order::default() }, json)
        }
    };
    let progress = if is_json { Progress::silent() } else { Progress::on_stderr() };
    let report = exporter.run_now(&order, &progress).await?;
    let meant = config.destinations.iter().map(|it| it.name.as_str());
    let meant = meant.filter(|name| order.destination.as_deref().is_none_or(|only| only == *name));
    let pending = pending(&mut *pools.export.acquire().await?, meant, clock).await?;
    if is_json {
        println!("{}", serde_json::to_string_pretty(&Answer { report: &report, pending: &pending })?);
    } else {
        print(&report, &pending);
    }
    let has_failed = !report.failures.is_empty() || pending.iter().any(|it| it.dead_letters > 0);
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What is left after a run: dead letters, and what another exporter has at the moment.
async fn pending(
    connection: &mut PgConnection,
    destinations: impl Iterator<Item = &str>,
    clock: Clock,
) -> sqlx::Result<Vec<Pending>> {
    let mut pending = Vec::new();
    for name in destinations {
        let status = operator::destination_status(connection, name, clock.now(), None).await?;
        if status.pending_batches > 0 {
            pending.push(Pending {
                destination: status.destination,
                export_batches: status.pending_batches,
                dead_letters: status.dead_letters,
            });
        }
    }
    Ok(pending)
}

fn print(report: &Report, pending: &[Pending]) {
    for object in &report.objects {
        println!("{}\t{}\t{} rows\t{} bytes", object.destination, object.key, object.rows, object.bytes);
    }
    for it in &report.dropped {
        println!(
            "{}: {} row(s) of {} batch(es) are no longer in the database, and were left out",
            it.destination, it.rows, it.export_batches
        );
    }
    let has_done_nothing = report.claimed.is_empty() && report.dropped.is_empty() && report.objects.is_empty();
    if has_done_nothing && report.failures.is_empty() && pending.is_empty() {
        println!("nothing to export: no events have arrived since the last export, and nothing was written");
    }
    for failure in &report.failures {
        let dead = if failure.is_dead { " (a dead letter now)" } else { "" };
        eprintln!("{}: {}{dead}\n  what to do: {}", failure.destination, failure.reason, failure.remedy);
    }
    for it in pending {
        println!("{}", text_of_pending(it, !report.failures.is_empty()));
    }
}

fn text_of_pending(it: &Pending, has_failed: bool) -> String {
    let Pending { destination, export_batches, dead_letters } = it;
    let mut text = format!("{destination}: {export_batches} batch(es) pending");
    if *dead_letters > 0 {
        let retry = format!("exporter export retry --destination {destination}");
        text = format!("{text}, {dead_letters} of them dead letter(s), which only `{retry}` tries again");
    }
    if !has_failed && export_batches > dead_letters {
        text.push_str("; another exporter is delivering: `exporter status` tells how far it is");
    }
    text
}
