//! A calendar month, UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Months, NaiveDate};

/// A month of the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    /// The month that `day` is in.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// Its first day.
    #[must_use]
    pub fn first(self) -> NaiveDate {
        self.0
    }

    /// The first day after it.
    #[must_use]
    pub fn end(self) -> NaiveDate {
        self.0 + Months::new(1)
    }

    /// Its last day.
    #[must_use]
    pub fn last(self) -> NaiveDate {
        self.end().pred_opt().unwrap_or(self.0)
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let reason = || "must be a month such as 2026-10".to_owned();
        let (year, month) = text.split_once('-').ok_or_else(reason)?;
        let is_digits = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(year, 4) || !is_digits(month, 2) {
            return Err(reason());
        }
        let (year, month) = (year.parse().map_err(|_| reason())?, month.parse().map_err(|_| reason())?);
        if year < 1970 {
            return Err("must be 1970-01 or later".to_owned());
        }
        NaiveDate::from_ymd_opt(year, month, 1).map(Self).ok_or_else(reason)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_days() {
        for (text, last) in [("2026-10", "2026-10-31"), ("2024-02", "2024-02-29"), ("9999-12", "9999-12-31")] {
            let month: Month = text.parse().expect(text);
            assert_eq!((month.to_string().as_str(), month.last().to_string().as_str()), (text, last));
            assert_eq!(Month::of(month.last()), month);
            assert_ne!(Month::of(month.end()), month);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "2026-1",
            "26-10",
            "2026-10-01",
            "+026-10",
            "1969-12",
            "٢٠٢٦-١٠",
            "-",
            "10000-01",
        ] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }
}
