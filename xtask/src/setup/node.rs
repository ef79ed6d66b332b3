//! The npm packages: esbuild, binaryen, wrangler with workerd, Postgres for tests, and the Node that runs wrangler.

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{progress, workspace};

/// Installs exactly what `package-lock.json` says, unless that was done before.
pub(crate) fn install() -> Result<()> {
    let root = workspace::root();
    let lock = fs::read(root.join("package-lock.json")).context("package-lock.json is missing from the checkout")?;
    let stamp = root.join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    Command::new("npm").arg("--version").output().context(
        "npm is missing: install Node 20 or newer, by `apt-get install nodejs npm` or from https://nodejs.org/en/download",
    )?;
    progress::step("npm packages", Command::new("npm").args(["ci", "--no-progress"]).current_dir(&root))?;
    fs::write(stamp, lock)?;
    Ok(())
}

/// `PATH` with the Node of `package.json` first: the machine's may be too old for wrangler.
pub(crate) fn path() -> OsString {
    let root = workspace::root();
    let mut path = OsString::from(root.join("node_modules/node/bin"));
    path.push(":");
    path.push(root.join("node_modules/.bin"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path
}
