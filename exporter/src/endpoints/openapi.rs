//! `GET /openapi.json`: what the operator's listener serves, as `OpenAPI` 3.1, from the handlers and types themselves. `/ingest`
//! is not in it: it is another listener, and spoken to by the edge alone.

use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::error::ApiError;
use super::parameters::Nothing;
use super::problem::Refusals;
use super::{Services, events, export, health, metrics, sites, stream, usage};

/// The description.
#[derive(OpenApi)]
#[openapi(
    info(title = "Evothesis exporter", description = "The operator's endpoints of one installation."),
    paths(
        health::operator,
        metrics::metrics,
        events::count,
        events::recent,
        stream::stream,
        sites::list,
        sites::confirm,
        sites::ignore,
        usage::usage,
        export::run,
        export::status,
        export::config,
        openapi,
    ),
    components(schemas(crate::store::event_search::StoredEvent)),
    modifiers(&Bearer),
    security(("token" = [])),
)]
pub(super) struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let scheme =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("operator.token of the settings"));
        description
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

pub(super) fn routes() -> Router<Arc<Services>> {
    Router::new().route("/openapi.json", get(openapi))
}

/// This description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "service",
    responses((status = 200, body = Object, description = "OpenAPI 3.1."), Refusals)
)]
async fn openapi(_: Nothing) -> Result<Json<utoipa::openapi::OpenApi>, ApiError> {
    Ok(Json(Description::openapi()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The paths that the files of this folder route to.
    fn routed() -> BTreeSet<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/endpoints");
        let mut paths = BTreeSet::new();
        for file in folder.read_dir().expect("a folder") {
            let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
            let routes = text.split(concat!(".route", "(\"")).skip(1);
            paths.extend(routes.map(|rest| rest.split('"').next().expect("a path").to_owned()));
        }
        paths
    }

    #[test]
    fn every_route_of_the_operators_is_described() {
        let description = Description::openapi();
        let described: BTreeSet<_> = description.paths.paths.keys().cloned().collect();
        let mut routed = routed();
        assert!(routed.remove("/ingest"), "{routed:?}");
        assert_eq!(described, routed);
    }

    #[test]
    fn it_is_openapi_3_1_and_each_operation_has_a_name_of_its_own() {
        let description = serde_json::to_value(Description::openapi()).expect("json");
        assert_eq!(description["openapi"], "3.1.0");
        let mut names = BTreeSet::new();
        for path in description["paths"].as_object().expect("paths").values() {
            for operation in path.as_object().expect("operations").values() {
                assert!(names.insert(operation["operationId"].as_str().expect("a name").to_owned()));
                assert!(operation["responses"]["401"].is_object());
            }
        }
    }

    /// The names under which the types of a folder are described.
    fn schemas(folder: &std::path::Path) -> Vec<String> {
        let mut names = Vec::new();
        for entry in folder.read_dir().expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                names.extend(schemas(&path));
                continue;
            }
            let text = std::fs::read_to_string(path).expect("text");
            for described in text.split(concat!("ToSchema", ")]")).skip(1) {
                let words = described.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
                let mut after = words.skip_while(|word| !["as", "struct", "enum"].contains(word)).skip(1);
                names.extend(after.next().map(str::to_owned));
            }
        }
        names
    }

    #[test]
    fn no_two_types_are_described_by_one_name() {
        let mut names = schemas(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        names.sort();
        assert!(names.len() > 20, "{names:?}");
        let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
