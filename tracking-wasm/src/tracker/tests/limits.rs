//! Where memory or storage end; and whatever comes in.

use proptest::prelude::*;
use wire::check;
use wire::limits::BATCH_EVENTS;

use super::*;

fn text(bytes: usize) -> String {
    format!("\"text\":\"{}\"", "x".repeat(bytes))
}

#[test]
fn storage_is_bounded_and_the_oldest_go_first() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.beat(&mut site);
    let sent = tab.next(&mut site, false).expect("a batch");
    tab.reply(&mut site, &sent, failed(0));
    for _ in 0..100 {
        tab.pass(10);
        tab.track(&mut site, "custom", &text(3_000));
        tab.beat(&mut site);
        assert!(site.bytes() <= PIXEL_STORE_BYTES, "{}", site.bytes());
    }
    tab.leave(&mut site, true);
    tab.pass(10_000);
    let batches = tab.deliver(&mut site);
    let seqs = seqs(&batches);
    let (sent, reported) = number_of(&batches);
    assert!(sent >= 15, "{sent}");
    assert_eq!(seqs.last(), Some(&101));
    assert!(seqs.is_sorted());
    assert_eq!((sent + reported as usize, site.state().dropped), (102, 0));
}

#[test]
fn a_batch_that_is_on_its_way_is_not_dropped() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.beat(&mut site);
    let sent = tab.next(&mut site, false).expect("a batch");
    tab.reply(&mut site, &sent, failed(0));
    tab.pass(10_000);
    let again = tab.next(&mut site, false).expect("a batch");
    for _ in 0..100 {
        tab.track(&mut site, "custom", &text(3_000));
        tab.beat(&mut site);
    }
    assert!(site.storage.contains_key(&again.key));
    tab.reply(&mut site, &again, tab.ok());
    tab.leave(&mut site, true);
    let (sent, reported) = number_of(&tab.deliver(&mut site));
    assert_eq!(1 + sent + reported as usize, 102);
}

#[test]
fn a_burst_waits_in_memory_while_the_edge_answers() {
    let mut site = Site::default();
    let mut tab = site.open();
    for _ in 0..200 {
        tab.track(&mut site, "custom", &text(1_000));
    }
    tab.beat(&mut site);
    assert!(site.bytes() <= PIXEL_STORE_BYTES);
    let mut batches = tab.deliver(&mut site);
    tab.leave(&mut site, true);
    batches.extend(tab.deliver(&mut site));
    assert_eq!(seqs(&batches), (0..=201).collect::<Vec<_>>());
    assert!(batches.iter().all(|batch| batch.dropped == 0));
}

#[test]
fn a_burst_during_an_outage_keeps_within_storage_too() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.beat(&mut site);
    let sent = tab.next(&mut site, false).expect("a batch");
    tab.reply(&mut site, &sent, failed(0));
    tab.track(&mut site, "custom", "");
    tab.pass(1_000);
    tab.beat(&mut site);
    for _ in 0..200 {
        tab.track(&mut site, "custom", &text(1_000));
    }
    tab.beat(&mut site);
    assert!(site.bytes() <= PIXEL_STORE_BYTES, "{}", site.bytes());
    tab.pass(60_000);
    let mut batches = tab.deliver(&mut site);
    tab.leave(&mut site, true);
    batches.extend(tab.deliver(&mut site));
    let (sent, reported) = number_of(&batches);
    assert_eq!((sent + reported as usize, site.state().dropped), (203, 0));
}

#[test]
fn what_finds_no_room_when_the_page_goes_for_good_is_counted() {
    for is_hidden_first in [false, true] {
        let mut site = Site::default();
        let mut tab = site.open();
        tab.beat(&mut site);
        let sent = tab.next(&mut site, false).expect("a batch");
        tab.reply(&mut site, &sent, failed(0));
        for _ in 0..150 {
            tab.track(&mut site, "custom", &text(1_000));
        }
        if is_hidden_first {
            tab.leave(&mut site, false);
            while tab.next(&mut site, true).is_some() {}
            for _ in 0..20 {
                tab.track(&mut site, "custom", &text(1_000));
            }
        }
        tab.leave(&mut site, true);
        let made = 152 + if is_hidden_first { 20 } else { 0 };
        let mut next = site.open_at(tab.now + 10_000, "unknown", "storage");
        next.pass(60_000);
        let (sent, reported) = number_of(&next.deliver(&mut site));
        assert!(sent >= 40, "{sent}");
        assert_eq!((sent + reported as usize, site.state().dropped), (made + 1, 0), "hidden first: {is_hidden_first}");
    }
}

