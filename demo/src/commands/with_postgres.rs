//! Runs a command beside a private Postgres that is gone afterwards.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use local_stack::postgres::{self, Postgres};
use sqlx::migrate::Migrator;
use tokio::process::Command;

use super::leave::Leave;

#[derive(Args)]
pub(crate) struct Options {
    /// Hand over a database with all migrations applied, instead of an empty one.
    #[arg(long)]
    migrated: bool,
    /// The command and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("postgres");
    let mut leave = Leave::listen()?;
    let mut server = Postgres::start(&data, &folder.path().join("postgres.log")).await?;
    let ended = beside(&server, options, &mut leave).await;
    server.stop().await?;
    postgres::remove_data(&data)?;
    ended
}

async fn beside(server: &Postgres, options: &Options, leave: &mut Leave) -> Result<ExitCode> {
    let url = postgres::ensure_database(&server.url("postgres"), "test").await?;
    if options.migrated {
        let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
        let pool = sqlx::PgPool::connect(&url).await?;
        Migrator::new(migrations).await?.run(&pool).await.context("the migrations fail")?;
        pool.close().await;
    }
    let mut words = options.command.iter();
    let mut command = Command::new(words.next().context("no command")?);
    command.args(words).kill_on_drop(true);
    // where `DATABASE_URL` is set, sqlx's macros ask it: only a migrated database can answer them
    command.env(if options.migrated { "DATABASE_URL" } else { "TEST_DATABASE_URL" }, &url);
    let status = tokio::select! {
        status = command.status() => status?,
        () = leave.asked() => return Ok(ExitCode::from(130)),
    };
    Ok(u8::try_from(status.code().unwrap_or(1)).map_or(ExitCode::FAILURE, ExitCode::from))
}
