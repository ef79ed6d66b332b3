//! How many events had which outcome, by the day they came and their site.

use chrono::NaiveDate;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// Events of one site with one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count<'a> {
    /// The UTC day they came.
    pub day: NaiveDate,
    /// Their site.
    pub site_id: &'a str,
    /// The outcome's or the reason's name.
    pub outcome: &'a str,
    /// How many; at least one.
    pub events: i64,
}

/// What a day's events had as outcome, all sites together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the columns of `outcomes`, explained there")]
pub struct OfDay {
    pub day: NaiveDate,
    pub outcome: String,
    pub events: i64,
}

/// Adds to the counts, in the transaction that stores the events.
pub async fn add(connection: &mut PgConnection, counts: &[Count<'_>]) -> sqlx::Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "-- name: add_outcomes
        insert into outcomes (day, site_id, outcome, slot, events)
        select day, site_id, outcome, pg_backend_pid() % 64, events
        from unnest($1::date[], $2::text[], $3::text[], $4::bigint[]) as row (day, site_id, outcome, events)
        -- Two that add to the same rows in different orders would deadlock.
        order by 1, 2, 3
        on conflict (day, site_id, outcome, slot) do update set events = outcomes.events + excluded.events",
        column(counts, |it| it.day) as Vec<NaiveDate>,
        column(counts, |it| it.site_id) as Vec<&str>,
        column(counts, |it| it.outcome) as Vec<&str>,
        column(counts, |it| it.events) as Vec<i64>,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The outcomes of the days since `first`, the newest day first.
pub async fn since(connection: &mut PgConnection, first: NaiveDate) -> sqlx::Result<Vec<OfDay>> {
    sqlx::query_as!(
        OfDay,
        r#"-- name: outcomes_since
        select day, outcome, sum(events)::bigint as "events!"
        from outcomes where day >= $1
        group by day, outcome
        order by day desc, outcome"#,
        first,
    )
    .fetch_all(connection)
    .await
}

/// Makes one row of what different transactions have counted of the days before `first`, which nothing is added to any more.
pub async fn fold(connection: &mut PgConnection, first: NaiveDate) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: fold_outcomes
        with scattered as (
            delete from outcomes where day < $1 and slot <> 0 returning day, site_id, outcome, events
        )
        insert into outcomes (day, site_id, outcome, slot, events)
        select day, site_id, outcome, 0, sum(events) from scattered group by 1, 2, 3
        on conflict (day, site_id, outcome, slot) do update set events = outcomes.events + excluded.events",
        first,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets days before `first`.
pub async fn forget(connection: &mut PgConnection, first: NaiveDate) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: forget_outcomes
        delete from outcomes where day < $1",
        first,
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn column<'a, T>(counts: &'a [Count<'a>], value: impl Fn(&'a Count<'a>) -> T) -> Vec<T> {
    counts.iter().map(value).collect()
}
