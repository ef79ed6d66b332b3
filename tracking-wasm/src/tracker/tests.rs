//! A browser of values: clock, storage and network are at hand, and what the pixel writes is read with the wire's types.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wire::{Event, EventBatch, check};

use super::*;
use crate::queue::{RECORD, STATE_KEY};

const NOW: i64 = 1_800_000_000_000;
const TOKEN: &str = "v1.signed";

/// What all tabs share.
#[derive(Default)]
struct Site {
    storage: BTreeMap<String, String>,
    /// Each id gets random bytes of its own.
    counter: u64,
}

/// One page load.
struct Tab {
    tracker: Tracker,
    now: i64,
    t: u32,
}

impl Site {
    fn moment(&mut self, now: i64, t: u32) -> Moment {
        self.counter += 1;
        let mut random = [0; 20];
        random[..8].copy_from_slice(&self.counter.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
        random[12..20].copy_from_slice(&self.counter.to_le_bytes());
        Moment { now, t, random }
    }

    fn open(&mut self) -> Tab {
        self.open_at(NOW)
    }

    fn open_at(&mut self, now: i64) -> Tab {
        let tracker = Tracker::new(&self.moment(now, 0));
        let mut tab = Tab { tracker, now, t: 0 };
        tab.show(self, "navigate", "https://a.example/");
        tab
    }

    fn dump(&self) -> String {
        let records: Vec<_> = self.storage.iter().map(|(key, value)| format!("{key}\n{value}")).collect();
        records.join(RECORD)
    }

    fn apply(&mut self, changes: &str) {
        for record in changes.split(RECORD).filter(|record| !record.is_empty()) {
            let (key, value) = record.split_once('\n').expect("a key");
            if value.is_empty() {
                self.storage.remove(key);
            } else {
                self.storage.insert(key.to_owned(), value.to_owned());
            }
        }
    }

    fn batches(&self) -> Vec<&String> {
        self.storage.iter().filter(|(key, _)| key.starts_with(BATCH_KEY)).map(|(_, value)| value).collect()
    }

    fn bytes(&self) -> usize {
        self.storage.iter().map(|(key, value)| key.len() + value.len()).sum()
    }

    fn state(&self) -> crate::edge_state::EdgeState {
        crate::edge_state::EdgeState::read(self.storage.get(STATE_KEY).map_or("", String::as_str))
    }
}

impl Tab {
    fn show(&mut self, site: &mut Site, navigation: &str, url: &str) -> bool {
        let place = Place { url, title: "Title", referrer: "", query: "" };
        self.tracker.page(&site.moment(self.now, self.t), navigation, &place, &Device::default())
    }

    fn track(&mut self, site: &mut Site, name: &str, data: &str) {
        self.tracker.track(&site.moment(self.now, self.t), name, data);
    }

    fn pass(&mut self, ms: u32) {
        self.t += ms;
        self.now += i64::from(ms);
    }

    fn tick(&mut self, site: &mut Site, leaving: bool) {
        let changes = self.tracker.tick(&site.moment(self.now, self.t), &site.dump(), leaving);
        site.apply(&changes);
    }

    fn next(&mut self, site: &mut Site, sending: Sending) -> Option<(String, String)> {
        let entry = self.tracker.next(&site.moment(self.now, self.t), &site.dump(), sending)?;
        site.apply(&entry);
        let (key, value) = entry.split_once('\n')?;
        Some((key.to_owned(), value.to_owned()))
    }

    fn answer(&mut self, site: &mut Site, key: &str, answer: &Answer<'_>) {
        let changes = self.tracker.answered(&site.moment(self.now, self.t), &site.dump(), key, answer);
        site.apply(&changes);
    }

    fn ok(&self) -> Answer<'static> {
        Answer { status: 200, token: TOKEN, now: self.now, ..Answer::default() }
    }

    /// Ticks and sends all there is to an edge that takes it.
    fn deliver(&mut self, site: &mut Site) -> Vec<EventBatch> {
        let mut batches = Vec::new();
        self.tick(site, false);
        while let Some((key, value)) = self.next(site, Sending::Locked) {
            batches.push(body(&value));
            self.answer(site, &key, &self.ok());
            self.tick(site, false);
        }
        batches
    }
}

