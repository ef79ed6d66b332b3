//! Counting what became of events: by the day they came, their site and their outcome. The counts of a batch add up to its
//! events (I6); beside them stand `late`, `dropped_by_pixel` and `implausible_drops`.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use chrono::{NaiveDate, TimeDelta};
use wire::{Outcome, Refused};

use crate::store::outcomes::Count;
use crate::store::redaction_findings::Finding;

/// An event accepted so long after its own time, in milliseconds, is late: it waited in a browser or in the Queue.
pub const LATE_MS: i64 = 60 * 60 * 1000;
/// The outcome beside accepted.
pub const LATE: &str = "late";
/// Events that a pixel reported as dropped before they could be sent.
pub const DROPPED_BY_PIXEL: &str = "dropped_by_pixel";
/// Reports of more of them than a pixel drops, one each: anyone can report any number.
pub const IMPLAUSIBLE_DROPS: &str = "implausible_drops";
/// What stands for all names beyond the most that are told apart.
pub const OTHER: &str = "(other)";

/// So many names are told apart, so that whoever makes names up fills neither a table nor the metrics.
#[derive(Debug)]
pub struct Names {
    most: usize,
    seen: Mutex<(NaiveDate, HashSet<String>)>,
}

impl Names {
    /// Tells `most` names a day apart.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, seen: Mutex::new((NaiveDate::MIN, HashSet::new())) }
    }

    /// The name itself while there are not too many on this `day`, otherwise [`OTHER`].
    pub fn known<'a>(&self, day: NaiveDate, name: &'a str) -> &'a str {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Around midnight groups of both days come in turn: they share the names of one.
        if day > seen.0 || seen.0.signed_duration_since(day) > TimeDelta::days(1) {
            *seen = (day, HashSet::new());
        }
        if seen.1.contains(name) {
            return name;
        }
        if seen.1.len() >= self.most {
            return OTHER;
        }
        seen.1.insert(name.to_owned());
        name
    }
}

/// Counts of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally<'a> {
    day: NaiveDate,
    counts: BTreeMap<(&'a str, &'static str), i64>,
    findings: BTreeMap<(&'a str, String), i64>,
}

impl<'a> Tally<'a> {
    /// Nothing yet, of what came on `day`.
    #[must_use]
    pub fn new(day: NaiveDate) -> Self {
        Self { day, counts: BTreeMap::new(), findings: BTreeMap::new() }
    }

    /// The day.
    #[must_use]
    pub fn day(&self) -> NaiveDate {
        self.day
    }

    /// Whether nothing is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.findings.is_empty()
    }

    /// Counts `events` of a site.
    pub fn add(&mut self, site_id: &'a str, outcome: &'static str, events: i64) {
        if events > 0 {
            *self.counts.entry((site_id, outcome)).or_default() += events;
        }
    }

    /// Counts events that were refused before they were rows.
    pub fn add_refused(&mut self, site_id: &'a str, refused: &[Refused]) {
        for it in refused {
            self.add(site_id, it.reason.name(), 1);
        }
    }

    /// Counts what a row came to.
    pub fn add_row(&mut self, site_id: &'a str, outcome: Outcome) {
        self.add(site_id, outcome.reason().map_or(outcome.name(), wire::Reason::name), 1);
    }

    /// Counts personal data that an edge let pass.
    pub fn add_findings(&mut self, edge_version: &'a str, kinds: BTreeMap<String, u32>) {
        for (kind, findings) in kinds {
            *self.findings.entry((edge_version, kind)).or_default() += i64::from(findings);
        }
    }

    /// What to add to the database.
    #[must_use]
    pub fn counts(&self) -> Vec<Count<'_>> {
        let count = |(&(site_id, outcome), &events)| Count { day: self.day, site_id, outcome, events };
        self.counts.iter().map(count).collect()
    }

    /// The same of personal data.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding<'_>> {
        let findings = self.findings.iter();
        findings.map(|((edge_version, kind), &findings)| Finding { edge_version, kind, findings }).collect()
    }

    /// Events by outcome, all sites together.
    #[must_use]
    pub fn by_outcome(&self) -> BTreeMap<&'static str, i64> {
        let mut sums = BTreeMap::new();
        for ((_, outcome), events) in &self.counts {
            *sums.entry(*outcome).or_default() += events;
        }
        sums
    }

    /// Findings by the version of the edge.
    #[must_use]
    pub fn by_version(&self) -> BTreeMap<&'a str, i64> {
        let mut sums = BTreeMap::new();
        for ((version, _), findings) in &self.findings {
            *sums.entry(*version).or_default() += findings;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use wire::Reason;

    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).expect("a day")
    }

    #[test]
    fn names_beyond_the_most_are_one_until_the_next_day() {
        let names = Names::new(2);
        let known = |on, name| names.known(day(on), name).to_owned();
        assert_eq!(["a", "b", "c", "a", "d"].map(|name| known(1, name)), ["a", "b", OTHER, "a", OTHER]);
        assert_eq!(["d", "a", "b"].map(|name| known(2, name)), ["d", "a", OTHER]);
        // Nor does midnight, however often it comes.
        for _ in 0..3 {
            assert_eq!([known(1, "e"), known(2, "f"), known(1, "d")], [OTHER, OTHER, "d"]);
        }
        // A clock that was far ahead.
        assert_eq!(known(30, "g"), "g");
        assert_eq!([known(3, "h"), known(3, "i"), known(3, "j")], ["h", "i", OTHER]);
    }

    #[test]
    fn tallies_add_up() {
        let refused = [Reason::Expired, Reason::Conflict, Reason::Expired].map(|reason| Refused { seq: None, reason });
        let mut sum = Tally::new(day(1));
        for _ in 0..2 {
            sum.add_refused("a", &refused);
            sum.add_findings("1", BTreeMap::from([("email".to_owned(), 2)]));
        }
        sum.add("b", LATE, 0);
        let counts: Vec<_> = sum.counts().iter().map(|it| (it.site_id.to_owned(), it.outcome, it.events)).collect();
        assert_eq!(counts, [("a".to_owned(), "conflict", 2), ("a".to_owned(), "expired", 4)]);
        assert_eq!(sum.findings()[0].findings, 4);
        assert_eq!(sum.by_version(), BTreeMap::from([("1", 4)]));
    }
}
