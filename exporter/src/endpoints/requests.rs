//! What is said and counted of every request: an id, in its answer and in each of its log lines; route, status, time and
//! bytes. Nothing of what it holds, and nobody's address.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use redaction::Policy;
use tokio::time::Instant;
use tracing::Instrument;

use super::Services;
use crate::metrics::Metrics;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longer ids are not taken over.
const CHARS: usize = 64;

/// What watching a listener takes.
#[derive(Clone)]
pub(super) struct Watch {
    listener: &'static str,
    metrics: Metrics,
    ids: Arc<Ids>,
}

struct Ids {
    policy: Policy,
    prefix: String,
    next: AtomicU64,
}

impl Watch {
    pub(super) fn new(listener: &'static str, services: &Services) -> Self {
        let started = services.clock.now().timestamp_millis();
        // Several exporters write into one log; none makes an id that another has made.
        let prefix = format!("{started:x}-{:x}-{}", std::process::id(), &listener[..1]);
        let ids = Ids { policy: Policy::default(), prefix, next: AtomicU64::new(0) };
        Self { listener, metrics: services.metrics.clone(), ids: Arc::new(ids) }
    }
}

impl Ids {
    /// The id that `given` is, or a new one.
    fn id(&self, given: Option<&HeaderValue>) -> String {
        match given.and_then(|it| it.to_str().ok()) {
            Some(given) if self.is_good(given) => given.to_owned(),
            _ => format!("{}-{:x}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Whether `given` may be logged: an id, and nobody's name or number.
    fn is_good(&self, given: &str) -> bool {
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        (1..=CHARS).contains(&given.len())
            && given.bytes().all(is_id)
            && redaction::text(&self.policy, given).1.is_empty()
    }
}

pub(super) async fn watch(State(watch): State<Watch>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let listener = watch.listener;
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = method(request.method());
    let bytes_in = request.body().size_hint().upper();
    let id = watch.ids.id(request.headers().get(&HEADER));
    let span = tracing::info_span!("request", request_id = id, listener, method, route);
    let answered = async {
        let under_way = watch.metrics.begin(listener);
        let mut response = next.run(request).await;
        let time = started.elapsed();
        let status = response.status().as_u16();
        drop(under_way);
        watch.metrics.answered(listener, &route, status, time);
        // Always a value: the id's characters are all allowed there.
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(HEADER, id);
        }
        // To the microsecond, and no digit more.
        let ms = (time.as_secs_f64() * 1_000_000.0).round() / 1000.0;
        let bytes_out = response.body().size_hint().exact();
        tracing::info!(status, ms, bytes_in, bytes_out, "answered");
        response
    };
    answered.instrument(span).await
}

/// A method's name: whatever else is sent as one is nobody's business.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_over_when_it_is_one() {
        let ids = Ids { policy: Policy::default(), prefix: "p".to_owned(), next: AtomicU64::new(10) };
        let given = |text: &str| ids.id(HeaderValue::from_str(text).ok().as_ref());
        for good in ["a", "req-1.2_B", "0193fa3c-7a0e-7d5b-9e1c-3a8b1f0c2d4e", "4bf92f3577b34da6a3ce929d0e0e4736"] {
            assert_eq!(given(good), good);
        }
        let long = "a".repeat(CHARS + 1);
        for bad in ["", "a b", "jane@example.org", "+4915123456789", "é", "\"", "192.0.2.17", &long] {
            assert!(given(bad).starts_with("p-"), "{bad}");
        }
        assert_ne!(ids.id(None), ids.id(None));
    }
}
