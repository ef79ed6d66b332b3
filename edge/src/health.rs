//! `GET /health`: whether the Worker runs, whether it reaches the exporter, and where the pixel is.

use std::time::Duration;

use serde::Serialize;
use worker::{Env, Fetch, Method, Request, Response, Result, console_error};

use crate::assets::{self, Asset};
use crate::config::{self, Config, ConfigError};
use crate::forwarder::within;
use crate::pixel_path::PixelPath;

/// Its path, which no setting moves.
pub const PATH: &str = "/health";
/// Nobody waits longer for an answer about health.
const TIME: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    exporter: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pixel: Option<Pixel>,
}

/// What an operator needs to write the tag that pins the loader.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Pixel {
    path: String,
    versioned: String,
    integrity: &'static str,
}

impl Pixel {
    fn at(path: &PixelPath, assets: &'static [Asset]) -> Option<Self> {
        let loader = assets::loader(assets)?;
        Some(Self { path: path.loader(), versioned: path.versioned(loader.hash), integrity: loader.integrity })
    }
}

/// Says how things are. An exporter out of reach is no failure of the edge, which queues; wrong settings are.
pub async fn get(env: &Env, assets: &'static [Asset]) -> Result<Response> {
    let version = env!("CARGO_PKG_VERSION");
    let (code, health) = match settings(env) {
        Ok((config, path)) => {
            let exporter = if reaches(&config).await { "reachable" } else { "unreachable" };
            (200, Health { status: "ok", version, exporter, pixel: Pixel::at(&path, assets) })
        }
        Err(error) => {
            console_error!("{}", serde_json::json!({ "message": "wrong settings", "error": error.to_string() }));
            (503, Health { status: "wrong settings", version, exporter: "unknown", pixel: None })
        }
    };
    let mut response = Response::from_json(&health)?.with_status(code);
    response.headers_mut().set("cache-control", "no-store")?;
    Ok(response)
}

fn settings(env: &Env) -> std::result::Result<(Config, PixelPath), ConfigError> {
    Ok((Config::read(config::of(env))?, config::pixel_path(config::of(env))?))
}

async fn reaches(config: &Config) -> bool {
    let url = format!("{}/health", config.exporter_url);
    let Ok(request) = Request::new(&url, Method::Get) else { return false };
    let answer = within(TIME, Fetch::Request(request).send()).await;
    matches!(answer, Some(Ok(response)) if response.status_code() < 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_can_copy_the_pinned_tag() {
        static ASSETS: &[Asset] = &[Asset {
            name: "pixel.js",
            hash: "00000000000000aa",
            integrity: "sha256-abc=",
            is_loader: true,
            bytes: b"",
        }];
        let path = PixelPath::new("/w8/m.js").expect("a good setting");
        let json = serde_json::to_value(Pixel::at(&path, ASSETS)).expect("serialisable");
        let expected = serde_json::json!({
            "path": "/w8/m.js", "versioned": "/w8/m-00000000000000aa.js", "integrity": "sha256-abc=",
        });
        assert_eq!(json, expected);
        assert_eq!(Pixel::at(&path, &[]), None);
    }
}
