//! A bucket in memory behind a real S3 client: PUT, GET, LIST and uploads in parts, each of which a test can hold up or refuse.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use exporter::config::Config;
use tokio::sync::watch;

use crate::samples::config;

/// The metadata that has an object's hash.
const HASH: &str = "x-amz-meta-sha256";
/// In no request.
const NOTHING: &str = "\n";

/// The buckets of one test.
pub(crate) struct Storage {
    address: SocketAddr,
    objects: Mutex<BTreeMap<String, Bytes>>,
    /// How many uploads ever began.
    begun: AtomicUsize,
    /// By their ids.
    uploads: Mutex<BTreeMap<String, Upload>>,
    /// SHA-256 that came as metadata, by bucket and key.
    hashes: Mutex<BTreeMap<String, String>>,
    refused: Mutex<String>,
    hold: watch::Sender<String>,
    waiting: watch::Sender<usize>,
}

/// Where it goes, and its parts by number.
type Upload = (String, BTreeMap<u32, Bytes>);

impl Storage {
    pub(crate) async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let storage = Arc::new(Self {
            address: listener.local_addr().expect("an address"),
            objects: Mutex::default(),
            begun: AtomicUsize::new(0),
            uploads: Mutex::default(),
            hashes: Mutex::default(),
            refused: Mutex::new(NOTHING.to_owned()),
            hold: watch::Sender::new(NOTHING.to_owned()),
            waiting: watch::Sender::new(0),
        });
        let router = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(storage.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        storage
    }

    /// The settings of [`config`], with both destinations here.
    pub(crate) fn config(&self) -> Config {
        let mut config = config();
        for destination in &mut config.destinations {
            destination.endpoint = Some(format!("http://{}", self.address));
            destination.path_style = true;
        }
        config
    }

    /// Puts an object as nobody of ours would: `path` is bucket and key.
    pub(crate) fn put(&self, path: &str, body: impl Into<Bytes>) {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), body.into());
    }

    /// Takes an object away.
    pub(crate) fn delete(&self, path: &str) -> Option<Bytes> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).remove(path)
    }

    /// Its address, without a scheme.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bucket and key of what is there and begins with `prefix`.
    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// What is there under bucket and key.
    pub(crate) fn get(&self, path: &str) -> Option<Bytes> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// Begins an upload that nobody ends.
    pub(crate) fn leave_upload(&self, path: &str) {
        let upload = (path.to_owned(), BTreeMap::new());
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).insert("left".to_owned(), upload);
    }

    /// How many uploads have begun and not ended.
    pub(crate) fn uploads(&self) -> usize {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// From now on, requests whose query holds `text` are refused.
    pub(crate) fn refuse(&self, text: &str) {
        text.clone_into(&mut self.refused.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// From now on, requests whose method and path hold `text` wait.
    pub(crate) fn hold(&self, text: &str) {
        self.hold.send_replace(text.to_owned());
    }

    /// Lets all of them pass.
    pub(crate) fn release(&self) {
        self.hold(NOTHING);
    }

    /// Returns once a request waits.
    pub(crate) async fn held(&self) {
        self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await.expect("the storage");
    }
}

async fn answer(
    State(storage): State<Arc<Storage>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = format!("{method} {}", uri.path());
    let is_held = |text: &String| request.contains(text.as_str());
    if is_held(&storage.hold.borrow()) {
        storage.waiting.send_modify(|waiting| *waiting += 1);
        let mut hold = storage.hold.subscribe();
        hold.wait_for(|text| !is_held(text)).await.expect("the storage");
        storage.waiting.send_modify(|waiting| *waiting -= 1);
    }
    let path = uri.path().trim_start_matches('/').replace("%3D", "=");
    let query = uri.query().unwrap_or_default();
    if query.contains(storage.refused.lock().unwrap_or_else(PoisonError::into_inner).as_str()) {
        return (StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code></Error>").into_response();
    }
    let mut hashes = storage.hashes.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(hash) = headers.get(HASH) {
        hashes.insert(path.clone(), hash.to_str().expect("hexadecimal").to_owned());
    }
    if query.contains("upload") {
        return answer_upload(&storage, &method, path, query, body);
    }
    let mut objects = storage.objects.lock().unwrap_or_else(PoisonError::into_inner);
    if method == Method::PUT {
        objects.insert(path, body);
        return StatusCode::OK.into_response();
    }
    let (bucket, key) = path.split_once('/').unwrap_or((path.as_str(), ""));
    if !key.is_empty() {
        return match objects.get(&path) {
            Some(body) => match hashes.get(&path) {
                Some(hash) => ([(HASH, hash.clone())], body.clone()).into_response(),
                None => body.clone().into_response(),
            },
            None => (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response(),
        };
    }
    let prefix = query
        .split('&')
        .find_map(|it| it.strip_prefix("prefix="))
        .unwrap_or_default()
        .replace("%2F", "/")
        .replace("%3D", "=");
    let keys = objects.keys().filter_map(|key| key.strip_prefix(bucket)?.strip_prefix('/'));
    let listed: Vec<_> = keys.filter(|key| key.starts_with(&prefix)).collect();
    let contents = listed.join("</Key></Contents><Contents><Key>");
    let contents = if listed.is_empty() { contents } else { format!("<Contents><Key>{contents}</Key></Contents>") };
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>").into_response()
}

fn answer_upload(storage: &Storage, method: &Method, path: String, query: &str, body: Bytes) -> Response {
    let field = |name: &str| query.split('&').find_map(|it| it.strip_prefix(name)?.strip_prefix('='));
    let mut uploads = storage.uploads.lock().unwrap_or_else(PoisonError::into_inner);
    let id = field("uploadId").unwrap_or_default().to_owned();
    if *method == Method::GET {
        let upload = |(id, (path, _)): (&String, &Upload)| {
            let key = path.split_once('/').map(|it| it.1).unwrap_or_default();
            format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>")
        };
        let listed: String = uploads.iter().map(upload).collect();
        return format!("<ListMultipartUploadsResult>{listed}</ListMultipartUploadsResult>").into_response();
    }
    if *method == Method::DELETE {
        uploads.remove(&id);
        return StatusCode::NO_CONTENT.into_response();
    }
    if let Some(number) = field("partNumber") {
        let Some((_, parts)) = uploads.get_mut(&id) else { return StatusCode::NOT_FOUND.into_response() };
        parts.insert(number.parse().expect("a number"), body);
        return ([("etag", format!("\"{number}\""))], "").into_response();
    }
    if id.is_empty() {
        let id = format!("upload-{}", storage.begun.fetch_add(1, Ordering::Relaxed));
        let answer =
            format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
        uploads.insert(id, (path, BTreeMap::new()));
        return answer.into_response();
    }
    let Some((path, parts)) = uploads.remove(&id) else { return StatusCode::NOT_FOUND.into_response() };
    let whole: Vec<u8> = parts.into_values().flatten().collect();
    storage.objects.lock().unwrap_or_else(PoisonError::into_inner).insert(path, whole.into());
    "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>".into_response()
}
