//! Between the exporter and a storage: requests that fail in every way that requests fail.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use exporter::config::Config;
use futures::FutureExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;

use crate::storage::Storage;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A status, with a code of S3 in its body.
    Refuse(u16, &'static str),
    /// Never answered.
    Hang,
    /// The connection breaks after so many bytes of its body.
    ResetAfter(usize),
    /// Done, and the connection breaks before the answer.
    LoseAnswer,
    /// Done, and never answered.
    HangAfter,
    /// Done so many milliseconds later, whether somebody still waits for it or not.
    Late(u64),
    /// Not done, and answered by 200 with an error inside.
    ErrorInside,
    /// A byte of its body is another one.
    FlipByte,
    /// Half of the answer's body, then the connection breaks.
    Truncate,
    /// A byte of the answer now and then.
    Slow,
}

/// How a storage differs from AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Plain,
    /// Refuses trailers, chunked signatures and conditional writes, and describes no hashes: as Garage.
    Sparse,
    /// Entity tags are no MD5, and quoted: as Ceph and `MinIO` have them. An upload ends only with the tags of its parts, to the
    /// letter.
    OddTags,
}

#[derive(Debug, Default)]
struct Script {
    kind: Kind,
    fault: Option<Fault>,
    /// What method, path and query of a request hold that fails.
    of: String,
    /// Requests that pass before, and that fail then.
    pass: usize,
    left: usize,
    seen: usize,
}

/// A proxy before a storage.
pub(crate) struct Proxy {
    address: SocketAddr,
    script: Mutex<Script>,
    failing: Notify,
}

impl Proxy {
    pub(crate) async fn start(storage: &Storage) -> Arc<Self> {
        Self::before(storage.address()).await
    }

