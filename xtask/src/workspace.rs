//! Where things are.

use std::path::{Path, PathBuf};

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Cargo's target folder, absolute.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |set| root().join(set))
}

/// Tools that were installed for this checkout; removing the folder removes them.
pub(crate) fn tools() -> PathBuf {
    root().join("target/tools")
}

/// What the pixel's build leaves and the Worker's build embeds.
pub(crate) fn pixel() -> PathBuf {
    root().join("target/pixel")
}

/// A program of an npm package.
pub(crate) fn npm_bin(name: &str) -> PathBuf {
    root().join("node_modules/.bin").join(name)
}
