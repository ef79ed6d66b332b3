//! Builds the pixel: the crate to Wasm, the glue and the loader to two small scripts, hashed names, one list of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use base64::Engine;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::setup::{cargo_tools, node, wasm};
use crate::{progress, workspace};

/// `pixel.json`: which file is what. The Worker's build reads it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Files {
    pub(crate) loader: String,
    pub(crate) glue: String,
    pub(crate) wasm: String,
}

impl Files {
    /// What the last build left.
    pub(crate) fn read() -> Result<Self> {
        let path = workspace::pixel().join("pixel.json");
        let text =
            fs::read(&path).with_context(|| format!("{} is missing: run `cargo xtask pixel`", path.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }
}

/// Builds all of it into `target/pixel`.
pub(crate) fn build() -> Result<()> {
    node::install()?;
    let toolchain = wasm::toolchain()?;

    // a folder of its own: these flags rebuild the standard library, and must not make other builds start again
    let target = workspace::root().join("target").join(format!("pixel-{}", toolchain.name()));
    let mut cargo = Command::new("cargo");
    toolchain.prepare(&mut cargo);
    cargo
        .args(["build", "--package", "tracking-wasm", "--lib", "--profile", "pixel", "--target", wasm::TARGET])
        .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size", "--target-dir"])
        .arg(&target)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zunstable-options -Cpanic=immediate-abort");
    progress::step("pixel: Rust to Wasm", &mut cargo)?;

    let work = target.join("bindings");
    let built = target.join(wasm::TARGET).join("pixel/tracking_wasm.wasm");
    cargo_tools::wasm_bindgen(&built, &work, &["--target", "web", "--omit-default-module-path"])?;
    let small = work.join("small.wasm");
    let mut wasm_opt = Command::new(workspace::npm_bin("wasm-opt"));
    wasm_opt.env("PATH", node::path()).args(["-Oz", "--strip-producers", "--strip-target-features"]);
    progress::step(
        "pixel: wasm-opt",
        wasm_opt.args(wasm::FEATURES).arg(work.join("tracking_wasm_bg.wasm")).arg("-o").arg(&small),
    )?;

    let out = workspace::pixel();
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out)?;
    let code = fs::read(&small)?;
    let wasm = put_hashed(&out, &code, "wasm")?;
    let integrity = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&code));
    let alias = format!("--alias:tracking-wasm-bindings={}", work.join("tracking_wasm.js").display());
    let glue = bundle(
        "page.js",
        &[
            "--format=esm",
            &alias,
            &format!("--define:WASM_FILE=\"{wasm}\""),
            &format!("--define:WASM_INTEGRITY=\"sha256-{integrity}\""),
        ],
    )?;
    let glue = put_hashed(&out, &glue, "js")?;
    let loader = bundle("loader.js", &["--format=iife", &format!("--define:GLUE_FILE=\"{glue}\"")])?;
    fs::write(out.join("pixel.js"), loader)?;
    let files = Files { loader: "pixel.js".to_owned(), glue, wasm };
    fs::write(out.join("pixel.json"), serde_json::to_vec(&files)?)?;
    Ok(())
}

/// One script with all it imports, small.
fn bundle(name: &str, arguments: &[&str]) -> Result<Vec<u8>> {
    let source: PathBuf = workspace::root().join("tracking-wasm/loader").join(name);
    let output = Command::new(workspace::npm_bin("esbuild"))
        .env("PATH", node::path())
        .arg(&source)
        .args(["--bundle", "--minify", "--target=es2020", "--legal-comments=none", "--log-level=warning"])
        .args(arguments)
        .output()?;
    anyhow::ensure!(output.status.success(), "esbuild of {name} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// Writes `content` under a name that changes with it, so that it may be cached for ever.
fn put_hashed(folder: &Path, content: &[u8], ending: &str) -> Result<String> {
    let hash = Sha256::digest(content).iter().take(8).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
    let name = format!("{hash:016x}.{ending}");
    fs::write(folder.join(&name), content)?;
    Ok(name)
}
