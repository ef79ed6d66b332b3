//! `POST /collect`: from a request to a batch that is durable, and what the page is told.

use std::borrow::Cow;

use futures_util::StreamExt;
use serde::Serialize;
use wire::{CollectAnswer, CollectError, Outcome, limits};
use worker::{Env, Headers, Request, Response, Result, console_error, console_log};

use crate::config::{self, Config};
use crate::forwarder::{self, Delivered};
use crate::outcome::Tally;
use crate::pipeline::{self, Arrival, DecodeError, Processed};
use crate::site;

/// The Queue's binding in `wrangler.toml`.
const QUEUE: &str = "BATCHES";
/// What a browser waits before it sends a batch again that could not be taken, in seconds.
const RETRY_AFTER: &str = "10";

/// Answers what a browser asks before it sends anything but a simple request.
pub fn preflight(request: &Request) -> Result<Response> {
    let Some((origin, _)) = origin(request)? else { return forbidden() };
    let headers = cors(&origin);
    headers.set("access-control-allow-methods", "POST")?;
    headers.set("access-control-allow-headers", "content-type")?;
    headers.set("access-control-max-age", "86400")?;
    Ok(Response::empty()?.with_status(204).with_headers(headers))
}

/// Takes a batch. A 2xx means that every event of it is durable or was refused by name.
pub async fn post(mut request: Request, env: &Env, now: i64) -> Result<Response> {
    let Some((origin, site)) = origin(&request)? else { return forbidden() };
    let Some(body) = read(&mut request).await? else {
        let error = DecodeError::TooLarge;
        return answer(&origin, error.status(), &error.answer());
    };
    match take(&body, &site, &request, env, now).await {
        Taken::Done(done) => answer(&origin, 200, &done),
        Taken::Never(error) => answer(&origin, error.status(), &error.answer()),
        Taken::NotNow => unavailable(&origin),
    }
}

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Every event of it is durable or was refused by name.
    Done(CollectAnswer),
    /// It is no batch.
    Never(DecodeError),
    /// It could not be made durable.
    NotNow,
}

/// Takes the batch `body` of `site` through the pipeline and makes it durable; what became of it is in the log.
pub(crate) async fn take(body: &[u8], site: &str, request: &Request, env: &Env, now: i64) -> Taken {
    let config = match Config::read(config::of(env)) {
        Ok(config) => config,
        Err(error) => {
            console_error!("{}", serde_json::json!({ "message": "wrong settings", "error": error.to_string() }));
            return Taken::NotNow;
        }
    };
    let header = |name| request.headers().get(name).ok().flatten();
    let user_agent = header("user-agent").unwrap_or_default();
    let cf = request.cf();
    let (country, region) = (cf.and_then(worker::Cf::country), cf.and_then(worker::Cf::region));
    let arrival = Arrival {
        body,
        site,
        user_agent: &user_agent,
        address: header("cf-connecting-ip").and_then(|address| address.parse().ok()),
        country: country.as_deref(),
        region: region.as_deref(),
        now,
    };
    let Processed { batch, token, mut refused, mut tally } =
        match pipeline::run(&arrival, config.ip_policy, &config.token_key) {
            Ok(processed) => processed,
            Err(error) => {
                log(site, &Tally::default(), &format!("refused: {error}"));
                return Taken::Never(error);
            }
        };
    // A batch without events still has to say how many the pixel dropped.
    if tally.of(Outcome::Accepted) > 0 || batch.dropped > 0 {
        match forwarder::deliver(batch, &config, env.queue(QUEUE), now).await {
            Ok(Delivered::Stored(stored)) => {
                stored.refused.iter().for_each(|refused| tally.take_back(refused.reason));
                refused.extend(stored.refused);
                log(site, &tally, "stored");
            }
            Ok(Delivered::Queued(why)) => log(site, &tally, &format!("queued: {why}")),
            Err(error) => {
                log(site, &tally, &format!("not taken: {error}"));
                return Taken::NotNow;
            }
        }
    } else {
        log(site, &tally, "nothing to forward");
    }
    let accepted = tally.of(Outcome::Accepted) + tally.of(Outcome::Duplicate);
    Taken::Done(CollectAnswer { token, now, accepted, refused })
}

/// The body, unless it is longer than the edge reads.
async fn read(request: &mut Request) -> Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    // a request without a body has no stream either: it is an empty one
    let Ok(mut pieces) = request.stream() else { return Ok(Some(body)) };
    while let Some(piece) = pieces.next().await {
        body.extend(piece?);
        if body.len() > limits::COLLECT_BODY_BYTES {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

/// The origin and its site; `None` when there is none to answer to.
fn origin(request: &Request) -> Result<Option<(String, String)>> {
    let origin = request.headers().get("origin")?;
    Ok(origin.and_then(|origin| site::of_origin(&origin).map(|site| (origin, site))))
}

fn cors(origin: &str) -> Headers {
    Headers::from_iter(readable_by(origin))
}

/// The headers that let a page of `origin` read an answer, whatever its status, and with it how long to wait. No cookie is
/// ever needed, so credentials are not allowed.
fn readable_by(origin: &str) -> [(&'static str, &str); 5] {
    [
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", "retry-after"),
        ("vary", "Origin"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ]
}

fn answer(origin: &str, status: u16, body: &impl Serialize) -> Result<Response> {
    let headers = cors(origin);
    headers.set("content-type", "application/json")?;
    Ok(Response::from_json(body)?.with_status(status).with_headers(headers))
}

fn unavailable(origin: &str) -> Result<Response> {
    let mut response = answer(origin, 503, &error("unavailable", "", "try again later"))?;
    response.headers_mut().set("retry-after", RETRY_AFTER)?;
    Ok(response)
}

fn forbidden() -> Result<Response> {
    let reason = "the request must name the http or https origin of a site";
    Ok(Response::from_json(&error("forbidden_origin", "origin", reason))?.with_status(403))
}

fn error(error: &str, field: &str, reason: &str) -> CollectError {
    CollectError { error: error.to_owned(), field: field.to_owned(), reason: reason.to_owned() }
}

/// The one line that a batch leaves in the log: counts, never contents.
fn log(site: &str, tally: &Tally, delivery: &str) {
    #[derive(Serialize)]
    struct Line<'a> {
        message: &'static str,
        site: &'a str,
        delivery: Cow<'a, str>,
        #[serde(flatten)]
        tally: &'a Tally,
    }
    let line = Line { message: "batch", site, delivery: delivery.into(), tally };
    console_log!("{}", serde_json::to_string(&line).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_read_every_answer_and_when_to_come_back() {
        let headers = readable_by("https://shop.example");
        for expected in [
            ("access-control-allow-origin", "https://shop.example"),
            ("access-control-expose-headers", "retry-after"),
            ("vary", "Origin"),
        ] {
            assert!(headers.contains(&expected), "{expected:?}");
        }
        assert!(headers.iter().all(|(name, _)| *name != "access-control-allow-credentials"));
    }
}
