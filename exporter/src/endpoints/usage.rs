//! `GET /usage`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::IntoParams;

use super::Services;
use super::error::ApiError;
use super::parameters::Parameters;
use super::problem::{Problem, Refusals};
use crate::billing::{self, Month, ReportError, UsageReport};

/// Which month is meant.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `usage` reads")]
pub(super) struct UsageParameters {
    /// The month, UTC, from the first with an event to this one; this one when it is absent.
    #[param(pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])$", example = "2026-10")]
    month: Option<String>,
}

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/usage", get(usage))
}

/// What was stored in a month, per site and day, and what is due.
#[utoipa::path(
    get,
    path = "/usage",
    tag = "billing",
    params(UsageParameters),
    responses(
        (status = 200, body = UsageReport),
        (
            status = 404,
            body = Problem,
            content_type = "application/problem+json",
            description = "The month has not begun, or was over before the first event was stored: nothing is due for it."
        ),
        Refusals
    )
)]
pub(super) async fn usage(
    State(services): State<Arc<Services>>,
    mut parameters: Parameters,
) -> Result<Json<UsageReport>, ApiError> {
    let month: Option<Month> = parameters.parsed("month")?;
    parameters.finish()?;
    let mut connection = services.pools.operator.acquire().await?;
    let report = billing::report(&mut connection, &services.config.billing, month).await;
    Ok(Json(report.map_err(|error| match error {
        ReportError::Store(error) => ApiError::from(error),
        absent => ApiError::Absent { field: "month", reason: absent.to_string() },
    })?))
}
