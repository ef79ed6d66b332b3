//! Stands between the edge and the exporter: keeps a copy of all that passes, and refuses it while told to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

#[derive(Clone)]
pub(crate) struct Relay {
    address: String,
    inner: Arc<Inner>,
}

struct Inner {
    exporter: String,
    refusing: AtomicBool,
    passed: Mutex<Vec<Bytes>>,
}

impl Relay {
    /// A relay to the exporter at `exporter`; it refuses everything until [`Relay::open`].
    pub(crate) async fn start(exporter: &str) -> Result<Self> {
        let inner = Arc::new(Inner {
            exporter: exporter.to_owned(),
            refusing: AtomicBool::new(true),
            passed: Mutex::default(),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let app = Router::new().fallback(pass).with_state(inner.clone());
        tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, inner })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn open(&self) {
        self.inner.refusing.store(false, Ordering::SeqCst);
    }

    /// How many different events were sent so far.
    pub(crate) async fn events(&self) -> Result<u64> {
        let mut ids = BTreeSet::new();
        for body in self.passed().await {
            let batch: wire::ForwardBatch = serde_json::from_slice(&body)?;
            ids.extend(batch.events.iter().map(|forwarded| forwarded.event.id));
        }
        Ok(ids.len() as u64)
    }

    /// Every body that was sent, refused ones included.
    pub(crate) async fn passed(&self) -> Vec<Bytes> {
        self.inner.passed.lock().await.clone()
    }
}

async fn pass(State(inner): State<Arc<Inner>>, uri: Uri, headers: HeaderMap, body: Bytes) -> (StatusCode, Bytes) {
    inner.passed.lock().await.push(body.clone());
    if inner.refusing.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, Bytes::new());
    }
    let mut request = reqwest::Client::new().post(format!("{}{uri}", inner.exporter)).body(body);
    for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-evothesis-")) {
        request = request.header(name, value);
    }
    match request.send().await {
        Ok(answer) => (answer.status(), answer.bytes().await.unwrap_or_default()),
        Err(_) => (StatusCode::BAD_GATEWAY, Bytes::new()),
    }
}
