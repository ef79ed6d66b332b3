//! Dropping old days from Postgres, each only once every required destination was verified to hold all of it, and while none
//! was found not to hold it any more (I10).
//!
//! A day is detached first, and asked again when nobody can add to it any more, in the transaction that drops it. What held
//! it back makes it a partition again. Whoever is interrupted is gone on with by the next run.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use crate::config::Config;
use crate::store::retention::{self, Day, Held, Stage};

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
/// `connection` must be in no transaction.
///
/// # Errors
/// The database's. What was begun is gone on with by the next run.
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
        let held = retention::held(connection, day.day, &required).await?;
        // What was detached already is asked once more, by what drops it.
        if !held.is_empty() && day.stage == Stage::Attached {
            verdicts.push(verdict(&day, held, None));
            continue;
        }
        retention::detach(connection, &day).await?;
        let dropped_rows = retention::drop_day(connection, day.day, &required).await?;
        let mut held = Vec::new();
        if dropped_rows.is_none() {
            // A late event came in between.
            retention::attach_again(connection, day.day).await?;
            held = retention::held(connection, day.day, &required).await?;
        }
        verdicts.push(verdict(&day, held, dropped_rows));
    }
    Ok(verdicts)
}

async fn days(connection: &mut PgConnection, config: &Config, now: DateTime<Utc>) -> sqlx::Result<Vec<Day>> {
    match first_kept(config, now) {
        Some(first) => retention::days_before(connection, first).await,
        None => Ok(Vec::new()),
    }
}

fn verdict(day: &Day, held: Vec<Held>, dropped_rows: Option<i64>) -> Verdict {
    Verdict { day: day.day, bytes: day.bytes, stage: day.stage, held, dropped_rows }
}
