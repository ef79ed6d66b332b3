//! Whether an event can be stored at all.

use wire::{Event, Reason, check};

use crate::outcome::{Item, invalid};

/// The last millisecond of the year 9999: what comes later the exporter cannot write.
const LAST_MS: i64 = 253_402_300_799_999;

/// Refuses what the store would refuse, now rather than when nobody listens any more: what is acknowledged is stored.
pub(super) fn events(items: Vec<Item<Event>>, pages: usize, sent_at: i64, now: i64) -> Vec<Item<Event>> {
    let sent = if (0..=LAST_MS).contains(&sent_at) { Ok(()) } else { Err(Reason::BadTime) };
    let verdict = |event: Event| check::event(&event, pages, now).and(sent).map(|()| event).map_err(invalid);
    items.into_iter().map(|item| item.step(verdict)).collect()
}
