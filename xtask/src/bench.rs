//! Speed, measured against a plain `COPY` of the same rows in the same run.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::{demo, progress, workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// Rows to ingest and export.
    #[arg(long, default_value_t = 100_000)]
    rows: u32,
    /// How often each way is measured; medians are printed.
    #[arg(long, default_value_t = 3)]
    runs: u32,
}

/// Builds with optimisation, then measures.
pub(crate) fn run(options: &Options) -> Result<()> {
    demo::build()?;
    progress::step(
        "exporter, optimised",
        Command::new("cargo").args(["build", "--release", "--package", "exporter", "--package", "local-stack"]),
    )?;
    let release = workspace::target().join("release");
    let mut bench = Command::new(release.join("local-stack"));
    bench.env("PATH", crate::setup::node::path()).env("EXPORTER", release.join("exporter"));
    bench.args(["bench", "--rows", &options.rows.to_string(), "--runs", &options.runs.to_string()]);
    progress::show("measuring", &mut bench)
}
