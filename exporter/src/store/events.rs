//! Storing events.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// An event as it is stored. It borrows from the batch it came in: many events share a page.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `events`, explained there")]
pub struct EventRow<'a> {
    pub event_id: Uuid,
    pub event_type: &'a str,
    pub site_id: &'a str,
    pub visitor_id: Uuid,
    pub session_id: Uuid,
    pub session_number: i64,
    pub session_start: DateTime<Utc>,
    pub stream_id: Uuid,
    pub seq: i64,
    pub t: i64,
    pub timestamp: DateTime<Utc>,
    pub sent_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub page: &'a wire::Page,
    pub country: Option<&'a str>,
    pub region: Option<&'a str>,
    pub user_agent: &'a str,
    pub browser: &'a str,
    pub os: &'a str,
    pub device: &'a str,
    pub bot: Option<&'a str>,
    pub ip_address: Option<&'a str>,
    pub consent: &'a str,
    pub edge_version: &'a str,
    pub redactions: String,
    pub data: &'a str,
}

/// What rows that are stored are counted as.
#[derive(Clone, Debug)]
pub struct Counting<'a> {
    /// The day of their outcomes.
    pub day: NaiveDate,
    /// Each of their sites, and what its outcomes are counted under.
    pub sites: Vec<(&'a str, &'a str)>,
    /// Those with a smaller id are late, beside being accepted.
    pub in_time_from: Uuid,
    /// How many sites may be listed a day.
    pub new_sites: u32,
    /// A random number that the segment is known by, should the answer be lost.
    pub attempt: i64,
}

