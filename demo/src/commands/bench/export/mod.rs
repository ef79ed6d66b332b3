//! How fast events leave: `exporter export` of many rows to one bucket, beside what others do with the same rows in the
//! same run.
//!
//! The floor is `COPY … TO STDOUT` of the same columns, thrown away. The peers are `xtask/peers/export.py`, a way each;
//! all write zstd Parquet and put it into the same bucket, process start included.

mod rows;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use futures::TryStreamExt;
use local_stack::postgres::{self, Postgres};
use local_stack::process::Process;
use local_stack::s3::{self, S3};
use serde_json::Value;
use sqlx::postgres::PgPoolCopyExt;
use sqlx::{Executor, PgPool};
use tokio::process::Command;

use super::target::{self, Target};
use crate::commands::leave::Leave;
use crate::commands::table;

const BUCKET: &str = "bench";
const PEERS: [&str; 6] = ["duckdb", "duckdb-size", "adbc", "chdb", "polars-adbc", "polars-connectorx"];
/// What the peers and the floor read: the exported columns.
const QUERY: &str = "select event_id, event_type, site_id, visitor_id, session_id, stream_id, seq, timestamp, sent_at, \
    received_at, url, path, title, referrer, channel, platform, utm_source, utm_medium, utm_campaign, utm_term, \
    utm_content, utm_id, country, region, user_agent, browser, os, device, bot, ip_address, consent, redactions, data, \
    ingested_at, t, session_number, session_start, edge_version from events join segments on segments.id = segment_id";

#[derive(Args)]
pub(crate) struct Options {
    /// Rows to export.
    #[arg(long)]
    rows: u32,
    /// The Python that has the peers' packages; without it no peer is measured.
    #[arg(long)]
    python: Option<PathBuf>,
    /// The peers' program.
    #[arg(long)]
    peers: Option<PathBuf>,
}

/// One way, measured.
struct Way {
    name: String,
    seconds: f64,
    megabytes: f64,
    bytes: Option<u64>,
}

pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let folder = tempfile::tempdir_in("/var/tmp")?;
    let data = folder.path().join("postgres");
    let mut server = Postgres::start(&data, &folder.path().join("postgres.log")).await?;
    let mut leave = Leave::listen()?;
    let done = tokio::select! {
        done = measure(&server, folder.path(), options) => done,
        () = leave.asked() => Err(anyhow::anyhow!("interrupted")),
    };
    server.stop().await?;
    postgres::remove_data(&data)?;
    done.map(|()| ExitCode::SUCCESS)
}

async fn measure(server: &Postgres, folder: &Path, options: &Options) -> Result<()> {
    let database = postgres::ensure_database(&server.url("postgres"), "bench").await?;
    let s3 = S3::start(&folder.join("s3"), &[BUCKET]).await?;
    let config = folder.join("exporter.toml");
    std::fs::write(&config, settings(&database, s3.address()))?;
    timed("migrate", exporter(&config, &["migrate"], "")?, folder).await?;
    let pool = PgPool::connect(&database).await?;
    println!("  making {} rows", options.rows);
    rows::make(&pool, options.rows).await?;
    // chDB reads tables and views alone
    pool.execute(sqlx::AssertSqlSafe(format!("create view bench_export as {QUERY}"))).await?;

    let mut ways = Vec::new();
    for _ in 0..2 {
        // the first run warms the caches that all others find warm
        ways = vec![floor(&pool).await?];
    }
    for formats in ["parquet", "jsonl", "csv", "parquet,jsonl,csv"] {
        println!("  exporter, {formats}");
        forget(&pool).await?;
        let mut way = timed(formats, exporter(&config, &["export"], formats)?, folder).await?;
        way.bytes = Some(stored(&folder.join("s3").join(BUCKET), formats)?);
        way.name = format!("exporter, {formats}");
        ways.push(way);
    }
    let exported = folder.join("s3").join(BUCKET);
    for peer in PEERS {
        let (Some(python), Some(program)) = (&options.python, &options.peers) else { break };
        println!("  {peer}");
        let mut command = Command::new(python);
        command.arg(program).args([peer, &database, QUERY]).arg(folder.join("peer.parquet"));
        command.args([s3.address(), s3::ACCESS_KEY, s3::SECRET_KEY, BUCKET]).arg(&exported);
        match timed(peer, command, folder).await {
            Ok(way) => ways.push(way),
            Err(error) => println!("  {peer}: not measured: {error:#}"),
        }
        let _ = std::fs::remove_file(folder.join("peer.parquet"));
    }
    print(&ways, options.rows);
    judge(&ways);
    Ok(())
}

fn exporter(config: &Path, arguments: &[&str], formats: &str) -> Result<Command> {
    let binary = std::env::var_os("EXPORTER").context("EXPORTER must name the exporter's binary")?;
    let mut command = Command::new(binary);
    command.arg("--config").arg(config).args(arguments);
    if !formats.is_empty() {
        let quoted: Vec<_> = formats.split(',').map(|format| format!("\"{format}\"")).collect();
        command.env("EVOTHESIS_EXPORT__FORMATS", format!("[{}]", quoted.join(",")));
    }
    Ok(command)
}

