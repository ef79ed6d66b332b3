//! `POST /export/run`, `GET /export/status` and `GET /export/config`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use tracing::Instrument;
use utoipa::ToSchema;

use super::Services;
use super::error::ApiError;
use super::parameters::Nothing;
use super::problem::Refusals;
use crate::config::Config;
use crate::export::Report;
use crate::store::operator::{self, DestinationStatus};

/// How far each destination is.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportStatus {
    destinations: Vec<DestinationStatus>,
}

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new()
        .route("/export/run", post(run))
        .route("/export/status", get(status))
        .route("/export/config", get(config))
}

/// Exports now, and answers when it is done. What failed stays pending.
#[utoipa::path(post, path = "/export/run", tag = "export", responses((status = 200, body = Report), Refusals))]
pub(super) async fn run(State(services): State<Arc<Services>>, _: Nothing) -> Result<Json<Report>, ApiError> {
    // In a task of its own: a caller that hangs up does not stop the run in the middle.
    match tokio::spawn(async move { services.exporter.run().await }.in_current_span()).await {
        Ok(report) => Ok(Json(report?)),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// How far each destination is.
#[utoipa::path(get, path = "/export/status", tag = "export", responses((status = 200, body = ExportStatus), Refusals))]
pub(super) async fn status(State(services): State<Arc<Services>>, _: Nothing) -> Result<Json<ExportStatus>, ApiError> {
    let mut connection = services.pools.operator.acquire().await?;
    let mut destinations = Vec::new();
    for name in services.config.destination_names() {
        destinations.push(operator::destination_status(&mut connection, &name).await?);
    }
    Ok(Json(ExportStatus { destinations }))
}

/// The settings, each secret as `[redacted]`.
#[utoipa::path(get, path = "/export/config", tag = "export", responses((status = 200, body = Object), Refusals))]
pub(super) async fn config(State(services): State<Arc<Services>>, _: Nothing) -> Result<Json<Config>, ApiError> {
    Ok(Json(services.config.clone()))
}