/// Stores those of `rows` that are new, as one segment, and returns their ids. Of two rows with one id the first is stored.
/// Those of erased visitors are not stored. The stored are counted as outcomes and as usage, and sites that are new among
/// them are listed. One statement, so that it is a transaction by itself: one way to the server and back, however far away
/// that is.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn insert(
    connection: &mut PgConnection,
    rows: &[EventRow<'_>],
    counting: &Counting<'_>,
) -> sqlx::Result<Vec<Uuid>> {
    // Two transactions that insert the same ids in different orders would deadlock. Sorted here, since Postgres would copy
    // every row for it; it takes them in the order of the arrays.
    let mut rows: Vec<&EventRow<'_>> = rows.iter().collect();
    rows.sort_by_key(|row| row.event_id);
    let rows = &rows;
    let campaign = |field: fn(&wire::Attribution) -> &Option<String>| {
        rows.iter().map(|row| field(&row.page.attribution).as_deref()).collect::<Vec<_>>()
    };
    sqlx::query_scalar!(
        r#"-- name: insert_events
        with erased as materialized (
            -- Each visitor once, and none while nobody ever was.
            select visitor_id
            from (select distinct unnest($4::uuid[]) as visitor_id) as visitors
            where exists (select from erased_visitors) and visitor_is_erased(visitor_id)
        ), segment as materialized (
            -- One that stores nothing leaves a gap.
            select nextval(pg_get_serial_sequence('segments', 'id')) as id
        ), stored as (
            insert into events (
                event_id, event_type, site_id, visitor_id, session_id, session_number, session_start, stream_id, seq, t,
                timestamp, sent_at, received_at, url, path, title, referrer, channel, platform,
                utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id,
                country, region, user_agent, browser, os, device, bot, ip_address, consent, edge_version,
                redactions, data, segment_id
            )
            select
                event_id, event_type, site_id, visitor_id, session_id, session_number, session_start, stream_id, seq, t,
                timestamp, sent_at, received_at, url, path, title, referrer, channel, platform,
                utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id,
                country, region, user_agent, browser, os, device, bot, ip_address, consent, edge_version,
                redactions::json, data::json, (select id from segment)
            from unnest(
                $1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::timestamptz[],
                $8::uuid[], $9::bigint[], $10::bigint[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
                $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[],
                $22::text[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[],
                $30::text[], $31::text[], $32::text[], $33::text[], $34::text[], $35::text[], $36::text[], $37::text[]
            ) as row (
                event_id, event_type, site_id, visitor_id, session_id, session_number, session_start, stream_id, seq, t,
                timestamp, sent_at, received_at, url, path, title, referrer, channel, platform,
                utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id,
                country, region, user_agent, browser, os, device, bot, ip_address, consent, edge_version,
                redactions, data
            )
            where visitor_id not in (select visitor_id from erased)
            on conflict (event_id) do nothing
            returning event_id, timestamp, site_id, visitor_id, event_type
        ), arrived as materialized (
            select
                arrived.site_id,
                coalesce(sites.site_id, site_discover(arrived.site_id, $38)) as listed_id,
                coalesce(sites.state, 'unconfirmed') as state,
                coalesce(sites.counts_visitors, true) as counts_visitors,
                arrived.rows,
                arrived.page_views,
                arrived.late
            from (
                select
                    site_id,
                    count(*) as rows,
                    count(*) filter (where event_type = 'pageview') as page_views,
                    count(*) filter (where event_id < $42) as late
                from stored
                group by site_id
            ) as arrived
            left join sites using (site_id)
        ), told as (
            insert into outcomes (day, site_id, outcome, slot, events)
            select $39, counted_as, outcome, pg_backend_pid() % 64, sum(events)
            from arrived
            join unnest($40::text[], $41::text[]) as name (site_id, counted_as) using (site_id)
            cross join lateral (values ('accepted', rows), ('late', late)) as count (outcome, events)
            where events > 0
            group by counted_as, outcome
            -- Two that add to the same rows in different orders would deadlock.
            order by counted_as, outcome
            on conflict (day, site_id, outcome, slot) do update set events = outcomes.events + excluded.events
        ), counted as (
            insert into usage_counts (day, site_id, billed, slot, rows, page_views)
            select
                (now() at time zone 'utc')::date, listed_id, state = 'confirmed',
                -- A row for each connection, or all would wait for each other's commit.
                pg_backend_pid() % 64, sum(rows), sum(page_views)
            from arrived
            group by listed_id, state = 'confirmed'
            -- Two that count the same sites in different orders would deadlock.
            order by listed_id, state = 'confirmed'
            on conflict (site_id, day, billed, slot) do update
            set rows = usage_counts.rows + excluded.rows, page_views = usage_counts.page_views + excluded.page_views
        ), visited as (
            insert into site_visitors (site_id, visitor_id)
            select site_id, visitor_id
            from (
                select
                    stored.site_id, stored.visitor_id,
                    row_number() over (partition by stored.site_id order by stored.visitor_id) as place
                from stored
                join arrived using (site_id)
                where arrived.state = 'unconfirmed' and arrived.counts_visitors and arrived.listed_id = stored.site_id
                    and not exists (
                        select from site_visitors as known
                        where known.site_id = stored.site_id and known.visitor_id = stored.visitor_id
                    )
                group by stored.site_id, stored.visitor_id
            ) as visitor
            -- A few new ones of each site are soon enough. The order is the same in all transactions, or they would deadlock.
            where place <= 8
            order by site_id, visitor_id
            on conflict do nothing
        ), sealed as (
            insert into segments (id, rows, min_event_id, max_event_id, min_timestamp, max_timestamp, attempt)
            select
                segment.id, count(*),
                -- Postgres knows no smallest uuid before version 18; as text they have the same order.
                min(event_id::text collate "C")::uuid, max(event_id::text collate "C")::uuid,
                min(timestamp), max(timestamp), $43
            from segment, stored
            group by segment.id
        )
        select event_id from stored"#,
        column(rows, |row| row.event_id) as Vec<Uuid>,
        column(rows, |row| row.event_type) as Vec<&str>,
        column(rows, |row| row.site_id) as Vec<&str>,
        column(rows, |row| row.visitor_id) as Vec<Uuid>,
        column(rows, |row| row.session_id) as Vec<Uuid>,
        column(rows, |row| row.session_number) as Vec<i64>,
        column(rows, |row| row.session_start) as Vec<DateTime<Utc>>,
        column(rows, |row| row.stream_id) as Vec<Uuid>,
        column(rows, |row| row.seq) as Vec<i64>,
        column(rows, |row| row.t) as Vec<i64>,
        column(rows, |row| row.timestamp) as Vec<DateTime<Utc>>,
        column(rows, |row| row.sent_at) as Vec<DateTime<Utc>>,
        column(rows, |row| row.received_at) as Vec<DateTime<Utc>>,
        column(rows, |row| row.page.url.as_str()) as Vec<&str>,
        column(rows, |row| row.page.path.as_str()) as Vec<&str>,
        column(rows, |row| row.page.title.as_str()) as Vec<&str>,
        column(rows, |row| row.page.referrer.as_str()) as Vec<&str>,
        column(rows, |row| row.page.channel.as_str()) as Vec<&str>,
        column(rows, |row| row.page.platform.as_str()) as Vec<&str>,
        campaign(|it| &it.utm_source) as Vec<Option<&str>>,
        campaign(|it| &it.utm_medium) as Vec<Option<&str>>,
        campaign(|it| &it.utm_campaign) as Vec<Option<&str>>,
        campaign(|it| &it.utm_term) as Vec<Option<&str>>,
        campaign(|it| &it.utm_content) as Vec<Option<&str>>,
        campaign(|it| &it.utm_id) as Vec<Option<&str>>,
        column(rows, |row| row.country) as Vec<Option<&str>>,
        column(rows, |row| row.region) as Vec<Option<&str>>,
        column(rows, |row| row.user_agent) as Vec<&str>,
        column(rows, |row| row.browser) as Vec<&str>,
        column(rows, |row| row.os) as Vec<&str>,
        column(rows, |row| row.device) as Vec<&str>,
        column(rows, |row| row.bot) as Vec<Option<&str>>,
        column(rows, |row| row.ip_address) as Vec<Option<&str>>,
        column(rows, |row| row.consent) as Vec<&str>,
        column(rows, |row| row.edge_version) as Vec<&str>,
        column(rows, |row| row.redactions.as_str()) as Vec<&str>,
        column(rows, |row| row.data) as Vec<&str>,
        i32::try_from(counting.new_sites).unwrap_or(i32::MAX),
        counting.day,
        counting.sites.iter().map(|(site_id, _)| *site_id).collect::<Vec<_>>() as Vec<&str>,
        counting.sites.iter().map(|(_, counted_as)| *counted_as).collect::<Vec<_>>() as Vec<&str>,
        counting.in_time_from,
        counting.attempt,
    )
    .fetch_all(connection)
    .await
}

/// The ids of those of `rows` that an attempt has stored whose answer never came.
pub async fn stored_by(connection: &mut PgConnection, rows: &[EventRow<'_>], attempt: i64) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "-- name: events_stored_by_attempt
        select event_id
        from events
        join segments on segments.id = events.segment_id
        where event_id = any ($1) and segments.attempt = $2",
        rows.iter().map(|row| row.event_id).collect::<Vec<_>>() as Vec<Uuid>,
        attempt,
    )
    .fetch_all(connection)
    .await
}

/// The places in `rows` of those whose visitor was erased.
pub async fn erased(connection: &mut PgConnection, rows: &[&EventRow<'_>]) -> sqlx::Result<Vec<usize>> {
    let places = sqlx::query_scalar!(
        r#"-- name: events_of_erased_visitors
        select position as "position!"
        from unnest($1::uuid[]) with ordinality as row (visitor_id, position)
        where visitor_is_erased(visitor_id)"#,
        column(rows, |row| row.visitor_id) as Vec<Uuid>,
    )
    .fetch_all(connection)
    .await?;
    Ok(places.into_iter().filter_map(|place| usize::try_from(place - 1).ok()).collect())
}

/// The places in `rows` of those whose id is stored with other content. What an edge may add differently to the same event
/// does not count: when it came, and whom and which session it takes it for, since the visitor of an event that is sent again
/// may meanwhile be known by another batch.
pub async fn conflicting(connection: &mut PgConnection, rows: &[&EventRow<'_>]) -> sqlx::Result<Vec<usize>> {
    let places = sqlx::query_scalar!(
        r#"-- name: conflicting_events
        select row.position as "position!"
        from unnest(
            $1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
            $17::text[]
        ) with ordinality as row (
            event_id, event_type, site_id, stream_id, seq, t, timestamp, url,
            data, title, referrer, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
            utm_id, position
        )
        join events using (event_id)
        where (
                events.event_type, events.site_id, events.stream_id, events.seq, events.t, events.timestamp, events.url,
                events.data::text, events.title, events.referrer, events.utm_source, events.utm_medium,
                events.utm_campaign, events.utm_term, events.utm_content, events.utm_id
            ) is distinct from (
                row.event_type, row.site_id, row.stream_id, row.seq, row.t, row.timestamp, row.url,
                row.data, row.title, row.referrer, row.utm_source, row.utm_medium,
                row.utm_campaign, row.utm_term, row.utm_content, row.utm_id
            )"#,
        column(rows, |row| row.event_id) as Vec<Uuid>,
        column(rows, |row| row.event_type) as Vec<&str>,
        column(rows, |row| row.site_id) as Vec<&str>,
        column(rows, |row| row.stream_id) as Vec<Uuid>,
        column(rows, |row| row.seq) as Vec<i64>,
        column(rows, |row| row.t) as Vec<i64>,
        column(rows, |row| row.timestamp) as Vec<DateTime<Utc>>,
        column(rows, |row| row.page.url.as_str()) as Vec<&str>,
        column(rows, |row| row.data) as Vec<&str>,
        column(rows, |row| row.page.title.as_str()) as Vec<&str>,
        column(rows, |row| row.page.referrer.as_str()) as Vec<&str>,
        column(rows, |row| row.page.attribution.utm_source.as_deref()) as Vec<Option<&str>>,
        column(rows, |row| row.page.attribution.utm_medium.as_deref()) as Vec<Option<&str>>,
        column(rows, |row| row.page.attribution.utm_campaign.as_deref()) as Vec<Option<&str>>,
        column(rows, |row| row.page.attribution.utm_term.as_deref()) as Vec<Option<&str>>,
        column(rows, |row| row.page.attribution.utm_content.as_deref()) as Vec<Option<&str>>,
        column(rows, |row| row.page.attribution.utm_id.as_deref()) as Vec<Option<&str>>,
    )
    .fetch_all(connection)
    .await?;
    Ok(places.into_iter().filter_map(|place| usize::try_from(place - 1).ok()).collect())
}

fn column<'a, T>(rows: &[&'a EventRow<'a>], value: impl Fn(&'a EventRow<'a>) -> T) -> Vec<T> {
    rows.iter().map(|row| value(row)).collect()
}
