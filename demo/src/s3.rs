//! A file-backed S3 endpoint: s3s checks signatures and checksums, the folder holds the objects as they are.
//!
//! What s3s-fs lacks is added in front of it: buckets it does not know and keys that could leave theirs are refused, one
//! write at a time a key. And it can hold writes up, so that a test can stop the exporter in the middle of one.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tower_service::Service;

/// The credentials of the endpoint; it is on loopback and holds nothing but local data.
pub const ACCESS_KEY: &str = "local-access-key";
/// See [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "local-secret-key";
/// The only region it speaks for.
pub const REGION: &str = "us-east-1";

/// A running endpoint.
#[derive(Debug)]
pub struct S3 {
    address: String,
    folder: PathBuf,
    gate: Arc<Gate>,
    server: JoinHandle<()>,
}

/// Lets writes pass, or holds them up.
#[derive(Debug)]
struct Gate {
    buckets: Vec<String>,
    /// Whether reads are held up, too.
    holds_reads: AtomicBool,
    open: watch::Sender<u32>,
    waiting: watch::Sender<u32>,
    keys: Mutex<HashMap<String, Arc<Mutex<()>>>>,
}

#[derive(Clone)]
struct Endpoint {
    gate: Arc<Gate>,
    service: S3Service,
}

impl S3 {
    /// Serves `buckets`, each a folder in `folder`.
    ///
    /// # Errors
    /// When the folder cannot be made or loopback has no port.
    pub async fn start(folder: &Path, buckets: &[&str]) -> Result<Self> {
        for bucket in buckets {
            fs::create_dir_all(folder.join(bucket))?;
        }
        let files = s3s_fs::FileSystem::new(folder).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let gate = Arc::new(Gate {
            holds_reads: AtomicBool::new(false),
            buckets: buckets.iter().map(|&name| name.to_owned()).collect(),
            open: watch::Sender::new(u32::MAX),
            waiting: watch::Sender::new(0),
            keys: Mutex::default(),
        });
        let app = Router::new().fallback(answer).with_state(Endpoint { gate: gate.clone(), service: builder.build() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, folder: folder.to_path_buf(), gate, server })
    }

    /// `http://127.0.0.1:port`
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The folder whose folders are the buckets.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lets `writes` more objects through and then holds up every further one.
    pub fn hold_after(&self, writes: u32) {
        self.gate.holds_reads.store(false, Ordering::Relaxed);
        self.gate.open.send_replace(writes);
    }

    /// Lets `requests` more through, of whatever kind, and then holds up every further one.
    pub fn hold_all_after(&self, requests: u32) {
        self.gate.holds_reads.store(true, Ordering::Relaxed);
        self.gate.open.send_replace(requests);
    }

    /// Waits until a write is being held up.
    ///
    /// # Errors
    /// After half a minute.
    pub async fn held(&self) -> Result<()> {
        let mut waiting = self.gate.waiting.subscribe();
        let held = waiting.wait_for(|writes| *writes > 0);
        tokio::time::timeout(Duration::from_secs(30), held).await.context("no write was held up within 30 s")??;
        Ok(())
    }

    /// Lets all writes through again.
    pub fn release(&self) {
        self.gate.holds_reads.store(false, Ordering::Relaxed);
        self.gate.open.send_replace(u32::MAX);
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Gate {
    /// Waits until one more write may pass.
    async fn pass(&self) {
        let mut open = self.open.subscribe();
        loop {
            let passed = self.open.send_if_modified(|left| {
                let pass = *left > 0;
                if pass && *left < u32::MAX {
                    *left -= 1;
                }
                pass
            });
            if passed {
                return;
            }
            let _held = Held::new(&self.waiting);
            let _ = open.wait_for(|left| *left > 0).await;
        }
    }

    async fn lock(&self, path: &str) -> Arc<Mutex<()>> {
        self.keys.lock().await.entry(path.to_owned()).or_default().clone()
    }
}

/// A write that is being held up; it may also end because its client is gone.
struct Held<'a>(&'a watch::Sender<u32>);

impl<'a> Held<'a> {
    fn new(waiting: &'a watch::Sender<u32>) -> Self {
        waiting.send_modify(|writes| *writes += 1);
        Self(waiting)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|writes| *writes -= 1);
    }
}

async fn answer(State(mut endpoint): State<Endpoint>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let mut segments = path.trim_start_matches('/').split('/');
    let bucket = segments.next().unwrap_or_default();
    if !bucket.is_empty() && !endpoint.gate.buckets.iter().any(|known| known == bucket) {
        return refuse(StatusCode::NOT_FOUND, "NoSuchBucket");
    }
    let key: Vec<&str> = segments.collect();
    if key.len() > 1 && key.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
        return refuse(StatusCode::BAD_REQUEST, "InvalidURI");
    }
    let writes = matches!(*request.method(), Method::PUT | Method::POST) && !key.concat().is_empty();
    if writes || endpoint.gate.holds_reads.load(Ordering::Relaxed) {
        endpoint.gate.pass().await;
    }
    let lock = endpoint.gate.lock(&path).await;
    let guard = if writes { Some(lock.lock().await) } else { None };
    let answer = Service::call(&mut endpoint.service, request).await;
    drop(guard);
    match answer {
        Ok(answer) => answer.map(Body::new),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
    }
}

fn refuse(status: StatusCode, code: &str) -> Response {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code></Error>");
    (status, [("content-type", "application/xml")], body).into_response()
}
