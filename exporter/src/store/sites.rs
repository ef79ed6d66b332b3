//! Sites: which there are, and which of them are billed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;

/// What a site is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SiteState {
    /// Seen, stored, not billed.
    Unconfirmed,
    /// Billed.
    Confirmed,
    /// Stored and never billed.
    Ignored,
}

impl SiteState {
    /// The name in the database and in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unconfirmed => "unconfirmed",
            Self::Confirmed => "confirmed",
            Self::Ignored => "ignored",
        }
    }
}

/// A site and what was stored of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Site {
    /// The hostname, without `www.`.
    pub site_id: String,
    /// unconfirmed, confirmed or ignored.
    pub state: String,
    /// When its first event was stored, or the operator named it.
    pub discovered_at: DateTime<Utc>,
    /// When it left the state unconfirmed.
    pub decided_at: Option<DateTime<Utc>>,
    /// `threshold` or `operator`.
    pub decided_by: Option<String>,
    /// Events stored since it is known.
    pub events: i64,
    /// UTC days on which events came.
    pub days: i64,
    /// Distinct visitors, counted until they are enough for the threshold; none once the site is decided on.
    pub visitors: Option<i64>,
}

/// What a site must have to be confirmed by itself.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// So many events.
    pub events: u32,
    /// From so many distinct visitors.
    pub visitors: u32,
    /// On so many UTC days.
    pub days: u32,
}