    /// A proxy before any storage.
    pub(crate) async fn before(upstream: SocketAddr) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let proxy = Arc::new(Self { address, script: Mutex::default(), failing: Notify::new() });
        let of_proxy = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = of_proxy.clone();
                tokio::spawn(async move {
                    let broken = Arc::new(Notify::new());
                    let service = service_fn(|request: hyper::Request<Incoming>| {
                        let (proxy, broken) = (proxy.clone(), broken.clone());
                        async move { Ok::<_, Infallible>(proxy.answer(request.map(Body::new), upstream, &broken).await) }
                    });
                    let connection =
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    tokio::select! {
                        _ = connection => {}
                        () = broken.notified() => {}
                    }
                });
            }
        });
        proxy
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The settings of [`Storage::config`] with the destination `client` by way of this, and little patience.
    pub(crate) fn config(&self, storage: &Storage) -> Config {
        let mut config = storage.config();
        config.destinations[0].endpoint = Some(self.address());
        config.export.retry = "1s".parse().expect("a period");
        for destination in &mut config.destinations {
            destination.timeout = "1s".parse().expect("a period");
        }
        config
    }

    pub(crate) fn imitate(&self, kind: Kind) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).kind = kind;
    }

    /// From now on, the requests that hold `of` fail, after `pass` that do not, `times` of them.
    pub(crate) fn fail(&self, fault: Fault, of: &str, pass: usize, times: usize) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = script.kind;
        // Of several requests that failed at once, one was waited for.
        let _ = self.failing.notified().now_or_never();
        *script = Script { kind, fault: Some(fault), of: of.to_owned(), pass, left: times, seen: 0 };
    }

    /// Ends it, and says how many requests have failed.
    pub(crate) fn mend(&self) -> usize {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.fault = None;
        script.seen
    }

    /// Returns once a request fails.
    pub(crate) async fn failed(&self) {
        self.failing.notified().await;
    }

    fn fault(&self, request: &Request) -> Option<Fault> {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let said = format!("{} {}", request.method(), request.uri());
        if script.fault.is_none() || !said.contains(&script.of) {
            return None;
        }
        if script.pass > 0 {
            script.pass -= 1;
            return None;
        }
        if script.left == 0 {
            return None;
        }
        script.left -= 1;
        script.seen += 1;
        self.failing.notify_one();
        script.fault
    }

    async fn answer(&self, request: Request, upstream: SocketAddr, broken: &Notify) -> Response {
        let kind = self.script.lock().unwrap_or_else(PoisonError::into_inner).kind;
        let extensions = ["x-amz-trailer", "if-none-match", "content-encoding"];
        if kind == Kind::Sparse && extensions.iter().any(|name| request.headers().contains_key(*name)) {
            return (StatusCode::BAD_REQUEST, "<Error><Code>NotImplemented</Code></Error>").into_response();
        }
        let fault = self.fault(&request);
        let (parts, body) = request.into_parts();
        match fault {
            Some(Fault::Refuse(status, code)) => {
                let _ = to_bytes(body, usize::MAX).await;
                let location = [("location", "http://elsewhere.example/")];
                let status = StatusCode::from_u16(status).expect("a status");
                return (status, location, format!("<Error><Code>{code}</Code></Error>")).into_response();
            }
            Some(Fault::Hang) => return std::future::pending().await,
            Some(Fault::ErrorInside) => {
                return "<Error><Code>InternalError</Code><Message>try again</Message></Error>".into_response();
            }
            Some(Fault::ResetAfter(bytes)) => {
                use futures::StreamExt;
                let mut stream = body.into_data_stream();
                let mut read = 0;
                while read < bytes
                    && let Some(Ok(piece)) = stream.next().await
                {
                    read += piece.len();
                }
                broken.notify_one();
                return std::future::pending().await;
            }
            _ => {}
        }
        let mut bytes = to_bytes(body, usize::MAX).await.unwrap_or_default().to_vec();
        if kind == Kind::OddTags && is_end_of_upload(&parts) && !has_odd_tags(&bytes) {
            return (StatusCode::BAD_REQUEST, "<Error><Code>InvalidPart</Code></Error>").into_response();
        }
        if fault == Some(Fault::FlipByte)
            && let Some(byte) = bytes.last_mut()
        {
            *byte ^= 1;
        }
        let url = format!("http://{upstream}{}", parts.uri);
        let mut forwarded = reqwest::Client::new().request(parts.method, url).body(bytes);
        for (name, value) in &parts.headers {
            // The host that was signed is the one that was asked.
            if *name != "content-length" {
                forwarded = forwarded.header(name, value);
            }
        }
        if let Some(Fault::Late(pause)) = fault {
            let done = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                forwarded.send().await.expect("the storage").status()
            });
            return done.await.expect("done").into_response();
        }
        let answer = forwarded.send().await.expect("the storage");
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            let is_hidden = kind == Kind::Sparse && name.as_str().starts_with("x-amz-meta");
            let is_other = kind == Kind::OddTags && *name == "etag";
            if !is_hidden && !is_other && *name != "transfer-encoding" {
                response = response.header(name, value);
            }
        }
        if kind == Kind::OddTags {
            response = response.header("etag", odd_tag(answer.headers()));
        }
        let body = answer.bytes().await.unwrap_or_default();
        match fault {
            Some(Fault::LoseAnswer) => broken.notify_one(),
            Some(Fault::HangAfter) => {}
            Some(Fault::Truncate) => {
                let half = body.slice(..body.len() / 2);
                let pieces = [Ok(half), Err(std::io::Error::other("broken"))];
                return response.body(Body::from_stream(futures::stream::iter(pieces))).expect("a response");
            }
            Some(Fault::Slow) => {
                let bytes = futures::stream::unfold(body, |mut body| async move {
                    tokio::time::sleep(Duration::from_millis(700)).await;
                    let piece: Bytes = body.split_to(body.len().min(1));
                    (!piece.is_empty()).then_some((Ok::<_, Infallible>(piece), body))
                });
                return response.body(Body::from_stream(bytes)).expect("a response");
            }
            _ => return response.body(Body::from(body)).expect("a response"),
        }
        std::future::pending().await
    }
}

/// In the place of the tag that the storage has given, or of none.
fn odd_tag(headers: &HeaderMap) -> String {
    let tag = headers.get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    format!("\"~odd-{}\"", tag.trim_matches('"'))
}

fn is_end_of_upload(request: &Parts) -> bool {
    request.method == Method::POST && request.uri.query().is_some_and(|query| query.contains("uploadId="))
}

/// Whether every part is named by its own odd tag: the storage's own is the part's number.
fn has_odd_tags(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body).replace("&quot;", "\"");
    let parts: Vec<_> = body.split("<Part>").skip(1).collect();
    let is_named = |(part, number): (&&str, usize)| part.contains(&format!("<ETag>\"~odd-{number}\"</ETag>"));
    !parts.is_empty() && parts.iter().zip(1..).all(is_named)
}
