//! The one mapping from errors to HTTP, and the one log line for each. A body never holds more than the caller needs.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::ingest::IngestError;
use crate::ingest::decode::DecodeError;
use crate::ingest::inflate::{ENCODINGS, InflateError};
use crate::store;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("is too large")]
    TooLong,
    #[error("was cut short")]
    CutShort,
}

/// Why a request was not served.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("the request does not prove who sends it")]
    Unauthorized,
    #[error("the body {0}")]
    Body(#[from] BodyError),
    #[error("{field}: {reason}")]
    Invalid { field: String, reason: String },
    #[error("{field}: {reason}")]
    Absent { field: &'static str, reason: String },
    #[error("{field}: {reason}")]
    Conflict { field: &'static str, reason: String },
    #[error("{0}")]
    Busy(&'static str),
    #[error("{0}")]
    Ingest(#[source] IngestError),
    /// A search that was given up for the time it took.
    #[error("there is too much to look through")]
    TooSlow,
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
    /// Of a search, which whoever asks can narrow down.
    pub(super) fn of_search(error: sqlx::Error) -> Self {
        if store::sqlstate(&error) == "57014" { Self::TooSlow } else { Self::Store(error) }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Body(BodyError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyError::CutShort) | Self::Invalid { .. } => StatusCode::BAD_REQUEST,
            Self::Absent { .. } => StatusCode::NOT_FOUND,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::TooSlow => StatusCode::UNPROCESSABLE_ENTITY,
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
            Self::Busy(_) | Self::Ingest(IngestError::Full(_)) => StatusCode::TOO_MANY_REQUESTS,
            Self::Ingest(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What is answered.
    fn problem(&self) -> Problem {
        let status = self.status();
        let (name, title, field) = match self {
            Self::Unauthorized => ("unauthorized", "not authorised", None),
            Self::Body(_) | Self::Ingest(IngestError::Inflate(_)) => ("body", "the body cannot be read", None),
            Self::Invalid { field, .. } => ("invalid", "a parameter makes no sense", Some(field.as_str())),
            Self::Absent { field, .. } => ("not_found", "there is none of that", Some(*field)),
            Self::Conflict { field, .. } => ("conflict", "that cannot be done here and now", Some(*field)),
            Self::Busy(_) | Self::Ingest(IngestError::Full(_)) => ("busy", "too much is under way", None),
            Self::Ingest(IngestError::Undecodable(error)) => match error {
                DecodeError::Malformed(_) => ("malformed", "not a forwarded batch", None),
                DecodeError::UnknownVersion(_) | DecodeError::Newer(_) => {
                    ("version", "not this exporter's version", Some("v"))
                }
                DecodeError::TooMany { field, .. } => ("too_many", "more than a batch may hold", Some(*field)),
            },
            Self::TooSlow => ("too_slow", "too much to look through", None),
            Self::Ingest(_) | Self::Store(_) => ("unavailable", "not now", None),
        };
        Problem::new(status, name, title, self.detail(), field.map(str::to_owned))
    }

    fn detail(&self) -> String {
        match self {
            Self::Invalid { reason, .. } | Self::Absent { reason, .. } | Self::Conflict { reason, .. } => {
                reason.clone()
            }
            // The parser quotes what it stumbled over.
            Self::Ingest(IngestError::Undecodable(DecodeError::Malformed(_))) => "not a forwarded batch".to_owned(),
            Self::TooSlow => "narrow it down by from and to".to_owned(),
            Self::Store(_) | Self::Ingest(IngestError::NotCommitted(_)) => "try again later".to_owned(),
            other => other.to_string(),
        }
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
            other => tracing::warn!(status = status.as_u16(), problem = other.problem().kind, "request refused"),
        }
        let mut response = self.problem().into_response();
        let (name, value) = match status {
            // <https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16>
            StatusCode::UNAUTHORIZED => (header::WWW_AUTHENTICATE, "Bearer"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (header::ACCEPT_ENCODING, ENCODINGS),
            _ => return response,
        };
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
        response
    }
}
