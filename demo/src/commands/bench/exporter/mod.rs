//! How fast events go in and out, beside what Postgres does with the same rows in the same run.
//!
//! In: signed batches over HTTP until each is answered; beside inserts by `unnest` from as many connections, of 1,000 rows
//! each and of as few as a batch has, and `COPY … FROM STDIN`, with nothing around them. Out: `exporter export` to two buckets in two formats, process start
//! included; beside `COPY … TO STDOUT` of the same rows, thrown away.

mod body;
mod load;
mod plain;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use local_stack::exporter::{DESTINATIONS, Exporter, Settings};
use local_stack::postgres::{self, Postgres};
use local_stack::s3::S3;
use sqlx::{Executor, PgPool};
use uuid::Uuid;

use super::{median, quantile};
use crate::commands::leave::Leave;
use crate::commands::table;

/// Connections that batches come from, and that the plain inserts have.
const CONNECTIONS: usize = 64;
/// Connections that batches of one event come from, too: few of those are under way while a disk is waited for.
const MANY_CONNECTIONS: usize = 256;
const EVENTS_A_BATCH: u32 = 10;
/// What plain inserts are fastest with.
const ROWS_A_PLAIN_INSERT: usize = 1000;
/// One-event batches are a part of the rows, lest they take all the time.
const ONES: u32 = 5;
/// How long an open loop lasts, in seconds.
const OPEN_SECONDS: f64 = 10.0;

#[derive(Args)]
pub(crate) struct Options {
    /// Rows to ingest and export.
    #[arg(long)]
    rows: u32,
    /// How often each way is measured.
    #[arg(long)]
    runs: u32,
}

/// What one run measured; rates are rows a second.
struct Run {
    tens: f64,
    ones: f64,
    ones_of_many: f64,
    unnest: f64,
    unnest_tens: f64,
    copy_in: f64,
    export: f64,
    copy_out: f64,
    /// Milliseconds that 99 of 100 answers came within, at half of the rate of tens.
    p99: f64,
    bytes_a_row: f64,
    peak_megabytes: f64,
}

pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("postgres");
    let mut server = Postgres::start(&data, &folder.path().join("postgres.log")).await?;
    let mut leave = Leave::listen()?;
    let runs = tokio::select! {
        runs = measured(&server, folder.path(), options) => runs,
        () = leave.asked() => Err(anyhow::anyhow!("interrupted")),
    };
    server.stop().await?;
    postgres::remove_data(&data)?;
    print(&runs?, options.rows);
    Ok(ExitCode::SUCCESS)
}

async fn measured(server: &Postgres, folder: &Path, options: &Options) -> Result<Vec<Run>> {
    let mut runs = Vec::new();
    for number in 0..options.runs {
        println!("  run {} of {}", number + 1, options.runs);
        let folder = folder.join(number.to_string());
        std::fs::create_dir(&folder)?;
        runs.push(measure(server, &folder, options.rows, number).await?);
    }
    Ok(runs)
}

