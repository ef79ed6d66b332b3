//! The step after which there is no personal data, by type.

use redaction::{Policy, Redacted, Report};
use wire::{Event, Page, Reason, limits};

use crate::outcome::{Item, invalid};

/// An event that may be passed on, and what was taken out of it and its page.
pub(super) type RedactedEvent = (Redacted<Event>, Report);

pub(super) fn pages(pages: Vec<Page>, policy: &Policy) -> Vec<(Redacted<Page>, Report)> {
    pages.into_iter().map(|page| redaction::page(policy, page)).collect()
}

/// Redacts each event. Placeholders can make `data` longer, so its length is judged again.
pub(super) fn events(
    items: Vec<Item<Event>>,
    pages: &[(Redacted<Page>, Report)],
    policy: &Policy,
) -> Vec<Item<RedactedEvent>> {
    let redact = |event: Event| {
        let (event, mut report) = redaction::event(policy, event);
        if event.data.get().len() > limits::DATA_BYTES {
            return Err(invalid(Reason::DataTooLarge));
        }
        if let Some((_, of_page)) = pages.get(usize::from(event.page)) {
            report.add(of_page);
        }
        Ok((event, report))
    };
    items.into_iter().map(|item| item.step(redact)).collect()
}
