//! The pipeline as a whole: every event has one outcome, a batch sent twice comes out the same, sessions hold together.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const NOW: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;

fn key() -> Key {
    Key::from([7; 32])
}

fn arrival(body: &[u8]) -> Arrival<'_> {
    Arrival {
        body,
        site: "example.com",
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        address: Some("203.0.113.77".parse().expect("an address")),
        country: Some("DE"),
        region: Some("Berlin"),
        now: NOW,
    }
}

/// An event that happened `ts` after the page load.
fn event(seq: u32, ts: i64) -> Value {
    let time = u64::try_from(NOW + ts).expect("positive");
    let id = Uuid::from_bytes(wire::ids::v7(time, u128::from(seq).to_be_bytes()[6..].try_into().expect("ten bytes")));
    json!({ "id": id, "seq": seq, "type": "click", "ts": NOW + ts, "t": 0, "page": 0, "data": { "n": seq } })
}

fn body(token: Option<&str>, events: &[Value]) -> Vec<u8> {
    let batch = json!({
        "v": 1, "batch_id": Uuid::from_u128(1), "stream_id": Uuid::from_u128(2), "sent_at": NOW, "token": token,
        "consent": "granted", "dropped": 0,
        "pages": [{ "url": "https://example.com/?email=jane@example.com", "path": "/", "title": "Shop" }],
        "events": events,
    });
    batch.to_string().into_bytes()
}

fn process(body: &[u8]) -> Processed {
    run(&arrival(body), IpPolicy::Truncate, &key()).expect("a batch")
}

fn sessions(processed: &Processed) -> Vec<(Uuid, u32, i64)> {
    processed
        .batch
        .events
        .iter()
        .map(|event| (event.session_id, event.session_number, event.session_start - NOW))
        .collect()
}

#[test]
fn a_batch_goes_out_as_the_exporter_reads_it() {
    let mut click = event(0, 0);
    click["data"] = json!({ "text": "write to jane@example.com", "order_id": "A-1", "password": "x" });
    let processed = process(&body(None, &[click, event(1, 20)]));
    let wire = serde_json::to_string_pretty(&processed.batch).expect("serialisable");
    assert!(!wire.contains("jane"));
    let read: ForwardBatch = serde_json::from_str(&wire).expect("the exporter can read it");
    assert_eq!(read.events.len(), 2);
    insta::assert_snapshot!(wire);
}

#[test]
fn each_policy_decides_on_the_address() {
    let body = body(None, &[event(0, 0)]);
    for (policy, ip) in
        [(IpPolicy::Drop, None), (IpPolicy::Truncate, Some("203.0.113.0")), (IpPolicy::Keep, Some("203.0.113.77"))]
    {
        let processed = run(&arrival(&body), policy, &key()).expect("a batch");
        assert_eq!(processed.batch.ip.as_deref(), ip);
    }
}

