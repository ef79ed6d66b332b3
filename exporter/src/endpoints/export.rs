//! `POST /export/run`, `GET /export/status` and `GET /export/config`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use tracing::Instrument;
use utoipa::{IntoParams, ToSchema};

use super::Services;
use super::error::ApiError;
use super::parameters::{Nothing, Parameters};
use super::problem::{Problem, Refusals};
use crate::config::Config;
use crate::export::hours::Hours;
use crate::export::{Order, Report, RunError};
use crate::progress::Progress;
use crate::status;
use crate::store::operator::DestinationStatus;

/// How far each destination is.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportStatus {
    destinations: Vec<DestinationStatus>,
}

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new()
        .route("/export/run", post(run))
        .route("/export/status", get(status))
        .route("/export/config", get(config))
}

/// Describes what `run` reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `run` reads")]
pub(super) struct RunParameters {
    /// The only destination.
    #[param(min_length = 1, max_length = 512, pattern = r"^[^\u0000-\u001f\u007f-\u009f\ufffd]+$", example = "client")]
    destination: Option<String>,
    /// The first hour of arrival (UTC) whose batches are written again, although they are exported: a day, or a full hour.
    #[param(
        pattern = "^([0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)|[0-9]{2}(0[48]|[2468][048]|[13579][26])-02-29)(T([01][0-9]|2[0-3])(:00)?Z?)?$",
        example = "2026-11-22T09"
    )]
    from: Option<String>,
    /// The hour after the last.
    #[param(
        pattern = "^([0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)|[0-9]{2}(0[48]|[2468][048]|[13579][26])-02-29)(T([01][0-9]|2[0-3])(:00)?Z?)?$",
        example = "2026-11-23"
    )]
    to: Option<String>,
    /// A folder for a set of its own, instead of the same objects once more.
    #[param(
        min_length = 1,
        max_length = 512,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f\ufffd]+$",
        example = "november/"
    )]
    to_prefix: Option<String>,
}

/// Exports now what is due, or hours again, and answers when it is done. What failed stays pending.
#[utoipa::path(
    post,
    path = "/export/run",
    tag = "export",
    params(RunParameters),
    responses(
        (status = 200, body = Report),
        (
            status = 409,
            body = Problem,
            content_type = "application/problem+json",
            description = "It cannot be done here and now: `field` says what of it, `detail` why, and what to do."
        ),
        Refusals
    )
)]
pub(super) async fn run(
    State(services): State<Arc<Services>>,
    mut parameters: Parameters,
) -> Result<Json<Report>, ApiError> {
    let destination = parameters.text("destination")?;
    let hours = Hours { from: parameters.parsed("from")?, to: parameters.parsed("to")? };
    let to_prefix = parameters.text("to_prefix")?;
    parameters.finish()?;
    let order = Order { destination, hours, to_prefix };
    // In a task of its own: a caller that hangs up does not stop the run in the middle.
    let run = async move { services.exporter.run_now(&order, &Progress::silent()).await };
    match tokio::spawn(run.in_current_span()).await {
        Ok(Ok(report)) => Ok(Json(report)),
        Ok(Err(RunError::Refused { field, reason })) => Err(ApiError::Conflict { field, reason }),
        Ok(Err(RunError::Store(error))) => Err(error.into()),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// How far each destination is.
#[utoipa::path(get, path = "/export/status", tag = "export", responses((status = 200, body = ExportStatus), Refusals))]
pub(super) async fn status(State(services): State<Arc<Services>>, _: Nothing) -> Result<Json<ExportStatus>, ApiError> {
    let mut connection = services.pools.operator.acquire().await?;
    let destinations = status::exports(&mut connection, &services.config, services.clock.now()).await?;
    Ok(Json(ExportStatus { destinations }))
}

/// The settings, each secret as `[redacted]`.
#[utoipa::path(get, path = "/export/config", tag = "export", responses((status = 200, body = Object), Refusals))]
pub(super) async fn config(State(services): State<Arc<Services>>, _: Nothing) -> Result<Json<Config>, ApiError> {
    Ok(Json(services.config.clone()))
}
