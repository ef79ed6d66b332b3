//! The demo: everything on this machine, for a person to click through, or one visit from browser to bucket.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use local_stack::browser::Browser;
use local_stack::buckets::{self, Row};
use local_stack::exporter::OPERATOR_TOKEN;
use local_stack::postgres::{self, Postgres};
use local_stack::stack::Stack;
use local_stack::visit;
use serde_json::Value;

use super::leave::Leave;
use super::table;

#[derive(Args)]
pub(crate) struct Options {
    /// Drive one visit, export, verify, print the exported rows, and leave.
    #[arg(long)]
    once: bool,
}

/// The hostname of the demo site: browsers find it on this machine, and it shows as the site of every event.
const HOST: &str = "demo.localhost";

pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").canonicalize()?;
    let folder = folder.join(if options.once { "demo-once" } else { "demo" });
    let data = folder.join("postgres");
    if options.once && folder.exists() {
        postgres::remove_data(&data)?;
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("logs"))?;
    let mut leave = Leave::listen()?;
    let mut server = Postgres::start(&data, &folder.join("logs/postgres.log")).await.context("step `Postgres`")?;
    let ended = with_stack(&server, &folder, options, &mut leave).await;
    server.stop().await?;
    ended.map(|()| ExitCode::SUCCESS)
}

async fn with_stack(server: &Postgres, folder: &Path, options: &Options, leave: &mut Leave) -> Result<()> {
    println!("→ starting Postgres, S3, the exporter, the Worker and the demo site");
    let database = postgres::ensure_database(&server.url("postgres"), "evothesis").await?;
    // a scheduled export must not come between the steps of a single run
    let every = if options.once { "1d" } else { "1m" };
    let mut stack = Stack::start(&database, folder, every).await.context("step `start`")?;
    addresses(&stack);
    let ended = if options.once {
        tokio::select! {
            done = once(&stack) => done,
            () = leave.asked() => Err(anyhow::anyhow!("interrupted")),
        }
    } else {
        tokio::select! {
            failed = watch(&stack) => failed,
            () = leave.asked() => Ok(()),
        }
    };
    println!("\nstopping");
    stack.stop().await?;
    ended
}

fn addresses(stack: &Stack) {
    let row = |what: &str, place: String| vec![what.to_owned(), place];
    let operator = format!("{}  (Authorization: Bearer {OPERATOR_TOKEN})", stack.exporter.operator());
    println!();
    table::print(
        &["part", "address"],
        &[
            row("demo site", stack.site.address(HOST)),
            row("edge (Worker)", stack.edge.address().to_owned()),
            row("exporter, ingest", stack.exporter.ingest().to_owned()),
            row("exporter, operator", operator),
            row("Postgres", stack.database.clone()),
            row("S3 endpoint", stack.s3.address().to_owned()),
            row("buckets", stack.s3.folder().display().to_string()),
            row("logs", stack.folder().join("logs").display().to_string()),
        ],
    );
    println!();
}

/// Prints a line for each object as it is exported, until stopped from outside.
async fn watch(stack: &Stack) -> Result<()> {
    println!("Visit the demo site. It exports every minute; Ctrl-C stops it all.\n");
    let mut told = stack.exporter.logged("exported").len();
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let exported = stack.exporter.logged("exported");
        for line in exported.iter().skip(told) {
            let text = |field: &str| line[field].as_str().map_or_else(|| line[field].to_string(), str::to_owned);
            println!(
                "exported to {:<6}  {}  {} rows  {} bytes",
                text("destination"),
                text("key"),
                text("rows"),
                text("bytes")
            );
        }
        told = exported.len();
    }
}

async fn once(stack: &Stack) -> Result<()> {
    println!("→ one visit in headless Chromium");
    let browser = Browser::start().await.context("step `browser`")?;
    visit::drive(&browser, &stack.site.address(HOST)).await.context("step `visit`")?;
    browser.close().await?;
    let stored = settled(stack).await.context("step `ingest`")?;
    println!("  {stored} events stored\n→ export");
    let exported = stack.exporter.run(&["export"]).await?;
    print!("{}", String::from_utf8_lossy(&exported.stdout));
    ensure!(exported.status.success(), "step `export`: {}", String::from_utf8_lossy(&exported.stderr));
    println!("→ verify");
    let verified = stack.exporter.run(&["verify"]).await?;
    print!("{}", String::from_utf8_lossy(&verified.stdout));
    ensure!(verified.status.success(), "step `verify`: {}", String::from_utf8_lossy(&verified.stderr));

    let bucket: PathBuf = stack.bucket("client");
    let rows = buckets::rows(&bucket, "parquet").context("step `read back`")?;
    ensure!(rows.len() as u64 == stored, "step `read back`: {} rows in the bucket, {stored} stored", rows.len());
    for manifest in buckets::manifests(&bucket)? {
        for object in manifest.objects.iter().filter(|object| object.format == "parquet") {
            println!("→ {}", bucket.join(&object.key).display());
        }
    }
    print_rows(rows);
    Ok(())
}

/// The number of stored events once it has stopped growing.
async fn settled(stack: &Stack) -> Result<u64> {
    let (mut last, mut steady) = (0, 0);
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let answer = stack.exporter.ask(reqwest::Method::GET, "/events/count").await?;
        let count = answer["count"].as_u64().context("/events/count has no count")?;
        steady = if count == last { steady + 1 } else { 0 };
        last = count;
        if count > 0 && steady >= 4 {
            return Ok(count);
        }
    }
    anyhow::bail!("no event arrived within 30 s")
}

fn print_rows(mut rows: Vec<Row>) {
    let text = |row: &Row, column: &str| match row.get(column) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    };
    rows.sort_by_key(|row| (text(row, "timestamp"), text(row, "stream_id"), row.get("seq").and_then(Value::as_u64)));
    let head = ["timestamp", "event_type", "seq", "session", "url", "redactions", "data"];
    let cells = rows.iter().map(|row| {
        let url = text(row, "url");
        let below = url.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap_or(url);
        vec![
            text(row, "timestamp").get(11..23).unwrap_or_default().to_owned(),
            text(row, "event_type"),
            text(row, "seq"),
            table::cut(&text(row, "session_id"), 9),
            table::cut(&below, 44),
            table::cut(&text(row, "redactions"), 24),
            table::cut(&text(row, "data"), 60),
        ]
    });
    table::print(&head, &cells.collect::<Vec<_>>());
}
