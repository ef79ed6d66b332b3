//! Where the time comes from: the system in production, whatever a test likes in a test; and how it is written.

use chrono::{DateTime, SecondsFormat, Utc};

/// A source of the current time.
#[derive(Clone, Copy, Debug)]
pub struct Clock(fn() -> DateTime<Utc>);

impl Clock {
    /// The system's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    #[must_use]
    pub fn system() -> Self {
        Self(Utc::now)
    }

    /// A clock that answers what `now` does.
    #[must_use]
    pub fn from_fn(now: fn() -> DateTime<Utc>) -> Self {
        Self(now)
    }

    /// The current time.
    #[must_use]
    pub fn now(self) -> DateTime<Utc> {
        (self.0)()
    }
}

/// A time as manifests, JSON Lines and CSV write it: UTC, microseconds.
#[must_use]
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