fn body(value: &str) -> EventBatch {
    let (_, body) = value.split_once('\n').expect("a body");
    assert!(body.len() <= wire::limits::BATCH_BYTES, "{} bytes", body.len());
    serde_json::from_str(body).expect("a batch")
}

fn events(batch: &EventBatch) -> Vec<Event> {
    batch.events.iter().map(|event| serde_json::from_str(event.get()).expect("an event")).collect()
}

fn seqs(batches: &[EventBatch]) -> Vec<u32> {
    batches.iter().flat_map(events).map(|event| event.seq).collect()
}

fn failed(status: i32) -> Answer<'static> {
    Answer { status, ..Answer::default() }
}

#[test]
fn a_page_view_is_sent_at_once_and_numbered_from_0() {
    let mut site = Site::default();
    let mut tab = site.open();
    assert_eq!(tab.tracker.wait(0), Some(0));
    let batches = tab.deliver(&mut site);
    let [batch] = batches.as_slice() else { panic!("one batch") };
    assert_eq!((batch.v, batch.token.as_deref(), batch.dropped), (1, None, 0));
    assert_eq!((batch.pages[0].path.as_str(), batch.pages[0].channel.as_str()), ("/", "direct"));
    let events = events(batch);
    assert_eq!((events[0].kind.as_str(), events[0].seq, events[0].ts), ("pageview", 0, NOW));
    assert!(site.batches().is_empty());
    assert_eq!(site.state().token, TOKEN);
}

#[test]
fn ids_of_clicks_stay_on_the_page_and_the_channel_is_known_by_them() {
    let mut site = Site::default();
    let mut tab = site.open();
    let place = Place {
        url: "https://a.example/landing?gclid=Cj0abc",
        title: "",
        referrer: "https://b.example/?fbclid=IwAR0x",
        query: "gclid\tCj0abc",
    };
    tab.tracker.page(&site.moment(NOW, 0), "bfcache", &place, &Device::default());
    tab.show(&mut site, "pushstate", "https://a.example/next");
    let batch = tab.deliver(&mut site).remove(0);
    let [_, landing, next] = batch.pages.as_slice() else { panic!("three pages") };
    assert_eq!((landing.url.as_str(), landing.channel.as_str()), ("https://a.example/landing?gclid=", "paid"));
    assert_eq!(landing.referrer, "https://b.example/?fbclid=");
    assert_eq!(next.referrer, "https://a.example/landing?gclid=");
}

#[test]
fn other_events_wait_for_a_minute_of_silence() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.pass(1_000);
    tab.track(&mut site, "custom", "{}");
    assert_eq!(tab.tracker.wait(tab.t), Some(1_000), "saved within a second");
    tab.pass(1_000);
    assert!(tab.deliver(&mut site).is_empty());
    assert_eq!(site.batches().len(), 1);
    assert_eq!(tab.tracker.wait(tab.t), Some(59_000));
    tab.pass(59_000);
    assert_eq!(seqs(&tab.deliver(&mut site)), [1]);
}

#[test]
fn fifty_events_make_a_batch() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    for _ in 0..120 {
        tab.track(&mut site, "custom", "{}");
    }
    let batches = tab.deliver(&mut site);
    assert_eq!(batches.iter().map(|batch| batch.events.len()).collect::<Vec<_>>(), [50, 50]);
    tab.tick(&mut site, true);
    assert_eq!(seqs(&tab.deliver(&mut site)), (101..=120).collect::<Vec<_>>());
}

#[test]
fn a_route_counts_once_and_only_with_a_new_path() {
    let mut site = Site::default();
    let mut tab = site.open();
    assert!(!tab.show(&mut site, "replacestate", "https://a.example/?state=1"));
    assert!(!tab.show(&mut site, "hashchange", "https://a.example/#section"));
    assert!(tab.show(&mut site, "pushstate", "https://a.example/two?utm_source=google"));
    assert!(tab.show(&mut site, "popstate", "https://a.example/"));
    assert!(tab.show(&mut site, "bfcache", "https://a.example/"));
    let batch = tab.deliver(&mut site).remove(0);
    assert_eq!(batch.pages.iter().map(|page| page.path.as_str()).collect::<Vec<_>>(), ["/", "/two", "/", "/"]);
    assert_eq!(batch.pages[1].referrer, "https://a.example/");
    assert_eq!(batch.pages[2].channel, "internal");
    let data: serde_json::Value = serde_json::from_str(events(&batch)[1].data.get()).expect("JSON");
    assert_eq!(data, serde_json::json!({"navigation": "pushstate", "previous_path": "/"}));
}

