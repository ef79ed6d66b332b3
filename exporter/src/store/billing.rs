//! Months that are over, and shares of the plan that were passed: each told of once, in the transaction that notes it.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

/// A month as it was billed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of `billing_months`, explained there")]
pub struct ClosedMonth {
    pub month: NaiveDate,
    pub plan: String,
    pub hipaa: bool,
    pub rows: i64,
    pub page_views: i64,
    pub total_cents: i64,
    pub closed_at: DateTime<Utc>,
}

/// A month to be closed.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns of `billing_months`, explained there")]
pub struct Closing<'a> {
    pub month: NaiveDate,
    pub plan: &'a str,
    pub hipaa: bool,
    pub rows: i64,
    pub page_views: i64,
    pub total_cents: i64,
}

/// Today, and the time of day, by the clock that usage is counted by.
pub async fn now(connection: &mut PgConnection) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(
        r#"-- name: billing_now
        select now() as "now!""#
    )
    .fetch_one(connection)
    .await
}

/// A month that is closed.
pub async fn closed(connection: &mut PgConnection, month: NaiveDate) -> sqlx::Result<Option<ClosedMonth>> {
    sqlx::query_as!(
        ClosedMonth,
        "-- name: closed_month
        select month, plan, hipaa, rows, page_views, total_cents, closed_at from billing_months where month = $1",
        month,
    )
    .fetch_optional(connection)
    .await
}

/// The first month that anything was stored in, whether it is billed or not. None while nothing ever was.
pub async fn first_month(connection: &mut PgConnection) -> sqlx::Result<Option<NaiveDate>> {
    sqlx::query_scalar!(
        r#"-- name: first_month
        select least(
            (select date_trunc('month', min(day)::timestamp)::date from usage_counts),
            (select min(month) from billing_months)
        ) as "month""#,
    )
    .fetch_one(connection)
    .await
}

/// The months from `first` to before `end` that are not closed, the oldest first: also those in which nothing came.
pub async fn open_months(
    connection: &mut PgConnection,
    first: NaiveDate,
    end: NaiveDate,
) -> sqlx::Result<Vec<NaiveDate>> {
    sqlx::query_scalar!(
        r#"-- name: open_months
        select series.month::date as "month!"
        from generate_series($1::date::timestamp, $2::date::timestamp - interval '1 month', interval '1 month')
            as series (month)
        where not exists (select from billing_months where billing_months.month = series.month::date)
        order by 1"#,
        first,
        end,
    )
    .fetch_all(connection)
    .await
}

/// Closes a month and tells of it, unless it is closed. Belongs into a transaction.
pub async fn close(connection: &mut PgConnection, closing: Closing<'_>) -> sqlx::Result<bool> {
    let told = sqlx::query_scalar!(
        r#"-- name: close_month
        with closed as (
            insert into billing_months (month, plan, hipaa, rows, page_views, total_cents)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (month) do nothing
            returning *
        )
        select webhook_add(
            'month.closed',
            json_build_object(
                'month', to_char(month, 'YYYY-MM'),
                'plan', plan,
                'hipaa', hipaa,
                'events', rows,
                'page_views', page_views,
                'total_cents', total_cents,
                'currency', 'USD'
            ),
            webhook_id('month.closed', to_char(month, 'YYYY-MM'))
        )::text as "told"
        from closed"#,
        closing.month,
        closing.plan,
        closing.hipaa,
        closing.rows,
        closing.page_views,
        closing.total_cents,
    )
    .fetch_optional(connection)
    .await?;
    Ok(told.is_some())
}

/// Notes that `month` has passed `percent` of what its plan has `included` and tells of it, unless that is noted. Belongs into
/// a transaction.
pub async fn pass(
    connection: &mut PgConnection,
    month: NaiveDate,
    percent: u32,
    page_views: i64,
    included: i64,
) -> sqlx::Result<bool> {
    let told = sqlx::query_scalar!(
        r#"-- name: pass_threshold
        with passed as (
            insert into billing_thresholds (month, percent, included) values ($1, $2, $4)
            on conflict (month, percent, included) do nothing
            returning *
        )
        select webhook_add(
            'plan.threshold_passed',
            json_build_object(
                'month', to_char(month, 'YYYY-MM'),
                'percent', percent,
                'page_views', $3::bigint,
                'included', included
            ),
            webhook_id('plan.threshold_passed', concat_ws(' ', to_char(month, 'YYYY-MM'), percent, included))
        )::text as "told"
        from passed"#,
        month,
        i32::try_from(percent).unwrap_or(i32::MAX),
        page_views,
        included,
    )
    .fetch_optional(connection)
    .await?;
    Ok(told.is_some())
}
