//! Errors as they are answered: `application/problem+json` (RFC 9457), whatever part of the program refuses.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

const CONTENT_TYPE: &str = "application/problem+json";
/// When whoever was refused for now may try again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// What went wrong (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Names the kind of problem, for programs: `urn:evothesis:problem:` and a stable word.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The same for people, always alike.
    pub(super) title: String,
    /// The status of the answer.
    pub(super) status: u16,
    /// What was wrong this time.
    pub(super) detail: String,
    /// The parameter or field at fault; absent when it is the whole request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, name: &str, title: &str, detail: String, field: Option<String>) -> Self {
        let kind = format!("urn:evothesis:problem:{name}");
        Self { kind, title: title.to_owned(), status: status.as_u16(), detail, field }
    }

    /// What can be said of a status alone.
    fn of(status: StatusCode) -> Self {
        let (name, detail) = match status {
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "the header allow names the methods of this path"),
            StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "try again later"),
            StatusCode::PAYLOAD_TOO_LARGE => ("body", "the body is too long"),
            _ => ("refused", "the request cannot be served"),
        };
        let title = status.canonical_reason().unwrap_or("refused").to_lowercase();
        Self::new(status, name, &title, detail.to_owned(), None)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response()
    }
}

/// Gives a body to refusals that have none of this shape, such as those of the router itself, and tells whoever is refused for
/// now when to come back.
pub(super) async fn everywhere(mut response: Response) -> Response {
    let status = response.status();
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(RETRY_AFTER);
    }
    let is_typed =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|it| it.as_bytes().starts_with(b"application/"));
    if (status.is_client_error() || status.is_server_error()) && !is_typed {
        let problem = Problem::of(status);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        *response.body_mut() = Body::from(serde_json::to_vec(&problem).unwrap_or_default());
    }
    response
}

/// What every endpoint of the operator's may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers, and is none")]
pub(super) enum Refusals {
    /// A parameter makes no sense: `field` says which, `detail` why.
    #[response(status = 400, content_type = "application/problem+json")]
    Parameter(Problem),
    /// No `Authorization: Bearer` with the operator's token.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The database cannot now.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}
