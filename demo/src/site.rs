//! The demo site: static pages that carry the pixel, and a form that is accepted and thrown away.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::workspace;

/// The running site.
#[derive(Debug)]
pub struct Site {
    port: u16,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Pages {
    folder: PathBuf,
    edge: Arc<str>,
}

impl Site {
    /// Serves `demo/site`; its pages load the pixel from `edge`.
    ///
    /// # Errors
    /// When loopback has no port.
    pub async fn start(edge: &str) -> Result<Self> {
        let pages = Pages { folder: workspace::root().join("demo/site"), edge: edge.into() };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let app = Router::new().fallback(answer).with_state(pages);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { port, server })
    }

    /// Its address under `host`; browsers take every name that ends in `.localhost` for this machine.
    #[must_use]
    pub fn address(&self, host: &str) -> String {
        format!("http://{host}:{}", self.port)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(pages): State<Pages>, request: Request) -> Response {
    if request.method() == Method::POST {
        return Redirect::to("/thanks.html").into_response();
    }
    let name = match request.uri().path().trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    let known = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')) && !name.starts_with('.');
    let content = if known { tokio::fs::read(pages.folder.join(name)).await.ok() } else { None };
    // a path of the single-page part has no file of its own
    let (name, content) = match content {
        Some(content) => (name, content),
        None if !name.contains('.') => {
            ("index.html", tokio::fs::read(pages.folder.join("products.html")).await.unwrap_or_default())
        }
        None => return StatusCode::NOT_FOUND.into_response(),
    };
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("svg") => "image/svg+xml",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    };
    let content = if kind.starts_with("text/html") {
        String::from_utf8_lossy(&content).replace("{{EDGE}}", &pages.edge).into_bytes()
    } else {
        content
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], content).into_response()
}
