//! A Rust toolchain that builds for `wasm32-unknown-unknown`, its own standard library included.
//!
//! The ordinary way is rustup. Where it cannot download, Debian's `rustc-web` with its sources does the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::debian;
use crate::{progress, workspace};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// What of WebAssembly is in use. Named one by one, so that wasm-opt writes nothing that browsers and workerd cannot read yet.
pub(crate) const FEATURES: [&str; 7] = [
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-reference-types",
    "--enable-exception-handling",
];

/// Which compiler builds for wasm32.
pub(crate) enum Toolchain {
    /// The one cargo uses anyway.
    Rustup,
    /// Debian's, unpacked into the tools folder.
    Debian { rustc: PathBuf, linker: PathBuf },
}

impl Toolchain {
    /// Makes `command`, a cargo or something that calls it, use this toolchain.
    pub(crate) fn prepare(&self, command: &mut Command) {
        if let Self::Debian { rustc, linker } = self {
            command.env("RUSTC", rustc).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }

    /// The compiler, allowed what is not stable.
    pub(crate) fn rustc(&self) -> Command {
        let mut command = match self {
            Self::Rustup => Command::new("rustc"),
            Self::Debian { rustc, .. } => Command::new(rustc),
        };
        command.env("RUSTC_BOOTSTRAP", "1");
        command
    }

    /// Tells builds of two compilers apart: they cannot share a folder.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Rustup => "rustup",
            Self::Debian { .. } => "debian",
        }
    }
}

/// Finds the toolchain, or brings it.
pub(crate) fn toolchain() -> Result<Toolchain> {
    if rustup_has_all() {
        return Ok(Toolchain::Rustup);
    }
    let debian = workspace::tools().join("rust-web");
    let stamp = debian.join("complete");
    if !stamp.exists() {
        let rustup = |arguments: &[&str]| {
            // one try: a machine without the download says so at once, and five tries take minutes
            Command::new("rustup")
                .env("RUSTUP_MAX_RETRIES", "1")
                .args(arguments)
                .output()
                .is_ok_and(|o| o.status.success())
        };
        progress::say("asking rustup for the wasm32 target and the sources of the standard library");
        if rustup(&["target", "add", TARGET]) && rustup(&["component", "add", "rust-src"]) && rustup_has_all() {
            return Ok(Toolchain::Rustup);
        }
        if !debian::here() {
            bail!(
                "the wasm32 target is missing: run `rustup target add {TARGET}` and `rustup component add rust-src`, \
                 with rustup from https://rustup.rs"
            );
        }
        progress::say("rustup cannot bring them: taking Debian's rustc-web instead");
        debian::unpack(&["rustc-web", "rust-web-src", "lld-22"], &debian)?;
    }
    let rustc = debian.join("rustc");
    let linker = debian.join("wasm-ld");
    if !stamp.exists() {
        debian::wrap(&rustc, &debian.join("usr/bin/rustc"), &debian, &[])?;
        debian::wrap(&linker, &debian.join("usr/lib/llvm-22/bin/wasm-ld"), &debian, &[])?;
        build_std(&rustc, &linker)?;
        fs::write(stamp, "")?;
    }
    Ok(Toolchain::Debian { rustc, linker })
}

fn rustup_has_all() -> bool {
    let print = |arguments: &[&str]| {
        let output = Command::new("rustc").args(arguments).output().ok()?;
        output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
    };
    let std = print(&["--print", "target-libdir", "--target", TARGET]);
    let sysroot = print(&["--print", "sysroot"]);
    std.is_some_and(|folder| folder.is_dir())
        && sysroot.is_some_and(|folder| folder.join("lib/rustlib/src/rust/library/Cargo.lock").is_file())
}

/// Builds the standard library once and puts it where the compiler looks for it.
fn build_std(rustc: &Path, linker: &Path) -> Result<()> {
    let probe = workspace::tools().join("std-probe");
    fs::create_dir_all(probe.join("src"))?;
    fs::write(probe.join("src/lib.rs"), "")?;
    let manifest = "[package]\nname = \"std-probe\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(probe.join("Cargo.toml"), manifest)?;
    progress::step(
        "standard library for wasm32",
        Command::new("cargo")
            .args(["build", "--release", "-Zbuild-std=std,panic_abort", "--target", TARGET])
            .current_dir(&probe)
            .env("CARGO_TARGET_DIR", probe.join("target"))
            .env("RUSTC", rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
            // later builds link with LTO, which reads the bitcode
            .env("RUSTFLAGS", "-Cembed-bitcode=yes"),
    )?;
    let printed = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let folder = PathBuf::from(String::from_utf8(printed.stdout)?.trim());
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(probe.join("target").join(TARGET).join("release/deps"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|ending| ending == "rlib") && !name.starts_with("libstd_probe") {
            fs::copy(&path, folder.join(&name)).with_context(|| format!("cannot copy {name}"))?;
        }
    }
    fs::remove_dir_all(probe)?;
    Ok(())
}
