//! `GET /sites`, `POST /sites/{site_id}/confirm` and `POST /sites/{site_id}/ignore`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::Services;
use super::error::ApiError;
use super::parameters::{Nothing, Parameters, SiteId};
use super::problem::Refusals;
use crate::store::sites::{self, Site, SiteState};

/// The most that one answer holds, and how many it holds when nothing is said.
const MOST: u32 = 1000;
const FEW: u32 = 100;

/// A page of sites, by name.
#[derive(Serialize, ToSchema)]
#[schema(as = Sites)]
pub(super) struct SitePage {
    sites: Vec<Site>,
    /// What `after` is to be for the next page; null on the last one.
    next: Option<String>,
    /// Sites that were new today, UTC.
    new_today: i32,
    /// How many may be.
    new_a_day: u32,
    /// Events of today whose sites were more than that: stored, and not billed.
    beyond_today: i64,
}

/// A decision.
#[derive(Serialize, ToSchema)]
pub(super) struct Decision {
    site_id: String,
    /// What it is now.
    state: SiteState,
    /// Whether it was something else before.
    changed: bool,
}

/// Which sites are meant.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `list` reads")]
pub(super) struct ListParameters {
    /// In this state.
    #[param(inline)]
    state: Option<SiteState>,
    /// Sites a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(min_length = 1, max_length = 512, pattern = r"^[^\u0000-\u001f\u007f-\u009f\ufffd]+$")]
    after: Option<String>,
}

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new()
        .route("/sites", get(list))
        .route("/sites/{site_id}/confirm", post(confirm))
        .route("/sites/{site_id}/ignore", post(ignore))
}

/// The sites that events came from.
#[utoipa::path(
    get,
    path = "/sites",
    tag = "sites",
    params(ListParameters),
    responses((status = 200, body = SitePage), Refusals)
)]
pub(super) async fn list(
    State(services): State<Arc<Services>>,
    mut parameters: Parameters,
) -> Result<Json<SitePage>, ApiError> {
    let state = parameters.read("state", |text| {
        let known = [SiteState::Unconfirmed, SiteState::Confirmed, SiteState::Ignored];
        let state = known.into_iter().find(|state| state.name() == text);
        state.ok_or_else(|| "must be unconfirmed, confirmed or ignored".to_owned())
    })?;
    let limit = parameters.limit("limit", MOST, FEW)?;
    let after = parameters.text("after")?.unwrap_or_default();
    parameters.finish()?;
    let mut connection = services.pools.operator.acquire().await?;
    let mut sites = sites::list(&mut connection, state, &after, i64::from(limit) + 1).await?;
    let has_more = sites.len() > limit as usize;
    sites.truncate(limit as usize);
    let next = sites.last().filter(|_| has_more).map(|site| site.site_id.clone());
    let (new_today, beyond_today) = sites::new_today(&mut connection).await?;
    Ok(Json(SitePage { sites, next, new_today, new_a_day: services.config.sites.new_a_day, beyond_today }))
}

/// Bills a site from now on, whether anything came of it yet or not.
#[utoipa::path(
    post,
    path = "/sites/{site_id}/confirm",
    tag = "sites",
    params(("site_id" = String, Path, description = "The hostname in lower case, without www. and port.",
        pattern = r"^(?!www\.[^.]*\.)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$", max_length = 253, example = "shop.example.com")),
    responses((status = 200, body = Decision), Refusals)
)]
pub(super) async fn confirm(
    State(services): State<Arc<Services>>,
    _: Nothing,
    site: SiteId,
) -> Result<Json<Decision>, ApiError> {
    decide(&services, site, true).await
}

/// Stores what comes of a site and never bills it.
#[utoipa::path(
    post,
    path = "/sites/{site_id}/ignore",
    tag = "sites",
    params(("site_id" = String, Path, description = "The hostname in lower case, without www. and port.",
        pattern = r"^(?!www\.[^.]*\.)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$", max_length = 253, example = "shop.example.com")),
    responses((status = 200, body = Decision), Refusals)
)]
pub(super) async fn ignore(
    State(services): State<Arc<Services>>,
    _: Nothing,
    site: SiteId,
) -> Result<Json<Decision>, ApiError> {
    decide(&services, site, false).await
}

async fn decide(services: &Services, SiteId(site_id): SiteId, confirms: bool) -> Result<Json<Decision>, ApiError> {
    let mut transaction = services.pools.operator.begin().await?;
    let changed = sites::decide(&mut transaction, &site_id, confirms).await?;
    transaction.commit().await?;
    let state = if confirms { SiteState::Confirmed } else { SiteState::Ignored };
    Ok(Json(Decision { site_id, state, changed }))
}
