//! Batches as the edge forwards them, of the size and variety of a real visit's.

use anyhow::Result;
use serde_json::value::RawValue;
use uuid::Uuid;
use wire::{Consent, Event, ForwardBatch, ForwardedEvent, Page};

use super::unix_ms;

/// The id and the body of batch `number` of `run`, with `events`.
pub(super) fn body(number: u32, run: u32, events: u32) -> Result<(Uuid, String)> {
    let (batch_id, stream_id) = (fresh_id(), fresh_id());
    let ts = unix_ms();
    let path = format!("/products/{}", number % 500);
    let page = Page {
        url: format!("https://shop.example{path}?utm_source=newsletter&variant={}", number % 7),
        path,
        title: format!("Product {} for every day", number % 500),
        referrer: "https://www.google.com/".to_owned(),
        channel: "search".to_owned(),
        platform: "google".to_owned(),
        ..Page::default()
    };
    let event = |seq: u32| {
        let data = format!(
            r#"{{"tag":"a","id":"buy-{seq}","classes":"button primary","text":"Add to basket","href":"/basket?item={number}","selector":"main > ul:nth-of-type(1) > li:nth-of-type({seq})","x":{},"y":{},"link":"internal"}}"#,
            seq * 31 % 1280,
            number % 4000
        );
        Ok(ForwardedEvent {
            session_id: Uuid::from_u128(u128::from(number / 4) << 64 | u128::from(run)),
            session_number: 1,
            session_start: ts,
            redactions: std::collections::BTreeMap::default(),
            event: Event {
                id: fresh_id(),
                seq,
                kind: if seq == 0 { "pageview" } else { "click" }.to_owned(),
                ts,
                t: seq * 1200,
                page: 0,
                data: RawValue::from_string(data)?,
            },
        })
    };
    let batch = ForwardBatch {
        v: wire::version::WIRE,
        edge_version: "bench".to_owned(),
        batch_id,
        stream_id,
        site_id: "shop.example".to_owned(),
        visitor_id: Uuid::from_u128(u128::from(number / 9) << 32 | u128::from(run)),
        sent_at: ts,
        received_at: ts,
        consent: Consent::Granted,
        country: Some("DE".to_owned()),
        region: Some("Berlin".to_owned()),
        ip: Some("203.0.113.0".to_owned()),
        user_agent:
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
                .to_owned(),
        browser: "Chrome".to_owned(),
        os: "Linux".to_owned(),
        device: "desktop".to_owned(),
        bot: None,
        dropped: 0,
        pages: vec![page],
        events: (0..events).map(event).collect::<Result<Vec<_>>>()?,
    };
    Ok((batch_id, serde_json::to_string(&batch)?))
}

#[expect(clippy::disallowed_methods, reason = "rows of one run must not meet those of another")]
fn fresh_id() -> Uuid {
    Uuid::now_v7()
}
