//! A batch through the Worker, beside an echo of the same body by the same Worker, in workerd without anything before it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use futures::future::try_join_all;
use local_stack::process::{Process, free_port, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::process::Command;
use uuid::Uuid;

use super::median;
use crate::commands::table;

const CONNECTIONS: usize = 16;
const SECONDS: u64 = 3;
/// How often a batch is taken through the Worker in one request: enough to see it beside the request itself.
const TIMES: u32 = 500;
/// The targets: CPU for a batch, and throughput beside the echo.
const MOST_MS: f64 = 0.5;
const LEAST_RATIO: f64 = 0.7;

#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the Worker, built for the bench.
    #[arg(long)]
    worker: PathBuf,
    /// How often each way is measured.
    #[arg(long)]
    runs: u32,
}

/// What one run measured.
struct Run {
    /// Requests a second.
    echo: f64,
    /// Requests a second.
    batch: f64,
    /// Milliseconds that a batch takes from decoding to signature, its request left out.
    cpu: f64,
}

pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let mut starts = Vec::new();
    for module in [Some(options.worker.as_path()), None] {
        let mut times = Vec::new();
        for _ in 0..options.runs {
            let (mut worker, _, took) = start(folder.path(), module).await?;
            worker.stop(Signal::TERM).await?;
            times.push(took);
        }
        starts.push(median(times));
    }
    let (mut worker, address, _) = start(folder.path(), Some(&options.worker)).await?;
    let mut runs = Vec::new();
    for _ in 0..options.runs {
        runs.push(measure(&address).await?);
    }
    worker.stop(Signal::TERM).await?;

    let of = |what: fn(&Run) -> f64| median(runs.iter().map(what));
    let (echo, batch, cpu, ratio) =
        (of(|run| run.echo), of(|run| run.batch), of(|run| run.cpu), of(|run| run.batch / run.echo));
    println!("\na batch of 10 events, {} bytes; medians of {} runs", body()?.len(), options.runs);
    table::print(
        &["what", "measured", "target"],
        &[
            vec!["CPU of a batch, ms".to_owned(), format!("{cpu:.3}"), format!("{MOST_MS} at most")],
            vec!["echoes a second".to_owned(), format!("{echo:.0}"), String::new()],
            vec!["batches a second".to_owned(), format!("{batch:.0}"), String::new()],
            vec!["batches to echoes".to_owned(), format!("{ratio:.2}"), format!("{LEAST_RATIO} at least")],
            vec![
                "start, more than an empty Worker's, ms".to_owned(),
                format!("{:.0}", starts[0] - starts[1]),
                "20 at most".to_owned(),
            ],
        ],
    );
    Ok(ExitCode::SUCCESS)
}

/// Starts workerd with the Worker in `folder`, or with an empty one; how many milliseconds went by until it answered.
async fn start(folder: &Path, worker: Option<&Path>) -> Result<(Process, String, f64)> {
    let port = free_port()?;
    let modules = match worker {
        Some(worker) => {
            for name in ["index.js", "index_bg.wasm"] {
                fs::copy(worker.join(name), folder.join(name)).context("`cargo xtask bench edge` builds the Worker")?;
            }
            r#"(name = "index.js", esModule = embed "index.js"), (name = "index_bg.wasm", wasm = embed "index_bg.wasm")"#
        }
        None => r#"(name = "index.js", esModule = "export default { fetch: () => new Response() };")"#,
    };
    let key = "07".repeat(32);
    let bindings = [
        ("EXPORTER_URL", "https://exporter.invalid"),
        ("FORWARD_KEY_ID", "bench"),
        ("FORWARD_KEY", key.as_str()),
        ("TOKEN_KEY", key.as_str()),
        ("PRIVACY", "standard"),
    ];
    let bindings = bindings.map(|(name, text)| format!("(name = \"{name}\", text = \"{text}\")")).join(", ");
    let config = format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "edge", worker = (modules = [{modules}], bindings = [{bindings}], compatibilityDate = "2026-08-01"))],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "edge")],
);"#
    );
    let file = folder.join("config.capnp");
    fs::write(&file, config)?;
    let workerd = concat!(env!("CARGO_MANIFEST_DIR"), "/../node_modules/workerd/bin/workerd");
    let began = now();
    let mut process =
        Process::start("workerd", Command::new(workerd).arg("serve").arg(&file), &folder.join("workerd.log"))?;
    let address = format!("http://127.0.0.1:{port}");
    let answers = async || reqwest::get(&address).await.is_ok();
    if let Err(error) = until("workerd", 20, answers).await {
        let said = process.said();
        process.kill().await?;
        return Err(error.context(said));
    }
    Ok((process, address, began.elapsed().as_secs_f64() * 1000.0))
}

