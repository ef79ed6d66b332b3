//! Speed, beside something else in the same run: a plain `COPY` of the same rows, pages with other trackers or none, and a
//! Worker that only echoes.

use std::process::Command;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::setup::{node, python};
use crate::{demo, edge, peers, pixel, progress, setup, workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// What to measure; all of it when it is not said.
    what: Option<What>,
    /// Rows to ingest and export: 300,000 when it is not said, and a million for `export`.
    #[arg(long)]
    rows: Option<u32>,
    /// Clicks, and turns of the wheel, in each visit to a page.
    #[arg(long, default_value_t = 340)]
    events: u32,
    /// How often each way is measured; medians are printed.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// With `exporter`: instead of all that, ingest for so many minutes at full load, and print its memory over time.
    #[arg(long)]
    minutes: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// What the pixel costs a page, beside other trackers and none. Takes 20 minutes, or four with `--runs 1 --events 50`.
    Pixel,
    /// Ingest and export, each alone and side by side, beside a plain COPY of the same rows.
    Exporter,
    /// A million rows to one bucket, beside COPY alone and other tools, which come from `PyPI`. Needs 2 GB of disk.
    Export,
    /// A batch through the Worker, beside an echo of it. Takes two minutes.
    Edge,
}

/// Builds with optimisation, then measures.
pub(crate) fn run(options: &Options) -> Result<()> {
    let is_asked = |what| options.what.is_none_or(|only| only == what);
    if is_asked(What::Pixel) {
        pixel(options)?;
    }
    if is_asked(What::Exporter) {
        exporter(options)?;
    }
    if is_asked(What::Export) {
        export(options)?;
    }
    if is_asked(What::Edge) {
        edge(options)?;
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

fn edge(options: &Options) -> Result<()> {
    setup::everything()?;
    let worker = edge::build_for_bench()?;
    let build = ["build", "--release", "--package", "local-stack"];
    progress::step("local stack, optimised", Command::new("cargo").args(build))?;
    let mut bench = Command::new(workspace::target().join("release/local-stack"));
    bench.env("PATH", node::path()).args(["bench", "edge", "--worker"]).arg(worker);
    progress::show("measuring the Worker", bench.args(["--runs", &options.runs.to_string()]))
}

fn exporter(options: &Options) -> Result<()> {
    let rows = options.rows.unwrap_or(300_000).to_string();
    let mut bench = with_exporter()?;
    bench.args(["bench", "exporter", "--rows", &rows, "--runs", &options.runs.to_string()]);
    if let Some(minutes) = options.minutes {
        bench.args(["--minutes", &minutes.to_string()]);
    }
    progress::show("measuring the exporter", &mut bench)
}

fn export(options: &Options) -> Result<()> {
    let rows = options.rows.unwrap_or(1_000_000).to_string();
    let mut bench = with_exporter()?;
    let peers = workspace::root().join("xtask/peers");
    let python = python::with("export-peers", &peers.join("requirements.txt"))?;
    bench.args(["bench", "export", "--rows", &rows, "--python"]).arg(python);
    progress::show("measuring the export", bench.arg("--peers").arg(peers.join("export.py")))
}

/// The local stack beside an exporter, both built with optimisation.
fn with_exporter() -> Result<Command> {
    demo::build()?;
    progress::step(
        "exporter, optimised",
        Command::new("cargo").args(["build", "--release", "--package", "exporter", "--package", "local-stack"]),
    )?;
    let release = workspace::target().join("release");
    let mut bench = Command::new(release.join("local-stack"));
    bench.env("PATH", node::path()).env("EXPORTER", release.join("exporter"));
    Ok(bench)
}
