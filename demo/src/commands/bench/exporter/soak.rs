//! Full load for minutes on end: whether the exporter's memory stays what it was.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use local_stack::postgres::Postgres;
use sqlx::Executor;
use tokio::task::spawn_blocking;

use super::{CONNECTIONS, EVENTS_A_BATCH, Stack, bodies, load, now};
use crate::commands::bench::median;

/// Batches that are sent while the next as many are made.
const BATCHES: u32 = 2000;
/// Rows are kept until there are so many, lest the disk be full of them.
const ROWS_KEPT: u32 = 2_000_000;
/// Lines of the table.
const LINES: u32 = 20;
/// What a bar's character stands for.
const MEGABYTES: f64 = 4.0;

pub(super) async fn run(server: &Postgres, folder: &Path, minutes: u32) -> Result<()> {
    let mut stack = Stack::start(server, folder, 0).await?;
    println!("  full load for {minutes} minutes, ten events a batch from {CONNECTIONS} connections");
    println!("  {:>8}  {:>8}  {:>6}", "seconds", "rows/s", "MB");

    let (mut memory, mut kept) = (Vec::new(), 0);
    let mut batches = made().await?;
    let started = now();
    for line in 1..=LINES {
        let (begun, mut rows) = (now(), 0);
        while started.elapsed() < Duration::from_mins(u64::from(minutes)) * line / LINES {
            let sent = load::closed(stack.exporter.ingest(), &batches, CONNECTIONS);
            (_, batches) = tokio::try_join!(sent, made())?;
            rows += BATCHES * EVENTS_A_BATCH;
        }
        let megabytes = stack.exporter.memory().context("the exporter's memory is not known")? / 1e6;
        let rate = f64::from(rows) / begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some characters")]
        let bar = "█".repeat((megabytes / MEGABYTES) as usize);
        println!("  {:>8}  {rate:>8.0}  {megabytes:>6.0}  {bar}", started.elapsed().as_secs());
        memory.push(megabytes);
        kept += rows;
        if kept > ROWS_KEPT {
            stack.pool.execute("truncate events").await?;
            kept = 0;
        }
    }
    let half = memory.len() / 2;
    let (first, second) = memory.split_at(half);
    println!(
        "\nthe exporter's memory: {:.0} MB in the first half, {:.0} MB in the second, {:.0} MB at its peak",
        median(first.iter().copied()),
        median(second.iter().copied()),
        stack.exporter.peak_memory().context("the exporter's memory is not known")? / 1e6
    );
    stack.exporter.stop().await
}

/// The next batches, which are signed for five minutes.
async fn made() -> Result<Arc<Vec<Vec<u8>>>> {
    spawn_blocking(|| load::requests(&bodies(0, BATCHES, EVENTS_A_BATCH)?)).await?
}
