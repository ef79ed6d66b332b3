//! A range of hours of arrival, as people give it.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// A full hour, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour(pub DateTime<Utc>);

/// Hours from one on, up to one that is no part of it. Without them, from the first to the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    /// The first.
    pub from: Option<Hour>,
    /// The one after the last.
    pub to: Option<Hour>,
}

impl Hours {
    /// Whether `hour` is in it.
    #[must_use]
    pub fn contains(self, hour: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from.0 <= hour) && self.to.is_none_or(|to| hour < to.0)
    }

    /// Whether every hour is in it.
    #[must_use]
    pub fn is_everything(self) -> bool {
        self == Self::default()
    }

    /// # Errors
    /// When no hour is in it.
    pub fn check(self) -> Result<(), String> {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from >= to => {
                Err("from must lie before to, which is no part of the range".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for Hour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let local = text.strip_suffix('Z').unwrap_or(text);
        let at_minute = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok();
        let time = NaiveDate::parse_from_str(local, "%Y-%m-%d")
            .ok()
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .or_else(|| at_minute(&format!("{local}:00")))
            .or_else(|| at_minute(local))
            .map(|time| time.and_utc())
            .or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()));
        match time {
            Some(time) if time.timestamp() % 3600 == 0 => Ok(Self(time)),
            _ => Err("must be a day such as 2026-11-22, or a full hour in UTC such as 2026-11-22T09".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_may_be_written_in_many_ways() {
        let hour = |text: &str| text.parse::<Hour>().map(|hour| hour.0.to_rfc3339()).unwrap_or_default();
        assert_eq!(hour("2026-11-22"), "2026-11-22T00:00:00+00:00");
        for text in
            ["2026-11-22T09", "2026-11-22T09Z", "2026-11-22T09:00", "2026-11-22T09:00:00Z", "2026-11-22T10:00:00+01:00"]
        {
            assert_eq!(hour(text), "2026-11-22T09:00:00+00:00", "{text}");
        }
        for text in ["", "today", "2026-13-01", "2026-11-22T09:30", "2026-11-22 9"] {
            assert!(text.parse::<Hour>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_ends_before_its_end() {
        let hour = |text: &str| text.parse::<Hour>().expect("an hour");
        let day = Hours { from: Some(hour("2026-11-22")), to: Some(hour("2026-11-23")) };
        assert!(day.contains(hour("2026-11-22T23").0) && !day.contains(hour("2026-11-23").0));
        assert!(!day.contains(hour("2026-11-21T23").0) && Hours::default().contains(hour("1999-01-01").0));
        assert_eq!((day.check().is_ok(), Hours { from: day.to, to: day.from }.check().is_ok()), (true, false));
    }
}
