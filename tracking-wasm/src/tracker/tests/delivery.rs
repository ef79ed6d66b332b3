//! What is sent when, what is kept, and what happens to it.

use wire::check;

use super::*;

fn first(site: &mut Site, tab: &mut Tab) -> Sent {
    tab.beat(site);
    tab.next(site, false).expect("a batch")
}

#[test]
fn a_page_view_is_sent_at_once_and_numbered_from_0() {
    let mut site = Site::default();
    let mut tab = site.open();
    assert_eq!(tab.wait, 0);
    let batches = tab.deliver(&mut site);
    let [batch] = batches.as_slice() else { panic!("one batch") };
    assert_eq!((batch.v, batch.token.as_deref(), batch.dropped, batch.sent_at), (1, None, 0, NOW));
    assert_eq!((batch.pages[0].path.as_str(), batch.pages[0].title.as_str()), ("/", "Title"));
    let events = events(batch);
    assert_eq!((events[0].kind.as_str(), events[0].seq, events[0].ts), ("pageview", 0, NOW));
    assert!(site.batches().is_empty());
    assert_eq!(site.state().token, TOKEN.as_bytes());
    assert_eq!(tab.wait, -1);
}

#[test]
fn other_events_wait_for_a_minute_of_silence() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.pass(1_000);
    tab.track(&mut site, "custom", "");
    assert_eq!(tab.wait, 1_000, "saved within a second");
    tab.pass(1_000);
    assert!(tab.deliver(&mut site).is_empty());
    assert_eq!(site.batches().len(), 1);
    assert_eq!(tab.wait, 59_000);
    tab.pass(59_000);
    assert_eq!(seqs(&tab.deliver(&mut site)), [1]);
}

#[test]
fn fifty_events_make_a_batch() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    for _ in 0..120 {
        tab.track(&mut site, "custom", "");
    }
    let batches = tab.deliver(&mut site);
    assert_eq!(batches.iter().map(|batch| batch.events.len()).collect::<Vec<_>>(), [50, 50]);
    for _ in 0..30 {
        assert_ne!(tab.wait, 0);
        tab.click(&mut site, true);
    }
    assert_eq!(tab.wait, 0, "the fiftieth makes it, not the one after it");
    tab.tell(&mut site, "dead", &[], &[]);
    assert_eq!(seqs(&tab.deliver(&mut site)), (101..=150).collect::<Vec<_>>());
}

#[test]
fn ids_differ_and_are_in_order_within_a_millisecond() {
    let mut site = Site::default();
    let mut tab = site.open();
    let facts = format!("\"text\":\"{}\"", "x".repeat(1_000));
    for _ in 0..100 {
        tab.track(&mut site, "custom", &facts);
    }
    let mut batches = tab.deliver(&mut site);
    tab.leave(&mut site, true);
    batches.extend(tab.deliver(&mut site));
    let ids: Vec<_> = batches.iter().flat_map(events).map(|event| event.id).collect();
    assert_eq!(ids.len(), 102);
    assert!(ids.is_sorted_by(|one, other| one < other));
    assert!(batches.len() > 6 && batches.is_sorted_by(|one, other| one.batch_id < other.batch_id));
    assert!(!ids.contains(&batches[0].batch_id) && !ids.contains(&batches[0].stream_id));
}

#[test]
fn a_failed_batch_is_sent_again_to_the_letter_and_in_order() {
    let mut site = Site::default();
    let mut tab = site.open();
    let sent = first(&mut site, &mut tab);
    assert!(site.open().next(&mut site, true).is_none(), "it is on its way");
    tab.reply(&mut site, &sent, failed(503));
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, false);
    tab.mode(&mut site, "granted", "storage");
    assert!(tab.next(&mut site, false).is_none(), "too early");
    assert!((1_000..2_000).contains(&tab.wait), "{}", tab.wait);
    tab.pass(tab.wait);
    let again = first(&mut site, &mut tab);
    assert_eq!((&again.key, &again.body), (&sent.key, &sent.body));
    tab.reply(&mut site, &again, tab.ok());
    assert_eq!(seqs(&tab.deliver(&mut site)), [1, 2]);
}

