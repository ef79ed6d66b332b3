//! Speed, beside something else in the same run: a plain `COPY` of the same rows, and pages with other trackers or none.

use std::process::Command;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::setup::node;
use crate::{demo, peers, pixel, progress, setup, workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// What to measure; both when it is not said.
    what: Option<What>,
    /// Rows to ingest and export.
    #[arg(long, default_value_t = 100_000)]
    rows: u32,
    /// Clicks, and turns of the wheel, in each visit to a page.
    #[arg(long, default_value_t = 340)]
    events: u32,
    /// How often each way is measured; medians are printed.
    #[arg(long, default_value_t = 3)]
    runs: u32,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// What the pixel costs a page, beside other trackers and none. Takes 20 minutes, or four with `--runs 1 --events 50`.
    Pixel,
    /// Ingest and export, beside a plain COPY of the same rows.
    Exporter,
}

/// Builds with optimisation, then measures.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.what != Some(What::Exporter) {
        pixel(options)?;
    }
    if options.what != Some(What::Pixel) {
        exporter(options)?;
    }
    Ok(())
}

fn pixel(options: &Options) -> Result<()> {
    setup::everything()?;
    pixel::build()?;
    let peers = peers::install()?;
    progress::step("local stack", Command::new("cargo").args(["build", "--package", "local-stack"]))?;
    let mut bench = demo::local_stack()?;
    bench.args(["bench", "pixel", "--pixel"]).arg(workspace::pixel()).arg("--peers").arg(peers);
    bench.args(["--runs", &options.runs.to_string(), "--events", &options.events.to_string()]);
    progress::show("measuring the pixel", &mut bench)
}

fn exporter(options: &Options) -> Result<()> {
    demo::build()?;
    progress::step(
        "exporter, optimised",
        Command::new("cargo").args(["build", "--release", "--package", "exporter", "--package", "local-stack"]),
    )?;
    let release = workspace::target().join("release");
    let mut bench = Command::new(release.join("local-stack"));
    bench.env("PATH", node::path()).env("EXPORTER", release.join("exporter"));
    bench.args(["bench", "exporter", "--rows", &options.rows.to_string(), "--runs", &options.runs.to_string()]);
    progress::show("measuring the exporter", &mut bench)
}
