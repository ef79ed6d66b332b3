//! What is checked without running the product: form, lints, dependencies, licences, secrets.

use std::process::Command;

use anyhow::{Result, bail};

use crate::setup::{cargo_tools, node};
use crate::{progress, redaction, workspace};

/// All of them.
pub(crate) fn run() -> Result<()> {
    cargo_tools::install(&cargo_tools::CHECKS)?;
    progress::step("rustfmt", Command::new("cargo").args(["fmt", "--all", "--check"]))?;
    progress::step(
        "clippy",
        Command::new("cargo").args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
    )?;
    progress::step("prettier", npm("prettier").args(["--check", "."]))?;
    progress::step("eslint", npm("eslint").args(["--max-warnings", "0", "."]))?;
    progress::step("types of the npm package", npm("tsc").args(["--project", "tracking-wasm/npm"]))?;
    let mut scripts = Command::new("node");
    scripts.env("PATH", node::path()).args(["--test", "tracking-wasm/**/*.test.mjs"]);
    progress::step("scripts of the pixel", &mut scripts)?;
    redaction::build()?;
    let mut agreement = Command::new("node");
    agreement.env("PATH", node::path()).args(["--test", "site/**/*.test.mjs"]);
    agreement.env("REDACTION", redaction::folder()).env("EXPORTER", workspace::target().join("debug/exporter"));
    progress::step("redaction as program and as Wasm", &mut agreement)?;
    progress::step("secretlint", npm("secretlint").args(["--maskSecrets", "**/*"]))?;
    progress::step("licences, bans and sources of dependencies", &mut deny("bans licenses sources"))?;
    advisories()
}

/// The list of known vulnerabilities is not in a package registry: where it cannot be had, that is said and not hidden.
fn advisories() -> Result<()> {
    let output = deny("advisories").output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        progress::say("  ok         advisories");
    } else if said.contains("failed to fetch advisory database") {
        progress::say("  not checked: advisories (the advisory database cannot be reached from this machine)");
    } else {
        bail!("cargo-deny found advisories:\n{said}");
    }
    Ok(())
}

fn npm(program: &str) -> Command {
    let mut command = Command::new(workspace::npm_bin(program));
    command.env("PATH", node::path());
    command
}

fn deny(what: &str) -> Command {
    let mut command = Command::new(cargo_tools::bin("cargo-deny"));
    command.args(["--workspace", "check", "--hide-inclusion-graph"]).args(what.split(' '));
    command
}
