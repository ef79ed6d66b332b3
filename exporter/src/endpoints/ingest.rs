//! `POST /ingest`. The size is checked first, then the signature, and only then is anything parsed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use wire::IngestAnswer;
use wire::limits::INGEST_BODY_BYTES;

use super::Services;
use super::error::ApiError;
use crate::ingest;

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/ingest", post(receive)).layer(DefaultBodyLimit::max(INGEST_BODY_BYTES))
}

async fn receive(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<IngestAnswer>, ApiError> {
    let answer = ingest::ingest(&services.pools.ingest, &services.keys, services.clock, &headers, &body?).await?;
    Ok(Json(answer))
}
