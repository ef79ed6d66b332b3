//! `exporter verify`: prove the buckets against the database, or a bucket by itself.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use crate::clock::Clock;
use crate::config::{Config, Destination};
use crate::export::Exporter;
use crate::export::hours::{Hour, Hours};
use crate::progress::Progress;
use crate::serve;
use crate::store::{Pools, schema};
use crate::verify::{self, Depth, Order, Repair, Verdict, bucket_only};

/// What `--help` shows.
pub const EXAMPLES: &str = "\
Examples:
  exporter verify --config exporter.toml                       every byte of every bucket
  exporter verify --head --from 2026-11-01                     what the storage says of the objects since then
  exporter verify --repair --destination client                deliver again what is missing or differs
  exporter verify --json | jq '.discrepancies'                 for a script

Without the database, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, a profile or a role:
  exporter verify --bucket-only --bucket my-events --region eu-central-1
  exporter verify --bucket-only --bucket my-events --prefix evothesis/ --endpoint https://s3.example.com --path-style";

/// The arguments.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Arguments {
    /// The first hour of arrival (UTC) to compare: 2026-11-22, or 2026-11-22T09.
    #[arg(long, value_name = "HOUR")]
    from: Option<Hour>,
    /// The hour after the last; a day alone stands for its first hour, so the day before is the last.
    #[arg(long, value_name = "HOUR")]
    to: Option<Hour>,
    /// The only destination.
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// Go by what the storage says of its objects (length, and hash where it tells it), and download none but manifests.
    #[arg(long)]
    head: bool,
    /// Deliver again what is missing or differs, where its rows are still in the database. Deletes nothing.
    #[arg(long, conflicts_with = "bucket_only")]
    repair: bool,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Compare a bucket with itself, without settings and without the database.
    #[arg(long, requires = "bucket", conflicts_with = "destination")]
    bucket_only: bool,
    /// The bucket's name.
    #[arg(long, value_name = "NAME", requires = "bucket_only")]
    bucket: Option<String>,
    /// What all keys begin with.
    #[arg(long, value_name = "PREFIX", requires = "bucket_only", default_value = "")]
    prefix: String,
    /// The storage's address; AWS when it is not given.
    #[arg(long, value_name = "URL", requires = "bucket_only")]
    endpoint: Option<String>,
    /// The bucket's region.
    #[arg(long, value_name = "NAME", requires = "bucket_only", default_value = "us-east-1")]
    region: String,
    /// Put the bucket's name into the path rather than the host name, as most storage other than AWS wants it.
    #[arg(long, requires = "bucket_only")]
    path_style: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    repairs: Option<&'a [Repair]>,
}

/// Runs it; the exit code is 0 without a discrepancy, 1 with some, and 2 with none where it could not be completed.
///
/// # Errors
/// What keeps it from beginning.
pub async fn run(arguments: &Arguments, config: Option<&Path>, clock: Clock) -> anyhow::Result<ExitCode> {
    let hours = Hours { from: arguments.from, to: arguments.to };
    hours.check().map_err(anyhow::Error::msg)?;
    let depth = if arguments.head { Depth::Head } else { Depth::Full };
    let progress = if arguments.json { Progress::silent() } else { Progress::on_stderr() };
    if arguments.bucket_only {
        return alone(arguments, depth, hours, &progress).await;
    }
    let config = Config::load(config)?;
    let pools = Pools::new(&config.database)?;
    schema::check(&mut *pools.export.acquire().await.context("cannot reach the database")?).await?;
    let order = Order { depth, hours, destination: arguments.destination.clone() };
    if let Some(name) = &order.destination
        && !config.destination_names().contains(name)
    {
        bail!("there is no destination {name} in the configuration");
    }
    let mut verdict = verify::verify(&pools.export, &config, &order, &progress).await?;
    let mut repairs = None;
    if arguments.repair && !verdict.discrepancies.is_empty() {
        let exporter = Exporter::new(pools.export.clone(), &config, serve::owner());
        repairs = Some(verify::repair(&pools.export, &exporter, &verdict).await?);
        verdict = verify::verify(&pools.export, &config, &order, &progress).await?;
    }
    verify::record(&mut *pools.export.acquire().await?, &verdict, &order, clock.now()).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&Answer { verdict: &verdict, repairs: repairs.as_deref() })?);
    } else {
        repairs.iter().flatten().for_each(print_repair);
        print(&verdict);
    }
    Ok(exit(!verdict.discrepancies.is_empty(), !verdict.unreachable.is_empty()))
}

