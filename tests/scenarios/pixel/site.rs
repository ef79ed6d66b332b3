//! The pages of one scenario, under any name that ends in `.localhost`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

#[derive(Clone, Default)]
struct Shelf {
    pages: BTreeMap<String, (Vec<(String, String)>, String)>,
    asked: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Site {
    port: u16,
    shelf: Arc<Mutex<Shelf>>,
}

impl Site {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let app = Router::new().fallback(answer).with_state(shelf.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { port, shelf })
    }

    /// Serves `content` under `path`, to GET and POST alike, with these headers.
    pub(crate) fn put(&self, path: &str, headers: &[(&str, &str)], content: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.pages.insert(path.to_owned(), (headers, content.to_owned()));
    }

    /// What was asked for, as `GET /path?query`, and how the browser put it: `GET /path prefetch;prerender`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).asked.clone()
    }

    /// `path` under `host`.
    pub(crate) fn address(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port)
    }
}

async fn answer(State(shelf): State<Arc<Mutex<Shelf>>>, request: Request) -> Response {
    let purpose = request.headers().get("sec-purpose").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let asked = format!("{} {} {purpose}", request.method(), request.uri());
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    shelf.asked.push(asked.trim_end().to_owned());
    let Some((headers, content)) = shelf.pages.get(request.uri().path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = Response::builder();
    if !headers.iter().any(|(name, _)| name == "content-type") {
        response = response.header("content-type", "text/html; charset=utf-8");
    }
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(content.clone().into()).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
