//! Remembers for a few seconds that the exporter did not answer, so that one visitor waits for it and not each.

/// How long an exporter that did not answer is left alone.
const REST_MS: i64 = 10_000;

/// Whether the exporter is left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    until: i64,
}

impl Breaker {
    pub(crate) const fn new() -> Self {
        Self { until: 0 }
    }

    /// Whether the exporter is to be left alone. A clock that went back opens nothing for longer.
    pub(crate) fn is_open(self, now: i64) -> bool {
        now < self.until && self.until <= now.saturating_add(REST_MS)
    }

    /// Takes note of a try.
    pub(crate) fn tried(&mut self, answered: bool, now: i64) {
        self.until = if answered { 0 } else { now.saturating_add(REST_MS) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_the_exporter_rests() {
        let mut breaker = Breaker::new();
        assert!(!breaker.is_open(5));
        breaker.tried(false, 5);
        assert!(breaker.is_open(5) && breaker.is_open(5 + REST_MS - 1));
        assert!(!breaker.is_open(5 + REST_MS));
        assert!(!breaker.is_open(-REST_MS), "the clock went back");
        breaker.tried(true, 6);
        assert!(!breaker.is_open(7));
    }
}
