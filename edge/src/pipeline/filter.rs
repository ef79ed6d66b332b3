//! What is left out although it is well formed: what came before, and whom the settings leave out.

use std::collections::HashMap;

use edge_settings::{Bots, ConsentRule, Settings};
use uuid::Uuid;
use wire::{Consent, Event, Outcome, Reason};

use super::enrich::Visit;
use crate::outcome::{Item, invalid};

/// Lets each id through once. A second event of the same id is a duplicate, or a conflict when it says something else.
pub(super) fn repeated(items: Vec<Item<Event>>) -> Vec<Item<Event>> {
    let mut seen: HashMap<Uuid, Event> = HashMap::with_capacity(items.len());
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

/// Why nobody's events of this batch are taken.
pub(super) fn left_out(consent: Consent, visit: &Visit, settings: &Settings) -> Option<Reason> {
    if settings.privacy.consent == ConsentRule::Required && consent != Consent::Granted {
        Some(Reason::NoConsent)
    } else if settings.bots == Bots::Filter && visit.says.bot.is_some() {
        Some(Reason::Bot)
    } else {
        None
    }
}

/// Filters every event for that reason.
pub(super) fn all(items: Vec<Item<Event>>, reason: Option<Reason>) -> Vec<Item<Event>> {
    let verdict = |event| reason.map_or(Ok(event), |reason| Err(Outcome::Filtered(reason)));
    items.into_iter().map(|item| item.step(verdict)).collect()
}
