//! `POST /collect`: from a request to a batch that is durable, and what the page is told.

use std::borrow::Cow;
use std::cell::RefCell;

use edge_settings::Settings;
use futures_util::StreamExt;
use serde::Serialize;
use wire::{CollectAnswer, limits};
use worker::{Env, Headers, Method, Request, Response, Result, console_log};

use crate::forwarder::{self, Delivered};
use crate::objects::{cookieless, known_sites};
use crate::outcome::Tally;
use crate::pipeline::{self, Arrival, DecodeError, Processed};
use crate::rates::Table;
use crate::refusal::{Described, Refusal};
use crate::{known, site};

/// The Queue's binding in `wrangler.toml`.
pub const QUEUE: &str = "BATCHES";

thread_local! {
    static RATES: RefCell<Table> = const { RefCell::new(Table::new()) };
    static KNOWN_SITES: RefCell<known::Sites> = const { RefCell::new(known::Sites::new()) };
}

/// Answers what a browser asks before it sends anything but a simple request.
pub fn preflight(request: &Request, settings: &Settings) -> Result<Response> {
    let Some((origin, _)) = origin(request, settings)?.filter(|_| asks_to_post(request)) else { return forbidden() };
    may_post(&origin)
}

/// Takes a batch. A 2xx means that every event of it is durable or was refused by name.
pub async fn post(mut request: Request, env: &Env, settings: &Settings, now: i64) -> Result<Response> {
    let Some((origin, site)) = origin(&request, settings)? else { return forbidden() };
    let taken = match read(&mut request).await? {
        Ok(body) => take(&body, &site, &request, env, settings, now).await,
        Err(refusal) => Err(refused(&site, refusal)),
    };
    match taken {
        Ok(done) => answer(&origin, 200, &done),
        Err(refusal) => refuse(&origin, &refusal),
    }
}

/// Answers a page while the settings cannot be read, whichever page it is: it may come again, and keeps its batch until then.
pub fn without_settings(request: &Request) -> Result<Response> {
    let origin = request.headers().get("origin")?;
    let host = origin.as_deref().and_then(site::host);
    let Some((origin, host)) = origin.zip(host) else { return forbidden() };
    if request.method() == Method::Options {
        may_post(&origin)
    } else {
        refuse(&origin, &refused(&host, Refusal::Unavailable))
    }
}

fn asks_to_post(request: &Request) -> bool {
    request.headers().get("access-control-request-method").ok().flatten().is_some_and(|method| method == "POST")
}

fn may_post(origin: &str) -> Result<Response> {
    let headers = cors(origin);
    headers.set("access-control-allow-methods", "POST")?;
    headers.set("access-control-allow-headers", "content-type")?;
    headers.set("access-control-max-age", "86400")?;
    headers.append("vary", "Access-Control-Request-Method")?;
    Ok(Response::empty()?.with_status(204).with_headers(headers))
}

fn refuse(origin: &str, refusal: &Refusal) -> Result<Response> {
    let mut response = answer(origin, refusal.status(), &refusal.answer())?;
    if let Some(seconds) = refusal.retry_after() {
        response.headers_mut().set("retry-after", &seconds.to_string())?;
    }
    Ok(response)
}

/// Takes the batch `body` of `site` through the pipeline and makes it durable; what became of it is in the log.
///
/// # Errors
/// When it is not taken: nothing of it is durable then.
pub(crate) async fn take(
    body: &[u8],
    site: &str,
    request: &Request,
    env: &Env,
    settings: &Settings,
    now: i64,
) -> std::result::Result<CollectAnswer, Refusal> {
    let header = |name| request.headers().get(name).ok().flatten();
    let user_agent = header("user-agent").unwrap_or_default();
    let address = header("cf-connecting-ip").and_then(|address| address.parse().ok());
    let (rates, key) = (settings.rates, &settings.token_keys.current);
    if let Some(seconds) = RATES.with_borrow_mut(|table| table.count(address, site, now, rates, key)) {
        return Err(refused(site, Refusal::TooMany { seconds }));
    }
    let cf = request.cf();
    let (country, region) = (cf.and_then(worker::Cf::country), cf.and_then(worker::Cf::region));
    let arrival = Arrival {
        body,
        site,
        user_agent: &user_agent,
        address,
        country: country.as_deref(),
        region: region.as_deref(),
        now,
    };
    let draft = pipeline::draft(&arrival, settings).map_err(|error| refused(site, error.into()))?;
    if !is_known(site, env, now, settings).await {
        return Err(refused(site, Refusal::NewSite));
    }
    let mut done = CollectAnswer { token: String::new(), now, accepted: 0, refused: Vec::new() };
    for draft in draft.by_day(site, key) {
        let found = match draft.unknown() {
            Some(unknown) => cookieless::find(env, &arrival, unknown, key).await,
            None => None,
        };
        let part = deliver(draft.finish(found, &arrival, settings), site, settings, env, now).await?;
        done.accepted += part.accepted;
        done.refused.extend(part.refused);
        done.token = part.token;
    }
    Ok(done)
}