async fn measure(address: &str) -> Result<Run> {
    let body = body()?;
    let client = reqwest::Client::builder().pool_max_idle_per_host(CONNECTIONS).build()?;
    let to = |path: &str| format!("{address}/bench/{path}");
    // each way is warm before it is measured
    for path in ["echo", "batch/1", "batch/500"] {
        load(&client, &to(path), &body, Duration::from_secs(1)).await?;
    }
    let echo = load(&client, &to("echo"), &body, Duration::from_secs(SECONDS)).await?;
    let batch = load(&client, &to("batch/1"), &body, Duration::from_secs(SECONDS)).await?;
    let (one, many) =
        (time(&client, &to("batch/1"), &body).await?, time(&client, &to(&format!("batch/{TIMES}")), &body).await?);
    Ok(Run { echo, batch, cpu: (many - one) / f64::from(TIMES - 1) })
}

/// Requests a second.
async fn load(client: &reqwest::Client, target: &str, body: &str, time: Duration) -> Result<f64> {
    let began = now();
    let connection = async || -> Result<u32> {
        let mut sent = 0;
        while began.elapsed() < time {
            post(client, target, body).await?;
            sent += 1;
        }
        Ok(sent)
    };
    let sent = try_join_all((0..CONNECTIONS).map(|_| connection())).await?;
    Ok(f64::from(sent.iter().sum::<u32>()) / began.elapsed().as_secs_f64())
}

/// Milliseconds of one request, the median of some.
async fn time(client: &reqwest::Client, target: &str, body: &str) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..9 {
        let began = now();
        post(client, target, body).await?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(median(times))
}

async fn post(client: &reqwest::Client, target: &str, body: &str) -> Result<()> {
    let request = client.post(target).header("origin", "https://shop.example").header("content-type", "text/plain");
    let request = request.header("cf-connecting-ip", "203.0.113.7");
    let request =
        request.header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
    let answer = request.body(body.to_owned()).send().await?;
    ensure!(answer.status() == 200, "{target} answered {}: {}", answer.status(), answer.text().await?);
    let read = answer.bytes().await?;
    ensure!(!read.is_empty(), "{target} answered nothing");
    Ok(())
}

/// A batch as a visit to a shop makes it.
fn body() -> Result<String> {
    let ts = unix_ms();
    let event = |seq: u32| -> Value {
        let data = match seq {
            0 => {
                json!({ "navigation": "navigate", "language": "en-GB", "timezone": "Europe/Berlin", "screen": "1920x1080",
                "viewport": "1280x720", "pixel_ratio": 2 })
            }
            8 => json!({ "order_id": "A-1029384756", "currency": "EUR", "value": 149.90,
                "items": [{ "item_id": "SKU-12345", "item_name": "Garden chair, green", "price": 74.95, "quantity": 2 }] }),
            9 => {
                json!({ "form_id": "newsletter", "action": "/newsletter", "note": "please write to jane.doe@example.com",
                "fields": [{ "name": "email", "type": "email", "position": 0, "filled": true, "sensitive": true }] })
            }
            _ => json!({ "tag": "a", "id": format!("buy-{seq}"), "classes": "button primary", "text": "Add to basket",
                "href": format!("/basket?item={seq}&ref=teaser"), "selector": format!("main > ul:nth-of-type(1) > li:nth-of-type({seq})"),
                "x": seq * 31, "y": seq * 77, "link": "internal" }),
        };
        let kind =
            ["pageview", "click", "click", "click", "click", "click", "click", "click", "purchase", "form_submit"];
        json!({ "id": fresh_id(), "seq": seq, "type": kind.get(seq as usize), "ts": ts, "t": seq * 1200, "page": 0, "data": data })
    };
    let batch = json!({
        "v": wire::version::WIRE, "batch_id": fresh_id(), "stream_id": fresh_id(), "sent_at": ts, "token": null,
        "consent": "granted", "dropped": 0,
        "pages": [{ "url": "https://shop.example/products/garden-chair?utm_source=newsletter&utm_medium=email&variant=7", "path": "",
            "title": "Garden chair for every day", "referrer": "https://www.google.com/" }],
        "events": (0..10).map(event).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string(&batch)?)
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "events must lie in the window that the edge accepts")]
fn unix_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "events of one batch are different ones")]
fn fresh_id() -> Uuid {
    Uuid::now_v7()
}
