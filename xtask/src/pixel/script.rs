//! Scripts: many small files to one small one.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::setup::node;
use crate::size::weight::brotli;
use crate::workspace;

/// The same as [`bundle`] behind `first`, with the names and in the order that pack best: see names.mjs.
pub(super) fn packed(first: &str, source: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let mut names = Command::new("node");
    names.env("PATH", node::path()).arg(workspace::root().join("xtask/src/pixel/names.mjs")).arg(first);
    let texts: Vec<String> = serde_json::from_slice(&piped(names, &bundled(source, arguments)?)?)?;
    let mut best: Option<(usize, String)> = None;
    for text in texts {
        let bytes = brotli(text.as_bytes())?;
        if best.as_ref().is_none_or(|(least, _)| bytes < *least) {
            best = Some((bytes, text));
        }
    }
    Ok(best.context("names.mjs gives nothing")?.1.into_bytes())
}

/// The script at `source` with all it imports, minified. esbuild puts it together; terser makes it smaller than esbuild can.
pub(super) fn bundle(source: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let mut terser = node_program("terser");
    terser.args(["--module", "--ecma", "2022", "--compress", "passes=3,unsafe_arrows,unsafe_methods", "--mangle"]);
    piped(terser, &bundled(source, arguments)?)
}

fn bundled(source: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let mut esbuild = node_program("esbuild");
    esbuild.arg(source).args([
        "--bundle",
        "--minify",
        "--target=es2022",
        "--legal-comments=none",
        "--log-level=warning",
    ]);
    let bundled = esbuild.args(arguments).output()?;
    ensure!(
        bundled.status.success(),
        "esbuild of {} failed: {}",
        source.display(),
        String::from_utf8_lossy(&bundled.stderr)
    );
    Ok(bundled.stdout)
}

/// What `minifier` makes of `script`.
fn piped(mut minifier: Command, script: &[u8]) -> Result<Vec<u8>> {
    let mut child = minifier.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start terser")?;
    child.stdin.take().context("terser takes no input")?.write_all(script)?;
    let minified = child.wait_with_output()?;
    ensure!(minified.status.success(), "terser failed");
    Ok(minified.stdout)
}

fn node_program(name: &str) -> Command {
    let mut command = Command::new(workspace::npm_bin(name));
    command.env("PATH", node::path());
    command
}
