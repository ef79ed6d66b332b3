//! `POST /export/run`, `GET /export/status` and `GET /export/config`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use tracing::Instrument;

use super::Services;
use super::error::ApiError;
use crate::config::Config;
use crate::export::Report;
use crate::store::operator::{self, DestinationStatus};

#[derive(Serialize)]
struct Status {
    destinations: Vec<DestinationStatus>,
}

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new()
        .route("/export/run", post(run))
        .route("/export/status", get(status))
        .route("/export/config", get(config))
}

async fn run(State(services): State<Arc<Services>>) -> Result<Json<Report>, ApiError> {
    // In a task of its own: a caller that hangs up does not stop the run in the middle.
    match tokio::spawn(async move { services.exporter.run().await }.in_current_span()).await {
        Ok(report) => Ok(Json(report?)),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn status(State(services): State<Arc<Services>>) -> Result<Json<Status>, ApiError> {
    let mut connection = services.pools.operator.acquire().await?;
    let mut destinations = Vec::new();
    for name in services.config.destination_names() {
        destinations.push(operator::destination_status(&mut connection, &name).await?);
    }
    Ok(Json(Status { destinations }))
}

/// Secrets serialise as "[redacted]".
async fn config(State(services): State<Arc<Services>>) -> Json<Config> {
    Json(services.config.clone())
}