#[test]
fn a_failed_batch_is_sent_again_to_the_letter_and_in_order() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.tick(&mut site, false);
    let (key, first) = tab.next(&mut site, Sending::Locked).expect("a batch");
    assert!(tab.next(&mut site, Sending::Locked).is_none(), "it is on its way");
    tab.answer(&mut site, &key, &failed(503));
    tab.track(&mut site, "custom", "{}");
    tab.tick(&mut site, true);
    assert!(tab.next(&mut site, Sending::Locked).is_none(), "too early");
    let wait = tab.tracker.wait(tab.t).expect("a time");
    assert!((1_000..2_000).contains(&wait), "{wait}");
    tab.pass(wait);
    let (again, second) = tab.next(&mut site, Sending::Locked).expect("a batch");
    assert_eq!(again, key);
    assert_eq!(second.split_once('\n').expect("a body").1, first.split_once('\n').expect("a body").1);
    tab.answer(&mut site, &key, &tab.ok());
    assert_eq!(seqs(&tab.deliver(&mut site)), [1]);
}

#[test]
fn answers_that_are_not_the_edges_do_not_count() {
    for answer in [failed(0), failed(500), failed(404), failed(200), Answer { token: TOKEN, ..failed(200) }] {
        let mut site = Site::default();
        let mut tab = site.open();
        tab.tick(&mut site, false);
        let (key, _) = tab.next(&mut site, Sending::Locked).expect("a batch");
        tab.answer(&mut site, &key, &answer);
        assert_eq!(site.batches().len(), 1, "{answer:?}");
        assert!(tab.tracker.wait(0) > Some(0));
    }
}

#[test]
fn retry_after_is_obeyed_also_when_the_page_is_left_and_by_other_tabs() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.tick(&mut site, false);
    let (key, _) = tab.next(&mut site, Sending::Locked).expect("a batch");
    tab.answer(&mut site, &key, &Answer { retry_after: 120, ..failed(429) });
    tab.tracker.hurry();
    assert!(tab.next(&mut site, Sending::Leaving).is_none());
    let mut other = site.open();
    assert!(other.deliver(&mut site).is_empty());
    assert_eq!(other.tracker.wait(0), Some(120_000));
    other.pass(120_000);
    assert_eq!(other.deliver(&mut site).len(), 2);
}

#[test]
fn a_wait_of_our_own_ends_when_the_browser_is_online_again() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.tick(&mut site, false);
    let (key, _) = tab.next(&mut site, Sending::Locked).expect("a batch");
    tab.answer(&mut site, &key, &failed(0));
    assert!(!tab.tracker.turn(tab.t));
    tab.tracker.hurry();
    assert!(tab.tracker.turn(tab.t));
    assert_eq!(tab.deliver(&mut site).len(), 1);
}

#[test]
fn what_will_never_be_taken_is_dropped_and_reported() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.track(&mut site, "custom", "{}");
    tab.track(&mut site, "Not A Name", "{}");
    tab.tick(&mut site, false);
    let (key, value) = tab.next(&mut site, Sending::Locked).expect("a batch");
    assert_eq!(body(&value).dropped, 1);
    tab.answer(&mut site, &key, &failed(413));
    assert!(site.batches().is_empty());
    tab.track(&mut site, "custom", "{}");
    tab.tick(&mut site, true);
    let batches = tab.deliver(&mut site);
    assert_eq!((batches[0].dropped, seqs(&batches)), (3, vec![3]), "two events, and the one reported in vain");
    assert_eq!(site.state().dropped, 0);
}

