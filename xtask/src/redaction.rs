//! Builds the redaction to try out: a page that needs no server, and a command for Node. Both are the same Wasm.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::setup::{cargo_tools, node, wasm};
use crate::{progress, workspace};

/// Where it is put together.
pub(crate) fn folder() -> PathBuf {
    workspace::target().join("redaction")
}

/// Builds `index.html` with what it needs, and `redact.mjs`.
pub(crate) fn build() -> Result<()> {
    node::install()?;
    let toolchain = wasm::toolchain()?;
    let root = workspace::root();
    let work = workspace::target().join(format!("redaction-{}", toolchain.name()));
    let mut cargo = Command::new("cargo");
    toolchain.prepare(&mut cargo);
    cargo.args(["build", "--package", "redaction-lines", "--lib", "--profile", "edge", "--target", wasm::TARGET]);
    progress::step("redaction: Rust to Wasm", cargo.arg("--target-dir").arg(&work))?;
    let bindings = work.join("bindings");
    let built = work.join(wasm::TARGET).join("edge/redaction_lines.wasm");
    cargo_tools::wasm_bindgen(&built, &bindings, &["--target", "web", "--omit-default-module-path"])?;
    let small = bindings.join("small.wasm");
    let mut wasm_opt = Command::new(workspace::npm_bin("wasm-opt"));
    wasm_opt.env("PATH", node::path()).arg("-O3").args(wasm::FEATURES);
    wasm_opt.arg(bindings.join("redaction_lines_bg.wasm")).arg("-o").arg(&small);
    progress::step("redaction: wasm-opt", &mut wasm_opt)?;

    let (source, out) = (root.join("site/redaction"), folder());
    fs::create_dir_all(&out)?;
    for (name, arguments) in
        [("page.js", ["--platform=browser", "--format=iife"]), ("redact.mjs", ["--platform=node", "--format=esm"])]
    {
        let status = Command::new(workspace::npm_bin("esbuild"))
            .env("PATH", node::path())
            .arg(source.join(name))
            .args(["--bundle", "--minify", "--target=es2022", "--log-level=warning", "--loader:.wasm=binary"])
            .args(arguments)
            .arg(format!("--alias:redaction-bindings={}", bindings.join("redaction_lines.js").display()))
            .arg(format!("--alias:redaction-wasm={}", small.display()))
            .arg(format!("--outfile={}", out.join(name).display()))
            .status()
            .context("cannot start esbuild")?;
        ensure!(status.success(), "esbuild of {name} failed with {status}");
    }
    for name in ["index.html", "style.css"] {
        fs::copy(source.join(name), out.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    Ok(())
}
