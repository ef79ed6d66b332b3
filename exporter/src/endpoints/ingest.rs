//! `POST /ingest`. The headers are looked at first, then the size of the body and its signature, and only then is anything
//! parsed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use wire::IngestAnswer;
use wire::limits::INGEST_BODY_BYTES;

use super::Services;
use super::error::ApiError;
use crate::ingest::{self, IngestError, authenticate};

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/ingest", post(receive)).layer(DefaultBodyLimit::max(INGEST_BODY_BYTES))
}

async fn receive(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<IngestAnswer>, ApiError> {
    let now = services.clock.now();
    let claim = authenticate::claim(&services.keys, &headers, now).map_err(IngestError::from)?;
    let body = Bytes::from_request(request, &()).await?;
    Ok(Json(ingest::ingest(&services.pools.ingest, &services.redaction, &claim, now, &body).await?))
}
