//! `exporter status`: how the installation is doing, for people or as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;

use crate::clock::Clock;
use crate::config::Config;
use crate::ingest::tally::{DROPPED_BY_PIXEL, IMPLAUSIBLE_DROPS, LATE};
use crate::status::{self, State, Status, percent};
use crate::store::losses::Loss;
use crate::store::operator::DestinationStatus;
use crate::store::tries::Wait;
use crate::store::{Pools, schema};

/// What `--help` shows.
pub const EXAMPLES: &str = "\
Examples:
  exporter status --config exporter.toml                  what is there, what was lost, what to do
  exporter status --json | jq '.losses[0]'                for a script";

/// The arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print one JSON object instead of text: what GET /health answers the operator.
    #[arg(long)]
    json: bool,
}

/// Runs it; the exit code is 1 when something is critical.
///
/// # Errors
/// The database's.
pub async fn run(arguments: &Arguments, config: &Config, clock: Clock) -> anyhow::Result<ExitCode> {
    let pools = Pools::new(&config.database)?;
    let mut connection = pools.operator.acquire().await.context("cannot reach the database")?;
    schema::check(&mut connection).await?;
    let status = status::examine(&mut connection, config, clock.now()).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&status)?);
    } else {
        print!("{}", text(&status)?);
    }
    Ok(if status.status == State::Critical { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The status as people read it.
///
/// # Errors
/// Never: it is written into memory.
pub fn text(status: &Status) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for it in &status.checks {
        writeln!(text, "{:<9} {:<11} {}", it.state, it.name, it.finding)?;
        if !it.remedy.is_empty() {
            writeln!(text, "{:21} -> {}", "", it.remedy)?;
        }
    }
    writeln!(
        text,
        "\nby the day they came (UTC)   accepted  duplicates        late     refused  dropped at the pixel"
    )?;
    for (day, of) in by_day(status) {
        let of = |outcome: &str| of.get(outcome).copied().unwrap_or_default();
        writeln!(
            text,
            "{day:<26} {:>10}  {:>10}  {:>10}  {:>10}  {:>20}",
            of("accepted"),
            of("duplicate"),
            of(LATE),
            of(REFUSED),
            of(DROPPED_BY_PIXEL)
        )?;
    }
    losses(&mut text, "by the day they happened (UTC)", &status.losses)?;
    if !status.losses_of_others.is_empty() {
        losses(&mut text, "of sites that are not judged", &status.losses_of_others)?;
    }
    if !status.worst_sites.is_empty() {
        writeln!(text, "\nwhere most is missing")?;
        for it in &status.worst_sites {
            let site = it.site_id.as_deref().unwrap_or_default();
            writeln!(text, "{} {site:<18.18} {}", it.day, figures(it))?;
        }
    }
    for it in &status.exports {
        exports(&mut text, it)?;
    }
    Ok(text)
}

/// What was lost, a line a day.
fn losses(text: &mut String, title: &str, of_days: &[Loss]) -> std::fmt::Result {
    writeln!(text, "\n{title:<30}  delivered     missing      events  page loads  incomplete  implausible")?;
    for it in of_days {
        writeln!(text, "{:<29} {}", it.day.to_string(), figures(it))?;
    }
    Ok(())
}

/// How the exports to a destination go.
fn exports(text: &mut String, it: &DestinationStatus) -> std::fmt::Result {
    let at = |time: Option<DateTime<Utc>>| {
        time.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string())
    };
    writeln!(text, "\nexport to {}", it.destination)?;
    writeln!(text, "  last success    {}", at(it.last_success))?;
    let lag = indicatif::HumanDuration(Duration::from_secs(it.lag_seconds.unsigned_abs()));
    let behind = if it.pending_rows == 0 { "up to date".to_owned() } else { format!("the oldest for {lag}") };
    writeln!(text, "  waiting         {} row(s), {} batch(es): {behind}", it.pending_rows, it.pending_batches)?;
    writeln!(text, "  next run        {}", at(it.next_run))?;
    for last in &it.verified {
        let end = last.unreachable.as_deref().map_or_else(String::new, |reason| format!(", not to its end: {reason}"));
        let (kind, when) = (&last.kind, at(Some(last.verified_at)));
        writeln!(text, "  verified        {when} ({kind}): {} discrepancies{end}", last.discrepancies)?;
    }
    if it.doubted_batches > 0 {
        let (count, name) = (it.doubted_batches, &it.destination);
        writeln!(text, "  not as exported {count} batch(es): `exporter verify --repair --destination {name}`")?;
    }
    if let Some(waits) = &it.waits {
        let Wait { since, retry_at, reason, .. } = &waits.wait;
        writeln!(text, "  takes nothing   since {}: {}", at(Some(*since)), waits.meaning)?;
        writeln!(text, "                  {reason}")?;
        writeln!(text, "                  -> {}; tried again {}", waits.remedy, at(Some(*retry_at)))?;
    }
    if it.dead_letters > 0 {
        writeln!(text, "  dead letters    {}: `exporter export retry` tries them again", it.dead_letters)?;
    }
    for failure in &it.failures {
        let kind = if failure.is_dead { "dead letter" } else { "failed" };
        writeln!(text, "  {kind:<15} {} {}: {}", at(Some(failure.failed_at)), failure.export_batch_id, failure.reason)?;
        writeln!(text, "                  -> {}", failure.remedy)?;
    }
    Ok(())
}

/// What stands for all reasons.
const REFUSED: &str = "refused";

/// The outcomes of each day, all reasons of refusals as one, the newest first.
fn by_day(status: &Status) -> impl Iterator<Item = (String, BTreeMap<&str, i64>)> {
    let mut days: BTreeMap<NaiveDate, BTreeMap<&str, i64>> = BTreeMap::new();
    for it in &status.outcomes {
        let outcome = match it.outcome.as_str() {
            known @ ("accepted" | "duplicate" | LATE | DROPPED_BY_PIXEL | IMPLAUSIBLE_DROPS) => known,
            _ => REFUSED,
        };
        *days.entry(it.day).or_default().entry(outcome).or_default() += it.events;
    }
    days.into_iter().rev().map(|(day, of)| (day.to_string(), of))
}

fn figures(it: &Loss) -> String {
    let delivered = it.delivered().map_or_else(|| "-".to_owned(), percent);
    format!(
        "{delivered:>11}  {:>10}  {:>10}  {:>10}  {:>10}  {:>11}",
        it.missing, it.events, it.streams, it.incomplete_streams, it.implausible_streams
    )
}
