//! Builds the Worker with the pixel inside.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::setup::{cargo_tools, node, wasm};
use crate::{pixel, progress, workspace};

/// Builds it into `edge/build`, where `wrangler.toml` looks for it.
pub(crate) fn build() -> Result<()> {
    pixel::build()?;
    let toolchain = wasm::toolchain()?;
    let root = workspace::root();
    let target = root.join("target").join(format!("edge-{}", toolchain.name()));
    let mut cargo = Command::new("cargo");
    toolchain.prepare(&mut cargo);
    cargo
        .args(["build", "--package", "edge", "--lib", "--profile", "edge", "--target", wasm::TARGET, "--target-dir"])
        .arg(&target)
        .env("EVOTHESIS_PIXEL_DIR", workspace::pixel());
    progress::step("Worker: Rust to Wasm", &mut cargo)?;

    let bindings = target.join("bindings");
    cargo_tools::wasm_bindgen(
        &target.join(wasm::TARGET).join("edge/edge.wasm"),
        &bindings,
        // after a trap the next call starts with a fresh instance: see shim.js
        &["--target", "module", "--out-name", "index", "--experimental-reset-state-function"],
    )?;
    // `import source` is ahead of what esbuild and wrangler read; in a Worker a plain import of Wasm is the same thing
    let script = bindings.join("index.js");
    let text = fs::read_to_string(&script)?;
    ensure!(
        text.contains("import source wasmModule"),
        "wasm-bindgen imports the Wasm in a way this build does not know"
    );
    fs::write(&script, text.replace("import source wasmModule", "import wasmModule"))?;

    let build = root.join("edge/build");
    fs::create_dir_all(&build)?;
    let mut wasm_opt = Command::new(workspace::npm_bin("wasm-opt"));
    wasm_opt.env("PATH", node::path()).arg("-Os").args(wasm::FEATURES);
    wasm_opt.arg(bindings.join("index_bg.wasm")).arg("-o").arg(build.join("index_bg.wasm"));
    progress::step("Worker: wasm-opt", &mut wasm_opt)?;
    let status = Command::new(workspace::npm_bin("esbuild"))
        .env("PATH", node::path())
        .arg(root.join("edge/shim.js"))
        .args(["--bundle", "--minify", "--format=esm", "--external:./index_bg.wasm", "--external:cloudflare:*"])
        .arg(format!("--alias:edge-bindings={}", script.display()))
        .arg(format!("--outfile={}", build.join("index.js").display()))
        .args(["--allow-overwrite", "--log-level=warning"])
        .status()
        .context("cannot start esbuild")?;
    ensure!(status.success(), "esbuild of the Worker failed with {status}");
    Ok(())
}
