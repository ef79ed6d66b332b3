//! The exporter's `.sqlx` folder: what Postgres said of each query, so that builds need no database.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::{demo, progress, workspace};

/// Asks a migrated Postgres about every query again and rewrites the folder.
pub(crate) fn prepare() -> Result<()> {
    // not the whole workspace: the exporter may not compile before this is done
    progress::step("local stack", Command::new("cargo").args(["build", "--package", "local-stack"]))?;
    let fresh = ask()?;
    let committed = workspace::root().join("exporter/.sqlx");
    let _ = fs::remove_dir_all(&committed);
    fs::create_dir_all(&committed)?;
    for (name, content) in &fresh {
        fs::write(committed.join(name), content)?;
    }
    progress::say(&format!("wrote {} queries to exporter/.sqlx", fresh.len()));
    Ok(())
}

/// Fails when the folder is not what Postgres says today.
pub(crate) fn check() -> Result<()> {
    ensure!(
        ask()? == read(&workspace::root().join("exporter/.sqlx"))?,
        "exporter/.sqlx is out of date: run `cargo xtask sqlx-prepare`"
    );
    Ok(())
}

/// The macros write what they learn to the folder that `SQLX_OFFLINE_DIR` names, as `cargo sqlx prepare` has them do.
fn ask() -> Result<BTreeMap<String, Vec<u8>>> {
    let folder = workspace::target().join("sqlx-fresh");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let touched = Command::new("touch").arg(workspace::root().join("exporter/src/lib.rs")).status()?;
    ensure!(touched.success(), "cannot touch the exporter's lib.rs");
    let mut check = demo::local_stack()?;
    check.args(["with-postgres", "--migrated", "--", "cargo", "check", "--package", "exporter", "--lib"]);
    check.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", &folder);
    progress::step("queries against Postgres", &mut check)?;
    read(&folder)
}

fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("query-") {
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(files)
}
