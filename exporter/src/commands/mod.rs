//! A file for each subcommand: its arguments and its run.

pub mod access;
mod author;
pub mod credentials;
pub mod doctor;
pub mod export;
pub mod forget;
pub mod retention;
pub mod sites;
pub mod status;
pub mod usage;
pub mod verify;
pub mod webhooks;

use std::process::ExitCode;

use anyhow::Context;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use crate::config::Config;
use crate::store::{Pools, schema};

/// A connection to a database that has this program's schema.
async fn connect(config: &Config) -> anyhow::Result<PoolConnection<Postgres>> {
    let mut connection = Pools::new(&config.database)?.operator.acquire().await.context("cannot reach the database")?;
    schema::check(&mut connection).await?;
    Ok(connection)
}

fn exit(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
