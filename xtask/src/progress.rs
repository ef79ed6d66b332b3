//! Runs commands so that a person sees what is being waited for, and reads the reason when one fails.

use std::fs::{self, File};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// How often a waiting line is renewed: for a person, and in a log.
const TERMINAL_BEAT: Duration = Duration::from_secs(1);
const LOG_BEAT: Duration = Duration::from_secs(20);
/// Lines of output that are shown when a command fails.
const LAST_LINES: usize = 60;

/// The machine's clock, for durations that people read.
#[expect(clippy::disallowed_methods, reason = "a progress line tells the time that passed")]
fn now() -> Instant {
    Instant::now()
}

/// Says what is being done.
pub(crate) fn say(what: &str) {
    println!("{what}");
}

/// Runs `command`, its output in `target/logs`, with a line that tells how long it has been going and what it said last.
pub(crate) fn step(what: &str, command: &mut Command) -> Result<()> {
    let started = now();
    let logs = workspace::root().join("target/logs");
    fs::create_dir_all(&logs)?;
    let name: String = what.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let path = logs.join(format!("{}.log", name.trim_matches('-')));
    let log = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;

    let terminal = std::io::stdout().is_terminal();
    let beat = if terminal { TERMINAL_BEAT } else { LOG_BEAT };
    let mut told = started;
    if terminal {
        print!("  …        {what}");
        std::io::stdout().flush()?;
    }
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(50));
        if told.elapsed() >= beat {
            told = now();
            let line = format!("  … {:>4} s {what}: {}", started.elapsed().as_secs(), last_line(&path));
            if terminal {
                print!("\r\x1b[2K{}", line.chars().take(110).collect::<String>());
                std::io::stdout().flush()?;
            } else {
                println!("{line}");
            }
        }
    };
    if terminal {
        print!("\r\x1b[2K");
    }
    if status.success() {
        println!("  ok {:>5.1} s {what}", started.elapsed().as_secs_f32());
        return Ok(());
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    eprintln!("{}", lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default().join("\n"));
    bail!("{what}: {} failed with {status}; all it said is in {}", command.get_program().display(), path.display())
}

/// Runs `command` with its output shown as it comes.
pub(crate) fn show(what: &str, command: &mut Command) -> Result<()> {
    let started = now();
    say(&format!("→ {what}"));
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{what}: {} failed with {status}", command.get_program().display());
    }
    println!("  ok {:>5.1} s {what}", started.elapsed().as_secs_f32());
    Ok(())
}

fn last_line(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let tail = String::from_utf8_lossy(text.get(text.len().saturating_sub(400)..).unwrap_or_default()).into_owned();
    tail.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}
