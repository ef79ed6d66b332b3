//! The day (UTC) that a visitor without a token is known for, and what keeps the next one apart from it: of all that would be
//! the same in both, nothing leaves the edge.

use edge_settings::Key;
use uuid::Uuid;
use wire::Event;

use super::assign_session::Moment;
use crate::outcome::Item;
use crate::token::derived_id;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Days since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(pub(crate) i64);

impl Day {
    /// The day of a Unix time in milliseconds.
    pub(crate) fn of(at: i64) -> Self {
        Self(at.div_euclid(DAY_MS))
    }

    /// When the next one begins, Unix milliseconds.
    pub(crate) fn end(self) -> i64 {
        self.0.saturating_add(1).saturating_mul(DAY_MS)
    }

    /// The name of a page load on this day: one that goes on over midnight has another on the next.
    pub(super) fn stream(self, stream_id: Uuid, site: &str, key: &Key) -> Uuid {
        self.derived(b"stream of a day", stream_id, site, key)
    }

    /// The name of the part of a batch that belongs to this day.
    pub(super) fn batch(self, batch_id: Uuid, site: &str, key: &Key) -> Uuid {
        self.derived(b"batch of a day", batch_id, site, key)
    }

    fn derived(self, what: &[u8], id: Uuid, site: &str, key: &Key) -> Uuid {
        derived_id(key, &[what, site.as_bytes(), id.as_bytes(), &self.0.to_be_bytes()])
    }

    /// `time`, or the last millisecond of this day: the same arrival would be found in both.
    pub(super) fn at_latest(self, time: i64) -> i64 {
        time.min(self.end().saturating_sub(1))
    }
}

/// Counts the time since the page load from midnight where that was the day before: the moment of a page load is as good as
/// its name.
pub(super) fn since_midnight(items: Vec<Item<Event>>) -> Vec<Item<Event>> {
    let count = |event: Event| {
        let since = Moment::of(&event).at.rem_euclid(DAY_MS);
        let t = event.t.min(u32::try_from(since).unwrap_or(u32::MAX));
        Ok(Event { t, ..event })
    };
    items.into_iter().map(|item| item.step(count)).collect()
}
