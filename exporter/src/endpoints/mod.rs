//! Every endpoint. Two listeners that share nothing but the program:
//!
//! | listener | method and path | purpose | file |
//! |---|---|---|---|
//! | ingest | `POST /ingest` | a signed batch from the edge | `ingest.rs` |
//! | ingest | `GET /health` | may the edge deliver? | `health.rs` |
//! | operator | `GET /health` | how the installation is doing, and what to do | `health.rs` |
//! | operator | `GET /metrics` | the same and more for Prometheus | `metrics.rs` |
//! | operator | `GET /events/count` | how many events there are | `events.rs` |
//! | operator | `GET /events/recent` | the newest events, page by page | `events.rs` |
//! | operator | `GET /events/stream` | events as they are stored | `stream.rs` |
//! | operator | `GET /sites` | the sites that events came from | `sites.rs` |
//! | operator | `POST /sites/{site_id}/confirm`, `/ignore` | whether one is billed | `sites.rs` |
//! | operator | `GET /usage` | what a month came to | `usage.rs` |
//! | operator | `POST /export/run` | export now | `export.rs` |
//! | operator | `GET /export/status` | how far each destination is | `export.rs` |
//! | operator | `GET /export/config` | the settings, secrets masked | `export.rs` |
//! | operator | `GET /openapi.json` | all of the operator's, described | `openapi.rs` |
//!
//! Everything of the operator's wants `Authorization: Bearer`. Every error is a problem (`problem.rs`). Every answer has an
//! `x-request-id`, which the log lines of the request have, too: `requests.rs`.

mod error;
mod events;
mod export;
mod health;
mod ingest;
mod metrics;
mod openapi;
mod parameters;
mod problem;
mod requests;
mod sites;
mod stream;
mod token;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use tokio::sync::{Semaphore, watch};
use tower_http::timeout::TimeoutLayer;

use crate::clock::Clock;
use crate::config::Config;
use crate::export::Exporter;
use crate::ingest::Ingest;
use crate::metrics::Metrics;
use crate::store::Pools;

/// The edge waits no longer for an answer, the reading of the body included.
const INGEST: Duration = Duration::from_secs(25);

/// What the endpoints work with.
pub struct Services {
    /// The settings.
    pub config: Config,
    /// The database.
    pub pools: Pools,
    /// The exporter.
    pub exporter: Exporter,
    /// What takes batches in.
    pub ingest: Ingest,
    /// What is counted.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// Places for readers of the stream of events.
    pub readers: Arc<Semaphore>,
    /// Turns true when the service stops.
    pub stop: watch::Receiver<bool>,
}

/// Places for as many readers of the stream of events as there may be.
#[must_use]
pub fn readers() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(stream::READERS))
}

/// The listener for the edge.
pub fn ingest_router(services: Arc<Services>) -> Router {
    Router::new()
        .merge(ingest::routes())
        .merge(health::of_ingest())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, INGEST))
        .layer(middleware::map_response(problem::everywhere))
        .layer(middleware::from_fn_with_state(requests::Watch::new("ingest", &services), requests::watch))
        .with_state(services)
}

/// The listener for the operator.
pub fn operator_router(services: Arc<Services>) -> Router {
    Router::new()
        .merge(health::of_operator())
        .merge(metrics::routes())
        .merge(events::routes())
        .merge(stream::routes())
        .merge(sites::routes())
        .merge(usage::routes())
        .merge(export::routes())
        .merge(openapi::routes())
        .layer(middleware::from_fn_with_state(services.clone(), token::require))
        .layer(middleware::map_response(problem::everywhere))
        .layer(middleware::from_fn_with_state(requests::Watch::new("operator", &services), requests::watch))
        .with_state(services)
}