async fn measure(server: &Postgres, folder: &Path, rows: u32, number: u32) -> Result<Run> {
    let database = postgres::ensure_database(&server.url("postgres"), &format!("bench_{number}")).await?;
    let s3 = S3::start(&folder.join("s3"), &DESTINATIONS).await?;
    let settings = Settings { database: &database, s3: s3.address(), every: "1d" };
    let mut exporter = Exporter::start(&settings, folder, &folder.join("exporter.log")).await?;
    let pool = PgPool::connect(&database).await?;
    let bodies = |batches: u32, events: u32| -> Result<Vec<(Uuid, String)>> {
        (0..batches).map(|n| body::body(n, number, events)).collect()
    };
    let rate = |events: u32, time: std::time::Duration| f64::from(events) / time.as_secs_f64();

    let tens = load::requests(&bodies(rows / EVENTS_A_BATCH, EVENTS_A_BATCH)?)?;
    let tens = rate(rows, load::closed(exporter.ingest(), &tens, CONNECTIONS).await?);
    let stored: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&pool).await?;
    ensure!(stored == i64::from(rows / EVENTS_A_BATCH * EVENTS_A_BATCH), "{stored} rows are stored");
    let bytes: i64 = sqlx::query_scalar(
        "select sum(pg_total_relation_size(inhrelid))::bigint from pg_inherits where inhparent = 'events'::regclass",
    )
    .fetch_one(&pool)
    .await?;

    let unnest = rate(rows, plain::insert(&pool, CONNECTIONS, ROWS_A_PLAIN_INSERT).await?);
    let unnest_tens = rate(rows, plain::insert(&pool, CONNECTIONS, EVENTS_A_BATCH as usize).await?);
    let (copied, copy_out) = plain::copy_out(&pool).await?;
    let copy_in = rate(rows, plain::copy_in(&pool, &copied).await?);
    drop(copied);
    let started = now();
    let exported = exporter.run(&["export"]).await?;
    let export = rate(rows, started.elapsed());
    ensure!(exported.status.success(), "exporter export: {}", String::from_utf8_lossy(&exported.stderr));

    // What the plain ways have left to do is not ingest's to wait for.
    pool.execute("drop table bare; checkpoint").await?;
    let ones = async |connections| {
        let requests = load::requests(&bodies(rows / ONES, 1)?)?;
        anyhow::Ok(rate(rows / ONES, load::closed(exporter.ingest(), &requests, connections).await?))
    };
    let (ones, ones_of_many) = (ones(CONNECTIONS).await?, ones(MANY_CONNECTIONS).await?);
    let half = tens / 2.0 / f64::from(EVENTS_A_BATCH);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of batches")]
    let open = load::requests(&bodies((half * OPEN_SECONDS) as u32, EVENTS_A_BATCH)?)?;
    let p99 = quantile(load::open(exporter.ingest(), &open, half).await?, 0.99) * 1000.0;

    let peak_megabytes = exporter.peak_memory().context("the exporter's memory is not known")? / 1e6;
    exporter.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "a size")]
    let bytes_a_row = bytes as f64 / f64::from(rows);
    Ok(Run {
        tens,
        ones,
        ones_of_many,
        unnest,
        unnest_tens,
        copy_in,
        export,
        copy_out: rate(rows, copy_out),
        p99,
        bytes_a_row,
        peak_megabytes,
    })
}

fn print(runs: &[Run], rows: u32) {
    let row = |what: &str, rate: fn(&Run) -> f64, baseline: &str, of: fn(&Run) -> f64| {
        let ratio = median(runs.iter().map(|run| rate(run) / of(run)));
        let (rate, of) = (median(runs.iter().map(rate)), median(runs.iter().map(of)));
        vec![what.to_owned(), format!("{rate:.0}"), baseline.to_owned(), format!("{of:.0}"), format!("{ratio:.2}")]
    };
    let of_many = format!("the same, {MANY_CONNECTIONS} connections");
    let unnest = format!("unnest by {ROWS_A_PLAIN_INSERT}");
    println!("\n{rows} rows, {CONNECTIONS} connections, medians of {} runs; the ratio is taken run by run", runs.len());
    table::print(
        &["way", "rows/s", "baseline", "rows/s", "ratio"],
        &[
            row("ingest, ten events a batch", |run| run.tens, &unnest, |run| run.unnest),
            row("", |run| run.tens, "COPY FROM STDIN", |run| run.copy_in),
            row("", |run| run.tens, "unnest by 10", |run| run.unnest_tens),
            row("ingest, one event a batch", |run| run.ones, &unnest, |run| run.unnest),
            row(&of_many, |run| run.ones_of_many, &unnest, |run| run.unnest),
            row("export", |run| run.export, "COPY TO STDOUT", |run| run.copy_out),
        ],
    );
    println!(
        "\nat half of the first rate, arrivals however slow the answers: 99 of 100 answers within {:.0} ms\n\
         bytes of disk a row, indexes included: {:.0}; the exporter's memory at its peak: {:.0} MB",
        median(runs.iter().map(|run| run.p99)),
        median(runs.iter().map(|run| run.bytes_a_row)),
        median(runs.iter().map(|run| run.peak_megabytes)),
    );
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "events must lie in the window that the exporter accepts")]
fn unix_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
