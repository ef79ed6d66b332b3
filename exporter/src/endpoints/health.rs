//! `GET /health`: 200 while the database answers, 503 while it does not. The edge's listener asks by the connections that its
//! own requests use. The edge is told no more than that; the operator how the installation is doing, and what to do.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::Services;
use super::problem::Problem;
use crate::status::{self, Status};
use crate::store::{SPARE, operator};

/// Whoever asks wants to know soon.
const PATIENCE: Duration = Duration::from_secs(2);
/// The operator's figures take a look at every table.
const OPERATORS_PATIENCE: Duration = Duration::from_secs(15);

/// Whether the database answers.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    status: &'static str,
    database: &'static str,
}

pub(super) fn of_ingest() -> Router<Arc<Services>> {
    // Anybody may ask: no more of them at once than leave those alone that commit.
    let places = Arc::new(Semaphore::new(SPARE as usize));
    let ingest = move |State(services): State<Arc<Services>>| ingest(services, places.clone());
    Router::new().route("/health", get(ingest))
}

pub(super) fn of_operator() -> Router<Arc<Services>> {
    Router::new().route("/health", get(operator))
}

async fn ingest(services: Arc<Services>, places: Arc<Semaphore>) -> Response {
    let ping = async {
        // Never closed, so it never fails.
        let _place = places.acquire().await;
        let mut connection = services.pools.ingest.acquire().await?;
        operator::ping(&mut connection).await?;
        // Dropped, it would be back only after the next one has taken another.
        connection.return_to_pool().await;
        Ok::<_, sqlx::Error>(())
    };
    match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(())) => Json(Health { status: "ok", database: "connected" }).into_response(),
        _ => unreachable(),
    }
}

/// How the installation is doing, and what to do.
#[utoipa::path(
    get,
    path = "/health",
    tag = "service",
    operation_id = "health",
    responses(
        (status = 200, body = Status),
        (status = 503, body = Health, description = "The database does not answer."),
        (status = 401, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn operator(State(services): State<Arc<Services>>) -> Response {
    match examined(&services).await {
        Some(status) => Json(status).into_response(),
        None => unreachable(),
    }
}

/// How the installation is doing; `None` when the database does not answer.
pub(super) async fn examined(services: &Services) -> Option<Status> {
    let examine = async {
        let mut connection = services.pools.status.acquire().await?;
        status::examine(&mut connection, &services.config, services.clock.now()).await
    };
    match tokio::time::timeout(OPERATORS_PATIENCE, examine).await {
        Ok(Ok(status)) => Some(status),
        Ok(Err(error)) => {
            tracing::error!(kind = crate::store::kind(&error), code = %crate::store::sqlstate(&error), "cannot examine");
            None
        }
        Err(_) => {
            tracing::error!("the database did not answer in time");
            None
        }
    }
}

fn unreachable() -> Response {
    let health = Health { status: "unavailable", database: "unreachable" };
    (StatusCode::SERVICE_UNAVAILABLE, Json(health)).into_response()
}
