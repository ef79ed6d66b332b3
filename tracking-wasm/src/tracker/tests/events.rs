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
fn consent_goes_with_every_batch() {
    let mut site = Site::default();
    let mut tab = site.open();
    let mut batches = tab.deliver(&mut site);
    for consent in ["granted", "denied"] {
        tab.track(&mut site, "custom", "");
        tab.mode(&mut site, consent, "storage");
        tab.leave(&mut site, true);
        batches.extend(tab.deliver(&mut site));
    }
    let consents: Vec<_> = batches.iter().map(|batch| batch.consent).collect();
    assert_eq!(consents, [Consent::Unknown, Consent::Granted, Consent::Denied]);
    assert!(batches.iter().all(|batch| !batch.cookieless));
}

#[test]
fn a_cookieless_page_forgets_the_token_and_sends_none() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.track(&mut site, "custom", "");
    tab.mode(&mut site, "denied", "cookieless");
    assert!(site.state().token.is_empty());
    tab.leave(&mut site, true);
    let mut batches = tab.deliver(&mut site);
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    // of another tab, which may keep it
    site.storage.insert("evothesis:token".to_owned(), TOKEN.to_owned());
    batches.extend(tab.deliver(&mut site));
    assert_eq!(batches.len(), 2);
    assert!(batches.iter().all(|batch| batch.cookieless && batch.token.is_none()));
    assert!(site.state().token.is_empty(), "an answer brings none either");
    tab.mode(&mut site, "granted", "storage");
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    tab.deliver(&mut site);
    assert_eq!(site.state().token, TOKEN.as_bytes());
}

#[test]
fn a_page_without_cookies_that_is_open_at_midnight_is_numbered_anew() {
    let midnight = (NOW / DAY + 1) * DAY;
    for (mode, expected) in [("cookieless", [vec![0, 1], vec![0, 1]]), ("storage", [vec![0, 1, 2, 3], Vec::new()])] {
        let mut site = Site::default();
        let mut tab = site.open_at(midnight - 1_000, "unknown", mode);
        tab.track(&mut site, "custom", "");
        tab.pass(2_000);
        tab.track(&mut site, "custom", "");
        tab.beat(&mut site);
        tab.leave(&mut site, false);
        let batches = tab.deliver(&mut site);
        let first = batches[0].stream_id;
        let (before, after): (Vec<_>, Vec<_>) = batches.into_iter().partition(|batch| batch.stream_id == first);
        assert_eq!([seqs(&before), seqs(&after)], expected, "{mode}");
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
fn debugging_logs_each_event_as_it_is_sent_and_in_its_place() {
    let mut site = Site::default();
    let mut tab = site.open_at(NOW, "unknown", "storage debug");
    tab.track(&mut site, "custom", "\"to\":\"[email]\"");
    tab.track(&mut site, "", "");
    tab.leave(&mut site, true);
    let log = std::mem::take(&mut tab.log);
    assert_eq!(
        log.iter().map(|event| event["type"].as_str()).collect::<Vec<_>>(),
        ["pageview", "custom", "page_exit"].map(Some)
    );
    assert_eq!(log[1]["data"], json!({"to": "[email]"}));
    assert_eq!((&log[1]["page"]["path"], &log[1]["seq"]), (&json!("/"), &json!(1)));
    assert_eq!(number_of(&tab.deliver(&mut site)), (3, 1));
    tab.mode(&mut site, "unknown", "storage");
    tab.track(&mut site, "custom", "");
    assert!(tab.log.is_empty());
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
        log: Vec::new(),
    };
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    tab.show(&mut site, "navigate", "https://a.example/", "");
    let batches = tab.deliver(&mut site);
    assert_eq!((seqs(&batches), number_of(&batches)), (vec![1], (1, 1)));
}
