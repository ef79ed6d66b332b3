//! `POST /ingest`. The headers are looked at first, then the size of the body and its signature, and only then is anything
//! inflated or parsed. Bodies count against the room that there is as they come: what is only announced takes none of it, and
//! what takes its time makes room for others.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use http_body_util::BodyExt;
use wire::IngestAnswer;
use wire::limits::INGEST_BODY_BYTES;

use super::Services;
use super::error::{ApiError, BodyError};
use crate::ingest::Expected;

/// Room that a body takes before anything of it came.
const FIRST_BYTES: usize = 4 * 1024;

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/ingest", post(receive))
}

async fn receive(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<IngestAnswer>, ApiError> {
    let expected = services.ingest.expect(&headers, FIRST_BYTES, services.clock.now())?;
    let body = read(request.into_body(), &expected).await?;
    Ok(Json(services.ingest.take(expected, &body).await?))
}

/// Reads a `body` for as long as there is room for it. One that comes slowly is cut off with its request.
async fn read(mut body: Body, expected: &Expected<'_>) -> Result<Vec<u8>, ApiError> {
    let longest = INGEST_BODY_BYTES as u64;
    if body.size_hint().lower() > longest {
        return Err(BodyError::TooLong.into());
    }
    let mut read = Vec::new();
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            full = expected.has_to_go() => return Err(full.into()),
        };
        let Some(frame) = frame else { return Ok(read) };
        let Ok(bytes) = frame.map_err(|_| BodyError::CutShort)?.into_data() else { continue };
        let length = read.len() + bytes.len();
        if length > INGEST_BODY_BYTES {
            return Err(BodyError::TooLong.into());
        }
        expected.grow(length)?;
        read.extend_from_slice(&bytes);
    }
}
