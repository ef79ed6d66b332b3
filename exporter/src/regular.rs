//! The regular work of the database: days created ahead, loss measured, old days dropped. Of several exporters one does it at
//! a time; whichever comes finds it done.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, PgPool, Postgres};
use wire::limits::WINDOW_DAYS;

use crate::config::Config;
use crate::retention::{self, Verdict};
use crate::store::{erasures, losses, outcomes, partitions, segments, usage};

/// How often it is looked whether there is something to do. Measuring is cheap when there is not.
pub const EVERY: Duration = Duration::from_mins(1);
/// Segments that are measured in one transaction.
const SEGMENTS: i64 = 500;
/// Export batches whose segments are folded in one transaction.
const FOLDED_BATCHES: i64 = 100;
/// Days that a page load may go on for, beyond those that an event may be on its way.
const STREAM_DAYS: u64 = 10;
/// Days that outcomes and losses are told of.
const OUTCOME_DAYS: Days = Days::new(400);

/// The right to the regular work. It ends with the connection, however that comes about.
#[derive(Debug)]
pub struct Turn(PoolConnection<Postgres>);

impl Turn {
    /// Takes it; `None` while another exporter has it.
    ///
    /// # Errors
    /// The database's.
    pub async fn take(pool: &PgPool) -> sqlx::Result<Option<Self>> {
        let mut connection = pool.acquire().await?;
        // Given up in the middle, the right must not go back to the pool with it.
        connection.close_on_drop();
        Ok(crate::store::retention::lock_regular_work(&mut connection).await?.then_some(Self(connection)))
    }

    /// The connection that it belongs to.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

/// Creates the days that are needed at `now` and missing, and returns how many those were. Needs no turn.
///
/// # Errors
/// The database's.
pub async fn add_days(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i32> {
    partitions::ensure(&mut *pool.acquire().await?, now).await
}

/// Measures all that is not measured yet, and returns how many segments that were.
///
/// # Errors
/// The database's. What was measured stays so.
pub async fn measure(connection: &mut PgConnection) -> sqlx::Result<usize> {
    let mut sum = 0;
    loop {
        let mut transaction = connection.begin().await?;
        let segments = losses::measure(&mut transaction, SEGMENTS).await?;
        transaction.commit().await?;
        if segments == 0 {
            break;
        }
        sum += segments;
    }
    // A day takes a look at all of its page loads. Those that another was killed before are among them.
    for day in losses::unsummed(connection).await? {
        let mut transaction = connection.begin().await?;
        losses::sum_up(&mut transaction, day).await?;
        transaction.commit().await?;
    }
    Ok(sum)
}

/// Drops the days that may go at `now`, a time that [`retention::moment`] vouches for, and what is counted of days long gone.
/// `None`, and no day is dropped, while `verify` runs.
///
/// # Errors
/// The database's. The next run goes on.
pub async fn drop_days(
    connection: &mut PgConnection,
    config: &Config,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Vec<Verdict>>> {
    let today = now.date_naive();
    // An exporter whose clock is behind may still add to yesterday.
    let yesterday = today - Days::new(1);
    let chores = [
        losses::forget(connection, first_open(today)).await,
        losses::forget_days(connection, today - OUTCOME_DAYS).await,
        outcomes::forget(connection, today - OUTCOME_DAYS).await,
        outcomes::fold(connection, yesterday).await,
        usage::fold(connection, yesterday).await,
        erasures::forget_refusals(connection).await,
    ];
    // None of them waits for another that fails.
    let verdicts = retention::run(connection, config, now).await?;
    fold_segments(connection).await?;
    chores.into_iter().collect::<sqlx::Result<()>>()?;
    Ok(verdicts)
}

async fn fold_segments(connection: &mut PgConnection) -> sqlx::Result<()> {
    loop {
        let mut transaction = connection.begin().await?;
        let is_more = segments::fold(&mut transaction, FOLDED_BATCHES).await?;
        transaction.commit().await?;
        if !is_more {
            return Ok(());
        }
    }
}

/// The oldest day that a page load may have begun on which still sends.
fn first_open(today: NaiveDate) -> NaiveDate {
    today - Days::new(WINDOW_DAYS.unsigned_abs() + STREAM_DAYS)
}
