//! How often each kind was found: what may be known of personal data once it is gone.

use std::collections::BTreeMap;

use crate::kind::Kind;

/// Counts by kind. Holds nothing of what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(BTreeMap<Kind, u32>);

impl Report {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How often each kind was found, by [`Kind::name`].
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u32> {
        self.0.iter().map(|(kind, count)| (kind.name().to_owned(), *count)).collect()
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        for (kind, count) in &other.0 {
            let sum = self.0.entry(*kind).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    pub(crate) fn count(&mut self, kind: Kind) {
        let sum = self.0.entry(kind).or_default();
        *sum = sum.saturating_add(1);
    }
}
