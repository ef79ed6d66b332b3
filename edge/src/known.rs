//! The sites that this isolate has seen, so that their batches need not ask for leave each time.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher};

/// More are asked for anew.
const MOST: usize = 4096;

/// Some names of sites.
pub(crate) struct Sites(HashSet<String, BuildHasherDefault<DefaultHasher>>);

impl Sites {
    /// None.
    pub(crate) const fn new() -> Self {
        Self(HashSet::with_hasher(BuildHasherDefault::new()))
    }

    /// Whether `site` is one of them.
    pub(crate) fn has(&self, site: &str) -> bool {
        self.0.contains(site)
    }

    /// Takes note of `site`, if there is room.
    pub(crate) fn add(&mut self, site: &str) {
        if self.0.len() < MOST && !self.has(site) {
            self.0.insert(site.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_grows_beyond_its_room() {
        let mut sites = Sites::new();
        (0..2 * MOST).for_each(|n| sites.add(&n.to_string()));
        assert!(sites.has("0") && sites.has("0") && !sites.has(&(2 * MOST - 1).to_string()));
        assert_eq!(sites.0.len(), MOST);
    }
}
