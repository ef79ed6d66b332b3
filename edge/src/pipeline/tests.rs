//! The pipeline as a whole: every event has one outcome, a batch sent twice comes out the same, sessions hold together.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::tests::settings;

const NOW: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;

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
    set(&[], body)
}

/// What a batch becomes where something is set.
fn set(changes: &[(&str, &str)], body: &[u8]) -> Processed {
    crate::tests::process(&arrival(body), &settings(changes))
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
    for (policy, ip) in [("drop", None), ("truncate", Some("203.0.113.0")), ("keep", Some("203.0.113.77"))] {
        assert_eq!(set(&[("IP_POLICY", policy)], &body).batch.ip.as_deref(), ip);
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
fn a_batch_of_a_time_that_cannot_be_stored_is_refused_here_and_not_later() {
    for (sent_at, taken) in
        [(0, 1), (253_402_300_799_999, 1), (-1, 0), (253_402_300_800_000, 0), (i64::MAX, 0), (i64::MIN, 0)]
    {
        let mut batch: Value = serde_json::from_slice(&body(None, &[event(0, 0)])).expect("JSON");
        batch["sent_at"] = json!(sent_at);
        let processed = process(batch.to_string().as_bytes());
        assert_eq!(processed.tally.taken(), taken, "{sent_at}");
        assert!(processed.refused.iter().all(|refused| refused.reason == wire::Reason::BadTime));
    }
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
        let failure = draft(&arrival(&bytes), &settings(&[])).expect_err("no batch");
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
    let elsewhere = crate::tests::process(&Arrival { body: &bytes, ..other_site }, &settings(&[]));
    assert_ne!(elsewhere.batch.visitor_id, fresh.batch.visitor_id);
    let cut = process(&body(Some(&fresh.token[1..]), &[event(0, 0)]));
    assert_eq!(cut.token, fresh.token);
}

/// A batch of a visitor who has or has not agreed.
fn with_consent(consent: &str, token: Option<&str>, events: &[Value]) -> Vec<u8> {
    with("consent", json!(consent), &body(token, events))
}

#[test]
fn where_consent_is_required_nothing_else_is_told_of_a_visit() {
    let gdpr = [("PRIVACY", "gdpr")];
    let token = set(&gdpr, &body(None, &[event(0, 0)])).token;
    assert_ne!(token, "");
    for consent in ["unknown", "denied"] {
        let batch =
            with("dropped", json!(3), &with_consent(consent, Some(&token), &[event(1, 0), event(1, 0), json!(5)]));
        let processed = set(&gdpr, &batch);
        assert!(processed.batch.events.is_empty() && !processed.is_forwarded, "{consent}");
        assert_eq!(processed.token, "");
        assert_eq!(processed.tally.outcomes, [("duplicate", 1), ("filtered", 1), ("invalid", 1)].into());
        assert_eq!(processed.tally.reasons, [("malformed", 1), ("no_consent", 1)].into());
    }
}

#[test]
fn without_consent_a_visitor_may_be_counted_without_being_known() {
    let asks = [("CONSENT", "cookieless")];
    let known = set(&asks, &body(None, &[event(0, 0)]));
    let other_page = |consent: &str| {
        let batch = with_consent(consent, Some(&known.token), &[event(1, 0)]);
        set(&asks, &with("stream_id", json!(Uuid::from_u128(9)), &batch))
    };
    let denied = other_page("denied");
    assert_eq!((denied.batch.events.len(), denied.token.as_str()), (1, ""));
    assert_ne!(denied.batch.visitor_id, known.batch.visitor_id);
    assert_eq!(other_page("granted").batch.visitor_id, known.batch.visitor_id);
}

#[test]
fn each_preset_keeps_what_its_table_says() {
    let page = json!([{
        "url": "https://example.com/?utm_source=a&gclid=Cj0abc&page=2", "path": "", "title": "Shop",
        "referrer": "https://www.google.com/?fbclid=IwAR0x",
    }]);
    let mut copy = event(0, 0);
    copy["type"] = json!("text_copy");
    copy["data"] = json!({ "length": 51, "preview": "Some words" });
    let batch = with("pages", page, &body(None, &[copy]));
    let kept = |preset| set(&[("PRIVACY", preset)], &batch).batch;

    let standard = kept("standard");
    assert_eq!((standard.ip.as_deref(), standard.region.as_deref()), (Some("203.0.113.0"), Some("Berlin")));
    assert!(standard.user_agent.contains("Firefox/128.0"));
    assert!(standard.pages[0].url.contains("gclid=Cj0abc"), "{}", standard.pages[0].url);
    assert!(standard.events[0].event.data.get().contains("Some words"));

    let gdpr = kept("gdpr");
    assert_eq!((gdpr.ip.as_deref(), gdpr.country.as_deref(), gdpr.region), (Some("203.0.113.0"), Some("DE"), None));
    assert_eq!((gdpr.user_agent.as_str(), gdpr.browser.as_str(), gdpr.os.as_str()), ("", "Firefox", "Linux"));
    assert_eq!(gdpr.pages[0].url, "https://example.com/?utm_source=a&gclid=&page=2");
    assert_eq!(gdpr.pages[0].referrer, "https://www.google.com/?fbclid=");
    assert_eq!(gdpr.events[0].event.data.get(), r#"{"length":51}"#);

    let hipaa = kept("hipaa");
    assert_eq!((hipaa.ip, hipaa.country.as_deref()), (None, Some("DE")));
    assert_eq!(hipaa.pages[0].url, "https://example.com/?utm_source=a&page=[unlisted]");
    // what the ids told stays
    assert_eq!((hipaa.pages[0].channel.as_str(), hipaa.pages[0].platform.as_str()), ("paid", "google"));
    assert_eq!(set(&[("PLACE", "drop")], &batch).batch.country, None);
}

#[test]
fn machines_are_flagged_or_left_out() {
    let bytes = body(None, &[event(0, 0), event(1, 0)]);
    let machine = Arrival { user_agent: "Mozilla/5.0 (compatible; Googlebot/2.1)", ..arrival(&bytes) };
    let flagged = crate::tests::process(&machine, &settings(&[]));
    assert_eq!((flagged.batch.bot.as_deref(), flagged.batch.events.len()), (Some("declared"), 2));
    let filtered = crate::tests::process(&machine, &settings(&[("BOTS", "filter")]));
    assert_eq!(filtered.tally.reasons, [("bot", 2)].into());
    assert!(!filtered.is_forwarded);
}

#[test]
fn a_token_that_says_nothing_is_counted_by_reason() {
    let fresh = process(&body(None, &[event(0, 0)]));
    let said = |token: &str| process(&body(Some(token), &[event(1, 0)])).tally.token;
    let old_key = set(&[("TOKEN_KEY", &"08".repeat(32))], &body(None, &[event(0, 0)])).token;
    let forged = format!("{}AAAA", &fresh.token[..fresh.token.len() - 4]);
    for (token, reason) in [
        (fresh.token.as_str(), None),
        ("", None),
        (&fresh.token[..40], Some("malformed")),
        (&old_key, Some("other_key")),
        (&forged, Some("forged")),
    ] {
        assert_eq!(said(token), reason, "{token}");
    }
}

#[test]
fn while_keys_rotate_visitors_and_sessions_stay() {
    let (old, new) = ("07".repeat(32), "08".repeat(32));
    let first = set(&[("TOKEN_KEY", &old)], &body(None, &[event(0, -90 * MINUTE)]));
    let batch = body(Some(&first.token), &[event(1, 0)]);
    let before = set(&[("TOKEN_KEY", &old)], &batch);
    let rotating = set(&[("TOKEN_KEY", &new), ("TOKEN_KEY_PREVIOUS", &old)], &batch);
    assert_eq!(rotating.batch, before.batch, "a batch sent again while keys rotate is another");
    let after = set(&[("TOKEN_KEY", &new)], &body(Some(&rotating.token), &[event(2, 0)]));
    assert_eq!(after.batch.visitor_id, first.batch.visitor_id);
    let too_late = set(&[("TOKEN_KEY", &new)], &body(Some(&before.token), &[event(2, 0)]));
    assert_ne!(too_late.batch.visitor_id, first.batch.visitor_id);
}

#[test]
fn who_is_found_without_a_token_has_the_sessions_that_are_known() {
    let bytes = with("cookieless", json!(true), &body(None, &[event(0, 0), event(1, 40 * MINUTE)]));
    let arrival = Arrival { now: NOW + 40 * MINUTE, ..arrival(&bytes) };
    let drafted = draft(&arrival, &settings(&[])).expect("a batch");
    let (batch_id, moments) = drafted.unknown().expect("a visitor without a token");
    assert_eq!((batch_id, moments.len()), (Uuid::from_u128(1), 2));
    let known = Claims::fresh(Uuid::from_u128(8), Uuid::from_u128(9), Moment { at: NOW - MINUTE, ts: NOW - MINUTE });
    let processed = drafted.finish(Some(known), &arrival, &settings(&[]));
    assert_eq!((processed.batch.visitor_id, processed.token.as_str()), (Uuid::from_u128(8), ""));
    assert_eq!(sessions(&processed)[0], (Uuid::from_u128(9), 1, -MINUTE));
    assert_eq!(sessions(&processed)[1].1, 2);
    // a visitor with a token is never asked for
    assert!(draft(&arrival_of(&body(None, &[event(0, 0)])), &settings(&[])).expect("a batch").unknown().is_none());
}

/// [`arrival`] of a body that lives as long as the test.
fn arrival_of(body: &[u8]) -> Arrival<'static> {
    arrival(Box::leak(body.to_vec().into_boxed_slice()))
}

#[test]
fn a_body_nested_without_end_costs_no_more_than_its_length() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(15_000), close.repeat(15_000));
    for json in
        [deep("[", "]"), deep("{\"a\":", "}").replace(":}", ":1}"), "[".repeat(60_000), "{\"v\":".repeat(10_000)]
    {
        assert!(draft(&arrival(json.as_bytes()), &settings(&[])).is_err());
    }
    let inside = json!({ "id": Uuid::nil() }).to_string();
    let nested = format!(r#"{{"a":{}}}"#, deep("[", "]"));
    let batch = String::from_utf8(body(None, &[])).expect("UTF-8");
    let batch = batch.replace("\"events\":[]", &format!("\"events\":[{nested},{inside}]"));
    let processed = process(batch.as_bytes());
    assert_eq!(processed.tally.outcomes, [("invalid", 2)].into());
}

#[test]
fn a_key_that_is_there_twice_is_an_error_where_it_counts() {
    let batch = String::from_utf8(body(None, &[event(0, 0)])).expect("UTF-8");
    let twice = |found: &str, instead: &str| {
        assert!(batch.contains(found), "{batch}");
        draft(&arrival_of(batch.replacen(found, instead, 1).as_bytes()), &settings(&[]))
    };
    assert_eq!(twice("\"v\":1", "\"v\":1,\"v\":1").expect_err("no batch").answer().reason, "a field is there twice");
    let in_event = twice("\"seq\":0", "\"seq\":0,\"seq\":1").expect("a batch");
    assert_eq!(in_event.refused[0].reason, wire::Reason::Malformed);
    for data in ["{\"n\":0,\"n\":1}", "{\"n\":0,\"\\u006e\":1}", "{\"a\":[{\"b\":1,\"c\":2,\"b\":3}]}"] {
        let in_data = twice("{\"n\":0}", data).expect("a batch");
        assert_eq!(in_data.refused[0].reason, wire::Reason::DuplicateKey, "{data}");
    }
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
        let again = crate::tests::process(&Arrival { now: NOW + later, ..arrival(&bytes) }, &settings(&[]));
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
        let _ = draft(&arrival(&bytes), &settings(&[]));
        let good = body(Some("token"), &[event(0, 0)]);
        let _ = draft(&arrival(&good[..cut.min(good.len())]), &settings(&[]));
    }
}

