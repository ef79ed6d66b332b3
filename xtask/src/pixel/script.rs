//! Scripts: many small files to one small one.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::setup::node;
use crate::size::weight::brotli;
use crate::workspace;

/// Names that a script may go without, one at a time: all its other names change with that, and so does how well it packs, by up to a
/// hundredth, as nobody can tell beforehand.
const SPARED: [&str; 16] = ["", "e", "t", "r", "a", "n", "o", "i", "l", "s", "u", "p", "h", "g", "v", "b"];

/// The same as [`bundle`] behind `first`, with the names that pack best.
pub(super) fn packed(first: &[u8], source: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let bundled = bundled(source, arguments)?;
    let mut best: Option<(usize, Vec<u8>)> = None;
    for spared in SPARED {
        let minified = [first, &minified(&bundled, spared)?].concat();
        let bytes = brotli(&minified)?;
        if best.as_ref().is_none_or(|(least, _)| bytes < *least) {
            best = Some((bytes, minified));
        }
    }
    Ok(best.context("there is no way to name anything")?.1)
}

/// The script at `source` with all it imports, minified. esbuild puts it together; terser makes it smaller than esbuild can.
pub(super) fn bundle(source: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    minified(&bundled(source, arguments)?, "")
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

fn minified(script: &[u8], spared: &str) -> Result<Vec<u8>> {
    let mut terser = node_program("terser");
    terser.args(["--module", "--ecma", "2022", "--compress", "passes=3,unsafe_arrows,unsafe_methods", "--mangle"]);
    terser.arg(format!("reserved=[{spared}]"));
    let mut child = terser.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start terser")?;
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
