//! What became of each event, counted: the sum is always the number of events that came in.

use std::collections::BTreeMap;

use serde::Serialize;
use wire::{Outcome, Reason, Refused};

/// An event on its way: still one, or already an outcome.
#[derive(Debug)]
pub struct Item<E> {
    /// Its place in the page load, if it was well formed enough to say.
    pub seq: Option<u32>,
    /// The event, until something is decided about it.
    pub state: Result<E, Outcome>,
}

impl<E> Item<E> {
    /// Hands the event, if it is still one, to the next step.
    pub fn step<T>(self, next: impl FnOnce(E) -> Result<T, Outcome>) -> Item<T> {
        Item { seq: self.seq, state: self.state.and_then(next) }
    }
}

/// How many events ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Events that came in.
    pub events: u32,
    /// By [`Outcome::name`].
    pub outcomes: BTreeMap<&'static str, u32>,
    /// By [`Reason::name`], where there is one.
    pub reasons: BTreeMap<&'static str, u32>,
    /// Why the token said nothing, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<&'static str>,
}

impl Tally {
    /// Counts one event.
    pub fn count(&mut self, outcome: Outcome) {
        self.events += 1;
        *self.outcomes.entry(outcome.name()).or_default() += 1;
        if let Some(reason) = outcome.reason() {
            *self.reasons.entry(reason.name()).or_default() += 1;
        }
    }

    /// The counts of `events` that were accepted, which are counted here no more.
    #[must_use]
    pub fn hand_over(&mut self, events: usize) -> Self {
        let accepted = self.outcomes.entry(Outcome::Accepted.name()).or_default();
        let handed = u32::try_from(events).unwrap_or(u32::MAX).min(*accepted);
        *accepted -= handed;
        self.events -= handed;
        let mut other = Self::default();
        (0..handed).for_each(|_| other.count(Outcome::Accepted));
        other
    }

    /// Counts an event that was accepted here as refused by the exporter.
    pub fn take_back(&mut self, reason: Reason) {
        if let Some(accepted) = self.outcomes.get_mut(Outcome::Accepted.name()).filter(|accepted| **accepted > 0) {
            *accepted -= 1;
            self.events -= 1;
            self.count(Outcome::Invalid(reason));
        }
    }

    /// Events that are durable, now or from before.
    #[must_use]
    pub fn taken(&self) -> u32 {
        self.of(Outcome::Accepted) + self.of(Outcome::Duplicate)
    }

    /// Events that ended as `outcome`.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u32 {
        self.outcomes.get(outcome.name()).copied().unwrap_or_default()
    }
}

/// Splits `items` into the events that passed, the refused for the answer, and the counts of all.
#[must_use]
pub fn settle<E>(items: Vec<Item<E>>) -> (Vec<E>, Vec<Refused>, Tally) {
    let (mut passed, mut refused, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    for Item { seq, state } in items {
        match state {
            Ok(event) => {
                tally.count(Outcome::Accepted);
                passed.push(event);
            }
            Err(outcome) => {
                tally.count(outcome);
                refused.extend(outcome.reason().map(|reason| Refused { seq, reason }));
            }
        }
    }
    (passed, refused, tally)
}

/// The outcome of an event that cannot be stored.
#[must_use]
pub fn invalid(reason: Reason) -> Outcome {
    Outcome::Invalid(reason)
}