#[test]
fn a_retry_carries_the_token_and_the_count_of_the_first_attempt() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.track(&mut site, "", "");
    tab.track(&mut site, "custom", "");
    let one = first(&mut site, &mut tab);
    assert_eq!((one.batch.token.as_deref(), one.batch.dropped), (None, 1));
    tab.reply(&mut site, &one, failed(0));
    let mut other = site.open_at(NOW + 60_000, "unknown", "storage");
    tab.pass(60_000);
    tab.track(&mut site, "", "");
    tab.beat(&mut site);
    let again = other.next(&mut site, false).expect("a batch");
    assert_eq!(again.body, one.body);
    other.reply(&mut site, &again, other.ok());
    let rest = other.deliver(&mut site);
    assert_eq!((rest[0].token.as_deref(), rest[0].dropped), (Some(TOKEN), 1));
}

#[test]
fn answers_that_are_not_the_edges_do_not_count() {
    for reply in [failed(0), failed(500), failed(404), failed(200), Reply { token: TOKEN, ..failed(200) }] {
        let mut site = Site::default();
        let mut tab = site.open();
        let sent = first(&mut site, &mut tab);
        tab.reply(&mut site, &sent, reply);
        assert_eq!(site.batches().len(), 1, "{reply:?}");
        assert!(tab.wait > 0);
    }
}

#[test]
fn retry_after_is_obeyed_also_when_the_page_is_left_and_by_other_tabs() {
    let mut site = Site::default();
    let mut tab = site.open();
    let sent = first(&mut site, &mut tab);
    tab.reply(&mut site, &sent, Reply { retry_after: 120, ..failed(429) });
    tab.online(&mut site);
    assert!(tab.next(&mut site, true).is_none());
    let mut other = site.open();
    assert!(other.deliver(&mut site).is_empty());
    assert_eq!(other.wait, 120_000);
    other.pass(120_000);
    assert_eq!(other.deliver(&mut site).len(), 2);
}

#[test]
fn a_wait_of_our_own_ends_when_the_browser_is_online_again() {
    let mut site = Site::default();
    let mut tab = site.open();
    let sent = first(&mut site, &mut tab);
    tab.reply(&mut site, &sent, failed(0));
    tab.is_turn = false;
    tab.beat(&mut site);
    assert!(!tab.is_turn);
    tab.online(&mut site);
    assert_eq!(tab.wait, 0);
    assert_eq!(tab.deliver(&mut site).len(), 1);
}

#[test]
fn what_will_never_be_taken_is_dropped_and_reported() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.track(&mut site, "custom", "");
    tab.track(&mut site, "", "");
    let sent = first(&mut site, &mut tab);
    assert_eq!(sent.batch.dropped, 1);
    tab.reply(&mut site, &sent, failed(413));
    assert!(site.batches().is_empty());
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, false);
    let batches = tab.deliver(&mut site);
    assert_eq!((batches[0].dropped, seqs(&batches)), (3, vec![3, 4]), "two events, and the one reported in vain");
    assert_eq!(site.state().dropped, 0);
}

#[test]
fn batches_of_a_killed_tab_are_sent_by_the_next_page() {
    let mut site = Site::default();
    let mut killed = site.open();
    killed.deliver(&mut site);
    killed.track(&mut site, "custom", "");
    killed.beat(&mut site);
    drop(killed);
    let mut next = site.open_at(NOW + 1_000, "unknown", "storage");
    assert_eq!(next.deliver(&mut site).len(), 1, "its owner may still be filling it");
    assert!((0..=90_000).contains(&next.wait), "{}", next.wait);
    next.pass(90_000);
    assert_eq!(seqs(&next.deliver(&mut site)), [1]);
    assert!(site.batches().is_empty());
}

