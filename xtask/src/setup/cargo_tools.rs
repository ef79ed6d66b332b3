//! Programs from crates.io, built once into the checkout's tools folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{progress, workspace};

/// A program and the version that this checkout was tried with.
pub(crate) struct Tool {
    krate: &'static str,
    version: &'static str,
    /// Some published lock files pin a crate that was withdrawn since.
    locked: bool,
}

/// What Wasm builds need; of the version that `Cargo.lock` has of `wasm-bindgen`.
pub(crate) const WASM: [Tool; 1] = [Tool { krate: "wasm-bindgen-cli", version: "0.2.130", locked: false }];

/// What the checks of dependencies need.
pub(crate) const CHECKS: [Tool; 1] = [Tool { krate: "cargo-deny", version: "0.20.2", locked: true }];

/// Makes the bindings of `wasm` in `folder`.
pub(crate) fn wasm_bindgen(wasm: &Path, folder: &Path, arguments: &[&str]) -> Result<()> {
    install(&WASM)?;
    let mut command = Command::new(bin("wasm-bindgen"));
    command.args(arguments).arg("--no-typescript").arg("--out-dir").arg(folder).arg(wasm);
    progress::step("wasm-bindgen", &mut command)
}

/// Where they end.
pub(crate) fn bin(name: &str) -> PathBuf {
    workspace::tools().join("bin").join(name)
}

/// Installs those of `tools` that are not there yet.
pub(crate) fn install(tools: &[Tool]) -> Result<()> {
    for Tool { krate, version, locked } in tools {
        let stamp = workspace::tools().join(format!("{krate}-{version}.installed"));
        if stamp.exists() {
            continue;
        }
        let mut cargo = Command::new("cargo");
        cargo.args(["install", krate, "--version", version, "--force", "--root"]).arg(workspace::tools());
        if *locked {
            cargo.arg("--locked");
        }
        // they run for seconds and are built on every new machine: the build is what to shorten
        cargo
            .env("CARGO_TARGET_DIR", workspace::tools().join("build"))
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "false")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "false");
        progress::step(&format!("{krate} {version} from crates.io"), &mut cargo)?;
        fs::write(stamp, "")?;
    }
    Ok(())
}
