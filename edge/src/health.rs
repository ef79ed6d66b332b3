//! `GET /health`: whether the Worker runs, and whether it reaches the exporter.

use std::time::Duration;

use serde::Serialize;
use worker::{Env, Fetch, Method, Request, Response, Result};

use crate::config::Config;
use crate::forwarder::within;

/// Nobody waits longer for an answer about health.
const TIME: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    exporter: &'static str,
}

/// Says how things are. An exporter out of reach is no failure of the edge, which queues; wrong settings are.
pub async fn get(env: &Env) -> Result<Response> {
    let version = env!("CARGO_PKG_VERSION");
    let (code, status, exporter) = match Config::read(|name| env.var(name).ok().map(|value| value.to_string())) {
        Ok(config) => (200, "ok", if reaches(&config).await { "reachable" } else { "unreachable" }),
        Err(_) => (503, "wrong settings", "unknown"),
    };
    let mut response = Response::from_json(&Health { status, version, exporter })?.with_status(code);
    response.headers_mut().set("cache-control", "no-store")?;
    Ok(response)
}

async fn reaches(config: &Config) -> bool {
    let url = format!("{}/health", config.exporter_url);
    let Ok(request) = Request::new(&url, Method::Get) else { return false };
    let answer = within(TIME, Fetch::Request(request).send()).await;
    matches!(answer, Some(Ok(response)) if response.status_code() < 500)
}
