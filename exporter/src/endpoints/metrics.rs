//! `GET /metrics`, for Prometheus. What this process counts is there whether the database answers or not.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::problem::Problem;
use super::{Services, health};
use crate::metrics::{CONTENT_TYPE, Process, gauges};

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/metrics", get(metrics))
}

/// Figures for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "service",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn metrics(State(services): State<Arc<Services>>) -> Response {
    let status = health::examined(&services).await;
    let process = Process::new(services.ingest.room(), &services.pools);
    match gauges(&process, status.as_ref()).and_then(|gauges| services.metrics.text(&gauges)) {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot write the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
