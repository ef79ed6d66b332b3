//! Days that are dropped: which there are, what holds one back, and taking one out.

use std::io;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::time::Instant;

use super::partitions;

/// How long a day that is to be detached is waited for. Exports may read for as long, and nothing is measured meanwhile.
const DETACHING: &str = "2min";
/// How long a day that is dropped is waited for: twice what a statement may take.
const PATIENCE: Duration = Duration::from_mins(20);
/// The pause before it is looked again.
const PAUSE: Duration = Duration::from_millis(200);

/// How far a day is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A partition of `events`.
    Attached,
    /// `detach concurrently` was interrupted.
    Detaching,
    /// A table of its own, which this program detached.
    Detached,
}

/// A day that there still is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The UTC day.
    pub day: NaiveDate,
    /// How far it is.
    pub stage: Stage,
    /// What it takes on disk, indexes included.
    pub bytes: i64,
}

/// Why a day must be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// `not exported`, `not measured`, or, of a required destination, `not verified` to hold it, or `doubted`: found by `verify`
    /// not to hold it any more.
    pub reason: String,
    /// That destination; empty for the other reasons.
    pub destination: String,
    /// Segments with rows of the day.
    pub segments: i64,
    /// Those rows.
    pub rows: i64,
}

/// What else than this machine's clock tells the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The database's clock.
    pub database: DateTime<Utc>,
    /// When the newest of the events that were stored last came to the edge, by its clock; none where none is left of them.
    pub newest_event: Option<DateTime<Utc>>,
}

/// Asks them.
pub async fn clocks(connection: &mut PgConnection) -> sqlx::Result<Clocks> {
    sqlx::query_as!(
        Clocks,
        r#"-- name: clocks
        select
            clock_timestamp() as "database!",
            (
                select max(received_at)
                from (select id from segments order by id desc limit 100) as last_segments
                join events on events.segment_id = last_segments.id
            ) as newest_event"#
    )
    .fetch_one(connection)
    .await
}

/// The days before `first`, the oldest first. A table that somebody else detached is none of them.
pub async fn days_before(connection: &mut PgConnection, first: NaiveDate) -> sqlx::Result<Vec<Day>> {
    let days = sqlx::query!(
        r#"-- name: days_before
        select
            day as "day!",
            inhrelid is not null and not inhdetachpending as "is_attached!",
            inhrelid is not null and inhdetachpending as "is_detaching!",
            coalesce(pg_total_relation_size(class.oid), 0) as "bytes!"
        from pg_class as class
        cross join lateral (
            select to_date(substring(class.relname from '^events_([0-9]{4}(?:0[1-9]|1[0-2])[0-3][0-9])$'), 'YYYYMMDD') as day
        ) as of_name
        left join pg_inherits on inhrelid = class.oid and inhparent = to_regclass('events')
        where class.relkind = 'r'
            and class.relnamespace = (select relnamespace from pg_class where oid = to_regclass('events'))
            and day < $1
            and (
                inhrelid is not null
                or exists (select from dropped_days where dropped_days.day = of_name.day and dropped_at is null)
            )
        order by day"#,
        first,
    )
    .fetch_all(connection)
    .await?;
    let stage = |is_attached, is_detaching| match (is_attached, is_detaching) {
        (true, _) => Stage::Attached,
        (_, true) => Stage::Detaching,
        _ => Stage::Detached,
    };
    let day = |day, stage, bytes| Day { day, stage, bytes };
    Ok(days.into_iter().map(|it| day(it.day, stage(it.is_attached, it.is_detaching), it.bytes)).collect())
}

/// Why `day` must be kept while all of `required` must hold it; nothing when it may be dropped.
pub async fn held(connection: &mut PgConnection, day: NaiveDate, required: &[String]) -> sqlx::Result<Vec<Held>> {
    sqlx::query_as!(
        Held,
        r#"-- name: day_held
        select reason as "reason!", destination as "destination!", segments as "segments!", rows as "rows!"
        from events_day_held($1, $2)"#,
        day,
        required,
    )
    .fetch_all(connection)
    .await
}

