//! Installs what is missing, inside the checkout: nothing of the system is changed and root is not needed.

pub(crate) mod browser;
pub(crate) mod cargo_tools;
pub(crate) mod debian;
pub(crate) mod node;
pub(crate) mod python;
pub(crate) mod wasm;

use anyhow::Result;

/// All that `demo` and `test` need.
pub(crate) fn everything() -> Result<()> {
    node::install()?;
    wasm::toolchain()?;
    cargo_tools::install(&cargo_tools::WASM)?;
    browser::find()?;
    python::readers()?;
    Ok(())
}
