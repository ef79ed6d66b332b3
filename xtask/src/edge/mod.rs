//! Builds the Worker with the pixel inside, once `wrangler.toml` is right.

mod check;
pub(crate) mod replay;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::setup::{cargo_tools, node, wasm};
use crate::size::weight::Weight;
use crate::{pixel, progress, workspace};

/// A Worker is downloaded by every machine that runs it: no larger than this in all, compressed by gzip.
const MOST_BYTES: usize = 400_000;

#[derive(Args)]
pub(crate) struct Options {
    /// The environment of wrangler.toml to check and build.
    #[arg(default_value = check::LOCAL)]
    environment: String,
    /// Check wrangler.toml, and build nothing.
    #[arg(long)]
    check: bool,
}

/// Checks an environment, then builds.
pub(crate) fn run(options: &Options) -> Result<()> {
    let file = workspace::root().join("wrangler.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    check::environment(&text, &options.environment)?;
    if options.check {
        progress::say(&format!("  ok         wrangler.toml, [env.{}]", options.environment));
        return Ok(());
    }
    build()
}

/// Builds it into `edge/build`, where `wrangler.toml` looks for it.
pub(crate) fn build() -> Result<()> {
    let build = workspace::root().join("edge/build");
    build_into(&build, &[])?;
    weigh(&build)
}

/// Builds it in the same way, with routes for the bench, and says where.
pub(crate) fn build_for_bench() -> Result<PathBuf> {
    let build = workspace::root().join("target/edge-bench");
    build_into(&build, &["--features", "bench"])?;
    Ok(build)
}

fn build_into(build: &Path, features: &[&str]) -> Result<()> {
    pixel::build()?;
    let toolchain = wasm::toolchain()?;
    let root = workspace::root();
    let target = root.join("target").join(format!("edge-{}", toolchain.name()));
    let mut cargo = Command::new("cargo");
    toolchain.prepare(&mut cargo);
    cargo
        .args(["build", "--package", "edge", "--lib", "--profile", "edge", "--target", wasm::TARGET, "--target-dir"])
        .arg(&target)
        .args(features)
        .arg("-Zbuild-std=std,panic_abort")
        .env("RUSTC_BOOTSTRAP", "1")
        // nobody would hear a panic's message: a trap is all that shim.js is told
        .env("RUSTFLAGS", "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none")
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

    fs::create_dir_all(build)?;
    let mut wasm_opt = Command::new(workspace::npm_bin("wasm-opt"));
    wasm_opt
        .env("PATH", node::path())
        .args(["-O2", "-Oz", "--strip-producers", "--strip-target-features"])
        .args(wasm::FEATURES);
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

/// Says how large it is, and lets nothing through that is too large.
fn weigh(build: &Path) -> Result<()> {
    let mut bytes = 0;
    for name in ["index_bg.wasm", "index.js"] {
        bytes += Weight::of("worker", build.join(name))?.gzip;
    }
    progress::say(&format!("  Worker: {bytes} bytes gzip of {MOST_BYTES}"));
    ensure!(bytes <= MOST_BYTES, "the Worker has {bytes} bytes compressed by gzip, and may have {MOST_BYTES}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_is_too_large_is_no_build() {
        let build = std::env::temp_dir().join(format!("evothesis-weigh-{}", std::process::id()));
        fs::create_dir_all(&build).expect("a folder");
        fs::write(build.join("index.js"), "export {};").expect("a file");
        let mut noise = 1_u64;
        let mut weighed = |bytes: usize| {
            // what gzip cannot make smaller
            let wasm: Vec<u8> = std::iter::repeat_with(|| {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                noise.to_be_bytes()[0]
            })
            .take(bytes)
            .collect();
            fs::write(build.join("index_bg.wasm"), wasm).expect("a file");
            weigh(&build).map_err(|error| error.to_string())
        };
        let (small, large) = (weighed(MOST_BYTES - 1_000), weighed(MOST_BYTES + 1));
        fs::remove_dir_all(&build).expect("our folder");
        assert_eq!(small, Ok(()));
        assert!(large.expect_err("too large").contains("may have 400000"));
    }
}
