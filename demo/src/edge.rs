//! The Worker in workerd, with its Queue.

use std::path::Path;

use anyhow::Result;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::process::Process;
use crate::workspace;

/// Signs what the edge forwards; the exporter knows it as [`FORWARD_KEY_ID`].
pub const FORWARD_KEY: &str = "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100";
/// See [`FORWARD_KEY`].
pub const FORWARD_KEY_ID: &str = "local";

/// A running Worker.
#[derive(Debug)]
pub struct Edge {
    process: Process,
    address: String,
    /// What miniflare writes beside its state, and leaves behind when it is ended; goes with this, after the process.
    _scratch: TempDir,
}

impl Edge {
    /// Starts the Worker that `cargo xtask edge` built; it forwards to the exporter at `exporter`.
    ///
    /// # Errors
    /// When Node or the build is missing, or workerd does not come up.
    pub async fn start(exporter: &str, log: &Path) -> Result<Self> {
        Self::start_with(exporter, log, &json!({}), &[]).await
    }

    /// The same Worker with other settings, an object of texts.
    ///
    /// # Errors
    /// As [`Edge::start`].
    pub async fn start_set_up(exporter: &str, log: &Path, settings: &Value) -> Result<Self> {
        Self::start_with(exporter, log, settings, &[]).await
    }

    /// The same Worker whose Queue gives up after one try, and whose dead-letter queue is being replayed.
    ///
    /// # Errors
    /// As [`Edge::start`].
    pub async fn start_replaying(exporter: &str, log: &Path) -> Result<Self> {
        Self::start_with(exporter, log, &json!({}), &["replay"]).await
    }

    /// The same Worker where the Queue cannot be had either.
    ///
    /// # Errors
    /// As [`Edge::start`].
    pub async fn start_without_queue(exporter: &str, log: &Path) -> Result<Self> {
        Self::start_with(exporter, log, &json!({}), &["no-queue"]).await
    }

    /// The same Worker with so little memory that a large batch traps.
    ///
    /// # Errors
    /// As [`Edge::start`].
    pub async fn start_with_little_memory(exporter: &str, log: &Path) -> Result<Self> {
        Self::start_with(exporter, log, &json!({}), &["little-memory"]).await
    }

    async fn start_with(exporter: &str, log: &Path, settings: &Value, options: &[&str]) -> Result<Self> {
        let mut bindings = json!({
            "EXPORTER_URL": exporter,
            "FORWARD_KEY": FORWARD_KEY,
            "FORWARD_KEY_ID": FORWARD_KEY_ID,
        });
        for (name, value) in settings.as_object().into_iter().flatten() {
            bindings[name] = value.clone();
        }
        let node = workspace::root().join("node_modules/node/bin/node");
        let mut command = Command::new(node);
        command.arg(workspace::root().join("demo/src/edge.mjs")).arg(bindings.to_string()).args(options);
        let scratch = tempfile::tempdir()?;
        command.env("TMPDIR", scratch.path());
        let mut process = Process::start("the Worker", &mut command, log)?;
        let address = process
            .says(60, |said| said.lines().find_map(|line| line.strip_prefix("ready ").map(str::to_owned)))
            .await?;
        Ok(Self { process, address, _scratch: scratch })
    }

    /// `http://127.0.0.1:port`
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where it writes what it has to say.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// Asks it to leave.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.stop(Signal::TERM).await
    }
}