fn settings(database: &str, s3: &str) -> String {
    format!(
        "[database]\nurl = \"{database}\"\n[ingest.keys]\nk1 = \"{}\"\n[operator]\ntoken = \"token-of-the-bench\"\n\
         [[destinations]]\nname = \"{BUCKET}\"\nbucket = \"{BUCKET}\"\nregion = \"{}\"\nendpoint = \"{s3}\"\n\
         path_style = true\naccess_key = \"{}\"\nsecret_key = \"{}\"\n",
        "01".repeat(32),
        s3::REGION,
        s3::ACCESS_KEY,
        s3::SECRET_KEY
    )
}

/// Undoes all exports.
async fn forget(pool: &PgPool) -> Result<()> {
    pool.execute(
        "delete from objects;
        delete from deliveries;
        update segments set export_batch_id = null, exported_at = null;
        delete from export_batches",
    )
    .await?;
    Ok(())
}

/// How long Postgres takes to send the rows, and nothing else is done with them.
async fn floor(pool: &PgPool) -> Result<Way> {
    let started = now();
    let mut stream = pool.copy_out_raw(&format!("copy ({QUERY}) to stdout (format binary)")).await?;
    while stream.try_next().await?.is_some() {}
    Ok(Way {
        name: "COPY to nothing".to_owned(),
        seconds: started.elapsed().as_secs_f64(),
        megabytes: 0.0,
        bytes: None,
    })
}

/// Runs `command` to its end, and watches its memory.
async fn timed(name: &str, mut command: Command, folder: &Path) -> Result<Way> {
    let log = folder.join("way.log");
    let started = now();
    let mut process = Process::start(name, &mut command, &log)?;
    let mut peak: f64 = 0.0;
    let status = loop {
        if let Some(status) = process.ended()? {
            break status;
        }
        peak = peak.max(process.peak_memory().unwrap_or_default());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let seconds = started.elapsed().as_secs_f64();
    let said = process.said();
    ensure!(status.success(), "{}", said.lines().last().unwrap_or_default());
    // a peer tells how long its file is
    let bytes = said.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
    let bytes = bytes.and_then(|told| told["bytes"].as_u64());
    Ok(Way { name: name.to_owned(), seconds, megabytes: peak / 1e6, bytes })
}

/// The length of the newest objects of `formats`, all of which the last export made; the others are removed.
fn stored(bucket: &Path, formats: &str) -> Result<u64> {
    let mut bytes = 0;
    for format in formats.split(',') {
        for file in local_stack::buckets::files(&bucket.join(format!("format={format}")))? {
            bytes += file.metadata()?.len();
            if !formats.contains(',') || format != "parquet" {
                std::fs::remove_file(file)?;
            }
        }
    }
    Ok(bytes)
}

fn print(ways: &[Way], rows: u32) {
    let floor = ways.first().map_or(f64::NAN, |way| way.seconds);
    let line = |way: &Way| {
        #[expect(clippy::cast_precision_loss, reason = "a length")]
        let bytes = way.bytes.map_or(String::new(), |bytes| format!("{:.1}", bytes as f64 / f64::from(rows)));
        let memory = if way.megabytes > 0.0 { format!("{:.0}", way.megabytes) } else { String::new() };
        let rate = format!("{:.0}", f64::from(rows) / way.seconds);
        vec![
            way.name.clone(),
            format!("{:.2}", way.seconds),
            rate,
            format!("{:.2}", way.seconds / floor),
            memory,
            bytes,
        ]
    };
    println!("\n{rows} rows to one bucket");
    table::print(
        &["way", "seconds", "rows/s", "of the floor", "peak MB", "bytes/row"],
        &ways.iter().map(line).collect::<Vec<_>>(),
    );
}

fn judge(ways: &[Way]) {
    let find = |name: &str| ways.iter().find(|way| way.name == name);
    let seconds = |name: &str| find(name).map_or(f64::NAN, |way| way.seconds);
    #[expect(clippy::cast_precision_loss, reason = "a length")]
    let bytes = |name: &str| find(name).and_then(|way| way.bytes).map_or(f64::NAN, |bytes| bytes as f64);
    let (own, others): (Vec<&Way>, Vec<&Way>) = ways.iter().skip(1).partition(|way| way.name.starts_with("exporter"));
    // It only tells a size: it reads what is exported already.
    let peers = others.iter().filter(|way| way.name != "duckdb-size").map(|way| way.seconds);
    let parquet = "exporter, parquet";
    target::print(&[
        Target::at_most("Parquet, of COPY to nothing", 1.3, seconds(parquet) / seconds("COPY to nothing")),
        Target::at_most("Parquet, of the fastest peer", 1.0, seconds(parquet) / peers.fold(f64::NAN, f64::min)),
        Target::at_most("all formats, of Parquet", 2.0, seconds("exporter, parquet,jsonl,csv") / seconds(parquet)),
        Target::at_most("memory, MB", 300.0, own.iter().map(|way| way.megabytes).fold(f64::NAN, f64::max)),
        Target::at_most("Parquet's bytes, of DuckDB's", 1.0, bytes(parquet) / bytes("duckdb-size")),
    ]);
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}