#[test]
fn what_waits_for_room_is_not_forgotten() {
    let mut site = Site::default();
    let mut tab = site.open();
    site.storage.insert("evothesis:b:full".to_owned(), "x".repeat(PIXEL_STORE_BYTES));
    assert!(tab.deliver(&mut site).is_empty());
    assert_eq!(tab.wait, PIXEL_IDLE_MS);
    site.storage.clear();
    tab.pass(tab.wait);
    assert_eq!(seqs(&tab.deliver(&mut site)), [0]);
}

#[test]
fn what_is_stored_of_a_batch_that_waits_for_room_is_not_for_others() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.track(&mut site, "custom", "");
    tab.beat(&mut site);
    site.storage.insert("evothesis:b:full".to_owned(), "x".repeat(PIXEL_STORE_BYTES - 4_000));
    for _ in 0..6 {
        tab.pass(40_000);
        tab.track(&mut site, "custom", &text(2_000));
        tab.beat(&mut site);
    }
    let mut other = site.open_at(tab.now, "unknown", "storage");
    assert!(other.next(&mut site, false).is_none());
    site.storage.remove("evothesis:b:full");
    tab.leave(&mut site, true);
    assert_eq!(seqs(&tab.deliver(&mut site)), (1..=8).collect::<Vec<_>>());
}

#[test]
fn memory_ends_and_what_has_no_room_is_counted() {
    let mut site = Site::default();
    let mut tab = site.open();
    for _ in 0..1_000 {
        tab.track(&mut site, "custom", &text(1_000));
    }
    let mut batches = tab.deliver(&mut site);
    tab.leave(&mut site, true);
    batches.extend(tab.deliver(&mut site));
    let (sent, reported) = number_of(&batches);
    assert!((200..500).contains(&sent), "{sent}");
    assert_eq!((sent + reported as usize, site.state().dropped), (1_002, 0));
    assert_eq!(seqs(&batches).last(), Some(&1_001), "there is room again");
}

#[test]
fn an_event_may_be_as_large_as_the_edge_takes_it() {
    let fits = DATA_BYTES - r#"{"text":""}"#.len();
    for (bytes, expected) in [(fits, 2), (fits + 1, 1), (20_000, 1)] {
        let mut site = Site::default();
        let mut tab = site.open();
        tab.track(&mut site, "custom", &text(bytes));
        assert_eq!(number_of(&tab.deliver(&mut site)), (expected, 2 - u32::try_from(expected).expect("small")));
    }
}

#[test]
fn a_mark_does_not_make_a_click_too_large() {
    let mut site = Site::default();
    let mut tab = site.open();
    let rest = r#","dead":true}"#.len();
    for bytes in DATA_BYTES - 20..DATA_BYTES + 20 {
        tab.click_with(&mut site, true, &text(bytes - rest - 10));
        tab.tell(&mut site, "dead", &[], &[]);
    }
    let mut batches = tab.deliver(&mut site);
    tab.leave(&mut site, true);
    batches.extend(tab.deliver(&mut site));
    let events: Vec<_> = batches.iter().flat_map(events).filter(|event| event.kind == "click").collect();
    assert!(events.iter().all(|event| check::event(event, 1, NOW) == Ok(())));
    assert!(
        events.iter().any(|event| event.data.get().len() == DATA_BYTES && event.data.get().ends_with("\"dead\":true}"))
    );
}

#[test]
fn a_page_may_stay_open_for_longer_than_its_clock_counts() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.pass(60 * DAY);
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    let batches = tab.deliver(&mut site);
    assert_eq!(batches.iter().flat_map(events).last().expect("an event").t, u32::MAX);
}

