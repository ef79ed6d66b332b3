//! What arrived and was stored, per UTC day and site. Written by `insert_events`; read and folded here.

use chrono::NaiveDate;
use serde::Serialize;
use sqlx::{Connection, PgConnection, PgTransaction};
use utoipa::ToSchema;

/// What counts of a whole month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Totals {
    /// Rows inserted.
    pub events: i64,
    /// Those of the type `pageview`.
    pub page_views: i64,
}

/// A site on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteDay {
    /// The UTC day of arrival.
    pub day: NaiveDate,
    /// The site; `*` for all those that the daily cap on new sites kept off the list.
    pub site_id: String,
    /// Whether the site was confirmed when they arrived.
    pub billed: bool,
    /// Rows inserted.
    pub events: i64,
    /// Those of the type `pageview`.
    pub page_views: i64,
}

/// A site in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteMonth {
    /// The site; `*` for all those that the daily cap on new sites kept off the list.
    pub site_id: String,
    /// Rows inserted.
    pub events: i64,
    /// Those of the type `pageview`.
    pub page_views: i64,
}

/// A transaction whose every look is at the same moment, so that sums are those of their parts. It changes nothing.
pub async fn one_moment(connection: &mut PgConnection) -> sqlx::Result<PgTransaction<'_>> {
    connection.begin_with("begin isolation level repeatable read, read only").await
}

/// What came from `first` to before `end` and is billed, or is not.
pub async fn totals(
    connection: &mut PgConnection,
    first: NaiveDate,
    end: NaiveDate,
    billed: bool,
) -> sqlx::Result<Totals> {
    sqlx::query_as!(
        Totals,
        r#"-- name: usage_totals
        select
            coalesce(sum(rows), 0)::bigint as "events!",
            coalesce(sum(page_views), 0)::bigint as "page_views!"
        from usage_counts
        where day >= $1 and day < $2 and billed = $3"#,
        first,
        end,
        billed,
    )
    .fetch_one(connection)
    .await
}

/// The same per site, by name.
pub async fn sites(
    connection: &mut PgConnection,
    first: NaiveDate,
    end: NaiveDate,
    billed: bool,
) -> sqlx::Result<Vec<SiteMonth>> {
    sqlx::query_as!(
        SiteMonth,
        r#"-- name: usage_of_sites
        select
            site_id as "site_id!",
            sum(rows)::bigint as "events!",
            sum(page_views)::bigint as "page_views!"
        from usage_counts
        where day >= $1 and day < $2 and billed = $3
        group by site_id
        order by site_id"#,
        first,
        end,
        billed,
    )
    .fetch_all(connection)
    .await
}

/// What came from `first` to before `end`, per day and site.
pub async fn days(connection: &mut PgConnection, first: NaiveDate, end: NaiveDate) -> sqlx::Result<Vec<SiteDay>> {
    sqlx::query_as!(
        SiteDay,
        r#"-- name: usage_of_days
        select day as "day!", site_id as "site_id!", billed as "billed!", rows as "events!",
            page_views as "page_views!"
        from usage
        where day >= $1 and day < $2
        order by day, site_id, billed desc"#,
        first,
        end,
    )
    .fetch_all(connection)
    .await
}

/// Makes one row of what different transactions have counted of the days before `first`, by the database's clock, which
/// nothing is added to any more.
pub async fn fold(connection: &mut PgConnection, first: NaiveDate) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: fold_usage
        with scattered as (
            delete from usage_counts
            where day < least($1, (now() at time zone 'utc')::date) and slot <> 0
            returning day, site_id, billed, rows, page_views
        )
        insert into usage_counts (day, site_id, billed, slot, rows, page_views)
        select day, site_id, billed, 0, sum(rows), sum(page_views)
        from scattered
        group by 1, 2, 3
        -- Two that count the same sites in different orders would deadlock.
        order by 1, 2, 3
        on conflict (site_id, day, billed, slot) do update
        set rows = usage_counts.rows + excluded.rows, page_views = usage_counts.page_views + excluded.page_views",
        first,
    )
    .execute(connection)
    .await?;
    Ok(())
}
