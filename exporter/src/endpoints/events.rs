//! `GET /events/count` and `GET /events/recent`.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Services;
use super::error::ApiError;
use crate::store::operator;

/// The most that one answer holds.
const MOST: u32 = 100;

#[derive(Serialize)]
struct Count {
    count: i64,
}

#[derive(Deserialize)]
struct Recent {
    #[serde(default = "few")]
    limit: u32,
}

fn few() -> u32 {
    20
}

#[derive(Serialize)]
struct RecentEvents {
    events: Vec<Box<RawValue>>,
}

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/events/count", get(count)).route("/events/recent", get(recent))
}

async fn count(State(services): State<Arc<Services>>) -> Result<Json<Count>, ApiError> {
    let count = operator::count_events(&mut *services.pools.operator.acquire().await?).await?;
    Ok(Json(Count { count }))
}

async fn recent(
    State(services): State<Arc<Services>>,
    query: Result<Query<Recent>, QueryRejection>,
) -> Result<Json<RecentEvents>, ApiError> {
    let limit = i64::from(query?.limit.min(MOST));
    let events = operator::recent_events(&mut *services.pools.operator.acquire().await?, limit).await?;
    Ok(Json(RecentEvents { events }))
}
