//! How often each kind was found: what may be known of personal data once it is gone.

use std::collections::BTreeMap;

use crate::kind::Kind;

/// Counts by kind. Holds nothing of what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report([u32; Kind::ALL.len()]);

impl Report {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// How often each kind was found, by [`Kind::name`].
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u32> {
        let found = Kind::ALL.iter().zip(self.0).filter(|(_, count)| *count > 0);
        found.map(|(kind, count)| (kind.name().to_owned(), count)).collect()
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(count);
        }
    }

    pub(crate) fn count(&mut self, kind: Kind) {
        if let Some(sum) = self.0.get_mut(kind as usize) {
            *sum = sum.saturating_add(1);
        }
    }
}
