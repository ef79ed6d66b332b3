//! How fast events go in and out, beside a plain `COPY` of the same rows in the same run.
//!
//! In: batches of ten, signed, over HTTP, from 64 connections, until each is answered; against `COPY … FROM STDIN` of the
//! same rows, in one transaction, into a table with the same columns and primary key. Out: `exporter export` to two buckets
//! in two formats, process start included; against `COPY … TO STDOUT` of the same rows, thrown away.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use futures::{StreamExt, TryStreamExt, stream};
use local_stack::edge::{FORWARD_KEY, FORWARD_KEY_ID};
use local_stack::exporter::{DESTINATIONS, Exporter, Settings};
use local_stack::postgres::{self, Postgres};
use local_stack::s3::S3;
use serde_json::value::RawValue;
use sqlx::postgres::PgPoolCopyExt;
use sqlx::{Executor, PgPool};
use uuid::Uuid;
use wire::signature::{self, Signed};
use wire::{Consent, Event, ForwardBatch, ForwardedEvent, Page};

use super::median;
use crate::commands::leave::Leave;
use crate::commands::table;

const CONNECTIONS: usize = 64;
const EVENTS_A_BATCH: u32 = 10;

#[derive(Args)]
pub(crate) struct Options {
    /// Rows to ingest and export.
    #[arg(long)]
    rows: u32,
    /// How often each way is measured.
    #[arg(long)]
    runs: u32,
}

/// Seconds that each way took in one run.
struct Run {
    ingest: f64,
    copy_in: f64,
    export: f64,
    copy_out: f64,
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

    let bodies: Vec<(Uuid, String)> = (0..rows / EVENTS_A_BATCH).map(|n| body(n, number)).collect::<Result<_>>()?;
    let client = reqwest::Client::builder().pool_max_idle_per_host(CONNECTIONS).build()?;
    let target = format!("{}/ingest", exporter.ingest());
    let started = now();
    stream::iter(&bodies)
        .map(Ok)
        .try_for_each_concurrent(CONNECTIONS, |(id, body)| send(&client, &target, *id, body))
        .await?;
    let ingest = started.elapsed();

    let pool = PgPool::connect(&database).await?;
    let stored: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&pool).await?;
    ensure!(stored == i64::from(rows / EVENTS_A_BATCH * EVENTS_A_BATCH), "{stored} rows are stored");
    let (copied, copy_out) = copy_out(&pool).await?;
    let copy_in = copy_in(&pool, &copied).await?;

    let started = now();
    let exported = exporter.run(&["export"]).await?;
    let export = started.elapsed();
    ensure!(exported.status.success(), "exporter export: {}", String::from_utf8_lossy(&exported.stderr));
    exporter.stop().await?;
    let [ingest, copy_in, export, copy_out] = [ingest, copy_in, export, copy_out].map(|time| time.as_secs_f64());
    Ok(Run { ingest, copy_in, export, copy_out })
}

/// All rows as `COPY` writes them, and how long Postgres took to send them.
async fn copy_out(pool: &PgPool) -> Result<(Vec<u8>, Duration)> {
    let started = now();
    let mut stream = pool.copy_out_raw("copy (select * from events) to stdout").await?;
    let mut copied = Vec::new();
    while let Some(chunk) = stream.try_next().await? {
        copied.extend_from_slice(&chunk);
    }
    Ok((copied, started.elapsed()))
}

/// How long one connection takes to put the same rows into a table of the same columns and primary key.
async fn copy_in(pool: &PgPool, rows: &[u8]) -> Result<Duration> {
    pool.execute("create table plain (like events including defaults, primary key (event_id))").await?;
    let started = now();
    let mut copy = pool.copy_in_raw("copy plain from stdin").await?;
    for chunk in rows.chunks(1 << 20) {
        copy.send(chunk).await?;
    }
    copy.finish().await?;
    Ok(started.elapsed())
}

