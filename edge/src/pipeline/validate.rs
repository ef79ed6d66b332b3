//! Whether an event can be stored at all.

use wire::{Event, check};

use crate::outcome::{Item, invalid};

/// Refuses what the store would refuse.
pub(super) fn events(items: Vec<Item<Event>>, pages: usize, now: i64) -> Vec<Item<Event>> {
    let verdict = |event: Event| check::event(&event, pages, now).map(|()| event).map_err(invalid);
    items.into_iter().map(|item| item.step(verdict)).collect()
}