#[test]
fn a_malformed_event_costs_itself() {
    let mut wrong = event(1, 0);
    wrong["id"] = json!("x");
    let (mut expired, future) = (event(2, 0), event(3, 6 * MINUTE));
    expired["id"] = json!("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    let mut conflicting = event(0, 0);
    conflicting["data"] = json!({});
    let events = [event(0, 0), wrong, expired, future, event(0, 0), conflicting, json!(5), event(4, 1)];
    let processed = process(&body(None, &events));
    let refused: Vec<_> = processed.refused.iter().map(|refused| (refused.seq, refused.reason.name())).collect();
    let expected = [
        (Some(1), "malformed"),
        (Some(2), "expired"),
        (Some(3), "from_the_future"),
        (Some(0), "conflict"),
        (None, "malformed"),
    ];
    assert_eq!(refused, expected);
    assert_eq!(processed.batch.events.len(), 2);
    assert_eq!(processed.tally.outcomes, [("accepted", 2), ("duplicate", 1), ("invalid", 5)].into());
}

#[test]
fn a_body_that_is_no_batch_is_told_why() {
    let change = |field: &str, value: Option<Value>| {
        let mut batch: Value = serde_json::from_slice(&body(None, &[])).expect("JSON");
        let object = batch.as_object_mut().expect("an object");
        match value {
            Some(value) => object.insert(field.to_owned(), value),
            None => object.remove(field),
        };
        batch.to_string().into_bytes()
    };
    for (bytes, status, error, field) in [
        (b"".to_vec(), 400, "malformed", ""),
        (b"[]".to_vec(), 400, "malformed", ""),
        (b"{\"v\":1,\xff}".to_vec(), 400, "malformed", ""),
        (change("batch_id", None), 400, "malformed", "batch_id"),
        (change("sent_at", Some(json!("now"))), 400, "malformed", "sent_at"),
        (change("cookieless", Some(json!("yes"))), 400, "malformed", "cookieless"),
        (change("pages", Some(json!([{ "url": 1 }]))), 400, "malformed", "pages"),
        (change("v", Some(json!(2))), 422, "unknown_version", "v"),
        (change("events", Some(json!(vec![0; 51]))), 422, "too_many", "events"),
        (vec![b' '; 64 * 1024 + 1], 413, "too_large", ""),
    ] {
        let failure = run(&arrival(&bytes), IpPolicy::Drop, &key()).expect_err("no batch");
        let answer = failure.answer();
        assert_eq!((failure.status(), answer.error.as_str(), answer.field.as_str()), (status, error, field));
        assert!(!answer.reason.is_empty());
    }
}

#[test]
fn data_that_redaction_makes_too_long_is_refused_here_and_not_later() {
    let mut long = event(0, 0);
    long["data"] = json!({ "email": vec!["a"; 1000] });
    let processed = process(&body(None, &[long]));
    assert_eq!(processed.refused, [Refused { seq: Some(0), reason: wire::Reason::DataTooLarge }]);
}

/// A batch as [`body`] makes it, with a field of another value.
fn with(field: &str, value: Value, body: &[u8]) -> Vec<u8> {
    let mut batch: Value = serde_json::from_slice(body).expect("JSON");
    batch[field] = value;
    batch.to_string().into_bytes()
}

#[test]
fn a_way_to_the_page_is_found_before_words_are_taken_out_and_is_redacted_too() {
    let url = "https://example.com/a?utm_source=jane@example.com&utm_medium=email&gclid=";
    let pages = json!([{ "url": url, "path": "", "referrer": "https://www.google.com/" }]);
    let processed = process(&with("pages", pages, &body(None, &[event(0, 0)])));
    let page = &processed.batch.pages[0];
    assert_eq!((page.path.as_str(), page.channel.as_str(), page.platform.as_str()), ("/a", "paid", "google"));
    assert_eq!(page.attribution.utm_source.as_deref(), Some("[email]"));
    assert_eq!(page.attribution.utm_medium.as_deref(), Some("email"));
    assert!(processed.batch.events[0].redactions.contains_key("email"));
}

#[test]
fn without_cookies_no_token_is_taken_or_given() {
    let known = process(&body(None, &[event(0, 0)]));
    let bytes = with("stream_id", json!(Uuid::from_u128(3)), &body(Some(&known.token), &[event(0, 0)]));
    let with_token = process(&bytes);
    assert_eq!(with_token.batch.visitor_id, known.batch.visitor_id);
    let cookieless = process(&with("cookieless", json!(true), &bytes));
    assert_eq!(cookieless.token, "");
    assert_ne!(cookieless.batch.visitor_id, known.batch.visitor_id);
    assert_eq!(cookieless.batch.events.len(), 1);
    // batches of the same page load still agree
    let next = process(&with("cookieless", json!(true), &with("events", json!([event(1, 9)]), &bytes)));
    assert_eq!(next.batch.visitor_id, cookieless.batch.visitor_id);
    assert_eq!(sessions(&next), [(sessions(&cookieless)[0].0, 1, 9)]);
}

#[test]
fn two_batches_of_a_page_load_agree_without_a_token() {
    let (first, second) = (process(&body(None, &[event(0, 0)])), process(&body(None, &[event(1, 50)])));
    assert_eq!(first.batch.visitor_id, second.batch.visitor_id);
    assert_eq!(first.batch.events[0].session_id, second.batch.events[0].session_id);
}

#[test]
fn half_an_hour_without_an_event_ends_a_session() {
    let first = process(&body(None, &[event(0, -90 * MINUTE)]));
    let second = process(&body(Some(&first.token), &[event(1, -60 * MINUTE), event(2, -30 * MINUTE + 1), event(3, 0)]));
    let [at_limit, over, within] = sessions(&second)[..] else { panic!("three events") };
    assert_eq!(at_limit, sessions(&first)[0]);
    assert_eq!((over.1, over.2), (2, -30 * MINUTE + 1));
    assert_ne!(over.0, at_limit.0);
    assert_eq!(within, over);
    assert_eq!(second.batch.visitor_id, first.batch.visitor_id);
}

#[test]
fn a_page_that_is_left_and_the_next_one_come_to_the_same_new_session() {
    let before = process(&body(None, &[event(0, -90 * MINUTE)])).token;
    let leaving = process(&body(Some(&before), &[event(7, -2 * MINUTE)]));
    let next = process(&body(Some(&before), &[event(0, -2 * MINUTE + 900)]));
    assert_eq!(sessions(&leaving)[0].0, sessions(&next)[0].0);
    assert_eq!(sessions(&next)[0].1, 2);
    // whoever never heard an answer, and comes back later still, is on another visit
    let earlier = process(&body(Some(&before), &[event(7, -50 * MINUTE)]));
    assert_ne!(sessions(&earlier)[0].0, sessions(&next)[0].0);
}

#[test]
fn a_clock_that_jumps_ahead_does_not_keep_a_session_alive() {
    let mut ahead = event(0, -60 * MINUTE);
    ahead["ts"] = json!(NOW + 365 * 24 * 60 * MINUTE);
    let first = process(&body(None, &[ahead]));
    let second = process(&body(Some(&first.token), &[event(1, 0)]));
    assert_eq!(sessions(&second)[0].1, 2);
}

#[test]
fn a_visitor_of_whom_nothing_was_stored_stays_unknown() {
    let mut wrong = event(0, 0);
    wrong["id"] = json!(wire::ids::to_text(&wire::ids::v7(1, [1; 10])));
    let refused = process(&body(None, &[wrong]));
    assert_eq!(refused.token, "");
    let mended = process(&body(Some(&refused.token), &[event(0, 0)]));
    assert_eq!(sessions(&mended)[0].1, 1);
}

#[test]
fn late_events_stay_in_the_session_and_do_not_move_it_back() {
    let first = process(&body(None, &[event(5, 0)]));
    let late = process(&body(Some(&first.token), &[event(0, -100 * MINUTE)]));
    assert_eq!(sessions(&late), sessions(&first));
    assert_eq!(late.token, first.token);
}

#[test]
fn a_token_that_is_not_ours_makes_a_fresh_visitor() {
    let fresh = process(&body(None, &[event(0, 0)]));
    let known = process(&body(Some(&fresh.token), &[event(0, 0)]));
    assert_eq!(known.batch.visitor_id, fresh.batch.visitor_id);
    let other_site = Arrival { site: "example.org", ..arrival(&[]) };
    let bytes = body(Some(&fresh.token), &[event(0, 0)]);
    let elsewhere = run(&Arrival { body: &bytes, ..other_site }, IpPolicy::Drop, &key()).expect("a batch");
    assert_ne!(elsewhere.batch.visitor_id, fresh.batch.visitor_id);
    let cut = process(&body(Some(&fresh.token[1..]), &[event(0, 0)]));
    assert_eq!(cut.token, fresh.token);
}

/// Events good and bad, in any order and number.
fn any_events() -> impl Strategy<Value = Vec<Value>> {
    let event = (0_u32..20, -200 * MINUTE..10 * MINUTE, 0..8_u8).prop_map(|(seq, ts, fault)| {
        let mut event = event(seq, ts);
        match fault {
            0 => event["type"] = json!("No Type"),
            1 => event["page"] = json!(3),
            2 => event["data"] = json!([]),
            3 => event["id"] = json!(Uuid::nil()),
            4 => event = json!({ "seq": seq }),
            _ => {}
        }
        event
    });
    prop::collection::vec(event, 0..50)
}

proptest! {
    #[test]
    fn every_event_has_one_outcome(events in any_events()) {
        let processed = process(&body(None, &events));
        let Processed { batch, refused, tally, .. } = processed;
        let count = u32::try_from(events.len()).expect("few");
        prop_assert_eq!(tally.events, count);
        prop_assert_eq!(tally.outcomes.values().sum::<u32>(), count);
        prop_assert_eq!(tally.reasons.values().sum::<u32>() as usize, refused.len());
        let duplicates = tally.of(wire::Outcome::Duplicate) as usize;
        prop_assert_eq!(batch.events.len() + refused.len() + duplicates, events.len());
    }

    #[test]
    fn a_batch_sent_again_comes_out_the_same(before in any_events(), events in any_events(), later in 0..MINUTE) {
        let token = process(&body(None, &before)).token;
        let bytes = body(Some(&token), &events);
        let first = process(&bytes);
        let again = run(&Arrival { now: NOW + later, ..arrival(&bytes) }, IpPolicy::Truncate, &key()).expect("a batch");
        // An event at the edge of the window may fall out of it or into it while time passes.
        if first.refused == again.refused {
            prop_assert_eq!(&first.token, &again.token);
            let mut batch = again.batch;
            batch.received_at = first.batch.received_at;
            prop_assert_eq!(first.batch, batch);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0..400_usize) {
        let _ = run(&arrival(&bytes), IpPolicy::Keep, &key());
        let good = body(Some("token"), &[event(0, 0)]);
        let _ = run(&arrival(&good[..cut.min(good.len())]), IpPolicy::Keep, &key());
    }
}
