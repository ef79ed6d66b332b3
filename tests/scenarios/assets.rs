//! What the edge serves and where: the loader for a while, what is named by a hash for ever, and all of it under a path of
//! the site's own if it likes.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use local_stack::edge::{FORWARD_KEY, FORWARD_KEY_ID};
use local_stack::process::Process;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::fixture::{batch, built, stored, with_stack};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pixel_is_served_with_the_right_lifetimes() -> Result<()> {
    with_stack(async |stack| {
        let edge = stack.edge.address();
        let built = built()?;
        let parts = built.as_object().context("pixel.json is no object")?;
        for (part, name) in parts.iter().filter_map(|(part, name)| Some((part, name.as_str()?))) {
            let answer = reqwest::get(format!("{edge}/{name}")).await?;
            let kind = if name.rsplit_once('.').is_some_and(|(_, ending)| ending == "wasm") {
                "application/wasm"
            } else {
                "text/javascript; charset=utf-8"
            };
            let lifetime = if part == "loader" { "public, max-age=300" } else { "public, max-age=31536000, immutable" };
            ensure_served(&answer, kind, lifetime).with_context(|| format!("{part}, {name}"))?;
        }
        ensure!(["loader", "glue", "wasm"].iter().all(|part| parts.contains_key(*part)), "pixel.json lacks a part");
        for (path, status) in [
            ("/nothing-here", 404),
            ("/0123456789abcdef.js", 404),
            ("/pixel-0123456789abcdef.js", 404),
            ("/w8/m.js", 404),
            ("/collect", 405),
        ] {
            let answer = reqwest::get(format!("{edge}{path}")).await?;
            ensure!(answer.status() == status, "{path}: {}", answer.status());
            ensure!(header(&answer, &CACHE_CONTROL) == "no-store", "{path} may be kept");
        }
        ensure_pinned(edge).await.map(drop)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_of_the_sites_own_gives_the_pixel_and_takes_the_batches() -> Result<()> {
    with_stack(async |stack| {
        let log = stack.folder().join("logs/own-path-edge.log");
        let (mut worker, edge) = start_at("/w8/m.js", stack.exporter.ingest(), &log).await?;
        let pixel = ensure_pinned(&edge).await?;
        let versioned = pixel["versioned"].as_str().context("/health has no versioned path")?;
        ensure!(pixel["path"] == "/w8/m.js" && versioned.starts_with("/w8/m-"), "{pixel}");
        let built = built()?;
        let wasm = built["wasm"].as_str().context("pixel.json has no wasm")?;
        ensure_served(
            &reqwest::get(format!("{edge}/w8/{wasm}")).await?,
            "application/wasm",
            "public, max-age=31536000, immutable",
        )?;
        ensure!(reqwest::get(format!("{edge}/w8/m.gif")).await?.status() == 200);

        // a page whose loader is of an earlier deployment goes on sending
        let earlier = "/w8/m-0123456789abcdef.js";
        ensure!(reqwest::get(format!("{edge}{earlier}")).await?.status() == 404);
        for (count, path) in (1..).zip(["/w8/m.js", versioned, earlier]) {
            let asked = send(Method::OPTIONS, &format!("{edge}{path}"), "").await?;
            ensure!(asked.status() == 204, "OPTIONS {path}: {}", asked.status());
            let answer = send(Method::POST, &format!("{edge}{path}"), &batch(1).to_string()).await?;
            ensure!(answer.status() == 200, "POST {path}: {}", answer.status());
            ensure!(stored(stack).await? == count, "the batch sent to {path} is not stored");
        }
        for (method, path) in [
            (Method::GET, "/pixel.js".to_owned()),
            (Method::GET, "/pixel.gif".to_owned()),
            (Method::GET, format!("/{wasm}")),
            (Method::POST, "/collect".to_owned()),
            (Method::POST, "/w8/collect".to_owned()),
        ] {
            let answer = send(method.clone(), &format!("{edge}{path}"), "").await?;
            ensure!(answer.status() == 404, "{method} {path}: {}", answer.status());
        }
        worker.kill().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_is_none_is_a_wrong_setting() -> Result<()> {
    with_stack(async |stack| {
        let log = stack.folder().join("logs/wrong-path-edge.log");
        let (mut worker, edge) = start_at("w8/m", stack.exporter.ingest(), &log).await?;
        for path in ["/health", "/pixel.js", "/w8/m"] {
            let answer = reqwest::get(format!("{edge}{path}")).await?;
            ensure!(answer.status() == 503, "{path}: {}", answer.status());
        }
        worker.kill().await?;
        let log = std::fs::read_to_string(&log)?;
        ensure!(log.contains("PIXEL_PATH must be a path such as /pixel.js"), "the log does not tell:\n{log}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_can_read_why_its_batch_was_refused() -> Result<()> {
    with_stack(async |stack| {
        let edge = stack.edge.address();
        let mut unknown = batch(1);
        unknown["v"] = json!(2);
        for (body, status) in [("{}".to_owned(), 400), (unknown.to_string(), 422), (" ".repeat(64 * 1024 + 1), 413)] {
            let answer = send(Method::POST, &format!("{edge}/collect"), &body).await?;
            ensure!(answer.status() == status, "{} instead of {status}", answer.status());
            for (name, expected) in [
                ("access-control-allow-origin", "https://shop.example"),
                ("access-control-expose-headers", "retry-after"),
            ] {
                let value = header(&answer, &HeaderName::from_static(name));
                ensure!(value == expected, "{status}, {name}: {value}");
            }
        }
        Ok(())
    })
    .await
}

/// A Worker whose pixel lives at `path`, and its address.
async fn start_at(path: &str, exporter: &str, log: &Path) -> Result<(Process, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let bindings = json!({
        "EXPORTER_URL": exporter, "FORWARD_KEY": FORWARD_KEY, "FORWARD_KEY_ID": FORWARD_KEY_ID, "PIXEL_PATH": path,
    });
    let mut command = Command::new(root.join("node_modules/node/bin/node"));
    command.arg(root.join("demo/src/edge.mjs")).arg(bindings.to_string());
    let mut worker = Process::start("the Worker with a path of its own", &mut command, log)?;
    let ready = |said: &str| said.lines().find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
    let address = worker.says(60, ready).await?;
    Ok((worker, address))
}

/// Checks that the loader under its versioned path is the one that `/health` lets an operator pin; gives what it says.
async fn ensure_pinned(edge: &str) -> Result<Value> {
    let health = reqwest::get(format!("{edge}/health")).await?;
    ensure!(health.status() == 200, "/health: {}", health.status());
    let pixel = serde_json::from_str::<Value>(&health.text().await?)?["pixel"].take();
    let path = |name: &str| pixel[name].as_str().with_context(|| format!("/health has no {name}: {pixel}"));
    let current = reqwest::get(format!("{edge}{}", path("path")?)).await?;
    ensure_served(&current, "text/javascript; charset=utf-8", "public, max-age=300")?;
    let pinned = reqwest::get(format!("{edge}{}", path("versioned")?)).await?;
    ensure_served(&pinned, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable")?;
    ensure!(current.bytes().await? == pinned.bytes().await?, "the versioned loader is another one");
    if let Some(expected) = built()?["integrity"]["loader"].as_str() {
        ensure!(path("integrity")? == expected, "the integrity is not that of the build: {pixel}");
    }
    ensure!(path("integrity")?.starts_with("sha256-"), "{pixel}");
    Ok(pixel)
}

fn ensure_served(answer: &Response, kind: &str, lifetime: &str) -> Result<()> {
    ensure!(answer.status() == 200, "{}", answer.status());
    for (name, expected) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, lifetime),
        (HeaderName::from_static("access-control-allow-origin"), "*"),
        (HeaderName::from_static("timing-allow-origin"), "*"),
    ] {
        let value = header(answer, &name);
        ensure!(value == expected, "{name}: {value}");
    }
    Ok(())
}

fn header<'a>(answer: &'a Response, name: &HeaderName) -> &'a str {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn send(method: Method, url: &str, body: &str) -> Result<Response> {
    let request = Client::new().request(method, url).header("origin", "https://shop.example");
    // of a question beforehand; others do not mind it
    let request = request.header("access-control-request-method", "POST");
    Ok(request.header(CONTENT_TYPE, "text/plain").body(body.to_owned()).send().await?)
}
