//! What the pixel costs a page, beside other trackers and beside none, in a real browser.
//!
//! Each run opens the same page once for each of them, twice over. Once in a browser that slows its processor down, as
//! its DevTools do: what a visitor with such a processor waits. That browser stops and goes in steps of a fraction of a
//! millisecond, too coarse for what is over sooner, and other programs of this machine come between. So once more at
//! full speed, of which the main thread's own processor time counts, times the same factor.

mod cost;
mod host;
mod report;
mod trace;
mod trackers;
mod visit;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;

use self::host::Host;
use self::trackers::Tracker;
use self::visit::{Growth, Visit, Visitor};
use crate::commands::leave::Leave;

/// How much slower the visitor's processor is.
const THROTTLE: f64 = 4.0;

#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the built pixel.
    #[arg(long)]
    pixel: PathBuf,
    /// The folder of the other trackers.
    #[arg(long)]
    peers: PathBuf,
    /// How often each of them is visited.
    #[arg(long)]
    runs: u32,
    /// Clicks and turns of the wheel in a visit.
    #[arg(long)]
    events: u32,
    /// Only those trackers: `none`, `empty listeners`, `evothesis`, `snowplow`, `posthog`, `plausible`. All of them unless given.
    #[arg(long)]
    only: Vec<String>,
}

/// All visits to the page with one tracker.
struct Measured {
    tracker: Tracker,
    slow: Vec<Visit>,
    full_speed: Vec<Visit>,
    growths: Vec<Growth>,
}

pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let mut trackers = trackers::all(&options.pixel, &options.peers)?;
    let is_meant = |tracker: &Tracker| options.only.is_empty() || options.only.iter().any(|name| name == tracker.name);
    trackers.retain(is_meant);
    ensure!(!trackers.is_empty(), "no tracker is called {}: see --help", options.only.join(", "));
    let mut leave = Leave::listen()?;
    let measured = tokio::select! {
        measured = measure(trackers, options) => measured?,
        () = leave.asked() => anyhow::bail!("interrupted"),
    };
    report::print(&measured, options.runs, options.events);
    Ok(ExitCode::SUCCESS)
}

async fn measure(trackers: Vec<Tracker>, options: &Options) -> Result<Vec<Measured>> {
    let host = Host::start(&trackers).await?;
    let fresh = |tracker| Measured { tracker, slow: Vec::new(), full_speed: Vec::new(), growths: Vec::new() };
    let mut measured: Vec<Measured> = trackers.into_iter().map(fresh).collect();
    // one after the other in each run: what the machine does besides meets all of them
    for run in 1..=options.runs {
        for Measured { tracker, slow, full_speed, growths } in &mut measured {
            println!("  run {run} of {}: {}", options.runs, tracker.name);
            let name = || format!("the page with {}", tracker.name);
            let visitor = Visitor::come(THROTTLE).await?;
            slow.push(visitor.visit(&host, tracker, options.events).await.with_context(name)?);
            visitor.leave().await?;
            let visitor = Visitor::come(1.0).await?;
            full_speed.push(visitor.visit(&host, tracker, options.events).await.with_context(name)?);
            growths.push(visitor.growth().await.with_context(name)?);
            visitor.leave().await?;
        }
    }
    Ok(measured)
}
