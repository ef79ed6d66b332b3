//! The exporter's own binary, as a process that can be stopped, killed and started again where it was.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::Value;
use tokio::process::Command;

use crate::edge::{FORWARD_KEY, FORWARD_KEY_ID};
use crate::process::Process;
use crate::s3;

/// The operator's token of a local run.
pub const OPERATOR_TOKEN: &str = "local-operator-token";
/// The destinations, each a bucket of the same name.
pub const DESTINATIONS: [&str; 2] = ["client", "backup"];

/// Short, so that a killed exporter's work is taken over at once; it is renewed while the work goes on.
const LEASE: &str = "2s";

/// Where an exporter is to run: what its configuration says.
#[derive(Debug)]
pub struct Settings<'a> {
    /// The database's address.
    pub database: &'a str,
    /// The S3 endpoint's address.
    pub s3: &'a str,
    /// How often `serve` exports, such as `1m`.
    pub every: &'a str,
}

/// An exporter, running or not.
#[derive(Debug)]
pub struct Exporter {
    process: Option<Process>,
    config: PathBuf,
    log: PathBuf,
    ingest: String,
    operator: String,
}

impl Exporter {
    /// Writes the configuration into `folder`, migrates the database and starts `exporter serve`.
    ///
    /// # Errors
    /// When the binary is missing, the database refuses, or the service does not come up.
    pub async fn start(settings: &Settings<'_>, folder: &Path, log: &Path) -> Result<Self> {
        // both ports are picked once, so that a restarted exporter is found where it was
        let (ingest, operator) = (crate::process::free_port()?, crate::process::free_port()?);
        let config = folder.join("exporter.toml");
        fs::write(&config, settings.toml(ingest, operator))?;
        let mut exporter = Self {
            process: None,
            config,
            log: log.to_path_buf(),
            ingest: format!("http://127.0.0.1:{ingest}"),
            operator: format!("http://127.0.0.1:{operator}"),
        };
        let migrated = exporter.run(&["migrate"]).await?;
        ensure!(migrated.status.success(), "exporter migrate failed: {}", String::from_utf8_lossy(&migrated.stderr));
        exporter.serve().await?;
        Ok(exporter)
    }

    /// Starts `exporter serve` and waits until it listens.
    ///
    /// # Errors
    /// When it ends at start.
    pub async fn serve(&mut self) -> Result<()> {
        let mut command = self.command()?;
        command.arg("serve");
        let mut process = Process::start("the exporter", &mut command, &self.log)?;
        process.says(60, |said| said.contains("\"listening\"").then_some(())).await?;
        self.process = Some(process);
        Ok(())
    }

    /// Runs another of its commands to its end.
    ///
    /// # Errors
    /// When the binary cannot be started.
    pub async fn run(&self, arguments: &[&str]) -> Result<std::process::Output> {
        Ok(self.command()?.args(arguments).output().await?)
    }

    fn command(&self) -> Result<Command> {
        let binary = match std::env::var_os("EXPORTER") {
            Some(set) => PathBuf::from(set),
            // beside this program, or beside the folder of a test
            None => std::env::current_exe()?
                .ancestors()
                .map(|folder| folder.join("exporter"))
                .find(|candidate| candidate.is_file())
                .context("the exporter is not built: run `cargo build --workspace --bins`, or name it by EXPORTER")?,
        };
        let mut command = Command::new(binary);
        command.arg("--config").arg(&self.config);
        Ok(command)
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn kill(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// Stops it where it stands, as a machine does that is suspended.
    ///
    /// # Errors
    /// When it is gone.
    pub fn pause(&self) -> Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::STOP))
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it is gone.
    pub fn resume(&self) -> Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::CONT))
    }

    /// Asks it to drain and leave.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn stop(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.stop(Signal::TERM).await,
            None => Ok(()),
        }
    }

    /// The most memory that `serve` has had at once, in bytes; none where the system does not say.
    #[must_use]
    pub fn peak_memory(&self) -> Option<f64> {
        self.process.as_ref()?.peak_memory()
    }

    /// The memory that `serve` has now, in bytes; none where the system does not say.
    #[must_use]
    pub fn memory(&self) -> Option<f64> {
        self.process.as_ref()?.memory()
    }

    /// Where the edge finds it.
    #[must_use]
    pub fn ingest(&self) -> &str {
        &self.ingest
    }

    /// Where the operator finds it.
    #[must_use]
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// Where it writes what it has to say.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The lines of its log whose message is `message`, of all its runs.
    #[must_use]
    pub fn logged(&self, message: &str) -> Vec<Value> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .map(|line| line.get("fields").cloned().unwrap_or(line))
            .filter(|line| line["message"] == message)
            .collect()
    }

    /// Asks the operator's listener: `GET` or `POST` with the token.
    ///
    /// # Errors
    /// When it does not answer, or not with success.
    pub async fn ask(&self, method: reqwest::Method, path: &str) -> Result<Value> {
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.operator));
        let answer = request.bearer_auth(OPERATOR_TOKEN).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }
}

impl Settings<'_> {
    fn toml(&self, ingest: u16, operator: u16) -> String {
        use std::fmt::Write;
        let Self { database, s3, every } = self;
        let mut toml = format!(
            "[database]\nurl = \"{database}\"\n\n\
             [ingest]\nlisten = \"127.0.0.1:{ingest}\"\n\n[ingest.keys]\n{FORWARD_KEY_ID} = \"{FORWARD_KEY}\"\n\n\
             [operator]\nlisten = \"127.0.0.1:{operator}\"\ntoken = \"{OPERATOR_TOKEN}\"\n\n\
             [export]\nschedule = \"{every}\"\nformats = [\"parquet\", \"jsonl\"]\nlease = \"{LEASE}\"\nretry = \"1s\"\n"
        );
        for name in DESTINATIONS {
            let _ = write!(
                toml,
                "\n[[destinations]]\nname = \"{name}\"\nbucket = \"{name}\"\nregion = \"{}\"\nendpoint = \"{s3}\"\n\
                 path_style = true\naccess_key = \"{}\"\nsecret_key = \"{}\"\n",
                s3::REGION,
                s3::ACCESS_KEY,
                s3::SECRET_KEY
            );
        }
        toml
    }
}