#[test]
fn storage_is_bounded_and_the_oldest_go_first() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.tick(&mut site, false);
    let (key, _) = tab.next(&mut site, Sending::Locked).expect("a batch");
    tab.answer(&mut site, &key, &failed(0));
    let data = format!("{{\"text\":\"{}\"}}", "x".repeat(3_000));
    for _ in 0..100 {
        tab.pass(10);
        tab.track(&mut site, "custom", &data);
        tab.tick(&mut site, false);
        assert!(site.bytes() <= wire::limits::PIXEL_STORE_BYTES, "{}", site.bytes());
    }
    tab.tick(&mut site, true);
    tab.pass(10_000);
    let batches = tab.deliver(&mut site);
    let seqs = seqs(&batches);
    let reported: u32 = batches.iter().map(|batch| batch.dropped).sum();
    let still = u32::try_from(site.state().dropped).expect("small");
    assert!(seqs.len() >= 15, "{}", seqs.len());
    assert_eq!(seqs.last(), Some(&100));
    assert_eq!(seqs.len() + usize::try_from(reported + still).expect("small"), 101);
}

#[test]
fn a_burst_waits_in_memory_while_the_edge_answers() {
    let mut site = Site::default();
    let mut tab = site.open();
    let data = format!("{{\"text\":\"{}\"}}", "x".repeat(1_000));
    for _ in 0..200 {
        tab.track(&mut site, "custom", &data);
    }
    tab.tick(&mut site, false);
    assert!(site.bytes() <= wire::limits::PIXEL_STORE_BYTES);
    assert_ne!(tab.tracker.wait(tab.t), None);
    let mut batches = tab.deliver(&mut site);
    tab.tick(&mut site, true);
    batches.extend(tab.deliver(&mut site));
    assert_eq!(seqs(&batches), (0..=200).collect::<Vec<_>>());
    assert!(batches.iter().all(|batch| batch.dropped == 0));
}

#[test]
fn batches_of_a_killed_tab_are_sent_by_the_next_page() {
    let mut site = Site::default();
    let mut killed = site.open();
    killed.deliver(&mut site);
    killed.track(&mut site, "custom", "{}");
    killed.tick(&mut site, false);
    drop(killed);
    let mut next = site.open_at(NOW + 1_000);
    assert_eq!(next.deliver(&mut site).len(), 1, "its owner may still be filling it");
    let wait = next.tracker.wait(0).expect("a time");
    assert!(wait <= 90_000);
    next.pass(90_000);
    assert_eq!(seqs(&next.deliver(&mut site)), [1]);
    assert!(site.batches().is_empty());
}

#[test]
fn a_page_that_is_left_sends_its_own_and_the_next_does_not_repeat_it_at_once() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.track(&mut site, "custom", "{}");
    tab.tick(&mut site, true);
    let (key, value) = tab.next(&mut site, Sending::Leaving).expect("a batch");
    assert_eq!(body(&value).token.as_deref(), Some(TOKEN));
    let mut next = site.open_at(NOW + 500);
    assert_eq!(seqs(&next.deliver(&mut site)), [0]);
    // the answer never came to the page that was left
    next.pass(5_000);
    let (again, _) = next.next(&mut site, Sending::Locked).expect("a batch");
    assert_eq!(again, key);
}

#[test]
fn the_first_answer_decides_for_all_tabs_who_the_visitor_is() {
    let mut site = Site::default();
    let mut first = site.open();
    first.tick(&mut site, true);
    first.next(&mut site, Sending::Leaving).expect("a batch");
    drop(first);
    let mut second = site.open_at(NOW + 100);
    let batches = second.deliver(&mut site);
    let tokens: Vec<_> = batches.iter().map(|batch| batch.token.as_deref()).collect();
    assert_eq!(tokens, [None, Some(TOKEN)]);
}

#[test]
fn without_locks_a_batch_is_held_while_it_is_on_its_way() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.track(&mut site, "custom", "{}");
    tab.tick(&mut site, true);
    tab.next(&mut site, Sending::Unlocked).expect("a batch");
    let mut other = site.open();
    assert_eq!(seqs(&other.deliver(&mut site)), [0]);
}

