//! What ended in a client's dead-letter queue, sent again.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::check;
use crate::setup::node;
use crate::workspace;

#[derive(Args)]
#[command(
    after_help = "Set CLOUDFLARE_ACCOUNT_ID, and CLOUDFLARE_API_TOKEN to a token that may edit queues (Account, Queues, \
                        Edit).\nRunning it twice, or breaking it off by Ctrl-C, does no harm: an event is stored once.\n\n\
                        Examples:\n  cargo xtask replay acme             what is in the dead-letter queue of [env.acme] goes \
                        back to its queue\n  cargo xtask replay acme --dry-run   say which queues these are, and ask nobody"
)]
pub(crate) struct Options {
    /// The environment of wrangler.toml.
    environment: String,
    /// Only say which queues these are.
    #[arg(long)]
    dry_run: bool,
}

/// Moves every message of the dead-letter queue back to its queue.
pub(crate) fn run(options: &Options) -> Result<()> {
    let file = workspace::root().join("wrangler.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let name = options.environment.as_str();
    if name == check::LOCAL {
        bail!("[env.{name}] has its Queue in memory: when the Worker leaves, nothing is left to send again");
    }
    let check::Queues { queue, dead } = check::queues_of(&text, name)?;
    println!("{dead} -> {queue}");
    if options.dry_run {
        return Ok(());
    }
    let script = workspace::root().join("xtask/src/edge/replay.mjs");
    // in its place, so that Ctrl-C reaches it, and it alone: it then puts the queue back as it was
    let failed = Command::new("node").env("PATH", node::path()).arg(script).args([&dead, &queue]).exec();
    Err(failed).context("cannot start Node: `cargo xtask setup` installs it")
}
