//! The commands of this repository. People and CI call the same ones.

mod bench;
mod checks;
mod demo;
mod edge;
mod peers;
mod pixel;
mod progress;
mod redaction;
mod setup;
mod size;
mod sqlx_data;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Build, run and check Evothesis.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    after_help = "Examples:\n  cargo xtask demo           run the whole system on this machine until Ctrl-C\n  \
                  cargo xtask demo --once    drive one visit through it, verify the export, and leave\n  \
                  cargo xtask test           every check and test there is\n  \
                  cargo xtask test queue     only the tests whose name contains `queue`"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing: npm packages, a wasm toolchain, the Worker's build tools, a browser.
    Setup,
    /// Run the whole system on this machine: Postgres, S3, the Worker in workerd, the exporter, a demo site.
    Demo(demo::Options),
    /// Run every check and test.
    Test(test::Options),
    /// Build the pixel into target/pixel.
    Pixel,
    /// Build the redaction to try out into target/redaction: a page, and a command for Node.
    Redaction,
    /// Check wrangler.toml, build the pixel and the Worker; `wrangler` calls this.
    Edge(edge::Options),
    /// Send again what ended in a client's dead-letter queue.
    Replay(edge::replay::Options),
    /// Print the sizes of the pixel, of each of its modules, of the Worker, and of other trackers.
    Size(size::Options),
    /// Measure the pixel beside other trackers, the Worker beside an echo, and ingest and export beside a plain COPY.
    Bench(bench::Options),
    /// Rewrite .sqlx after a change of SQL or schema.
    SqlxPrepare,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nfailed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    std::env::set_current_dir(workspace::root())?;
    match command {
        Command::Setup => setup::everything(),
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Pixel => pixel::build(),
        Command::Redaction => redaction::build(),
        Command::Edge(options) => edge::run(&options),
        Command::Replay(options) => edge::replay::run(&options),
        Command::Size(options) => size::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::SqlxPrepare => sqlx_data::prepare(),
    }
}