async fn deliver(
    processed: Processed,
    site: &str,
    settings: &Settings,
    env: &Env,
    now: i64,
) -> std::result::Result<CollectAnswer, Refusal> {
    let Processed { batch, is_forwarded, token, mut refused, mut tally } = processed;
    if is_forwarded {
        match forwarder::deliver(batch, settings, env.queue(QUEUE), now).await {
            Ok(Delivered::Stored(stored)) => {
                stored.refused.iter().for_each(|refused| tally.take_back(refused.reason));
                refused.extend(stored.refused);
                log(site, &tally, "stored");
            }
            Ok(Delivered::Queued(why)) => log(site, &tally, &format!("queued: {why}")),
            Err(error) => {
                log(site, &tally, &format!("not taken: {error}"));
                return Err(Refusal::Unavailable);
            }
        }
    } else {
        log(site, &tally, "nothing to forward");
    }
    Ok(CollectAnswer { token, now, accepted: tally.taken(), refused })
}

/// Whether `site` may send batches: where sites are listed it was found there, elsewhere each new one is counted.
async fn is_known(site: &str, env: &Env, now: i64, settings: &Settings) -> bool {
    let is_known = !settings.sites.is_open() || KNOWN_SITES.with_borrow(|sites| sites.has(site));
    if is_known || known_sites::admits(env, site, now, settings).await {
        KNOWN_SITES.with_borrow_mut(|sites| sites.add(site));
        return true;
    }
    false
}

/// The body, if it is one that is read, and no longer than that.
pub(crate) async fn read(request: &mut Request) -> Result<std::result::Result<Vec<u8>, Refusal>> {
    let header = |name| request.headers().get(name);
    let (content_type, encoding, length) =
        (header("content-type")?, header("content-encoding")?, header("content-length")?);
    let described = Described {
        content_type: content_type.as_deref(),
        content_encoding: encoding.as_deref(),
        content_length: length.as_deref(),
    };
    if let Err(refusal) = described.judge() {
        return Ok(Err(refusal));
    }
    // a length that is told is kept by the platform: such a body can be taken at once
    if length.is_some() {
        return request.bytes().await.map(Ok);
    }
    let mut body = Vec::new();
    // a request without a body has no stream either: it is an empty one
    let Ok(mut pieces) = request.stream() else { return Ok(Ok(body)) };
    while let Some(piece) = pieces.next().await {
        body.extend(piece?);
        if body.len() > limits::COLLECT_BODY_BYTES {
            return Ok(Err(DecodeError::TooLarge.into()));
        }
    }
    Ok(Ok(body))
}

/// The origin and its site; `None` when there is none to answer to.
pub(crate) fn origin(request: &Request, settings: &Settings) -> Result<Option<(String, String)>> {
    let origin = request.headers().get("origin")?;
    let host = origin.as_deref().and_then(site::host);
    let site = host.and_then(|host| settings.sites.site(&host).map(str::to_owned));
    Ok(origin.zip(site))
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

pub(crate) fn answer(origin: &str, status: u16, body: &impl Serialize) -> Result<Response> {
    let headers = cors(origin);
    headers.set("content-type", "application/json")?;
    Ok(Response::from_json(body)?.with_status(status).with_headers(headers))
}

/// Nobody but the one who asked may see this, and no page can.
pub(crate) fn forbidden() -> Result<Response> {
    let refusal = refused("", Refusal::Origin);
    let mut response = Response::from_json(&refusal.answer())?.with_status(refusal.status());
    response.headers_mut().set("cache-control", "no-store")?;
    response.headers_mut().set("vary", "Origin")?;
    Ok(response)
}

/// Logs a refusal: its name and the site, never contents.
fn refused(site: &str, refusal: Refusal) -> Refusal {
    let error = refusal.answer().error;
    console_log!("{}", serde_json::json!({ "message": "batch", "site": site, "delivery": "refused", "error": error }));
    refusal
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