#[test]
fn a_page_that_is_left_sends_and_the_next_does_not_repeat_it_at_once() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    let sent = tab.next(&mut site, true).expect("a batch");
    assert_eq!((sent.batch.token.as_deref(), sent.batch.events.len()), (Some(TOKEN), 2));
    assert!(tab.next(&mut site, true).is_none());
    let mut next = site.open_at(NOW + 500, "unknown", "storage");
    assert_eq!(seqs(&next.deliver(&mut site)), [0]);
    // the answer never came to the page that was left
    next.pass(5_000);
    let again = next.next(&mut site, false).expect("a batch");
    assert_eq!((again.key, again.body), (sent.key, sent.body));
}

#[test]
fn the_first_answer_decides_for_all_tabs_who_the_visitor_is() {
    let mut site = Site::default();
    let mut first = site.open();
    first.leave(&mut site, true);
    first.next(&mut site, true).expect("a batch");
    drop(first);
    let mut second = site.open_at(NOW + 100, "unknown", "storage");
    let batches = second.deliver(&mut site);
    let tokens: Vec<_> = batches.iter().map(|batch| batch.token.as_deref()).collect();
    assert_eq!(tokens, [None, Some(TOKEN)]);
}

#[test]
fn who_leaves_before_the_first_answer_sends_all_that_is_theirs_and_nothing_else() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.beat(&mut site);
    site.open().beat(&mut site);
    tab.leave(&mut site, false);
    assert!(tab.next(&mut site, true).is_none(), "it may come back");
    tab.leave(&mut site, true);
    let sent: Vec<_> = std::iter::from_fn(|| tab.next(&mut site, true)).map(|sent| sent.batch).collect();
    assert_eq!(sent.len(), 2, "the page view, and what came after it");
    assert!(sent.iter().all(|batch| batch.token.is_none() && batch.stream_id == sent[0].stream_id));
    assert_eq!(site.batches().len(), 3);
}

#[test]
fn a_batch_is_held_while_it_is_on_its_way() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, false);
    let sent = tab.next(&mut site, false).expect("a batch");
    let mut other = site.open();
    assert_eq!(seqs(&other.deliver(&mut site)), [0]);
    assert_eq!(other.wait, HOLD_MS, "in case it was killed");
    tab.reply(&mut site, &sent, failed(0));
    other.pass(HOLD_MS);
    assert_eq!(other.deliver(&mut site).len(), 1);
}

#[test]
fn a_clock_that_jumps_does_not_have_a_batch_sent_that_is_being_filled() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.track(&mut site, "custom", "");
    tab.pass(1_000);
    tab.beat(&mut site);
    assert_eq!(site.batches().len(), 1, "it is stored");
    tab.now -= 7_200_000;
    assert!(tab.next(&mut site, false).is_none());
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    assert_eq!(seqs(&tab.deliver(&mut site)), [1, 2, 3]);
}

#[test]
fn ids_refused_for_a_wrong_clock_are_sent_again_by_the_edges() {
    for wrong in [NOW - 100 * DAY, NOW + DAY, 1_000] {
        let mut site = Site::default();
        let mut tab = site.open_at(wrong, "unknown", "storage");
        tab.track(&mut site, "custom", "");
        tab.beat(&mut site);
        let sent = first(&mut site, &mut tab);
        let before = events(&sent.batch).remove(1);
        assert!(check::event(&before, 1, NOW).is_err());
        tab.reply(&mut site, &sent, Reply { refused: &[1], now: NOW, ..tab.ok() });
        let again = first(&mut site, &mut tab);
        let [after] = events(&again.batch).try_into().expect("one event");
        assert_ne!(again.key, sent.key);
        assert_eq!((after.seq, after.ts, check::event(&after, 1, NOW)), (1, wrong, Ok(())));
        assert_eq!(after.id.as_bytes()[6..], before.id.as_bytes()[6..]);
        assert_eq!((again.batch.token.as_deref(), again.batch.stream_id), (Some(TOKEN), sent.batch.stream_id));
        tab.reply(&mut site, &again, Reply { refused: &[1], now: NOW, ..tab.ok() });
        assert!(site.batches().is_empty(), "once only");
        tab.track(&mut site, "custom", "");
        tab.leave(&mut site, false);
        let later = first(&mut site, &mut tab);
        assert_eq!(check::event(&events(&later.batch)[0], 1, NOW), Ok(()), "right from the start");
    }
}

