//! `POST /ingest`. The headers are looked at first, then the size of the body and its signature, and only then is anything
//! inflated or parsed. Bodies count against the room that there is from the first byte.

use std::sync::Arc;

use axum::body::{Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use wire::IngestAnswer;
use wire::limits::INGEST_BODY_BYTES;

use super::Services;
use super::error::ApiError;

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/ingest", post(receive)).layer(DefaultBodyLimit::max(INGEST_BODY_BYTES))
}

async fn receive(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<IngestAnswer>, ApiError> {
    // Without a length it may be as long as allowed; with a greater one nothing is read of it.
    let length = request.body().size_hint().upper().and_then(|length| usize::try_from(length).ok());
    let room = length.map_or(INGEST_BODY_BYTES, |length| length.min(INGEST_BODY_BYTES));
    let expected = services.ingest.expect(&headers, room, services.clock.now())?;
    let body = Bytes::from_request(request, &()).await?;
    Ok(Json(services.ingest.take(expected, &body).await?))
}
