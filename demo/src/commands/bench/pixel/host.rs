//! Serves the page and all that the trackers ask for, and counts it.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::trackers::{self, Tracker};

/// Where the pages are, each with the name of its tracker.
const PAGES: &str = "/with/";
const BLANK: &str = "nothing";
/// The page's own script; every other one is the tracker's.
pub(super) const PAGE_SCRIPT: &str = "/page.js";
/// What a tracker may post at once.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// What a tracker has asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traffic {
    /// Scripts, Wasm, settings.
    pub(super) loads: u32,
    /// Of those, compressed.
    pub(super) loaded_bytes: usize,
    pub(super) posts: u32,
    pub(super) posted_bytes: usize,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

struct Content {
    kind: &'static str,
    gzipped: Bytes,
}

impl Content {
    fn new(kind: &'static str, bytes: &[u8]) -> Result<Self> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes)?;
        Ok(Self { kind, gzipped: gzip.finish()?.into() })
    }
}

struct Served {
    contents: HashMap<String, Content>,
    traffic: Mutex<Traffic>,
}

/// The running server.
pub(super) struct Host {
    port: u16,
    served: Arc<Served>,
    server: JoinHandle<()>,
}

impl Host {
    /// Serves a page for each tracker.
    pub(super) async fn start(trackers: &[Tracker]) -> Result<Self> {
        let mut contents = HashMap::new();
        contents.insert(PAGE_SCRIPT.to_owned(), Content::new(SCRIPT, include_bytes!("page.js"))?);
        contents.insert(format!("{PAGES}{BLANK}"), Content::new("text/html", b"<!doctype html>")?);
        for tracker in trackers {
            let html = Content::new("text/html; charset=utf-8", page_with(&tracker.head).as_bytes())?;
            contents.insert(format!("{PAGES}{}", file_name(tracker)), html);
            for (path, file) in &tracker.files {
                let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
                let is_wasm = file.extension().is_some_and(|ending| ending == "wasm");
                let kind = if is_wasm { "application/wasm" } else { SCRIPT };
                contents.insert(path.clone(), Content::new(kind, &bytes)?);
            }
        }
        let served = Arc::new(Served { contents, traffic: Mutex::default() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let app = Router::new().fallback(answer).with_state(served.clone());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { port, served, server })
    }

    /// Where the page with `tracker` is. Some trackers say nothing on a host that is just `localhost`.
    pub(super) fn page(&self, tracker: &Tracker) -> String {
        self.address(&file_name(tracker))
    }

    /// Where there is nothing on the same host: whoever begins there stays in the same process.
    pub(super) fn blank(&self) -> String {
        self.address(BLANK)
    }

    fn address(&self, page: &str) -> String {
        format!("http://shop.localhost:{}{PAGES}{page}", self.port)
    }

    /// What was asked for since the last call.
    pub(super) fn traffic(&self) -> Traffic {
        std::mem::take(&mut self.served.traffic.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The tracker's name, as it can stand in an address.
fn file_name(tracker: &Tracker) -> String {
    tracker.name.replace(' ', "-")
}

/// A page of about 2,000 elements: a header, a form, and a long list.
fn page_with(head: &str) -> String {
    let item = |number: u32| {
        format!(
            r##"<li class="item card"><h3>Product {number}</h3><a class="more" href="#product-{number}">More about it</a>
            <p>Made to last, for every <em>day</em> of the year.</p><button type="button">Add to basket</button></li>"##
        )
    };
    let items: String = (0..320).map(item).collect();
    include_str!("page.html").replace("{{HEAD}}", head).replace("{{ITEMS}}", &items)
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let is_own = path == PAGE_SCRIPT || path.starts_with(PAGES) || path == "/favicon.ico";
    let posted = to_bytes(body, BODY_BYTES).await.map_or(0, |body| body.len());
    let content = served.contents.get(path);
    let (kind, text) = trackers::answer(path);
    let mut traffic = served.traffic.lock().unwrap_or_else(PoisonError::into_inner);
    if parts.method == Method::POST {
        traffic.posts += 1;
        traffic.posted_bytes += posted;
    } else if !is_own {
        traffic.loads += 1;
        traffic.loaded_bytes += content.map_or(text.len(), |content| content.gzipped.len());
    }
    drop(traffic);
    match content {
        Some(Content { kind, gzipped }) => {
            ([(header::CONTENT_TYPE, *kind), (header::CONTENT_ENCODING, "gzip")], gzipped.clone()).into_response()
        }
        None if is_own || path.starts_with("/posthog/static/") => StatusCode::NOT_FOUND.into_response(),
        None => ([(header::CONTENT_TYPE, kind)], text).into_response(),
    }
}
