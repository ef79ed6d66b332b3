//! Batches as the edge forwards them, at a fixed time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use exporter::clock::Clock;
use exporter::config::{Config, Format};
use exporter::export::Plan;
use exporter::ingest::authenticate::Keys;
use exporter::ingest::redact::Rules;
use exporter::ingest::{Ingest, IngestError};
use exporter::metrics::Metrics;
use exporter::store::Pools;
use exporter::store::deliveries::Planned;
use serde_json::value::RawValue;
use uuid::Uuid;
use wire::signature::{self, Signed};
use wire::{Attribution, Consent, Event, ForwardBatch, ForwardedEvent, IngestAnswer, Page, Selection};

pub(crate) const NOW_MS: i64 = 1_795_348_800_000;
pub(crate) const KEY: [u8; 32] = [1; 32];

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(NOW_MS).expect("in range")
}

pub(crate) fn clock() -> Clock {
    Clock::from_fn(now)
}

/// The operator's token in [`config`].
pub(crate) const TOKEN: &str = "token-of-the-tests";

/// The settings of `deploy/exporter.toml`, its secrets filled in.
pub(crate) fn config() -> Config {
    let text = include_str!("../../../deploy/exporter.toml")
        .replace("k1 = \"\"", &format!("k1 = \"{}\"", signature::hex(&KEY)))
        .replace("token = \"\"", &format!("token = \"{TOKEN}\""))
        .replace("_key = \"\"", "_key = \"key-of-the-tests\"");
    Config::from_text(&text).expect("valid")
}

/// All formats to `destinations`, everything as it is.
pub(crate) fn plan(destinations: &[&str]) -> Plan {
    let planned = |name: &&str| Planned { destination: (*name).to_owned(), selection: Selection::default() };
    Plan {
        destinations: destinations.iter().map(planned).collect(),
        formats: Format::ALL.to_vec(),
        ..Plan::of(&config())
    }
}

pub(crate) fn id(n: u32, time_ms: i64) -> Uuid {
    let mut random = [0; 10];
    random[6..].copy_from_slice(&n.to_be_bytes());
    Uuid::from_bytes(wire::ids::v7(time_ms.unsigned_abs(), random))
}

pub(crate) fn event(n: u32) -> ForwardedEvent {
    ForwardedEvent {
        session_id: Uuid::from_u128(7),
        session_number: 1,
        session_start: NOW_MS - 60_000,
        redactions: BTreeMap::from([("email".to_owned(), 1)]),
        event: Event {
            id: id(n, NOW_MS),
            seq: n,
            kind: "click".to_owned(),
            ts: NOW_MS,
            t: 1234,
            page: 0,
            data: RawValue::from_string(r#"{"price": 9007199254740993.10}"#.to_owned()).expect("json"),
        },
    }
}

pub(crate) fn batch(events: Vec<ForwardedEvent>) -> ForwardBatch {
    let page = Page {
        url: "https://shop.example.com/a".to_owned(),
        path: "/a".to_owned(),
        attribution: Attribution { utm_source: Some("news".to_owned()), ..Attribution::default() },
        ..Page::default()
    };
    ForwardBatch {
        v: wire::version::WIRE,
        edge_version: "0.1.0".to_owned(),
        batch_id: Uuid::from_u128(1),
        stream_id: Uuid::from_u128(2),
        site_id: "shop.example.com".to_owned(),
        visitor_id: Uuid::from_u128(3),
        sent_at: NOW_MS,
        received_at: NOW_MS + 50,
        consent: Consent::Unknown,
        country: Some("DE".to_owned()),
        region: None,
        ip: Some("203.0.113.0".to_owned()),
        user_agent: "agent".to_owned(),
        browser: "Firefox".to_owned(),
        os: "Linux".to_owned(),
        device: "desktop".to_owned(),
        bot: None,
        dropped: 0,
        pages: vec![page],
        events,
    }
}

/// The headers that sign `body` with `key`, known as `k1`.
pub(crate) fn signed(key: &[u8], body: &[u8]) -> Vec<(&'static str, String)> {
    signed_by("k1", key, body)
}

/// The headers that sign `body` with `key`.
pub(crate) fn signed_by(key_id: &str, key: &[u8], body: &[u8]) -> Vec<(&'static str, String)> {
    let timestamp = NOW_MS / 1000;
    let signed = Signed { method: "POST", path: "/ingest", timestamp, nonce: "nonce", key_id };
    vec![
        (signature::TIMESTAMP_HEADER, timestamp.to_string()),
        (signature::NONCE_HEADER, "nonce".to_owned()),
        (signature::KEY_ID_HEADER, key_id.to_owned()),
        (signature::SIGNATURE_HEADER, signed.sign(key, body).expect("one line each")),
    ]
}

/// What takes batches in as `serve` does.
pub(crate) fn taking(pools: &Pools) -> Ingest {
    taking_with(pools, Metrics::new().expect("metrics"))
}

/// The same, counted by `metrics`.
pub(crate) fn taking_with(pools: &Pools, metrics: Metrics) -> Ingest {
    Ingest::new(Keys::new(&config().ingest.keys), Rules::default(), pools.ingest.clone(), 100, metrics)
}

/// Ingests a batch as a request of the edge would.
pub(crate) async fn deliver(pools: &Pools, batch: &ForwardBatch) -> Result<IngestAnswer, IngestError> {
    deliver_to(&taking(pools), batch).await
}

/// Ingests a batch, with others that come at the same time.
pub(crate) async fn deliver_to(ingest: &Ingest, batch: &ForwardBatch) -> Result<IngestAnswer, IngestError> {
    let body = serde_json::to_vec(batch).expect("json");
    let headers = signed(&KEY, &body)
        .into_iter()
        .map(|(name, value)| (axum::http::HeaderName::from_static(name), value.parse().expect("ascii")));
    let headers = headers.collect();
    let expected = ingest.expect(&headers, body.len(), now())?;
    ingest.take(expected, &body).await
}

/// A single number that `sql` asks for.
pub(crate) async fn number(pools: &Pools, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&pools.export).await.expect(sql)
}
