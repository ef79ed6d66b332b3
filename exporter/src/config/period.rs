//! A length of time as people write it: `30s`, `15m`, `1h`, `1d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A whole number of seconds, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    seconds: u32,
}

impl Period {
    /// So many seconds, at least one.
    #[must_use]
    pub fn of_seconds(seconds: u32) -> Self {
        Self { seconds: seconds.max(1) }
    }

    /// The same as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.seconds))
    }

    /// The same in seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.seconds
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 60 * 60,
            Some('d') => 24 * 60 * 60,
            _ => 0,
        };
        let number: Option<u32> = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse().ok());
        match number.and_then(|number| number.checked_mul(unit)) {
            Some(seconds) if seconds > 0 => Ok(Self { seconds }),
            _ => Err("must be a number and s, m, h or d, such as 15m".to_owned()),
        }
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.seconds {
            seconds if seconds % 86_400 == 0 => (seconds / 86_400, "d"),
            seconds if seconds % 3_600 == 0 => (seconds / 3_600, "h"),
            seconds if seconds % 60 == 0 => (seconds / 60, "m"),
            seconds => (seconds, "s"),
        };
        write!(formatter, "{number}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_shown_again() {
        for (text, seconds) in [("1s", 1), ("90s", 90), ("15m", 900), ("1h", 3_600), ("1d", 86_400)] {
            let period: Period = text.parse().expect(text);
            assert_eq!((period.seconds(), period.to_string().as_str()), (seconds, text));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "h", "0h", "1", "1 h", "-1h", "1w", "99999999d", "1µ", "é"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