#[test]
fn ids_refused_for_a_wrong_clock_are_sent_again_by_the_edges() {
    let mut site = Site::default();
    let wrong = NOW - 100 * 86_400_000;
    let mut tab = site.open_at(wrong);
    tab.tick(&mut site, false);
    let (key, value) = tab.next(&mut site, Sending::Locked).expect("a batch");
    let before = events(&body(&value)).remove(0);
    assert!(check::event(&before, 1, NOW).is_err());
    tab.answer(&mut site, &key, &Answer { refused: "0 expired", now: NOW, ..tab.ok() });
    let (again, value) = tab.next(&mut site, Sending::Locked).expect("the mended batch");
    let after = events(&body(&value)).remove(0);
    assert_ne!(again, key);
    assert_eq!((after.seq, after.ts, check::event(&after, 1, NOW)), (0, wrong, Ok(())));
    assert_eq!(after.id.as_bytes()[6..], before.id.as_bytes()[6..]);
    tab.answer(&mut site, &again, &Answer { refused: "0 expired", now: NOW, ..tab.ok() });
    assert!(site.batches().is_empty(), "once only");
    tab.track(&mut site, "custom", "{}");
    tab.tick(&mut site, true);
    let (_, value) = tab.next(&mut site, Sending::Locked).expect("a batch");
    assert_eq!(check::event(&events(&body(&value))[0], 1, NOW), Ok(()), "later ids are right from the start");
}

#[test]
fn other_refusals_are_final() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.tick(&mut site, false);
    let (key, _) = tab.next(&mut site, Sending::Locked).expect("a batch");
    tab.answer(&mut site, &key, &Answer { refused: "0 bad_type\nundefined malformed", ..tab.ok() });
    assert!(site.batches().is_empty());
}

#[test]
fn what_is_a_week_old_is_dropped_and_counted() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.tick(&mut site, false);
    let mut later = site.open_at(NOW + 8 * 86_400_000);
    let batches = later.deliver(&mut site);
    assert_eq!((seqs(&batches), batches[0].dropped), (vec![0], 1));
}

#[test]
fn what_others_left_in_storage_does_no_harm() {
    let mut site = Site::default();
    site.storage.insert(STATE_KEY.to_owned(), "{}".to_owned());
    site.storage.insert(format!("{BATCH_KEY}x"), "[object Object]".to_owned());
    site.storage.insert("evothesis:optout".to_owned(), "0".to_owned());
    let mut tab = site.open();
    assert_eq!(tab.deliver(&mut site).len(), 1);
    assert!(site.batches().is_empty());
}

proptest! {
    #[test]
    fn whatever_comes_in_the_batch_decodes_and_each_event_passes(
        url in any::<String>(),
        title in any::<String>(),
        texts in prop::collection::vec(any::<String>(), 7),
        fields in any::<String>(),
        name in "[a-z][a-z_]{0,80}|.*",
        data in any::<String>(),
        numbers in prop::array::uniform6(any::<i32>()),
        rounds in 1_usize..60,
    ) {
        let mut site = Site::default();
        let mut tab = site.open();
        let place = Place { url: &url, title: &title, referrer: &texts[0], query: &fields };
        let [x, y, page_x, page_y, width, height] = numbers;
        let device = Device { language: &title, timezone: &url, screen: (x, y), viewport: (width, height), pixel_percent: x };
        let data = serde_json::Value::from(data).to_string();
        for round in 0..rounds {
            let moment = site.moment(NOW, 0);
            match round % 5 {
                0 => { tab.tracker.page(&moment, &texts[1], &place, &device); }
                1 => tab.tracker.click(&moment, &Element {
                    tag: &texts[0], id: &texts[1], classes: &texts[2], role: &texts[3], text: &texts[4], href: &texts[5],
                    selector: &texts[6], download: x > 0,
                }, &Position { x, y, page_x, page_y, width, height }),
                2 => tab.tracker.scroll(&moment, y, height, x > 0),
                3 => tab.tracker.form_submit(
                    &moment,
                    &Form { id: &texts[0], name: &texts[1], action: &texts[2], method: &texts[3] },
                    form::fields(&fields),
                ),
                _ => tab.tracker.track(&moment, &name, &data),
            }
        }
        tab.tick(&mut site, true);
        let batches = tab.deliver(&mut site);
        let mut count = 0;
        for batch in &batches {
            prop_assert!(batch.events.len() <= wire::limits::BATCH_EVENTS);
            for event in events(batch) {
                prop_assert_eq!(check::event(&event, batch.pages.len(), NOW), Ok(()));
                count += 1;
            }
        }
        let dropped = batches.iter().map(|batch| batch.dropped).sum::<u32>();
        prop_assert_eq!(count + dropped, tab.tracker.seq);
    }
}
