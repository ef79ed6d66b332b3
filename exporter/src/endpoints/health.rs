//! `GET /health`: 200 while the database answers, 503 while it does not. Each listener asks by the connections that its own
//! requests use.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use sqlx::PgPool;

use super::Services;
use crate::store::{Pools, operator};

/// Whoever asks wants to know soon.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Health {
    status: &'static str,
    database: &'static str,
}

pub(super) fn routes(pool: fn(&Pools) -> &PgPool) -> Router<Arc<Services>> {
    Router::new()
        .route("/health", get(async move |State(services): State<Arc<Services>>| health(pool(&services.pools)).await))
}

async fn health(pool: &PgPool) -> (StatusCode, Json<Health>) {
    let ping = async { operator::ping(&mut *pool.acquire().await?).await };
    match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(())) => (StatusCode::OK, Json(Health { status: "ok", database: "connected" })),
        _ => (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "unavailable", database: "unreachable" })),
    }
}
