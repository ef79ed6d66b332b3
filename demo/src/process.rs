//! Child processes: each leads a process group of its own, so that Ctrl-C in a terminal reaches
//! us first, and what we stop is what we started and nothing else.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};

/// How long a process may take to leave after it was asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running child.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
    /// Where its own words begin in the log: earlier ones may be of an earlier run.
    begins: u64,
}

impl Process {
    /// Starts `command` with its standard output and error in the file `log`, which is kept from earlier runs.
    ///
    /// # Errors
    /// When the program cannot be started or the log not be written.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let path = log.to_path_buf();
        let log = File::options().create(true).append(true).open(&path)?;
        let begins = log.metadata()?.len();
        let child = command
            // closed when we are gone, however we went: the Worker's host leaves then
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { child, name: name.to_owned(), log: path, begins })
    }

    fn pid(&self) -> Option<Pid> {
        self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    /// What it has written since it was started.
    #[must_use]
    pub fn said(&self) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.begins))?;
            file.read_to_end(&mut text)
        });
        read.map(|_| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    /// Where it writes.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until `ready` finds what it looks for in what the process says.
    ///
    /// # Errors
    /// When the process ends first, or `seconds` pass.
    pub async fn says<T>(&mut self, seconds: u64, ready: impl Fn(&str) -> Option<T>) -> Result<T> {
        for _ in 0..seconds * 20 {
            if let Some(found) = ready(&self.said()) {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended at start with {status}: see {}", self.name, self.log.display());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{} was not ready after {seconds} s: see {}", self.name, self.log.display())
    }

    /// The most memory it has had at once, in bytes; none where the system does not say (proc(5), `VmHWM`).
    #[must_use]
    pub fn peak_memory(&self) -> Option<f64> {
        self.status("VmHWM:")
    }

    /// The memory that it has now, in bytes; none where the system does not say (proc(5), `VmRSS`).
    #[must_use]
    pub fn memory(&self) -> Option<f64> {
        self.status("VmRSS:")
    }

    fn status(&self, name: &str) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let size = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(size.trim().trim_end_matches(" kB").parse::<f64>().ok()? * 1024.0)
    }

    /// Whether it has ended, and how.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// When the process is not ours to kill.
    pub async fn kill(&mut self) -> Result<()> {
        if let Some(pid) = self.pid() {
            kill_process_group(pid, Signal::KILL)?;
        }
        self.child.wait().await?;
        Ok(())
    }

    /// Sends it a signal, and waits for nothing.
    ///
    /// # Errors
    /// When it is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        if let Some(pid) = self.pid() {
            kill_process(pid, signal)?;
        }
        Ok(())
    }

    /// Asks it to leave by `signal`, waits, and kills it when it does not.
    ///
    /// # Errors
    /// When the process cannot be waited for.
    pub async fn stop(&mut self, signal: Signal) -> Result<()> {
        if let Some(pid) = self.pid() {
            let _ = kill_process(pid, signal);
        }
        if tokio::time::timeout(PATIENCE, self.child.wait()).await.is_err() {
            eprintln!("{} did not stop within {} s: killing it", self.name, PATIENCE.as_secs());
            self.kill().await?;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// A port that was free a moment ago.
///
/// # Errors
/// When loopback has none.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Asks `ready` until it says yes.
///
/// # Errors
/// After `seconds`, naming `what` was waited for.
pub async fn until<F, Fut>(what: &str, seconds: u64, mut ready: F) -> Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    tokio::time::timeout(Duration::from_secs(seconds), async {
        while !ready().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .with_context(|| format!("waited {seconds} s in vain for {what}"))
}
