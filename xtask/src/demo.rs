//! Builds what the demo runs and hands over to it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::setup::{browser, node};
use crate::{edge, progress, setup, workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// Drive one visit in headless Chromium, export, verify, print the exported rows, and leave.
    #[arg(long)]
    once: bool,
}

/// Builds, then becomes the demo: Ctrl-C is its own to handle.
pub(crate) fn run(options: &Options) -> Result<()> {
    build()?;
    let mut demo = local_stack()?;
    demo.arg("demo");
    if options.once {
        demo.arg("--once");
    }
    Err(demo.exec().into())
}

/// Everything that runs: tools, pixel, Worker, exporter, the local stack itself.
pub(crate) fn build() -> Result<()> {
    progress::say("→ setting up");
    setup::everything()?;
    progress::say("→ building");
    edge::build()?;
    // the whole workspace at once: features unify the same way as for the tests, so nothing is built twice
    progress::step(
        "exporter, local stack and tests",
        Command::new("cargo").args(["build", "--workspace", "--tests", "--bins"]),
    )
}

/// The program that starts the system's parts on this machine.
pub(crate) fn local_stack() -> Result<Command> {
    let mut command = Command::new(workspace::target().join("debug/local-stack"));
    command.env("PATH", node::path()).env("CHROME", browser::find()?);
    Ok(command)
}
