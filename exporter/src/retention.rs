//! Dropping old days from Postgres, each only once every required destination was verified to hold all of it, and while none
//! was found not to hold it any more (I10).
//!
//! A day is detached first, and asked again when nobody can add to it any more, in the transaction that drops it. What held
//! it back makes it a partition again. Whoever is interrupted is gone on with by the next run.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use crate::config::Config;
use crate::store::retention::{self, Clocks, Day, Held, Stage};
use crate::store::sqlstate;

/// Clocks that differ by more than that tell no time to drop days by, and somebody has to know.
pub const CLOCKS: TimeDelta = TimeDelta::minutes(5);
/// How much later than the newest event it is taken to be. A clock that jumps ahead drops no more than a day too many.
const SILENCE: Days = Days::new(1);

/// How often it is asked whether exports still read.
const TRIES: usize = 600;
/// How long after each time: two minutes together.
const PAUSE: Duration = Duration::from_millis(200);

/// What becomes of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The UTC day.
    pub day: NaiveDate,
    /// What it takes on disk.
    pub bytes: i64,
    /// How far it is on its way out.
    pub stage: Stage,
    /// What holds it back; it may go when nothing does.
    pub held: Vec<Held>,
    /// The rows that it had, once it is dropped.
    pub dropped_rows: Option<i64>,
    /// The SQLSTATE of what kept it from being dropped now; the next run goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// The time to drop days by when this machine's clock says `now`. What is dropped too early is gone from the ids that tell a
/// redelivered event from a new one, so it is no later than any clock says: this machine's, the database's, and the edge's,
/// which the newest events have from it.
///
/// # Errors
/// The database's.
pub async fn moment(connection: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<DateTime<Utc>> {
    let clocks = retention::clocks(connection).await?;
    let ahead = now - clocks.database;
    if ahead.abs() > CLOCKS {
        tracing::error!(
            seconds = ahead.num_seconds(),
            "this machine's clock is off the database's by so much: days are dropped by the earlier one; set the clocks right"
        );
    }
    Ok(by_events(now.min(clocks.database), clocks))
}

/// `now`, or a day after the newest event where that is earlier.
#[must_use]
pub fn by_events(now: DateTime<Utc>, clocks: Clocks) -> DateTime<Utc> {
    clocks.newest_event.and_then(|newest| newest.checked_add_days(SILENCE)).map_or(now, |latest| latest.min(now))
}

/// The oldest day that is kept at `now`; `None` when all are.
#[must_use]
pub fn first_kept(config: &Config, now: DateTime<Utc>) -> Option<NaiveDate> {
    config.retention.kept().map(|days| now.date_naive() - Days::new(u64::from(days)))
}

/// The days that should be gone at `now`.
///
/// # Errors
/// The database's.
pub async fn overdue(
    connection: &mut PgConnection,
    config: &Config,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<NaiveDate>> {
    Ok(days(connection, config, now).await?.into_iter().map(|it| it.day).collect())
}

/// What [`run`] would do at `now`.
///
/// # Errors
/// The database's.
pub async fn plan(connection: &mut PgConnection, config: &Config, now: DateTime<Utc>) -> sqlx::Result<Vec<Verdict>> {
    let required = config.required_names();
    let mut verdicts = Vec::new();
    for day in days(connection, config, now).await? {
        let held = retention::held(connection, day.day, &required).await?;
        verdicts.push(verdict(&day, held, None));
    }
    Ok(verdicts)
}

/// Drops the days that may go at `now`; `None`, and none is dropped, while `verify` counts on them, or an export reads for long.
/// `connection` must be in no transaction. A day that cannot be dropped now keeps no other from it.
///
/// # Errors
/// That the database does not answer. What was begun is gone on with by the next run.
pub async fn run(
    connection: &mut PgConnection,
    config: &Config,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Vec<Verdict>>> {
    if !retention::lock_days(connection).await? {
        return Ok(None);
    }
    let verdicts = match await_readers(connection).await {
        Ok(true) => drop_all(connection, config, now).await.map(Some),
        otherwise => otherwise.map(|_| None),
    };
    retention::unlock_days(connection).await?;
    verdicts
}

/// Waits until nobody reads the rows of a batch, who counts on those that are here. `false` when that takes long.
async fn await_readers(connection: &mut PgConnection) -> sqlx::Result<bool> {
    for _ in 0..TRIES {
        if retention::lock_rows(connection).await? {
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(false)
}

async fn drop_all(connection: &mut PgConnection, config: &Config, now: DateTime<Utc>) -> sqlx::Result<Vec<Verdict>> {
    let required = config.required_names();
    let mut verdicts = Vec::new();
    for day in days(connection, config, now).await? {
        verdicts.push(match drop_one(connection, &day, &required).await {
            Ok(verdict) => verdict,
            Err(error) if error.as_database_error().is_some() => {
                Verdict { failed: Some(sqlstate(&error).into_owned()), ..verdict(&day, Vec::new(), None) }
            }
            Err(error) => return Err(error),
        });
    }
    Ok(verdicts)
}

async fn drop_one(connection: &mut PgConnection, day: &Day, required: &[String]) -> sqlx::Result<Verdict> {
    let held = retention::held(connection, day.day, required).await?;
    // What was detached already is asked once more, by what drops it.
    if !held.is_empty() && day.stage == Stage::Attached {
        return Ok(verdict(day, held, None));
    }
    retention::detach(connection, day).await?;
    let dropped_rows = retention::drop_day(connection, day.day, required).await?;
    let mut held = Vec::new();
    if dropped_rows.is_none() {
        // A late event came in between.
        retention::attach_again(connection, day.day).await?;
        held = retention::held(connection, day.day, required).await?;
    }
    Ok(verdict(day, held, dropped_rows))
}

async fn days(connection: &mut PgConnection, config: &Config, now: DateTime<Utc>) -> sqlx::Result<Vec<Day>> {
    match first_kept(config, now) {
        Some(first) => retention::days_before(connection, first).await,
        None => Ok(Vec::new()),
    }
}

fn verdict(day: &Day, held: Vec<Held>, dropped_rows: Option<i64>) -> Verdict {
    Verdict { day: day.day, bytes: day.bytes, stage: day.stage, held, dropped_rows, failed: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_day_after_the_newest_event_at_the_latest() {
        let database = DateTime::UNIX_EPOCH + TimeDelta::days(100);
        let at = |days: i64, newest: Option<i64>| {
            let newest_event = newest.map(|days| DateTime::UNIX_EPOCH + TimeDelta::days(days));
            let now = by_events(DateTime::UNIX_EPOCH + TimeDelta::days(days), Clocks { database, newest_event });
            (now - DateTime::UNIX_EPOCH).num_days()
        };
        assert_eq!([at(100, Some(100)), at(160, Some(100)), at(99, Some(100)), at(160, None)], [100, 101, 99, 160]);
    }
}
