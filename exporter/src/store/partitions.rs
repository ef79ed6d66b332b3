//! The day partitions of `events`. An id inside the window must always find its day: one that does not would fail the
//! whole statement it is in.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use wire::limits::WINDOW_DAYS;

/// Days created ahead: what the hourly job may fail for without harm.
const AHEAD: u64 = 3;

/// The first and the last day that must exist at `now`.
#[must_use]
pub fn needed(now: DateTime<Utc>) -> (NaiveDate, NaiveDate) {
    let today = now.date_naive();
    (today - Days::new(WINDOW_DAYS.unsigned_abs()), today + Days::new(AHEAD))
}

/// Creates or attaches the days that are missing and returns how many those were.
pub async fn ensure(connection: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<i32> {
    let (first, last) = needed(now);
    add(connection, first, last).await
}

/// Creates or attaches what is missing of the days from `first` to `last` and returns how many those were.
pub async fn add(connection: &mut PgConnection, first: NaiveDate, last: NaiveDate) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        r#"-- name: ensure_partitions
        select events_add_partitions($1, $2) as "added!""#,
        first,
        last
    )
    .fetch_one(connection)
    .await
}

/// The first and the last day that there is a partition of, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Span {
    /// The oldest day; none without any partition.
    pub first: Option<NaiveDate>,
    /// The newest day.
    pub last: Option<NaiveDate>,
    /// How many.
    pub days: i64,
}

/// The days that there are.
pub async fn span(connection: &mut PgConnection) -> sqlx::Result<Span> {
    sqlx::query_as!(
        Span,
        r#"-- name: partition_span
        select
            to_date(right(min(relname::text), 8), 'YYYYMMDD') as first,
            to_date(right(max(relname::text), 8), 'YYYYMMDD') as last,
            count(*) as "days!"
        from pg_inherits
        join pg_class on pg_class.oid = inhrelid
        where inhparent = to_regclass('events') and not inhdetachpending and relname ~ '^events_[0-9]{8}$'"#
    )
    .fetch_one(connection)
    .await
}

/// The days that take no events, having no partition or a detached one, for `doctor`.
pub async fn missing(connection: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<NaiveDate>> {
    let (first, last) = needed(now);
    sqlx::query_scalar!(
        r#"-- name: missing_partitions
        select day::date as "day!"
        from generate_series($1::date, $2::date, interval '1 day') as day
        where not events_is_attached('events_' || to_char(day, 'YYYYMMDD'))
        order by day"#,
        first,
        last
    )
    .fetch_all(connection)
    .await
}
