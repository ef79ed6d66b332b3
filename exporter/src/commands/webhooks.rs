//! `exporter webhooks`: the outbox.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::{connect, exit};
use crate::config::Config;
use crate::store::webhooks;

/// Examples for `--help`.
pub const EXAMPLES: &str = "\
Examples:
  exporter webhooks list --state dead       what was given up, and why
  exporter webhooks replay --dead           send all of that again
  exporter webhooks replay 0c0b2a9e-5f5a-4a9c-9f53-0d3f4c1c2b1a";

/// The arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print messages, the newest first.
    List {
        /// Only those in this state.
        #[arg(long)]
        state: Option<StateArgument>,
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        /// Print one JSON object a line instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Send messages again, with the same id. Exit code 1 when there was none.
    Replay {
        /// Their ids, as `list` prints them.
        #[arg(required_unless_present = "dead", conflicts_with = "dead", value_name = "ID")]
        ids: Vec<Uuid>,
        /// All that were given up.
        #[arg(long)]
        dead: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StateArgument {
    Pending,
    Delivered,
    Dead,
}

impl StateArgument {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// Does it.
pub async fn run(arguments: Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let mut connection = connect(config).await?;
    match arguments.action {
        Action::List { state, limit, json } => {
            if config.webhooks.url.is_empty() {
                eprintln!("webhooks.url is not set: nothing is sent");
            }
            let state = state.map(StateArgument::name);
            for message in webhooks::list(&mut connection, state, i64::from(limit)).await? {
                if json {
                    println!("{}", serde_json::to_string(&message)?);
                    continue;
                }
                let created = message.created_at.format("%Y-%m-%dT%H:%M:%SZ");
                let (id, attempts) = (message.id, message.attempts);
                let error = message.last_error.unwrap_or_default();
                println!("{id}  {created}  {:<9}  {attempts:>2}  {:<21}  {error}", message.state, message.kind);
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Replay { ids, dead } => {
            let count = webhooks::replay(&mut connection, (!dead).then_some(&ids)).await?;
            println!("{count} message(s) are due again");
            Ok(exit(count > 0 || dead))
        }
    }
}
