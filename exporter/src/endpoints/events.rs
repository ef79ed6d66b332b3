//! `GET /events/count` and `GET /events/recent`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Services;
use super::error::ApiError;
use super::parameters::Parameters;
use super::problem::{Problem, Refusals};
use crate::store::event_search::{self, Filter, StoredEvent};
use crate::store::operator;

/// The most that one answer holds, and how many it holds when nothing is said.
const MOST: u32 = 100;
const FEW: u32 = 20;

/// How many events there are.
#[derive(Serialize, ToSchema)]
pub(super) struct Count {
    count: i64,
}

/// A page of events, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct RecentEvents {
    events: Vec<StoredEvent>,
    /// What `cursor` is to be for the next page; null on the last one.
    next: Option<String>,
}

/// Which events are meant: those that match everything that is given.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `filter` reads")]
pub(super) struct FilterParameters {
    /// Of this site.
    #[param(
        min_length = 1,
        max_length = 512,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f\ufffd]+$",
        example = "shop.example.com"
    )]
    site: Option<String>,
    /// Of this type.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "pageview")]
    r#type: Option<String>,
    /// Of this session.
    session: Option<Uuid>,
    /// Of this visitor.
    visitor: Option<Uuid>,
    /// Then or later, by the time in the event's id.
    #[param(example = "2026-10-01T00:00:00Z")]
    from: Option<chrono::DateTime<chrono::Utc>>,
    /// Before, by the time in the event's id. Nothing is both before a time and after it.
    to: Option<chrono::DateTime<chrono::Utc>>,
}

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `recent` reads")]
pub(super) struct PageParameters {
    /// Events a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<String>,
}

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/events/count", get(count)).route("/events/recent", get(recent))
}

/// How many events are stored.
#[utoipa::path(
    get,
    path = "/events/count",
    tag = "events",
    params(FilterParameters),
    responses(
        (status = 200, body = Count),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Too much to count."),
        Refusals,
    )
)]
pub(super) async fn count(
    State(services): State<Arc<Services>>,
    mut parameters: Parameters,
) -> Result<Json<Count>, ApiError> {
    let filter = filter(&mut parameters)?;
    parameters.finish()?;
    let mut connection = services.pools.operator.acquire().await?;
    let count = if filter.is_empty() {
        operator::count_events(&mut connection).await
    } else {
        event_search::count(&mut connection, &filter).await
    };
    Ok(Json(Count { count: count.map_err(ApiError::of_search)? }))
}

/// The newest events, page by page. Events that are stored meanwhile move nothing.
#[utoipa::path(
    get,
    path = "/events/recent",
    tag = "events",
    params(FilterParameters, PageParameters),
    responses(
        (status = 200, body = RecentEvents),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Too much to look through."),
        Refusals,
    )
)]
pub(super) async fn recent(
    State(services): State<Arc<Services>>,
    mut parameters: Parameters,
) -> Result<Json<RecentEvents>, ApiError> {
    let filter = filter(&mut parameters)?;
    let limit = parameters.limit("limit", MOST, FEW)?;
    let before =
        parameters.read("cursor", |text| from_cursor(text).ok_or("must be `next` of another page".to_owned()))?;
    parameters.finish()?;
    let mut connection = services.pools.operator.acquire().await?;
    // One more tells whether there is a next page.
    let events = event_search::recent(&mut connection, &filter, before, i64::from(limit) + 1).await;
    let mut events = events.map_err(ApiError::of_search)?;
    let has_more = events.len() > limit as usize;
    events.truncate(limit as usize);
    let next = events.last().filter(|_| has_more).map(|event| to_cursor(event.event_id));
    Ok(Json(RecentEvents { events, next }))
}

fn filter(parameters: &mut Parameters) -> Result<Filter, ApiError> {
    Ok(Filter {
        site: parameters.text("site")?,
        event_type: event_type(parameters)?,
        session: parameters.uuid("session")?,
        visitor: parameters.uuid("visitor")?,
        from: parameters.time("from")?,
        to: parameters.time("to")?,
    })
}

/// The parameter `type`.
pub(super) fn event_type(parameters: &mut Parameters) -> Result<Option<String>, ApiError> {
    parameters.read("type", |text| {
        let is_type = wire::check::is_event_type(text);
        is_type
            .then(|| text.to_owned())
            .ok_or_else(|| "must be a type such as pageview: [a-z][a-z0-9_]{0,63}".to_owned())
    })
}

fn to_cursor(event_id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(event_id.as_bytes())
}

fn from_cursor(text: &str) -> Option<Uuid> {
    Uuid::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
