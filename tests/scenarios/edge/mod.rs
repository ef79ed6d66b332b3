//! The Worker alone in workerd, in front of an exporter that only listens.

mod cookieless;
mod delivery;
mod guard;
mod privacy;
mod replay;
mod trap;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use local_stack::edge::Edge;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use wire::ForwardBatch;

/// Takes batches, keeps them and says that they are stored.
pub(super) struct Listener {
    address: String,
    heard: Arc<Mutex<Vec<Bytes>>>,
}

impl Listener {
    /// One that answers after `delay`.
    async fn start(delay: Duration) -> Result<Self> {
        let heard: Arc<Mutex<Vec<Bytes>>> = Arc::default();
        let kept = heard.clone();
        let take = async move |body: Bytes| {
            tokio::time::sleep(delay).await;
            let events = serde_json::from_slice::<ForwardBatch>(&body).map_or(0, |batch| batch.events.len());
            kept.lock().await.push(body);
            (StatusCode::OK, json!({ "accepted": events, "duplicates": 0, "refused": [] }).to_string())
        };
        let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", socket.local_addr()?);
        let health = async || r#"{"status":"ok","database":"connected"}"#;
        let app =
            Router::new().route("/ingest", axum::routing::post(take)).route("/health", axum::routing::get(health));
        tokio::spawn(async move {
            let _ = axum::serve(socket, app).await;
        });
        Ok(Self { address, heard })
    }

    /// Every batch so far.
    async fn batches(&self) -> Result<Vec<ForwardBatch>> {
        let heard = self.heard.lock().await;
        heard.iter().map(|body| Ok(serde_json::from_slice(body)?)).collect()
    }

    /// The latest batch, once there are `count`.
    async fn latest(&self, count: usize) -> Result<ForwardBatch> {
        let mut batches = self.batches().await?;
        ensure!(batches.len() == count, "{} batches instead of {count}", batches.len());
        batches.pop().context("no batch")
    }
}

/// Runs `scenario` on a Worker with some settings and an exporter that listens.
async fn with_edge(settings: Value, scenario: impl AsyncFnOnce(&Edge, &Listener) -> Result<()>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("edge.log");
    let listener = Listener::start(Duration::ZERO).await?;
    let mut edge = Edge::start_set_up(&listener.address, &log, &settings).await?;
    let done = scenario(&edge, &listener).await;
    edge.stop().await?;
    done.with_context(|| std::fs::read_to_string(&log).unwrap_or_default())
}

/// A request to `/collect` that a page would send, but for the headers of `other`.
async fn post(edge: &Edge, body: impl Into<reqwest::Body>, other: &[(&str, &str)]) -> Result<(u16, HeaderMap, Value)> {
    let mut headers = HeaderMap::new();
    let usual = [("origin", "https://shop.example"), ("content-type", "text/plain;charset=UTF-8")];
    for (name, value) in usual.iter().chain(other) {
        headers.insert(reqwest::header::HeaderName::from_bytes(name.as_bytes())?, value.parse()?);
    }
    let request = reqwest::Client::new().post(format!("{}/collect", edge.address())).headers(headers);
    let answer = request.body(body).send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok((status, headers, serde_json::from_str(&answer.text().await?).unwrap_or_default()))
}

/// `GET /health`.
async fn health(edge: &Edge) -> Result<Value> {
    let answer = reqwest::get(format!("{}/health", edge.address())).await?;
    Ok(serde_json::from_str(&answer.text().await?)?)
}