#[test]
fn what_was_stored_before_the_clock_was_known_to_be_wrong_is_sent() {
    let mut site = Site::default();
    let mut tab = site.open_at(NOW - 100 * DAY, "unknown", "storage");
    tab.beat(&mut site);
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, false);
    let sent = first(&mut site, &mut tab);
    tab.reply(&mut site, &sent, Reply { now: NOW, ..tab.ok() });
    assert_eq!(seqs(&tab.deliver(&mut site)), [1, 2]);
}

#[test]
fn a_hidden_page_leaves_it_to_its_turn_who_the_visitor_is() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.leave(&mut site, false);
    assert!(tab.next(&mut site, true).is_none());
    tab.leave(&mut site, true);
    assert!(tab.next(&mut site, true).is_some());
    let mut site = Site::default();
    let mut tab = site.open_at(NOW, "denied", "cookieless");
    tab.leave(&mut site, false);
    assert!(tab.next(&mut site, true).is_some(), "it is nobody");
}

#[test]
fn what_is_a_week_old_is_dropped_and_counted() {
    let mut site = Site::default();
    site.open().beat(&mut site);
    let mut later = site.open_at(NOW + 8 * DAY, "unknown", "storage");
    let batches = later.deliver(&mut site);
    assert_eq!((seqs(&batches), batches[0].dropped), (vec![0], 1));
}

#[test]
fn what_others_left_in_storage_does_no_harm() {
    let mut site = Site::default();
    for (key, value) in [
        ("evothesis:state", "{}"),
        ("evothesis:b:x", "[object Object]"),
        ("evothesis:b:0", ""),
        ("evothesis:", "\u{1e}\u{1e}evothesis:b:z\n0 0 0 0 -9 \"\u{1e}\n"),
        ("evothesis:state2", "0 0 0 0 99999999999999999999"),
        ("evothesis:token", "no \"token"),
    ] {
        site.storage.insert(key.to_owned(), value.to_owned());
    }
    let mut tab = site.open();
    assert_eq!(tab.deliver(&mut site).len(), 1);
    assert_eq!((site.state().token, site.state().dropped), (TOKEN.as_bytes(), 0));
    site.storage.insert("evothesis:state".to_owned(), "0 0 0 0 99999999999999999999".to_owned());
    tab.leave(&mut site, true);
    let batches = tab.deliver(&mut site);
    assert!(batches[0].dropped > 0, "a number that fits");
    site.storage.insert("evothesis:state".to_owned(), "9999999999999999 0 0 0 0".to_owned());
    tab.beat(&mut site);
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    let sent = tab.next(&mut site, true).expect("a batch");
    assert_eq!(check::event(&events(&sent.batch)[0], 1, NOW), Ok(()));
}

#[test]
fn storage_that_is_cleared_costs_only_what_was_complete() {
    let mut site = Site::default();
    let mut tab = site.open();
    tab.deliver(&mut site);
    tab.track(&mut site, "custom", "");
    tab.pass(1_000);
    tab.beat(&mut site);
    assert_eq!(site.batches().len(), 1);
    site.storage.clear();
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    let batches = tab.deliver(&mut site);
    assert_eq!((seqs(&batches), batches[0].token.as_deref()), (vec![1, 2, 3], None));
    tab.track(&mut site, "custom", "");
    tab.leave(&mut site, true);
    let sent = tab.next(&mut site, false).expect("a batch");
    site.storage.clear();
    for reply in [failed(503), failed(400), Reply { refused: &[4], ..tab.ok() }] {
        tab.reply(&mut site, &sent, reply);
        assert!(site.batches().is_empty());
    }
}
