//! Every route of the Worker.

use wire::CollectError;
use worker::{Env, Headers, Method, Request, Response, Result};

use crate::assets::{self, Asset};
use crate::{collect, health};

/// Answers a request that arrived at `now`, Unix milliseconds.
///
/// | | | |
/// |---|---|---|
/// | `GET` | `/pixel.js` | the loader |
/// | `GET` | `/<hash>.js`, `/<hash>.wasm` | the pixel, immutable |
/// | `POST` | `/collect` | a batch of events |
/// | `GET` | `/health` | version, and whether the exporter answers |
pub async fn route(request: Request, env: &Env, now: i64) -> Result<Response> {
    let path = request.path();
    match (request.method(), path.as_str()) {
        (Method::Post, "/collect") => collect::post(request, env, now).await,
        (Method::Options, "/collect") => collect::preflight(&request),
        (_, "/collect") => not_allowed("POST, OPTIONS"),
        (Method::Get | Method::Head, "/health") => health::get(env).await,
        (_, "/health") => not_allowed("GET"),
        (method, path) => match (method, assets::find(path)) {
            (Method::Get | Method::Head, Some(asset)) => file(asset, &request),
            (_, Some(_)) => not_allowed("GET"),
            (_, None) => error(404, "not_found", "there is nothing under this path"),
        },
    }
}

fn file(asset: &Asset, request: &Request) -> Result<Response> {
    let headers = Headers::from_iter(asset.headers());
    let known = request.headers().get("if-none-match")?.is_some_and(|tags| asset.is_known(&tags));
    let response =
        if known { Response::empty()?.with_status(304) } else { Response::from_bytes(asset.bytes.to_vec())? };
    Ok(response.with_headers(headers))
}

fn not_allowed(methods: &str) -> Result<Response> {
    let mut response = error(405, "method_not_allowed", "the path knows other methods")?;
    response.headers_mut().set("allow", methods)?;
    Ok(response)
}

fn error(status: u16, error: &str, reason: &str) -> Result<Response> {
    let body = CollectError { error: error.to_owned(), field: String::new(), reason: reason.to_owned() };
    Ok(Response::from_json(&body)?.with_status(status))
}
