//! The operator's token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Services;
use super::error::ApiError;

/// Lets requests with the token pass.
pub(super) async fn require(
    State(services): State<Arc<Services>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let header = request.headers().get(header::AUTHORIZATION).map_or(&[][..], header::HeaderValue::as_bytes);
    let given = bearer(header).unwrap_or_default();
    // Hashes are of equal length, so that time tells nothing of the token's.
    let (given, token) = (Sha256::digest(given), Sha256::digest(services.config.operator.token.expose()));
    if bool::from(given.ct_eq(&token)) { Ok(next.run(request).await) } else { Err(ApiError::Unauthorized) }
}

/// What follows the scheme, which may be written in any case (<https://www.rfc-editor.org/rfc/rfc9110#section-11>).
fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, given) = header.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| given.trim_ascii_start())
}
