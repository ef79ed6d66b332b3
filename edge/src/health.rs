//! `GET /health`: what runs here, how it is set up, whether exporter and Queue answer, and where the pixel is.

use std::cell::RefCell;
use std::time::Duration;

use edge_settings::{Choice, Complaint, PixelPath, Settings};
use serde::Serialize;
use worker::{Env, Fetch, Request, RequestInit, RequestRedirect, Response, Result};

use crate::assets::{self, Asset};
use crate::forwarder::{self, within};
use crate::{collect, config};

/// Its path, which no setting moves.
pub const PATH: &str = "/health";
/// A message to the Queue that holds no batch: the consumer acknowledges it and does nothing.
pub const PROBE: &str = "probe";
/// Nobody waits longer for an answer about health.
const TIME: Duration = Duration::from_secs(1);
/// Anybody may ask, and each question costs a request and a message: within this time the last answers are told again.
const FRESH_MS: i64 = 5_000;
const QUEUE_FRESH_MS: i64 = 60_000;

thread_local! {
    static EXPORTER: RefCell<Option<(i64, bool)>> = const { RefCell::new(None) };
    static QUEUE: RefCell<Option<(i64, bool)>> = const { RefCell::new(None) };
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    /// [`Settings::hash`].
    config: String,
    exporter: &'static str,
    queue: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    privacy: Option<Privacy>,
    /// What is wrong with the settings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    complaints: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pixel: Option<Pixel>,
}

/// What is kept of visitors, in short.
#[derive(Serialize)]
struct Privacy {
    preset: &'static str,
    retention_days: Option<u32>,
}

/// What an operator needs to write the tag that pins the loader.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Pixel {
    path: String,
    versioned: String,
    integrity: &'static str,
}

impl Pixel {
    fn at(path: &PixelPath, assets: &'static [Asset]) -> Option<Self> {
        let loader = assets::loader(assets)?;
        Some(Self { path: path.loader(), versioned: path.versioned(loader.hash), integrity: loader.integrity })
    }
}

/// Says how things are. An exporter out of reach is no failure of the edge, which queues; wrong settings are.
pub async fn get(
    env: &Env,
    settings: std::result::Result<&Settings, &Complaint>,
    assets: &'static [Asset],
    now: i64,
) -> Result<Response> {
    let health = Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        config: Settings::hash(&config::named(env)),
        exporter: "unknown",
        queue: if queue_answers(env, now).await { "reachable" } else { "unreachable" },
        privacy: None,
        complaints: Vec::new(),
        pixel: None,
    };
    let (code, health) = match settings {
        Ok(settings) => {
            let exporter = if exporter_answers(settings, now).await { "reachable" } else { "unreachable" };
            let (preset, retention_days) = (settings.privacy.preset.name(), settings.privacy.retention_days);
            let complaints: Vec<String> = settings.complaints.iter().map(ToString::to_string).collect();
            let health = Health {
                status: if complaints.is_empty() {
                    "ok"
                } else {
                    "some settings are wrong and taken for the strictest"
                },
                exporter,
                privacy: Some(Privacy { preset, retention_days }),
                complaints,
                pixel: Pixel::at(&settings.pixel_path, assets),
                ..health
            };
            (200, health)
        }
        Err(complaint) => (503, Health { status: "wrong settings", complaints: vec![complaint.to_string()], ..health }),
    };
    let mut response = Response::from_json(&health)?.with_status(code);
    response.headers_mut().set("cache-control", "no-store")?;
    Ok(response)
}

async fn exporter_answers(settings: &Settings, now: i64) -> bool {
    if let Some(answers) = EXPORTER.with_borrow(|known| told(*known, now, FRESH_MS)) {
        return answers;
    }
    let url = format!("{}/health", settings.exporter_url);
    let mut init = RequestInit::new();
    // a page to sign in on is no exporter
    init.with_redirect(RequestRedirect::Manual);
    let Ok(request) = Request::new_with_init(&url, &init) else { return false };
    let answer = within(TIME, Fetch::Request(request).send()).await;
    let answers = matches!(answer, Some(Ok(response)) if (200..300).contains(&response.status_code()));
    EXPORTER.set(Some((now, answers)));
    answers
}

/// A Queue has nothing to ask it but to take a message.
async fn queue_answers(env: &Env, now: i64) -> bool {
    if let Some(answers) = QUEUE.with_borrow(|known| told(*known, now, QUEUE_FRESH_MS)) {
        return answers;
    }
    let Ok(queue) = env.queue(collect::QUEUE) else { return false };
    let answers = within(TIME, forwarder::send(&queue, PROBE.to_owned())).await == Some(true);
    QUEUE.set(Some((now, answers)));
    answers
}

/// What was found out within the last `fresh` milliseconds.
fn told(known: Option<(i64, bool)>, now: i64, fresh: i64) -> Option<bool> {
    known.filter(|(at, _)| (0..fresh).contains(&now.saturating_sub(*at))).map(|(_, answers)| answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_can_copy_the_pinned_tag() {
        static ASSETS: &[Asset] = &[Asset {
            name: "pixel.js",
            hash: "00000000000000aa",
            integrity: "sha256-abc=",
            is_loader: true,
            bytes: b"",
        }];
        let path = PixelPath::new("/w8/m.js").expect("a good setting");
        let json = serde_json::to_value(Pixel::at(&path, ASSETS)).expect("serialisable");
        let expected = serde_json::json!({
            "path": "/w8/m.js", "versioned": "/w8/m-00000000000000aa.js", "integrity": "sha256-abc=",
        });
        assert_eq!(json, expected);
        assert_eq!(Pixel::at(&path, &[]), None);
    }

    #[test]
    fn an_answer_is_told_again_for_a_while() {
        assert_eq!(told(Some((5, true)), 9, 5), Some(true));
        assert_eq!(told(Some((5, true)), 10, 5), None);
        assert_eq!(told(Some((5, true)), 4, 5), None, "the clock went back");
        assert_eq!(told(None, 4, 5), None);
    }
}
