//! `exporter retention`: drop the days that are old enough, or say what holds them back.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::clock::{Clock, rfc3339};
use crate::config::{Config, readable};
use crate::regular::{self, Turn};
use crate::retention::{self, Verdict};
use crate::store::retention::Held;
use crate::store::{Pools, schema};

/// What `--help` shows.
pub const EXAMPLES: &str = "\
Examples:
  exporter retention --dry-run --config exporter.toml     what would be dropped, and what is held back by what
  exporter retention --config exporter.toml               drop now what `serve` would drop within the hour";

/// The arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Say what would be dropped and what is held back, and drop nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs it; the exit code is 1 when a day is held back.
///
/// # Errors
/// The database's, or that another exporter is at it.
pub async fn run(arguments: &Arguments, config: &Config, clock: Clock) -> anyhow::Result<ExitCode> {
    let pools = Pools::new(&config.database)?;
    schema::check(&mut *pools.export.acquire().await.context("cannot reach the database")?).await?;
    let now = retention::moment(&mut *pools.export.acquire().await?, clock.now()).await?;
    let verdicts = if arguments.dry_run {
        retention::plan(&mut *pools.export.acquire().await?, config, now).await?
    } else {
        let turn = Turn::take(&pools.export).await?;
        let mut turn = turn.context("another exporter is at it: try again in a moment")?;
        regular::measure(turn.connection()).await?;
        let dropped = regular::drop_days(turn.connection(), config, now).await?;
        dropped.context("`exporter verify` is running, and no day is dropped meanwhile: try again when it is done")?
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "days": verdicts }))?);
    } else {
        match retention::first_kept(config, now) {
            Some(first) => println!("days before {first} are dropped (retention.days = {})", config.retention.days),
            None => println!("no day is ever dropped: retention.days is 0"),
        }
        for it in &verdicts {
            println!("{}", line(it));
        }
        println!("{} day(s), {} held back", verdicts.len(), held(&verdicts));
        if now < clock.now() - retention::CLOCKS {
            println!(
                "by {}, since no later time is certain: see the clocks, and when the newest event came",
                rfc3339(now)
            );
        }
    }
    Ok(if held(&verdicts) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn held(verdicts: &[Verdict]) -> usize {
    verdicts.iter().filter(|it| !it.held.is_empty() || it.failed.is_some()).count()
}

fn line(it: &Verdict) -> String {
    let (day, size) = (it.day, readable(it.bytes));
    if let Some(code) = &it.failed {
        return format!("{day}\theld back\t{size}\tPostgres refused it with SQLSTATE {code}; the next run goes on");
    }
    match it.dropped_rows {
        Some(rows) => format!("{day}\tdropped\t{rows} row(s)\t{size}"),
        None if it.held.is_empty() => format!("{day}\tmay be dropped\t{size}"),
        None => format!("{day}\theld back\t{size}\t{}", it.held.iter().map(reason).collect::<Vec<_>>().join("; ")),
    }
}

fn reason(it: &Held) -> String {
    let what = format!("{} row(s) of {} segment(s)", it.rows, it.segments);
    match (it.reason.as_str(), it.destination.as_str()) {
        (reason, "") => format!("{what} are {reason}"),
        ("doubted", destination) => format!(
            "{destination} was found not to hold {what} as they were exported: \
             `exporter verify --repair --destination {destination}` delivers them again"
        ),
        (_, destination) => format!("{destination} was not verified to hold {what}"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::store::retention::Stage;

    #[test]
    fn a_day_says_what_holds_it_back() {
        let day = NaiveDate::from_ymd_opt(2026, 10, 1).expect("a day");
        let held = |reason: &str, destination: &str| Held {
            reason: reason.to_owned(),
            destination: destination.to_owned(),
            segments: 2,
            rows: 30,
        };
        let mut it = Verdict {
            day,
            bytes: 5_000_000,
            stage: Stage::Attached,
            held: Vec::new(),
            dropped_rows: None,
            failed: None,
        };
        assert_eq!(line(&it), "2026-10-01\tmay be dropped\t5.0 MB");
        it.held = vec![held("not exported", ""), held("not verified", "backup")];
        assert_eq!(
            line(&it),
            "2026-10-01\theld back\t5.0 MB\t30 row(s) of 2 segment(s) are not exported; backup was not verified to hold \
             30 row(s) of 2 segment(s)"
        );
        it.held = vec![held("doubted", "backup")];
        assert_eq!(
            line(&it),
            "2026-10-01\theld back\t5.0 MB\tbackup was found not to hold 30 row(s) of 2 segment(s) as they were exported: \
             `exporter verify --repair --destination backup` delivers them again"
        );
        let it = Verdict { held: Vec::new(), dropped_rows: Some(7), ..it };
        assert_eq!(line(&it), "2026-10-01\tdropped\t7 row(s)\t5.0 MB");
        let it = Verdict { dropped_rows: None, failed: Some("55P03".to_owned()), ..it };
        assert!(line(&it).contains("SQLSTATE 55P03"), "{}", line(&it));
        assert_eq!(super::held(&[it]), 1);
    }
}
