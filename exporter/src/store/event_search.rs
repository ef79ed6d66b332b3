//! Events as the operator looks for them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::PgConnection;
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

/// Which events are meant. Those that match everything that is set.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this site.
    pub site: Option<String>,
    /// Of this type.
    pub event_type: Option<String>,
    /// Of this session.
    pub session: Option<Uuid>,
    /// Of this visitor.
    pub visitor: Option<Uuid>,
    /// Whose id was made then or later.
    pub from: Option<DateTime<Utc>>,
    /// Whose id was made before.
    pub to: Option<DateTime<Utc>>,
}

impl Filter {
    /// Whether every event is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self { site: None, event_type: None, session: None, visitor: None, from: None, to: None })
    }

    /// The first id that is meant, and the first beyond. Ids are time-ordered, so only the days concerned are read.
    fn ids(&self) -> (Uuid, Uuid) {
        (self.from.map_or(Uuid::nil(), first_id), self.to.map_or(Uuid::max(), first_id))
    }
}

/// The smallest id of a time. None is older than 1970, or can be younger than the 48 bits it has for its milliseconds.
fn first_id(time: DateTime<Utc>) -> Uuid {
    let milliseconds = time.timestamp_millis().clamp(0, (1 << 48) - 1);
    Uuid::from_u128(u128::from(milliseconds.unsigned_abs()) << 80)
}

/// A stored event.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoredEvent {
    /// `UUIDv7` minted by the pixel.
    pub event_id: Uuid,
    /// `pageview`, `click`, … or a name of the site's own.
    pub event_type: String,
    /// The hostname, without `www.`.
    pub site_id: String,
    /// Assigned by the edge.
    pub visitor_id: Uuid,
    /// Assigned by the edge.
    pub session_id: Uuid,
    /// 1 for the visitor's first session.
    pub session_number: i64,
    /// When the session's first event happened.
    pub session_start: DateTime<Utc>,
    /// The page load that numbered the event.
    pub stream_id: Uuid,
    /// Position within the page load, from 0.
    pub seq: i64,
    /// Milliseconds since the page load.
    pub t: i64,
    /// The browser's clock when it happened.
    pub timestamp: DateTime<Utc>,
    /// The browser's clock when the batch was made.
    pub sent_at: DateTime<Utc>,
    /// The edge's clock when the batch arrived there.
    pub received_at: DateTime<Utc>,
    /// When it was stored.
    pub ingested_at: DateTime<Utc>,
    /// Address of the page, redacted.
    pub url: String,
    /// Its path.
    pub path: String,
    /// Title of the page, redacted.
    pub title: String,
    /// Where the visitor came from; empty when unknown.
    pub referrer: String,
    /// `direct`, `internal`, `search`, `social`, `email`, `ai`, `paid`, `referral` or `unknown`.
    pub channel: String,
    /// Name of the channel's platform; empty when it has none.
    pub platform: String,
    /// Campaign parameter as sent.
    pub utm_source: Option<String>,
    /// Campaign parameter as sent.
    pub utm_medium: Option<String>,
    /// Campaign parameter as sent.
    pub utm_campaign: Option<String>,
    /// Campaign parameter as sent.
    pub utm_term: Option<String>,
    /// Campaign parameter as sent.
    pub utm_content: Option<String>,
    /// Campaign parameter as sent.
    pub utm_id: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The platform's name of the region.
    pub region: Option<String>,
    /// The header as sent, cut to length.
    pub user_agent: String,
    /// Empty when unknown.
    pub browser: String,
    /// Empty when unknown.
    pub os: String,
    /// `desktop`, `mobile` or `tablet`; empty when unknown.
    pub device: String,
    /// Why the visitor is taken for a machine; null for people.
    pub bot: Option<String>,
    /// As policy allows it.
    pub ip_address: Option<String>,
    /// `unknown`, `granted` or `denied`.
    pub consent: String,
    /// Version of the edge that forwarded it.
    pub edge_version: String,
    /// How often each kind of personal data was taken out.
    #[schema(value_type = BTreeMap<String, i64>)]
    pub redactions: Json<BTreeMap<String, i64>>,
    /// What the event type calls for; numbers to the letter.
    #[schema(value_type = Object)]
    pub data: Json<Box<RawValue>>,
}

/// How many events are meant.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> sqlx::Result<i64> {
    let (from, to) = filter.ids();
    sqlx::query_scalar!(
        r#"-- name: count_filtered_events
        select count(*) as "count!"
        from events
        where event_id >= $1 and event_id < $2
            and ($3::text is null or site_id = $3)
            and ($4::text is null or event_type = $4)
            and ($5::uuid is null or session_id = $5)
            and ($6::uuid is null or visitor_id = $6)"#,
        from,
        to,
        filter.site.as_deref(),
        filter.event_type.as_deref(),
        filter.session,
        filter.visitor,
    )
    .fetch_one(connection)
    .await
}

/// The newest that are meant and have smaller ids than `before`, by the time in their ids.
pub async fn recent(
    connection: &mut PgConnection,
    filter: &Filter,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<StoredEvent>> {
    let (from, to) = filter.ids();
    let to = before.map_or(to, |before| to.min(before));
    sqlx::query_as!(
        StoredEvent,
        r#"-- name: recent_events
        select
            event_id, event_type, site_id, visitor_id, session_id, session_number, session_start, stream_id, seq, t,
            timestamp, sent_at, received_at, ingested_at, url, path, title, referrer, channel, platform,
            utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id,
            country, region, user_agent, browser, os, device, bot, ip_address, consent, edge_version,
            redactions as "redactions: _", data as "data: _"
        from events
        join segments on segments.id = events.segment_id
        where event_id >= $1 and event_id < $2
            and ($3::text is null or site_id = $3)
            and ($4::text is null or event_type = $4)
            and ($5::uuid is null or session_id = $5)
            and ($6::uuid is null or visitor_id = $6)
        order by event_id desc
        limit $7"#,
        from,
        to,
        filter.site.as_deref(),
        filter.event_type.as_deref(),
        filter.session,
        filter.visitor,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// The events of a segment after `after`, of one site and type if they are named, in the order of their ids.
pub async fn of_segment(
    connection: &mut PgConnection,
    segment: i64,
    after: Uuid,
    site: Option<&str>,
    event_type: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<StoredEvent>> {
    sqlx::query_as!(
        StoredEvent,
        r#"-- name: events_of_segment
        select
            event_id, event_type, site_id, visitor_id, session_id, session_number, session_start, stream_id, seq, t,
            timestamp, sent_at, received_at, ingested_at, url, path, title, referrer, channel, platform,
            utm_source, utm_medium, utm_campaign, utm_term, utm_content, utm_id,
            country, region, user_agent, browser, os, device, bot, ip_address, consent, edge_version,
            redactions as "redactions: _", data as "data: _"
        from events
        join segments on segments.id = events.segment_id
        where segment_id = $1
            and event_id > $2
            and ($3::text is null or site_id = $3)
            and ($4::text is null or event_type = $4)
        order by event_id
        limit $5"#,
        segment,
        after,
        site,
        event_type,
        limit,
    )
    .fetch_all(connection)
    .await
}
