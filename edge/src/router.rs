//! Every route of the Worker.

use edge_settings::{PathPlace as Place, PixelPath};
use wire::CollectError;
use worker::{Env, Headers, Method, Request, Response, Result};

use crate::assets::{self, ASSETS, Asset, Lifetime};
use crate::{collect, config, health, noscript};

/// What is to be done about a request.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Collect,
    Preflight,
    File(&'static Asset, Lifetime),
    Image,
    Health,
    /// The methods that the path knows.
    NotAllowed(&'static str),
    NotFound,
}

/// Answers a request that arrived at `now`, Unix milliseconds. With the default `PIXEL_PATH`:
///
/// | | | |
/// |---|---|---|
/// | `GET` | `/pixel.js` | the loader |
/// | `GET` | `/pixel-<hash>.js` | the loader of this build, immutable |
/// | `GET` | `/<hash>.js`, `/<hash>.wasm`, `/<hash>.….js` | the rest of the pixel, immutable |
/// | `POST` | `/collect` | a batch of events |
/// | `GET` | `/pixel.gif` | a page view without scripts |
/// | `GET` | `/health` | version, where the pixel is, and whether the exporter answers |
///
/// [`PixelPath`] says where all but the last lie with another.
pub async fn route(request: Request, env: &Env, now: i64, random: fn() -> noscript::Random) -> Result<Response> {
    let settings = match config::of(env) {
        Ok(settings) => settings,
        Err(complaint) if request.path() == health::PATH => {
            return health::get(env, Err(&complaint), ASSETS, now).await;
        }
        // nobody knows now where the batches go; none of them is to be lost
        Err(_) if matches!(request.method(), Method::Post | Method::Options) => {
            return collect::without_settings(&request);
        }
        Err(_) => return self::error(503, "unavailable", "the settings are wrong"),
    };
    match decide(&request.method(), &request.path(), &settings.pixel_path, ASSETS) {
        Task::Collect => collect::post(request, env, &settings, now).await,
        Task::Preflight => collect::preflight(&request, &settings),
        Task::File(asset, lifetime) => file(asset, lifetime, &request),
        Task::Image => noscript::get(&request, env, &settings, now, random()).await,
        Task::Health => health::get(env, Ok(&settings), ASSETS, now).await,
        Task::NotAllowed(methods) => not_allowed(methods),
        Task::NotFound => error(404, "not_found", "there is nothing under this path"),
    }
}

fn decide(method: &Method, path: &str, pixel: &PixelPath, assets: &'static [Asset]) -> Task {
    let is_get = matches!(method, Method::Get | Method::Head);
    if path == health::PATH {
        return if is_get { Task::Health } else { Task::NotAllowed("GET, HEAD") };
    }
    let place = pixel.place(path);
    let file = match place {
        Place::Loader => assets::loader(assets).map(|loader| (loader, Lifetime::Short)),
        Place::Version(hash) => {
            assets::loader(assets).filter(|loader| loader.hash == hash).map(|loader| (loader, Lifetime::Immutable))
        }
        Place::File(name) => {
            let found = assets.iter().find(|asset| asset.name == name && !asset.is_loader);
            found.map(|asset| (asset, Lifetime::Immutable))
        }
        Place::Collect | Place::Image | Place::Elsewhere => None,
    };
    let collects = pixel.collects_at(place);
    match (method, file, place) {
        (Method::Post, ..) if collects => Task::Collect,
        (Method::Options, ..) if collects => Task::Preflight,
        (Method::Get | Method::Head, Some((asset, lifetime)), _) => Task::File(asset, lifetime),
        (Method::Get, _, Place::Image) => Task::Image,
        (_, _, Place::Image) => Task::NotAllowed("GET"),
        (_, _, Place::Collect) => Task::NotAllowed("POST, OPTIONS"),
        (_, Some(_), _) if collects => Task::NotAllowed("GET, HEAD, POST, OPTIONS"),
        (_, Some(_), _) => Task::NotAllowed("GET, HEAD"),
        (_, None, _) => Task::NotFound,
    }
}

fn file(asset: &Asset, lifetime: Lifetime, request: &Request) -> Result<Response> {
    let headers: Headers = asset.headers(lifetime).iter().map(|(name, value)| (*name, value.as_str())).collect();
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

/// Nothing that is wrong is kept: a file that is missing today may be there after the next deployment.
fn error(status: u16, error: &str, reason: &str) -> Result<Response> {
    let body = CollectError { error: error.to_owned(), field: String::new(), reason: reason.to_owned() };
    let mut response = Response::from_json(&body)?.with_status(status);
    response.headers_mut().set("cache-control", "no-store")?;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    static LOADER: Asset =
        Asset { name: "pixel.js", hash: "00000000000000aa", integrity: "sha256-", is_loader: true, bytes: b"" };
    static WASM: Asset = Asset { name: "00000000000000bb.wasm", hash: "00000000000000bb", is_loader: false, ..LOADER };
    static FILES: &[Asset] = &[Asset { ..LOADER }, Asset { ..WASM }];

    fn decided(setting: &str, method: &Method, path: &str) -> Task {
        decide(method, path, &PixelPath::new(setting).expect("a good setting"), FILES)
    }

    #[test]
    fn the_default_routes() {
        use Lifetime::{Immutable, Short};
        for (method, path, task) in [
            (Method::Get, "/pixel.js", Task::File(&LOADER, Short)),
            (Method::Head, "/pixel.js", Task::File(&LOADER, Short)),
            (Method::Get, "/pixel-00000000000000aa.js", Task::File(&LOADER, Immutable)),
            (Method::Get, "/pixel-00000000000000ab.js", Task::NotFound),
            (Method::Get, "/00000000000000bb.wasm", Task::File(&WASM, Immutable)),
            (Method::Get, "/00000000000000bc.wasm", Task::NotFound),
            (Method::Post, "/collect", Task::Collect),
            (Method::Options, "/collect", Task::Preflight),
            (Method::Get, "/collect", Task::NotAllowed("POST, OPTIONS")),
            (Method::Post, "/pixel.js", Task::NotAllowed("GET, HEAD")),
            (Method::Post, "/pixel-00000000000000ab.js", Task::NotFound),
            (Method::Get, "/pixel.gif", Task::Image),
            (Method::Post, "/pixel.gif", Task::NotAllowed("GET")),
            (Method::Get, "/health", Task::Health),
            (Method::Post, "/health", Task::NotAllowed("GET, HEAD")),
            (Method::Get, "/", Task::NotFound),
            (Method::Get, "/nothing-here", Task::NotFound),
        ] {
            assert_eq!(decided(PixelPath::DEFAULT, &method, path), task, "{method:?} {path}");
        }
    }

    #[test]
    fn the_routes_of_a_path_of_the_sites_own() {
        use Lifetime::{Immutable, Short};
        for (method, path, task) in [
            (Method::Get, "/w8/m.js", Task::File(&LOADER, Short)),
            (Method::Post, "/w8/m.js", Task::Collect),
            (Method::Options, "/w8/m.js", Task::Preflight),
            (Method::Delete, "/w8/m.js", Task::NotAllowed("GET, HEAD, POST, OPTIONS")),
            (Method::Get, "/w8/m-00000000000000aa.js", Task::File(&LOADER, Immutable)),
            (Method::Post, "/w8/m-00000000000000aa.js", Task::Collect),
            // a loader of an earlier build is not there any more, but where it still runs it is listened to
            (Method::Get, "/w8/m-00000000000000ab.js", Task::NotFound),
            (Method::Post, "/w8/m-00000000000000ab.js", Task::Collect),
            (Method::Get, "/w8/00000000000000bb.wasm", Task::File(&WASM, Immutable)),
            (Method::Get, "/w8/pixel.js", Task::NotFound),
            (Method::Get, "/w8/m.gif", Task::Image),
            (Method::Get, "/health", Task::Health),
            (Method::Get, "/pixel.js", Task::NotFound),
            (Method::Get, "/pixel.gif", Task::NotFound),
            (Method::Post, "/collect", Task::NotFound),
            (Method::Get, "/00000000000000bb.wasm", Task::NotFound),
        ] {
            assert_eq!(decided("/w8/m.js", &method, path), task, "{method:?} {path}");
        }
    }
}
