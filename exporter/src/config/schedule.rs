//! When something is done regularly: `hourly`, `daily`, a length of time such as `15m`, a cron expression, all in UTC, or
//! `never`.
//!
//! Runs are a little late on purpose, each installation by another time that is always the same, so that many of them do
//! not call on one storage at the same second.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Period;

const HOUR: TimeDelta = TimeDelta::hours(1);
/// A transaction that began before the turn of the hour may still commit: hours are over this much later.
const GRACE: TimeDelta = TimeDelta::seconds(90);
/// No run is later than this by jitter.
const JITTER: TimeDelta = TimeDelta::minutes(5);
/// The part of the time between two runs that jitter may take.
const JITTER_PART: i32 = 10;
/// Runs that are looked at to know how close a cron expression has them: a week of hours.
const RUNS: usize = 168;

/// A schedule.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule {
    text: String,
    kind: Kind,
    /// The shortest time between two runs.
    gap: TimeDelta,
}

#[derive(Clone, Debug)]
enum Kind {
    Never,
    /// Counted from the beginning of 1970: `15m` is at the quarters of each hour, `1d` at midnight.
    Every(Period),
    Cron(Box<Cron>),
}

impl Schedule {
    /// Whether runs are an hour or more apart: they take hours that are over, others what has come so far.
    #[must_use]
    pub fn takes_full_hours(&self) -> bool {
        self.gap >= HOUR
    }

    /// The shortest time between two runs.
    #[must_use]
    pub fn gap(&self) -> TimeDelta {
        self.gap
    }

    /// The first run after `now` of the installation that `seed` stands for; `None` when none ever follows.
    #[must_use]
    pub fn next(&self, now: DateTime<Utc>, seed: &str) -> Option<DateTime<Utc>> {
        let late = self.late(seed);
        let on_time = match &self.kind {
            Kind::Never => return None,
            Kind::Every(period) => {
                let period = i64::from(period.seconds());
                let last = (now - late).timestamp().div_euclid(period) * period;
                DateTime::from_timestamp(last.checked_add(period)?, 0)?
            }
            Kind::Cron(cron) => cron.find_next_occurrence(&(now - late), false).ok()?,
        };
        on_time.checked_add_signed(late)
    }

    /// How much later than on time a run begins.
    fn late(&self, seed: &str) -> TimeDelta {
        let bound = (self.gap / JITTER_PART).min(JITTER).num_seconds();
        let grace = if self.takes_full_hours() { GRACE } else { TimeDelta::zero() };
        if bound == 0 {
            return grace;
        }
        let hash = Sha256::digest(seed);
        let number = hash.iter().take(7).fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
        grace + TimeDelta::seconds(number % bound)
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self { text: text.to_owned(), kind: Kind::Never, gap: TimeDelta::days(1) });
        }
        let period = match text {
            "hourly" => "1h",
            "daily" => "1d",
            other => other,
        };
        if let Ok(period) = period.parse::<Period>() {
            let gap = TimeDelta::seconds(i64::from(period.seconds()));
            return Ok(Self { text: text.to_owned(), kind: Kind::Every(period), gap });
        }
        let wrong = "must be hourly, daily, never, a number and s, m, h or d such as 15m, or a cron expression such as 30 2 * * *";
        let cron = Cron::from_str(text).map_err(|_| wrong.to_owned())?;
        // From a date that does not move: the same expression is always judged alike.
        let runs: Vec<_> = cron.iter_after(DateTime::<Utc>::default()).take(RUNS).collect();
        let gaps = runs.iter().zip(runs.iter().skip(1)).map(|(run, next)| *next - *run);
        let gap = gaps.min().ok_or_else(|| "must be a cron expression that comes true more than once".to_owned())?;
        Ok(Self { text: text.to_owned(), kind: Kind::Cron(Box::new(cron)), gap })
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.text
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn schedule(text: &str) -> Schedule {
        text.parse().expect(text)
    }

    #[test]
    fn runs_are_where_people_expect_them() {
        let now = "2026-02-28T23:50:00Z";
        for (text, on_time, takes_full_hours) in [
            ("hourly", "2026-03-01T00:00:00Z", true),
            ("1h", "2026-03-01T00:00:00Z", true),
            ("daily", "2026-03-01T00:00:00Z", true),
            ("15m", "2026-03-01T00:00:00Z", false),
            ("7s", "2026-02-28T23:50:01Z", false),
            ("30 2 * * *", "2026-03-01T02:30:00Z", true),
            ("*/5 8-18 * * MON-FRI", "2026-03-02T08:00:00Z", false),
            ("0 0 29 2 *", "2028-02-29T00:00:00Z", true),
        ] {
            let schedule = schedule(text);
            let late = schedule.late("seed");
            assert_eq!(schedule.next(time(now), "seed").map(|next| next - late), Some(time(on_time)), "{text}");
            assert_eq!((schedule.takes_full_hours(), schedule.to_string()), (takes_full_hours, text.to_owned()));
            assert!(!takes_full_hours || late >= GRACE, "{text}");
        }
        assert_eq!(schedule("never").next(time(now), "seed"), None);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["", "often", "0h", "15", "* * * *", "61 * * * *", "0 0 30 2 *", "1w"] {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn runs_follow_one_another_and_jitter_is_bounded(seconds in 1_700_000_000..1_900_000_000_i64, seed in ".{0,8}") {
            let now = DateTime::from_timestamp(seconds, 0).expect("in range");
            for text in ["hourly", "15m", "1s", "5 4 * * *"] {
                let schedule = schedule(text);
                let next = schedule.next(now, &seed).expect("another");
                prop_assert!(next > now);
                prop_assert_eq!(schedule.next(now, &seed), Some(next));
                let after = schedule.next(next, &seed).expect("another");
                prop_assert_eq!(after - next, schedule.gap());
                prop_assert!(schedule.late(&seed) <= (schedule.gap() / 10).min(JITTER) + GRACE);
            }
        }
    }
}
