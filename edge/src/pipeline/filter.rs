//! What is left out although it is well formed. Machines are not: they are flagged, and the client decides.

use std::collections::HashMap;

use uuid::Uuid;
use wire::{Event, Outcome, Reason};

use crate::outcome::{Item, invalid};

/// Lets each id through once. A second event of the same id is a duplicate, or a conflict when it says something else.
pub(super) fn repeated(items: Vec<Item<Event>>) -> Vec<Item<Event>> {
    let mut seen: HashMap<Uuid, Event> = HashMap::new();
    let mut once = |event: Event| match seen.get(&event.id) {
        Some(first) if *first == event => Err(Outcome::Duplicate),
        Some(_) => Err(invalid(Reason::Conflict)),
        None => {
            seen.insert(event.id, event.clone());
            Ok(event)
        }
    };
    items.into_iter().map(|item| item.step(&mut once)).collect()
}