/// Takes a day out of `events`, or goes on where that was interrupted, and returns once nobody can add to it any more.
/// Stops no reader and no insert of other days. Must not be in a transaction.
pub async fn detach(connection: &mut PgConnection, day: &Day) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: begin_to_drop_day
        insert into dropped_days (day) values ($1)
        on conflict (day) do update set began_at = now(), dropped_at = null, rows = null",
        day.day,
    )
    .execute(&mut *connection)
    .await?;
    let how = match day.stage {
        Stage::Attached => "concurrently",
        Stage::Detaching => "finalize",
        Stage::Detached => return Ok(()),
    };
    // It waits for whoever reads the day, such as an export, and nobody waits for it meanwhile; but what it had to leave in
    // the middle no reader of `events` would see.
    let before = lock_timeout(connection, DETACHING).await?;
    // Neither takes parameters, nor may be in a function. The name is made of a date alone.
    let sql = format!("alter table events detach partition events_{} {how}", day.day.format("%Y%m%d"));
    let detached = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await;
    lock_timeout(connection, &before).await?;
    detached.map(|_| ())
}

/// Sets how long the session waits for a lock, and returns how long that was.
async fn lock_timeout(connection: &mut PgConnection, patience: &str) -> sqlx::Result<String> {
    let before = sqlx::query_scalar!(
        r#"-- name: lock_timeout
        select current_setting('lock_timeout') as "patience!""#
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query_scalar!(
        "-- name: set_lock_timeout
        select set_config('lock_timeout', $1, false)",
        patience,
    )
    .fetch_one(connection)
    .await?;
    Ok(before)
}

/// Drops a detached day and returns its rows. `None`, and it is still there, when it must be kept after all. One statement,
/// so that what is asked and what is done are one transaction.
pub async fn drop_day(connection: &mut PgConnection, day: NaiveDate, required: &[String]) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "-- name: drop_day
        select events_drop_day($1, $2)",
        day,
        required,
    )
    .fetch_one(connection)
    .await
}

/// Makes a detached day a partition again.
pub async fn attach_again(connection: &mut PgConnection, day: NaiveDate) -> sqlx::Result<()> {
    partitions::add(&mut *connection, day, day).await?;
    sqlx::query!(
        "-- name: keep_day_after_all
        delete from dropped_days where day = $1 and dropped_at is null",
        day,
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn last_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default()
}

/// Makes every day a partition again that was detached and not dropped, since whoever did it was interrupted.
pub async fn take_back(connection: &mut PgConnection) -> sqlx::Result<()> {
    for day in days_before(connection, last_day()).await? {
        if day.stage != Stage::Attached {
            detach(connection, &day).await?;
            attach_again(connection, day.day).await?;
        }
    }
    Ok(())
}

/// Takes the right to do the regular work until the connection ends. `false` while another exporter has it.
pub async fn lock_regular_work(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"-- name: lock_regular_work
        select pg_try_advisory_lock(hashtext('regular work')) as "is_mine!""#
    )
    .fetch_one(connection)
    .await
}

/// Takes the right to drop days. `false` while somebody else does, or counts on them.
pub async fn lock_days(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"-- name: lock_days
        select pg_try_advisory_lock(hashtext('drop days')) as "is_mine!""#
    )
    .fetch_one(connection)
    .await
}

/// Keeps rows of batches from being read while days are dropped. `false` while some are. Asked again and again, since whoever
/// waits for a lock has others wait as well.
pub async fn lock_rows(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"-- name: lock_rows
        select pg_try_advisory_lock(hashtext('read rows')) as "is_mine!""#
    )
    .fetch_one(connection)
    .await
}

/// Gives back what [`lock_days`] and [`lock_rows`] took.
pub async fn unlock_days(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: unlock_days
        select pg_advisory_unlock(hashtext(name)) from unnest(array['read rows', 'drop days']) as name"
    )
    .fetch_all(connection)
    .await?;
    Ok(())
}

/// Keeps days from being dropped until the connection ends; waits while one is, longer than locks are waited for.
pub async fn keep_days(connection: &mut PgConnection) -> sqlx::Result<()> {
    let begun = Instant::now();
    let mut is_said = false;
    while !try_keep_days(connection).await? {
        if begun.elapsed() >= PATIENCE {
            let reason =
                "days are being dropped (retention.days), and have been for 20 minutes: try again when that is done";
            return Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, reason)));
        }
        if !is_said {
            tracing::warn!("days are being dropped (retention.days): this begins when that is done");
            is_said = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn try_keep_days(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"-- name: keep_days
        select pg_try_advisory_lock_shared(hashtext('drop days')) as "is_kept!""#
    )
    .fetch_one(connection)
    .await
}
