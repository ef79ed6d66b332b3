//! Other trackers, from npm, to measure the pixel beside them. Only `size` and `bench pixel` ask for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::setup::node;
use crate::{progress, workspace};

/// Package, what of it a site loads, and a word that tells two of one package apart.
const SCRIPTS: [(&str, &str, &str); 11] = [
    ("@counterscale/tracker", "dist/loader/tracker.js", ""),
    ("@plausible-analytics/tracker", "plausible.js", ""),
    ("ackee-tracker", "dist/ackee-tracker.min.js", ""),
    ("@elbwalker/walker.js", "dist/walker.js", ""),
    ("@snowplow/browser-tracker", "dist/index.umd.min.js", "no plugins"),
    ("@snowplow/browser-tracker", SNOWPLOW, "click, button and form plugins"),
    ("@segment/analytics-next", "dist/umd/standalone.js", ""),
    ("mixpanel-browser", "dist/mixpanel.min.js", ""),
    ("posthog-js", "dist/module.slim.js", "slim"),
    ("posthog-js", "dist/array.js", "the snippet's file"),
    ("posthog-js", "dist/array.full.js", "full"),
];
/// Ours to bundle: its npm packages are made for that.
const SNOWPLOW: &str = "snowplow.js";

/// A script of a peer.
pub(crate) struct Script {
    /// Package, version, and which of its scripts it is.
    pub(crate) label: String,
    /// From the folder that [`install`] gives.
    pub(crate) file: PathBuf,
}

/// All that are measured.
pub(crate) fn scripts() -> Result<Vec<Script>> {
    #[derive(Deserialize)]
    struct Package {
        dependencies: BTreeMap<String, String>,
    }
    let package: Package = serde_json::from_slice(&fs::read(workspace::root().join("xtask/peers/package.json"))?)?;
    let script = |(name, path, note): (&str, &str, &str)| {
        let version = package.dependencies.get(name).with_context(|| format!("xtask/peers has no {name}"))?;
        let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
        let file = if path == SNOWPLOW { path.into() } else { PathBuf::from("node_modules").join(name).join(path) };
        Ok(Script { label: format!("{name} {version}{note}"), file })
    };
    SCRIPTS.into_iter().map(script).collect()
}

/// Installs exactly what `xtask/peers/package-lock.json` says, without running anything of it, and gives the folder.
pub(crate) fn install() -> Result<PathBuf> {
    node::install()?;
    let (sources, folder) = (workspace::root().join("xtask/peers"), workspace::tools().join("peers"));
    let lock = fs::read(sources.join("package-lock.json"))?;
    let entry = fs::read(sources.join(SNOWPLOW))?;
    let (stamp, wanted) = (folder.join("installed"), [lock, entry].concat());
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(sources.join(file), folder.join(file))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-progress"]).current_dir(&folder);
    progress::step("peers from npm", &mut npm)?;
    let mut esbuild = Command::new(workspace::npm_bin("esbuild"));
    esbuild.env("PATH", node::path()).env("NODE_PATH", folder.join("node_modules"));
    esbuild.arg(sources.join(SNOWPLOW)).arg(format!("--outfile={}", folder.join(SNOWPLOW).display()));
    esbuild.args(["--bundle", "--minify", "--format=iife", "--target=es2022", "--legal-comments=none"]);
    progress::step("bundle of Snowplow", &mut esbuild)?;
    fs::write(stamp, wanted)?;
    Ok(folder)
}
