//! Builds the pixel: the crate to Wasm, the glue and the loader to two small scripts, hashed names, one list of them.

mod compile;
mod locals;
mod order;
mod script;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::setup::{node, wasm};
use crate::workspace;

/// `pixel.json`: which file is what. The Worker's build reads it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Files {
    /// All that a visitor who opted out loads.
    pub(crate) loader: String,
    /// Reads the page, stores and sends.
    pub(crate) glue: String,
    /// Decides.
    pub(crate) wasm: String,
    /// The same as JavaScript, for pages that refuse Wasm.
    pub(crate) fallback: String,
    /// Prints events in the console; loaded on request.
    pub(crate) debug: String,
    /// What the loader's tag may pin: a `sha256-…` as Subresource Integrity has it.
    pub(crate) integrity: Integrity,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Integrity {
    pub(crate) loader: String,
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

/// Builds all of it into `target/pixel`, and the npm package into `target/npm`.
pub(crate) fn build() -> Result<()> {
    node::install()?;
    let toolchain = wasm::toolchain()?;
    let compiled = compile::wasm(&toolchain)?;
    let fallback = compile::fallback(&toolchain)?;

    let out = workspace::pixel();
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out)?;
    let debug = script::bundle(&loader_file("debug.js"), &["--format=esm"])?;
    // one hash for all that the glue names: digits of a hash do not pack
    let shared = hash(&[&*compiled.wasm, &fallback, &debug].concat());
    let wasm = put(&out, &compiled.wasm, format!("{shared}.wasm"))?;
    let fallback = put(&out, &fallback, format!("{shared}.fallback.js"))?;
    let debug = put(&out, &debug, format!("{shared}.debug.js"))?;
    let glue = script::packed(
        COMPILE_HINT,
        &loader_file("page.js"),
        &[
            "--format=esm",
            &format!("--external:./{fallback}"),
            &format!("--external:./{debug}"),
            &format!("--define:WASM_FILE=\"{wasm}\""),
            &format!("--define:WASM_INTEGRITY=\"{}\"", integrity(&compiled.wasm)),
            &format!("--define:FALLBACK_FILE=\"{fallback}\""),
            &format!("--define:DEBUG_FILE=\"{debug}\""),
        ],
    )?;
    let glue_integrity = integrity(&glue);
    let glue = put(&out, &glue, format!("{}.js", hash(&glue)))?;
    let loader = script::packed(
        "",
        &loader_file("loader.js"),
        &[
            "--format=iife",
            &format!("--define:GLUE_FILE=\"{glue}\""),
            &format!("--define:GLUE_INTEGRITY=\"{glue_integrity}\""),
        ],
    )?;
    fs::write(out.join("pixel.js"), &loader)?;
    fs::copy(compiled.named, out.join("named.wasm"))?;
    let integrity = Integrity { loader: integrity(&loader) };
    let files = Files { loader: "pixel.js".to_owned(), glue, wasm, fallback, debug, integrity };
    fs::write(out.join("pixel.json"), serde_json::to_vec(&files)?)?;
    package(&out, &files)
}

/// Has browsers that know it compile all functions while the script arrives, not on the main thread when each is called first
/// (<https://v8.dev/blog/explicit-compile-hints>): most of them are called when a page loads.
const COMPILE_HINT: &str = "//# allFunctionsCalledOnLoad\n";

/// Puts the npm package together: its own files, and the pixel's beside them.
fn package(pixel: &Path, files: &Files) -> Result<()> {
    let out = workspace::root().join("target/npm");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out)?;
    let own = workspace::root().join("tracking-wasm/npm");
    for name in ["package.json", "index.js", "index.d.ts", "README.md", "LICENSE.md"] {
        fs::copy(own.join(name), out.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    fs::copy(loader_file("gate.js"), out.join("gate.js"))?;
    fs::copy(pixel.join(&files.glue), out.join("page.js"))?;
    for name in [&files.wasm, &files.fallback, &files.debug] {
        fs::copy(pixel.join(name), out.join(name))?;
    }
    Ok(())
}

fn loader_file(name: &str) -> PathBuf {
    workspace::root().join("tracking-wasm/loader").join(name)
}

/// As Subresource Integrity has it (<https://www.w3.org/TR/SRI/>).
fn integrity(content: &[u8]) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(content)))
}

/// Part of a name that changes with `content`, so that a file of that name may be cached for ever. It is short, since its digits do
/// not pack, and long enough for all versions there will ever be.
fn hash(content: &[u8]) -> String {
    let hash = Sha256::digest(content).iter().take(4).fold(0_u32, |hash, byte| hash << 8 | u32::from(*byte));
    format!("{hash:08x}")
}

fn put(folder: &Path, content: &[u8], name: String) -> Result<String> {
    fs::write(folder.join(&name), content)?;
    Ok(name)
}
