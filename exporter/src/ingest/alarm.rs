//! The alarm for personal data that an edge let pass: one line for each version of the edge and interval, however much comes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use redaction::Report;

/// How long a version is silent after its alarm.
const INTERVAL: TimeDelta = TimeDelta::minutes(10);

/// When which version was last named, and what came since.
#[derive(Debug, Default)]
pub struct Alarm(Mutex<BTreeMap<String, Silence>>);

#[derive(Debug)]
struct Silence {
    since: DateTime<Utc>,
    batches: u64,
}

impl Alarm {
    /// Says what was found in a batch of `edge_version`, unless the version was named lately.
    pub fn sound(&self, edge_version: &str, found: &Report, now: DateTime<Utc>) {
        if let Some(unsaid) = self.is_due(edge_version, now) {
            tracing::error!(
                edge_version,
                kinds = ?found.counts(),
                batches_since_last_alarm = unsaid,
                "personal data on arrival: it was taken out; deploy the edge of this release with the same redaction settings"
            );
        }
    }

    /// How many batches went unsaid since the last alarm, when another one is due.
    fn is_due(&self, edge_version: &str, now: DateTime<Utc>) -> Option<u64> {
        let mut versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(silence) = versions.get_mut(edge_version)
            && now - silence.since < INTERVAL
        {
            silence.batches += 1;
            return None;
        }
        let silence = Silence { since: now, batches: 0 };
        Some(versions.insert(edge_version.to_owned(), silence).map_or(0, |last| last.batches))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_named_once_an_interval() {
        let alarm = Alarm::default();
        let at = |minutes: i64| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        assert_eq!(alarm.is_due("1", at(0)), Some(0));
        assert_eq!(alarm.is_due("1", at(9)), None);
        assert_eq!(alarm.is_due("2", at(9)), Some(0));
        assert_eq!(alarm.is_due("1", at(10)), Some(1));
        assert_eq!(alarm.is_due("1", at(11)), None);
    }
}