/// The sites after `after` by name, at most `limit`; of one state, if one is named.
pub async fn list(
    connection: &mut PgConnection,
    state: Option<SiteState>,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<Site>> {
    sqlx::query_as!(
        Site,
        r#"-- name: list_sites
        select
            site_id, state, discovered_at, decided_at, decided_by,
            coalesce(usage.events, 0)::bigint as "events!",
            coalesce(usage.days, 0) as "days!",
            case when state = 'unconfirmed'
                then (select count(*) from site_visitors where site_visitors.site_id = sites.site_id)
            end as visitors
        from sites
        left join lateral (
            select sum(rows) as events, count(distinct day) as days
            from usage_counts
            where usage_counts.site_id = sites.site_id
        ) as usage on true
        where ($1::text is null or state = $1) and site_id > $2
        order by site_id
        limit $3"#,
        state.map(SiteState::name),
        after,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Sets a site's state as the operator says, also of one that is not known yet. Tells of it where that changes whether it is
/// billed. Belongs into a transaction. False when the site is in this state already.
pub async fn decide(connection: &mut PgConnection, site_id: &str, confirms: bool) -> sqlx::Result<bool> {
    let state = if confirms { SiteState::Confirmed } else { SiteState::Ignored };
    // By itself, and first: the row of a site that two decide on is the second one's only after the first.
    let before = sqlx::query_scalar!(
        "-- name: state_of_site
        select state from sites where site_id = $1 for update",
        site_id,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let changed = sqlx::query_scalar!(
        r#"-- name: decide_site
        insert into sites (site_id, state, decided_at, decided_by, counts_visitors)
        values ($1, $2, now(), 'operator', false)
        on conflict (site_id) do update
        set state = excluded.state, decided_at = now(), decided_by = 'operator', counts_visitors = false
        where sites.state <> excluded.state
        returning site_id"#,
        site_id,
        state.name(),
    )
    .fetch_optional(&mut *connection)
    .await?
    .is_some();
    if changed {
        let site = [site_id.to_owned()];
        forget_visitors(connection, &site).await?;
        if confirms || before.as_deref() == Some(SiteState::Confirmed.name()) {
            tell_decided(connection, &site).await?;
        }
    }
    Ok(changed)
}

/// Confirms the sites that are past the `threshold`, tells of it, and returns them. Belongs into a transaction.
pub async fn confirm_by_threshold(connection: &mut PgConnection, threshold: Threshold) -> sqlx::Result<Vec<String>> {
    let confirmed = sqlx::query_scalar!(
        r#"-- name: confirm_sites
        update sites
        set state = 'confirmed', decided_at = now(), decided_by = 'threshold', counts_visitors = false
        where site_id in (
            select site_id
            from sites
            where state = 'unconfirmed'
                and (
                    select coalesce(sum(rows), 0)::bigint >= $1 and count(distinct day) >= $2
                    from usage_counts
                    where usage_counts.site_id = sites.site_id
                )
                and (select count(*) from site_visitors where site_visitors.site_id = sites.site_id) >= $3
            order by site_id
            for update skip locked
        )
        returning site_id"#,
        i64::from(threshold.events),
        i64::from(threshold.days),
        i64::from(threshold.visitors),
    )
    .fetch_all(&mut *connection)
    .await?;
    forget_visitors(connection, &confirmed).await?;
    tell_decided(connection, &confirmed).await?;
    Ok(confirmed)
}

/// Counts visitors of an unconfirmed site while there are not `enough`, and no longer, so that their list stays short. One may
/// be forgotten, and what is enough may be set anew.
pub async fn count_visitors(connection: &mut PgConnection, enough: u32) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: count_visitors
        update sites
        set counts_visitors = not counts_visitors
        where state = 'unconfirmed'
            and counts_visitors
                <> ((select count(*) from site_visitors where site_visitors.site_id = sites.site_id) < $1)",
        i64::from(enough),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets unconfirmed sites of which nothing came for `days`; what was counted of them goes to those that were never
/// listed. Belongs into a transaction.
pub async fn forget_silent(connection: &mut PgConnection, days: u32) -> sqlx::Result<Vec<String>> {
    let silent = sqlx::query_scalar!(
        r#"-- name: forget_silent_sites
        delete from sites
        where site_id in (
            select site_id
            from sites
            where state = 'unconfirmed'
                and discovered_at < now() - make_interval(days => $1)
                and not exists (
                    select from usage_counts
                    where usage_counts.site_id = sites.site_id
                        and usage_counts.day >= (now() at time zone 'utc')::date - $1
                )
            order by site_id
            limit 1000
            for update skip locked
        )
        returning site_id"#,
        i32::try_from(days).unwrap_or(i32::MAX),
    )
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query!(
        "-- name: fold_usage_of_silent_sites
        with gone as (
            delete from usage_counts where site_id = any ($1) returning day, rows, page_views
        )
        insert into usage_counts (day, site_id, billed, slot, rows, page_views)
        select day, '*', false, -1, sum(rows), sum(page_views)
        from gone
        group by day
        order by day
        on conflict (site_id, day, billed, slot) do update
        set rows = usage_counts.rows + excluded.rows, page_views = usage_counts.page_views + excluded.page_views",
        &silent,
    )
    .execute(&mut *connection)
    .await?;
    forget_visitors(connection, &silent).await?;
    Ok(silent)
}

/// How many sites are new today, and how many events came today of sites that were too many.
pub async fn new_today(connection: &mut PgConnection) -> sqlx::Result<(i32, i64)> {
    let found = sqlx::query!(
        r#"-- name: new_sites_today
        select
            coalesce((select discovered from site_days where day = today), 0) as "sites!",
            coalesce((select sum(rows) from usage_counts where day = today and site_id = '*'), 0)::bigint as "beyond!"
        from (select (now() at time zone 'utc')::date as today) as clock"#,
    )
    .fetch_one(connection)
    .await?;
    Ok((found.sites, found.beyond))
}

/// Forgets the visitors of sites that are not unconfirmed any more: what was on its way into the database when such a site was
/// decided on has left some.
pub async fn forget_late_visitors(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: forget_late_visitors
        delete from site_visitors
        where site_id not in (select site_id from sites where state = 'unconfirmed')"
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn forget_visitors(connection: &mut PgConnection, sites: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: forget_visitors
        delete from site_visitors where site_id = any ($1)",
        sites,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells of decisions, each under an id by its time: one that is taken again is another one, also after a restore.
async fn tell_decided(connection: &mut PgConnection, sites: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: tell_decided
        select webhook_add(
            kind,
            case state
                when 'confirmed' then json_build_object('site_id', site_id, 'confirmed_by', decided_by)
                else json_build_object('site_id', site_id)
            end,
            webhook_id(kind, concat_ws(' ', site_id, extract(epoch from decided_at)))
        )
        from sites
        cross join lateral (select 'site.' || state) as message (kind)
        where site_id = any ($1)",
        sites,
    )
    .fetch_all(connection)
    .await?;
    Ok(())
}
