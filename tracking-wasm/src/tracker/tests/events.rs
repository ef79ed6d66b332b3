//! What becomes an event, and what is said of it.

use serde_json::json;
use wire::Consent;

use super::*;

fn of(events: &[(String, Value)], kind: &str) -> Vec<Value> {
    events.iter().filter(|event| event.0 == kind).map(|event| event.1.clone()).collect()
}

#[test]
fn each_page_is_named_once_and_left_before_the_next() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.show(&mut site, "pushstate", "https://a.example/two", "https://a.example/");
    tab.track(&mut site, "custom", "");
    tab.show(&mut site, "bfcache", "https://a.example/", "https://b.example/");
    let batch = tab.deliver(&mut site).remove(0);
    let pages: Vec<_> = batch.pages.iter().map(|page| (page.url.as_str(), page.referrer.as_str())).collect();
    let [first, two] = ["https://a.example/", "https://a.example/two"];
    assert_eq!(pages, [(first, ""), (two, first), (first, "https://b.example/")]);
    let told: Vec<_> = events(&batch).iter().map(|event| (event.kind.clone(), event.page)).collect();
    let expected =
        [("pageview", 0), ("page_exit", 0), ("pageview", 1), ("custom", 1), ("page_exit", 1), ("pageview", 2)];
    assert_eq!(told, expected.map(|(kind, page)| (kind.to_owned(), page)));
    assert_eq!(data(&events(&batch)[2]), json!({"navigation": "pushstate"}));
}

#[test]
fn each_event_goes_with_the_consent_that_there_was_when_it_happened() {
    let mut site = Site::default();
    let mut tab = site.open();
    let mut batches = tab.deliver(&mut site);
    for consent in ["granted", "denied"] {
        tab.track(&mut site, "custom", "");
        tab.mode(&mut site, consent, "storage");
        batches.extend(tab.deliver(&mut site));
    }
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    batches.extend(tab.deliver(&mut site));
    let consents: Vec<_> = batches.iter().map(|batch| batch.consent).collect();
    assert_eq!(consents, [Consent::Unknown, Consent::Unknown, Consent::Granted, Consent::Denied]);
    assert!(batches.iter().all(|batch| !batch.cookieless && batch.stream_id == batches[0].stream_id));
    assert_eq!(seqs(&batches), [0, 1, 2, 3, 4], "the visitor is the same");
}

#[test]
fn a_cookieless_page_sends_no_token_but_with_what_happened_before() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.track(&mut site, "custom", "");
    tab.mode(&mut site, "denied", "cookieless");
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    let batches = tab.deliver(&mut site);
    let told: Vec<_> = batches
        .iter()
        .map(|batch| (batch.consent, batch.cookieless, batch.token.as_deref(), seqs(std::slice::from_ref(batch))))
        .collect();
    assert_eq!(
        told,
        [(Consent::Unknown, false, Some(TOKEN), vec![1]), (Consent::Denied, true, None, vec![0, 1])],
        "numbered anew"
    );
    assert_ne!(batches[0].stream_id, batches[1].stream_id);
    assert!(site.state().token.is_empty(), "it is forgotten");
    tab.mode(&mut site, "granted", "storage");
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    let again = tab.deliver(&mut site);
    assert_eq!((seqs(&again), again[0].token.as_deref(), again[0].cookieless), (vec![0], None, false));
    assert!(batches.iter().all(|batch| batch.stream_id != again[0].stream_id));
    assert_eq!(site.state().token, TOKEN.as_bytes());
}

#[test]
fn a_visitor_whom_the_edge_gave_no_token_is_numbered_anew_with_another_consent() {
    let mut site = Site::default();
    let mut tab = site.open_at(NOW, "unknown", "storage");
    tab.beat(&mut site);
    let before = tab.next(&mut site, false).expect("a batch");
    // by its own settings the edge leaves out what is without consent
    tab.reply(&mut site, &before, Reply { token: "", ..tab.ok() });
    tab.mode(&mut site, "granted", "storage");
    tab.track(&mut site, "custom", "");
    // said again, it changes nothing
    tab.mode(&mut site, "granted", "storage");
    tab.leave(&mut site, true);
    let after = tab.deliver(&mut site);
    assert_eq!((after.len(), seqs(&after)), (1, vec![0, 1]));
    assert_ne!(after[0].stream_id, before.batch.stream_id);
}

#[test]
fn a_page_without_a_token_that_is_open_at_midnight_is_numbered_anew() {
    let midnight = (NOW / DAY + 1) * DAY;
    for (mode, token, expected) in [
        ("cookieless", "", [vec![0, 1], vec![0, 1]]),
        ("storage", "", [vec![0, 1], vec![0, 1]]),
        ("storage", TOKEN, [vec![0, 1, 2, 3], Vec::new()]),
    ] {
        let mut site = Site::default();
        let mut tab = site.open_at(midnight - 1_000, "unknown", mode);
        tab.beat(&mut site);
        let sent = tab.next(&mut site, false).expect("a batch");
        tab.reply(&mut site, &sent, Reply { token, ..tab.ok() });
        tab.track(&mut site, "custom", "");
        tab.pass(2_000);
        tab.track(&mut site, "custom", "");
        tab.beat(&mut site);
        tab.leave(&mut site, false);
        let mut batches = vec![sent.batch];
        batches.extend(tab.deliver(&mut site));
        let first = batches[0].stream_id;
        let (before, after): (Vec<_>, Vec<_>) = batches.into_iter().partition(|batch| batch.stream_id == first);
        assert_eq!([seqs(&before), seqs(&after)], expected, "{mode} {token}");
    }
}

#[test]
fn only_the_last_click_is_marked_as_dead_and_only_if_it_should_have_had_an_effect() {
    let mut site = Site::default();
    let mut tab = site.open();
    let mut dead = |tab: &mut Tab| {
        tab.tell(&mut site, "dead", &[], &[]);
        of(&tab.events(&mut site), "click").iter().map(|data| data["dead"] == true).collect::<Vec<_>>()
    };
    let mut other = Site::default();
    tab.click(&mut other, true);
    tab.click(&mut other, true);
    tab.track(&mut other, "custom", "\"a\":1");
    assert_eq!(dead(&mut tab), [false, true]);
    tab.click(&mut other, false);
    assert_eq!(dead(&mut tab), [false]);
    tab.click(&mut other, true);
    tab.show(&mut other, "pushstate", "https://a.example/two", "");
    tab.beat(&mut other);
    tab.click(&mut other, false);
    assert_eq!(dead(&mut tab), [false], "the one before is on its way");
    assert!(other.storage.values().all(|value| !value.contains("dead")));
}

#[test]
fn what_happens_before_the_first_page_is_counted_as_dropped() {
    let mut site = Site::default();
    let mut tab = Tab {
        tracker: Box::new(Tracker::NEW),
        now: NOW,
        t: 0,
        wait: 0,
        is_turn: false,
        is_gone: false,
        is_open: false,
    };
    tab.mode(&mut site, "unknown", "storage");
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    tab.show(&mut site, "navigate", "https://a.example/", "");
    let batches = tab.deliver(&mut site);
    assert_eq!((seqs(&batches), number_of(&batches)), (vec![1], (1, 1)));
}