async fn alone(arguments: &Arguments, depth: Depth, hours: Hours, progress: &Progress) -> anyhow::Result<ExitCode> {
    Destination::check_prefix(&arguments.prefix).map_err(|reason| anyhow::anyhow!("--prefix: {reason}"))?;
    let bucket = arguments.bucket.clone().context("--bucket must be given")?;
    let mut destination = Destination::new(bucket, arguments.region.clone());
    destination.prefix.clone_from(&arguments.prefix);
    destination.endpoint.clone_from(&arguments.endpoint);
    destination.path_style = arguments.path_style;
    let verdict = bucket_only::verify(&destination, depth, hours, progress).await;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&verdict)?);
    } else {
        print_alone(&verdict);
    }
    let is_whole = verdict.unread.is_empty();
    if let Some(reason) = proved_nothing(&verdict) {
        eprintln!("{reason}");
    }
    Ok(exit(!verdict.discrepancies.is_empty(), verdict.manifests == 0 || !is_whole))
}

/// Why a comparison that came to its end has proved nothing; `None` where it has proved something, or found it wrong.
fn proved_nothing(verdict: &bucket_only::Verdict) -> Option<&'static str> {
    if verdict.manifests > 0 || !verdict.unread.is_empty() {
        None
    } else if !verdict.newest.is_empty() {
        Some(
            "no manifest is of this range, so nothing was proved of it: see that --from and --to are right, and that the \
             newest batch is as new as it should be",
        )
    } else if verdict.discrepancies.is_empty() {
        Some("no manifest is below this prefix, so nothing was proved: see that --bucket and --prefix are right")
    } else {
        None
    }
}

fn print_alone(verdict: &bucket_only::Verdict) {
    println!("{} export batch(es), {} object(s), {} row(s) compared", verdict.manifests, verdict.objects, verdict.rows);
    for it in &verdict.newest {
        println!("the newest batch is {} of {}", it.export_batch_id, it.hour);
    }
    for it in &verdict.partial {
        println!("{}", text_of_partial(it));
    }
    for prefix in &verdict.repeats {
        println!("this repeats the export below \"{prefix}\": whoever reads both has every row twice");
    }
    for discrepancy in &verdict.discrepancies {
        println!("{discrepancy}");
    }
    for it in &verdict.unread {
        println!("not compared to the end: {it}");
    }
    println!("{} discrepancies", verdict.discrepancies.len());
}

fn text_of_partial(it: &bucket_only::Partial) -> String {
    let mut text = format!("PARTIAL: {} batch(es) leave out {} event(s)", it.export_batches, it.left_out);
    if it.dropped > 0 {
        let dropped = it.dropped;
        text = format!("{text}, {dropped} of which the exporter no longer had when it came to this bucket");
    }
    if it.selection.is_partial() {
        let selection = serde_json::to_string(&it.selection).unwrap_or_default();
        text = format!("{text}: {selection}");
    }
    text
}

fn print_repair(it: &Repair) {
    for found in &it.found {
        match &it.refused {
            None => println!("repaired: {found}"),
            Some(reason) => println!("not repaired: {found}\n  {reason}"),
        }
    }
}

fn print(verdict: &Verdict) {
    for it in &verdict.checked {
        println!(
            "{}: {} export batch(es), {} object(s), {} row(s) compared; {} batch(es) pending",
            it.destination, it.export_batches, it.objects, it.rows, it.pending
        );
    }
    for it in verdict.checked.iter().filter(|it| it.erasing > 0) {
        println!("{}: {} batch(es) are not compared: a visitor is being erased from them", it.destination, it.erasing);
    }
    for it in verdict.checked.iter().filter(|it| it.never_got > 0) {
        println!(
            "{}: {} export batch(es) came here without rows that were dropped before",
            it.destination, it.never_got
        );
    }
    for discrepancy in &verdict.discrepancies {
        println!("{discrepancy}");
    }
    for it in &verdict.unreachable {
        println!("{}: not compared to the end: {}", it.destination, it.reason);
    }
    println!("{} row(s) stored and in no export batch yet", verdict.unclaimed_rows);
    println!("{} discrepancies", verdict.discrepancies.len());
}

/// A discrepancy weighs more than a bucket that does not answer.
fn exit(differs: bool, is_unreachable: bool) -> ExitCode {
    ExitCode::from(match (differs, is_unreachable) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discrepancy_weighs_more_than_a_bucket_that_does_not_answer() {
        for (differs, is_unreachable, code) in [(false, false, 0), (true, false, 1), (true, true, 1), (false, true, 2)]
        {
            // An exit code can be shown, and not compared.
            assert_eq!(format!("{:?}", exit(differs, is_unreachable)), format!("{:?}", ExitCode::from(code)));
        }
    }
}