#[test]
fn a_batch_of_a_visitor_without_a_token_links_no_two_days() {
    const DAY: i64 = 24 * 60 * MINUTE;
    let midnight = NOW - NOW.rem_euclid(DAY) - NOW;
    let at = |seq: u32, minutes: i64| {
        let mut event = event(seq, midnight + minutes * MINUTE);
        event["t"] = json!(60 * MINUTE + minutes * MINUTE);
        event
    };
    let mut wrong = at(4, 3);
    wrong["type"] = json!("Wrong");
    let events = [at(0, -1), at(1, 1), at(2, -2), at(3, 2), wrong];
    let mut batch: Value = serde_json::from_slice(&body(Some(""), &events)).expect("JSON");
    (batch["cookieless"], batch["dropped"]) = (json!(true), json!(7));
    let (bytes, settings) = (batch.to_string().into_bytes(), settings(&[]));
    let arrival = Arrival { now: NOW + midnight + 5 * MINUTE, ..arrival(&bytes) };
    let done = || -> Vec<Processed> {
        let parts = draft(&arrival, &settings).expect("a batch").by_day("example.com", &settings.token_keys.current);
        parts.into_iter().map(|part| part.finish(None, &arrival, &settings)).collect()
    };
    let parts = done();
    let [before, after] = parts.as_slice() else { panic!("{} parts", parts.len()) };
    let seqs = |part: &Processed| part.batch.events.iter().map(|event| event.event.seq).collect::<Vec<_>>();
    assert_eq!((seqs(before), seqs(after)), (vec![0, 2], vec![1, 3]));
    assert_eq!((before.batch.dropped, after.batch.dropped), (7, 0));
    assert_eq!((before.tally.events, after.tally.events, before.refused.len(), after.refused.len()), (3, 2, 1, 0));
    assert_eq!((before.tally.taken(), after.tally.taken()), (2, 2));

    // no id and no moment is in both
    let telling = |part: &Processed| {
        let ForwardBatch { batch_id, stream_id, visitor_id, sent_at, received_at, .. } = part.batch;
        let sessions = part.batch.events.iter().map(|event| event.session_id.to_string());
        let loaded = part.batch.events.iter().map(|event| (event.event.ts - i64::from(event.event.t)).to_string());
        let starts = part.batch.events.iter().map(|event| event.session_start.to_string());
        let ids = [batch_id, stream_id, visitor_id].map(|id| id.to_string());
        let times = [sent_at, received_at].map(|time| time.to_string());
        sessions.chain(loaded).chain(starts).chain(ids).chain(times).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(telling(before).is_disjoint(&telling(after)), "{:?} {:?}", telling(before), telling(after));
    assert!(parts.iter().all(|part| part.batch.events.iter().all(|event| event.session_number == 1)));
    // and the same again is the same
    assert_eq!(done().iter().map(telling).collect::<Vec<_>>(), parts.iter().map(telling).collect::<Vec<_>>());

    // nor does a whole address
    assert_eq!(set(&[("IP_POLICY", "keep")], &bytes).batch.ip.as_deref(), Some("203.0.113.0"));

    // with a token a visit goes on over midnight
    let batch = body(None, &events);
    let parts = draft(&Arrival { body: &batch, ..arrival }, &settings).expect("a batch");
    assert_eq!(parts.by_day("example.com", &settings.token_keys.current).len(), 1);
}

#[test]
fn click_ids_go_from_links_and_from_addresses_within_addresses() {
    let mut click = event(0, 0);
    click["data"] = json!({ "href": "https://a.example/?gclid=SECRET", "n": 1 });
    let mut batch: Value = serde_json::from_slice(&body(None, &[click])).expect("JSON");
    batch["pages"][0] = json!({
        "url": "https://example.com/login?next=%2Fshop%3Fmc_eid%3DSECRET", "path": "/to/%2F%3Fmc_eid%3DSECRET", "title": "",
        "referrer": "https://b.example/?u=https%253A%252F%252Fa.example%253Ffbclid%253DSECRET",
    });
    let bytes = batch.to_string().into_bytes();
    for preset in ["gdpr", "hipaa"] {
        let processed = set(&[("PRIVACY", preset)], &bytes);
        let wire = serde_json::to_string(&processed.batch).expect("serialisable");
        assert_eq!(processed.tally.taken(), 1);
        assert!(!wire.contains("SECRET"), "{preset}: {wire}");
    }
    assert!(serde_json::to_string(&process(&bytes).batch).expect("serialisable").contains("SECRET"));
}