/// The inside of a JSON string of what a visitor, a site or an attacker may write, as it is after redaction.
fn said() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "\"",
        "\\",
        "\u{1}",
        "\n",
        "é",
        "😀",
        "@b.example",
        "?email=",
        "&gclid=x",
        "a",
        "\0",
        "%40",
    ]);
    let long = prop::collection::vec(odd, 0..60).prop_map(|parts| parts.concat());
    prop_oneof![any::<String>(), long].prop_map(|text| inside(&text.replace('\0', "")))
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        said(),
        "https://[a-z]{1,3}\\.example/[a-z.]{0,9}(\\?[a-z]{0,5}=[a-z0-9]{0,9})?(#[/!a-z]{0,5})?",
        "https://a\\.example/[a-z?=&@.\\x5c]{0,1990}".prop_map(|url| inside(&url)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_comes_in_the_batch_decodes_and_each_event_passes(
        steps in prop::collection::vec((0..14_u8, 0..4_usize, any::<bool>()), 1..120),
        addresses in prop::array::uniform4(address()),
        texts in prop::array::uniform4(said()),
        names in prop::array::uniform4("[a-z][a-z_]{0,63}|"),
        json in prop::array::uniform4("[a-z\"\\\\\\[\\]{}]{0,90}"),
        value in "a{0,300}|[^\t\n]*",
    ) {
        let mut site = Site::default();
        let mut tab = site.open();
        let mut batches = Vec::new();
        // numbers begin anew at midnight or with another mode, where there is no token
        let (mut numbered, mut stream, mut last) = (0, Vec::new(), 0);
        let mut count = |tab: &Tab| {
            let m = &tab.tracker.m;
            // none between the end of one and the beginning of the next
            if m.length(STREAM) > 0 {
                numbered += m.numbers[SEQ] - if m.text(STREAM) == stream { last } else { 0 };
                (stream, last) = (m.text(STREAM).to_vec(), m.numbers[SEQ]);
            }
        };
        count(&tab);
        for (step, which, flag) in steps.into_iter().chain([(14, 0, true)]) {
            let (address, text, name) = (&addresses[which], &texts[which], &names[which]);
            let facts = format!("\"text\":\"{text}\",\"address\":\"{address}\"");
            let page = format!("\"url\":\"{address}\",\"path\":\"/\",\"referrer\":\"{}\",\"title\":\"{text}\"", addresses[3]);
            let shown = format!("\"navigation\":\"pushstate\",\"language\":\"{text}\"");
            match step {
                0 | 1 => tab.tell(&mut site, "page", &["pageview", &shown, &page], &[]),
                2 | 3 => {
                    tab.click_with(&mut site, flag, &facts);
                    Vec::new()
                }
                4 => tab.tell(&mut site, "dead", &[], &[]),
                5..=7 => {
                    let field = format!("{{\"value\":{}}},", Value::from(value.replace('\0', ""))).repeat(which * 20);
                    let facts = format!("{facts},\"fields\":[{field}0]");
                    tab.tell(&mut site, "track", &["form_submit", &facts], &[])
                }
                8 => {
                    let value: Value = serde_json::from_str(&json[which]).unwrap_or_else(|_| json[which].clone().into());
                    tab.tell(&mut site, "track", &[name, &format!("\"value\":{value}")], &[])
                }
                9 | 10 => {
                    let mode = ["storage", "cookieless", "storage", "memory"][which];
                    tab.mode(&mut site, ["unknown", "granted", "denied", "granted"][which], mode);
                    Vec::new()
                }
                11 => {
                    tab.pass([1, 500, 70_000, 40_000_000][which]);
                    Vec::new()
                }
                12 => {
                    tab.leave(&mut site, which == 0);
                    Vec::new()
                }
                _ => {
                    if step == 14 {
                        tab.leave(&mut site, true);
                    }
                    count(&tab);
                    batches.extend(tab.deliver(&mut site));
                    Vec::new()
                }
            };
            count(&tab);
        }
        for batch in &batches {
            prop_assert!(batch.events.len() <= BATCH_EVENTS);
            for event in events(batch) {
                prop_assert_eq!(check::event(&event, batch.pages.len(), tab.now), Ok(()));
            }
        }
        let (sent, reported) = number_of(&batches);
        let accounted = i64::try_from(sent).expect("few") + i64::from(reported) + site.state().dropped;
        prop_assert_eq!(accounted, numbered);
        for batches in batches.chunk_by(|one, other| one.stream_id == other.stream_id) {
            prop_assert!(seqs(batches).is_sorted_by(|one, other| one < other));
        }
    }

    #[test]
    fn whatever_others_left_in_storage_each_batch_that_is_made_decodes(
        state in "[0-9 -]{0,60}[ -~]{0,20}|.*",
        heads in prop::collection::vec("[0-9 -]{0,60}[ -~]{0,20}|[^\u{1e}\u{1f}]*", 0..4),
    ) {
        let mut site = Site::default();
        site.storage.insert("evothesis:state".to_owned(), state.replace(['\u{1e}', '\u{1f}'], ""));
        for (nth, head) in heads.iter().enumerate() {
            site.storage.insert(format!("evothesis:b:{nth}"), head.clone());
        }
        let mut tab = site.open();
        tab.pass(10 * 3_600_000);
        prop_assert_eq!(number_of(&tab.deliver(&mut site)).0, 1);
    }

    #[test]
    fn nonsense_does_no_harm(said in prop::collection::vec("[a-z]{0,6}[ \n\t\u{1e}\u{1f}0-9a-z\"\\\\:,=@%]{0,200}", 0..20)) {
        let mut tracker = Box::new(Tracker::NEW);
        for said in said {
            prop_assert!(!tracker.tell(said.as_bytes()).is_empty());
        }
    }
}
