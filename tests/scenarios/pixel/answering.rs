//! How the stand-in for the edge answers a request: by the edge's rules, or by its script.

use std::sync::Arc;

use anyhow::{Result, ensure};
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use serde_json::{Value, json};
use wire::limits;

use super::collector::{Answer, Inner};
use super::delivered::Delivery;
use crate::fixture::now_ms;

impl Inner {
    /// A file of the pixel, whatever folder it is asked for in, or the loader under any name that could be one.
    fn file(&self, path: &str) -> Result<Response<Body>> {
        self.state().fetched.push(path.to_owned());
        let name = path.rsplit('/').next().unwrap_or_default();
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        let is_loader = (name.starts_with("pixel") || name == "m.js") && ending == Some("js");
        let file = if is_loader { "pixel.js" } else { name };
        let Ok(mut content) = std::fs::read(self.folder.join(file)) else {
            return Ok(StatusCode::NOT_FOUND.into_response());
        };
        let is_corrupt = self.state().corrupt.as_deref() == Some(name);
        if let Some(last) = content.last_mut().filter(|_| is_corrupt) {
            *last ^= 1;
        }
        let kind = if ending == Some("wasm") { "application/wasm" } else { "text/javascript; charset=utf-8" };
        let caching = if is_loader { "public, max-age=300" } else { "public, max-age=31536000, immutable" };
        Ok(Response::builder()
            .header("content-type", kind)
            .header("cache-control", caching)
            .header("access-control-allow-origin", "*")
            .header("cross-origin-resource-policy", "cross-origin")
            .header("x-content-type-options", "nosniff")
            .body(content.into())?)
    }

    /// What the edge says to the batch in `delivery`, which it takes.
    fn take(&self, delivery: &mut Delivery) -> Value {
        let now = self.now();
        let mut refused = Vec::new();
        for event in delivery.events().collect::<Vec<_>>() {
            let time = event.id.parse::<uuid::Uuid>().map_or(0, |id| wire::ids::time_ms(id.as_bytes()));
            if time > now + limits::FUTURE_MS {
                refused.push(json!({ "seq": event.seq, "reason": "from_the_future" }));
            } else if time < now - limits::WINDOW_MS {
                refused.push(json!({ "seq": event.seq, "reason": "expired" }));
            } else {
                delivery.accepted.insert(event.id);
            }
        }
        delivery.is_taken = true;
        let is_nobody = delivery.is_cookieless() || self.state().needs_consent && !delivery.is_granted();
        if self.state().needs_consent && !delivery.is_granted() {
            delivery.accepted.clear();
        }
        let token = if is_nobody { String::new() } else { format!("{}.{now}", delivery.visitor()) };
        json!({ "token": token, "now": now, "accepted": delivery.accepted.len(), "refused": refused })
    }
}

/// Answers a request. An error closes its connection without a word.
pub(super) async fn handle(inner: Arc<Inner>, request: Request<Incoming>) -> Result<Response<Body>> {
    let path = request.uri().path().to_owned();
    if request.method() == "GET" {
        return inner.file(&path);
    }
    let header =
        |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (origin, content_type) = (header("origin"), header("content-type"));
    let method = request.method().clone();
    let body = axum::body::to_bytes(Body::new(request.into_body()), 1 << 20).await?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let mut delivery = Delivery::new(now_ms(), method.as_str(), &path, &content_type, body);
    let (answer, is_down) = {
        let mut state = inner.state();
        (state.script.pop_front(), state.is_down)
    };
    let mut answered = json!({});
    if !is_down && matches!(answer, None | Some(Answer::Silence | Answer::Cut)) {
        answered = inner.take(&mut delivery);
    }
    inner.state().deliveries.push(delivery);
    inner.changed.notify_waiters();
    ensure!(!is_down, "down");
    let response = Response::builder()
        .header("access-control-allow-origin", origin)
        .header("access-control-expose-headers", "retry-after")
        .header("vary", "Origin")
        .header("cache-control", "no-store")
        .header("content-type", "application/json");
    Ok(match answer {
        None => response.body(answered.to_string().into())?,
        Some(Answer::Status(status)) => response.status(status).body(Body::empty())?,
        Some(Answer::RetryAfter(status, seconds)) => {
            response.status(status).header("retry-after", seconds).body(Body::empty())?
        }
        Some(Answer::Garbage) => response.body("<html>a captive portal</html>".into())?,
        Some(Answer::Silence) => std::future::pending().await,
        Some(Answer::Cut) => anyhow::bail!("cut"),
    })
}
