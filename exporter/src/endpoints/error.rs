//! The one mapping from errors to HTTP, and the one log line for each. A body never holds more than the caller needs.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use wire::CollectError;

use crate::ingest::IngestError;
use crate::ingest::decode::DecodeError;
use crate::ingest::inflate::{ENCODINGS, InflateError};
use crate::store;

/// When the edge may try again, in seconds.
const RETRY_AFTER: &str = "5";

/// Why a request was not served.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("unauthorized")]
    Unauthorized,
    #[error("the body is too large or cannot be read: {0}")]
    Body(#[from] axum::extract::rejection::BytesRejection),
    #[error("{0}")]
    Query(#[from] axum::extract::rejection::QueryRejection),
    #[error("{0}")]
    Ingest(#[source] IngestError),
    #[error("the database failed: {0}")]
    Store(#[from] sqlx::Error),
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Unauthorized(_) => Self::Unauthorized,
            other => Self::Ingest(other),
        }
    }
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Body(rejection) => rejection.status(),
            Self::Query(_) => StatusCode::BAD_REQUEST,
            Self::Ingest(IngestError::Undecodable(error)) => match error {
                DecodeError::Malformed(_) => StatusCode::BAD_REQUEST,
                DecodeError::UnknownVersion(_) | DecodeError::TooMany { .. } => StatusCode::UNPROCESSABLE_ENTITY,
                // Refused for good, the events would be lost; queued, they wait for the update.
                DecodeError::Newer(_) => StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::Ingest(IngestError::Inflate(error)) => match error {
                InflateError::Unknown => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                InflateError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
                InflateError::Corrupt => StatusCode::BAD_REQUEST,
            },
            Self::Ingest(IngestError::Full(_)) => StatusCode::TOO_MANY_REQUESTS,
            Self::Ingest(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable name of the error, the field at fault and what is wrong with it.
    fn body(&self) -> CollectError {
        let (error, field, reason) = match self {
            Self::Unauthorized => ("unauthorized", "", String::new()),
            Self::Body(_) => ("body", "", "too large or cut short".to_owned()),
            Self::Query(error) => ("query", "", error.body_text()),
            Self::Ingest(IngestError::Undecodable(error)) => match error {
                DecodeError::Malformed(_) => ("malformed", "", "not a forwarded batch".to_owned()),
                DecodeError::UnknownVersion(_) | DecodeError::Newer(_) => ("version", "v", error.to_string()),
                DecodeError::TooMany { field, .. } => ("too_many", *field, error.to_string()),
            },
            Self::Ingest(IngestError::Inflate(error)) => ("body", "", error.to_string()),
            Self::Ingest(error @ IngestError::Full(_)) => ("busy", "", error.to_string()),
            Self::Ingest(_) | Self::Store(_) => ("unavailable", "", "try again later".to_owned()),
        };
        CollectError { error: error.to_owned(), field: field.to_owned(), reason }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        match &self {
            // The database quotes values in its messages, and a parser the text it stumbled over: their kind must do.
            Self::Store(error) => {
                let (kind, code) = (store::kind(error), store::sqlstate(error));
                tracing::error!(status = status.as_u16(), kind, %code, "request failed");
            }
            other => tracing::warn!(status = status.as_u16(), error = other.body().error, "request refused"),
        }
        let mut response = (status, Json(self.body())).into_response();
        let (name, value) = match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => (header::RETRY_AFTER, RETRY_AFTER),
            // <https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16>
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (header::ACCEPT_ENCODING, ENCODINGS),
            _ => return response,
        };
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
        response
    }
}