async fn send(client: &reqwest::Client, target: &str, id: Uuid, body: &str) -> Result<()> {
    let timestamp = unix_ms() / 1000;
    let nonce = id.to_string();
    let signed = Signed { method: "POST", path: "/ingest", timestamp, nonce: &nonce, key_id: FORWARD_KEY_ID };
    let key = signature::unhex(FORWARD_KEY).context("the key is no hexadecimal text")?;
    let mac = signed.sign(&key, body.as_bytes()).context("cannot sign")?;
    let request = client
        .post(target)
        .header("content-type", "application/json")
        .header(signature::TIMESTAMP_HEADER, timestamp)
        .header(signature::NONCE_HEADER, &nonce)
        .header(signature::KEY_ID_HEADER, FORWARD_KEY_ID)
        .header(signature::SIGNATURE_HEADER, mac);
    let answer = request.body(body.to_owned()).send().await?;
    ensure!(answer.status() == 200, "/ingest answered {}", answer.status());
    Ok(())
}

/// The body of a batch, of the size and variety of a real visit's.
fn body(number: u32, run: u32) -> Result<(Uuid, String)> {
    let (batch_id, stream_id) = (fresh_id(), fresh_id());
    let ts = unix_ms();
    let path = format!("/products/{}", number % 500);
    let page = Page {
        url: format!("https://shop.example{path}?utm_source=newsletter&variant={}", number % 7),
        path,
        title: format!("Product {} for every day", number % 500),
        referrer: "https://www.google.com/".to_owned(),
        channel: "search".to_owned(),
        platform: "google".to_owned(),
        ..Page::default()
    };
    let event = |seq: u32| {
        let data = format!(
            r#"{{"tag":"a","id":"buy-{seq}","classes":"button primary","text":"Add to basket","href":"/basket?item={number}","selector":"main > ul:nth-of-type(1) > li:nth-of-type({seq})","x":{},"y":{},"link":"internal"}}"#,
            seq * 31 % 1280,
            number % 4000
        );
        Ok(ForwardedEvent {
            session_id: Uuid::from_u128(u128::from(number / 4) << 64 | u128::from(run)),
            session_number: 1,
            session_start: ts,
            redactions: std::collections::BTreeMap::default(),
            event: Event {
                id: fresh_id(),
                seq,
                kind: if seq == 0 { "pageview" } else { "click" }.to_owned(),
                ts,
                t: seq * 1200,
                page: 0,
                data: RawValue::from_string(data)?,
            },
        })
    };
    let batch = ForwardBatch {
        v: wire::version::WIRE,
        edge_version: "bench".to_owned(),
        batch_id,
        stream_id,
        site_id: "shop.example".to_owned(),
        visitor_id: Uuid::from_u128(u128::from(number / 9) << 32 | u128::from(run)),
        sent_at: ts,
        received_at: ts,
        consent: Consent::Granted,
        country: Some("DE".to_owned()),
        region: Some("Berlin".to_owned()),
        ip: Some("203.0.113.0".to_owned()),
        user_agent:
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
                .to_owned(),
        browser: "Chrome".to_owned(),
        os: "Linux".to_owned(),
        device: "desktop".to_owned(),
        bot: None,
        dropped: 0,
        pages: vec![page],
        events: (0..EVENTS_A_BATCH).map(event).collect::<Result<Vec<_>>>()?,
    };
    Ok((batch_id, serde_json::to_string(&batch)?))
}

fn print(runs: &[Run], rows: u32) {
    let row = |what: &str, baseline: &str, time: fn(&Run) -> f64, of: fn(&Run) -> f64| {
        let rate = |time: f64| format!("{:.0}", f64::from(rows) / time);
        let ratio = median(runs.iter().map(|run| of(run) / time(run)));
        let (time, of) = (median(runs.iter().map(time)), median(runs.iter().map(of)));
        vec![what.to_owned(), rate(time), baseline.to_owned(), rate(of), format!("{ratio:.2}")]
    };
    println!("\n{rows} rows, medians of {} runs; the ratio is taken run by run", runs.len());
    table::print(
        &["way", "rows/s", "baseline", "rows/s", "ratio"],
        &[
            row("ingest", "COPY FROM STDIN", |run| run.ingest, |run| run.copy_in),
            row("export", "COPY TO STDOUT", |run| run.export, |run| run.copy_out),
        ],
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

#[expect(clippy::disallowed_methods, reason = "rows of one run must not meet those of another")]
fn fresh_id() -> Uuid {
    Uuid::now_v7()
}
