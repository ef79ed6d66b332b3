//! A stack for one scenario, and what scenarios ask of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_stack::buckets::{self, Row};
use local_stack::exporter::DESTINATIONS;
use local_stack::postgres;
use local_stack::stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// The hostname under which scenarios visit the demo site.
pub(crate) const HOST: &str = "shop.localhost";

/// Runs `scenario` on a stack that nobody else uses and that exports only when told to.
pub(crate) async fn with_stack(scenario: impl AsyncFnOnce(&mut Stack) -> Result<()>) -> Result<()> {
    let server = std::env::var("TEST_DATABASE_URL")
        .context("TEST_DATABASE_URL is not set: `cargo xtask test` starts a Postgres and runs the tests beside it")?;
    let name = format!("scenario_{}", fresh_id().simple());
    let database = postgres::ensure_database(&server, &name).await?;
    let folder = tempfile::tempdir()?;
    let mut stack = Stack::start(&database, folder.path(), "1d").await?;
    let done = scenario(&mut stack).await;
    if done.is_err() {
        let log = std::fs::read_to_string(stack.exporter.log()).unwrap_or_default();
        let edge = std::fs::read_to_string(stack.edge.log()).unwrap_or_default();
        eprintln!("exporter:\n{}\nedge:\n{}", last(&log), last(&edge));
    }
    stack.stop().await?;
    postgres::drop_database(&server, &name).await?;
    done
}

fn last(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

#[expect(clippy::disallowed_methods, reason = "scenarios run in the present and must not meet one another's ids")]
pub(crate) fn fresh_id() -> Uuid {
    Uuid::now_v7()
}

/// The time now, Unix milliseconds.
#[expect(clippy::disallowed_methods, reason = "scenarios run in the present")]
pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The pixel's files as they were built: `loader`, `glue`, `wasm`.
pub(crate) fn built() -> Result<Value> {
    let list = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/pixel/pixel.json"))?;
    Ok(serde_json::from_slice(&list)?)
}

/// A batch of `count` events as a pixel would send it.
pub(crate) fn batch(count: u32) -> Value {
    let events: Vec<Value> = (0..count)
        .map(|seq| {
            json!({ "id": fresh_id(), "seq": seq, "type": "click", "ts": now_ms(), "t": seq * 10, "page": 0,
                    "data": { "tag": "a", "n": seq } })
        })
        .collect();
    json!({
        "v": 1, "batch_id": fresh_id(), "stream_id": fresh_id(), "sent_at": now_ms(), "token": null,
        "consent": "unknown", "dropped": 0, "events": events,
        "pages": [{ "url": "https://shop.example/a", "path": "/a", "title": "A", "referrer": "",
                    "attribution": {}, "channel": "direct", "platform": "" }],
    })
}

/// Posts `batch` to the edge at `edge` and answers what it answered with 200.
pub(crate) async fn collect(edge: &str, batch: &Value) -> Result<Value> {
    let request = reqwest::Client::new().post(format!("{edge}/collect")).header("content-type", "text/plain");
    let answer = request.header("origin", "https://shop.example").body(batch.to_string()).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status == 200, "/collect answered {status}: {text}");
    Ok(serde_json::from_str(&text)?)
}

/// The number of stored events.
pub(crate) async fn stored(stack: &Stack) -> Result<u64> {
    let answer = stack.exporter.ask(Method::GET, "/events/count").await?;
    answer["count"].as_u64().context("/events/count has no count")
}

/// Waits until at least `events` are stored and for `seconds` no more come. After an outage the Queue rests between its
/// tries, so there it takes longer to be sure.
pub(crate) async fn settled(stack: &Stack, events: u64, seconds: u32) -> Result<u64> {
    let (mut last, mut steady) = (0, 0);
    for _ in 0..180 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let count = stored(stack).await?;
        steady = if count == last { steady + 1 } else { 0 };
        last = count;
        if count >= events && steady >= seconds * 2 {
            return Ok(count);
        }
    }
    anyhow::bail!("waited for {events} events, {last} are stored")
}

/// Exports until every destination has all there is, and verifies it.
pub(crate) async fn export_and_verify(stack: &Stack) -> Result<()> {
    let mut status = Value::Null;
    for _ in 0..60 {
        succeed(stack, "export").await?;
        // by the command, since the service may be paused
        let told = stack.exporter.run(&["status", "--json"]).await?;
        status = serde_json::from_slice::<Value>(&told.stdout).context("exporter status --json")?["exports"].take();
        let destinations = status.as_array().context("the status has no exports")?;
        if destinations.iter().all(|destination| destination["pending_rows"] == 0) {
            return succeed(stack, "verify").await;
        }
        // what a killed exporter had begun belongs to it until its lease ends
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    anyhow::bail!("not everything is exported: {status}")
}

async fn succeed(stack: &Stack, command: &str) -> Result<()> {
    let output = stack.exporter.run(&[command]).await?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "exporter {command}: {}{}", said(&output.stdout), said(&output.stderr));
    Ok(())
}

/// The rows of every destination and format, after checking that they are the same everywhere and each there once.
pub(crate) fn exported(stack: &Stack) -> Result<Vec<Row>> {
    let mut all = Vec::new();
    for destination in DESTINATIONS {
        for format in ["parquet", "jsonl"] {
            let rows = buckets::rows(&stack.bucket(destination), format)?;
            let ids: BTreeSet<String> = rows.iter().map(|row| text(row, "event_id")).collect();
            ensure!(ids.len() == rows.len(), "{destination}, {format}: {} rows, {} ids", rows.len(), ids.len());
            all.push((destination, format, ids, rows));
        }
    }
    let (_, _, expected, rows) = all.swap_remove(0);
    for (destination, format, ids, _) in all {
        ensure!(ids == expected, "{destination}, {format}: {} rows, Parquet has {}", ids.len(), expected.len());
    }
    Ok(rows)
}

/// A column as text.
pub(crate) fn text(row: &Row, column: &str) -> String {
    match row.get(column) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// How often each event type occurs.
pub(crate) fn types(rows: &[Row]) -> BTreeMap<String, usize> {
    let mut types = BTreeMap::new();
    for row in rows {
        *types.entry(text(row, "event_type")).or_default() += 1;
    }
    types
}

/// Checks that each page load's events are numbered 0, 1, 2 … without a gap.
pub(crate) fn ensure_gapless(rows: &[Row]) -> Result<()> {
    let mut streams: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for row in rows {
        let seq = row.get("seq").and_then(Value::as_u64).context("a row has no seq")?;
        ensure!(streams.entry(text(row, "stream_id")).or_default().insert(seq), "seq {seq} twice in a stream");
    }
    for (stream, numbers) in streams {
        let expected: BTreeSet<u64> = (0..numbers.len() as u64).collect();
        ensure!(numbers == expected, "stream {stream} has a gap: {numbers:?}");
    }
    Ok(())
}
