//! `exporter export`: export now, write hours again, or try dead letters again.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::config::Config;
use crate::export::hours::{Hour, Hours};
use crate::export::{Exporter, Order, Report};
use crate::progress::Progress;
use crate::serve;
use crate::store::{Pools, schema, tries};

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

/// Runs it; the exit code is 1 when something failed.
///
/// # Errors
/// The database's, or that it cannot be done.
pub async fn run(arguments: Arguments, config: &Config) -> anyhow::Result<ExitCode> {
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
    if is_json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(report: &Report) {
    for object in &report.objects {
        println!("{}\t{}\t{} rows\t{} bytes", object.destination, object.key, object.rows, object.bytes);
    }
    for it in &report.dropped {
        println!(
            "{}: {} row(s) of {} batch(es) are no longer in the database, and were left out",
            it.destination, it.rows, it.export_batches
        );
    }
    if report.claimed.is_empty() && report.dropped.is_empty() && report.objects.is_empty() && report.failures.is_empty()
    {
        println!("nothing to export: no events have arrived since the last export, and nothing was written");
    }
    for failure in &report.failures {
        let dead = if failure.is_dead { " (a dead letter now)" } else { "" };
        eprintln!("{}: {}{dead}\n  what to do: {}", failure.destination, failure.reason, failure.remedy);
    }
}
