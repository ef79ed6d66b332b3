//! `GET /health`: 200 while the database answers, 503 while it does not.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::Services;
use crate::store::operator;

/// Whoever asks wants to know soon.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Health {
    status: &'static str,
    database: &'static str,
}

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/health", get(health))
}

async fn health(State(services): State<Arc<Services>>) -> (StatusCode, Json<Health>) {
    let ping = async { operator::ping(&mut *services.pools.work.acquire().await?).await };
    match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(())) => (StatusCode::OK, Json(Health { status: "ok", database: "connected" })),
        _ => (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "unavailable", database: "unreachable" })),
    }
}
