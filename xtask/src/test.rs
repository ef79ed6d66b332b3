//! Every check and test there is.

use anyhow::Result;
use clap::Args;

use crate::setup::python;
use crate::{checks, demo, progress, sqlx_data};

#[derive(Args)]
pub(crate) struct Options {
    /// Run only tests whose name contains this, and no checks.
    filter: Option<String>,
}

/// Sets up, builds, checks, tests.
pub(crate) fn run(options: &Options) -> Result<()> {
    demo::build()?;
    if options.filter.is_none() {
        progress::say("→ checking");
        checks::run()?;
        sqlx_data::check()?;
    }
    let mut tests = demo::local_stack()?;
    tests.args(["with-postgres", "--", "cargo", "test", "--workspace"]).args(&options.filter);
    // where a test failed is in its message; a trace of the runtime would bury it
    tests.env("RUST_LIB_BACKTRACE", "0");
    tests.env("SCHEMATHESIS", python::schemathesis()?);
    progress::show("testing", &mut tests)?;
    if options.filter.is_none() {
        progress::show("one visit from browser to bucket", demo::local_stack()?.args(["demo", "--once"]))?;
    }
    Ok(())
}
