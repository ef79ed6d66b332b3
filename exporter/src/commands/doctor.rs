//! `exporter doctor`: the database and every bucket, tried for real.

use std::process::ExitCode;

use clap::Args;

use crate::clock::Clock;
use crate::config::Config;
use crate::doctor;

/// What `--help` shows.
pub const EXAMPLES: &str = "\
Examples:
  exporter doctor --config exporter.toml                  what is wrong, and what to do
  exporter doctor --policy                                what access keys have to be allowed, to paste; asks nobody
  exporter doctor --json | jq '.findings[] | select(.state == \"fail\")'";

/// The arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Only print the least that each destination's access key has to be allowed.
    #[arg(long)]
    policy: bool,
}

/// Runs it; the exit code is 1 when something is wrong.
///
/// # Errors
/// None but those of JSON, which do not happen.
pub async fn run(arguments: &Arguments, config: &Config, clock: Clock) -> anyhow::Result<ExitCode> {
    if arguments.policy {
        let policies = doctor::policies(config);
        if arguments.json {
            println!("{}", serde_json::to_string_pretty(&policies)?);
        } else {
            for it in &policies {
                println!("{it}\n");
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let report = doctor::examine(config, clock).await;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        for it in &report.findings {
            println!("{it}");
        }
        for it in &report.policies {
            let of_it = format!("destination {} ", it.destination);
            if report.findings.iter().any(|finding| finding.is_trouble() && finding.subject.starts_with(&of_it)) {
                println!("\n{it}");
            }
        }
    }
    Ok(if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
