//! The program behind `cargo xtask demo`, `test` and `bench`: it starts the parts, and stops what it started.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The whole system on this machine.
#[derive(Parser)]
#[command(after_help = "Most people start this by `cargo xtask demo`, `cargo xtask test` and `cargo xtask bench`.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the system until Ctrl-C, or once.
    Demo(commands::demo::Options),
    /// Run a command with a private Postgres: its address is in `TEST_DATABASE_URL`, or with --migrated in `DATABASE_URL`.
    WithPostgres(commands::with_postgres::Options),
    /// Measure ingest and export.
    Bench(commands::bench::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo(options) => commands::demo::run(&options).await,
        Command::WithPostgres(options) => commands::with_postgres::run(&options).await,
        Command::Bench(options) => commands::bench::run(&options).await,
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nfailed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
