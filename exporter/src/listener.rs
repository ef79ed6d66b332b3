//! A listener that idle connections cannot stop: so many at once and no more, and each must say soon what it wants.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tower_service::Service;

/// What a listener bears.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once. Others wait until one ends.
    pub connections: u32,
    /// How long a connection may take for the head of a request, the wait for its first byte included.
    pub head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 512, head: Duration::from_secs(30) }
    }
}

/// An extension of answers that go on for as long as they are let. None holds up the end.
#[derive(Clone, Copy, Debug)]
pub struct Endless;

/// What a connection may keep of what it reads or writes: room for a head, however many connections there are.
const BUFFER_BYTES: usize = 32 * 1024;
/// How long such an answer may take to end once it is to. A reader that takes nothing any more would never see it end.
const ENDING: Duration = Duration::from_secs(1);
/// How long to wait when the system has no connection to give, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves `router` until `stop` turns true, and then the requests that are under way.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(limits.connections as usize));
    loop {
        let next = async {
            // Never closed, so it never fails.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        tokio::select! {
            (place, accepted) = next => match accepted {
                Ok((stream, _)) => {
                    // Answers are short, and written at once. Where it cannot be set they come all the same.
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(converse(stream, router.clone(), limits, stop.clone(), place));
                }
                Err(error) => {
                    tracing::error!(%error, "cannot accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            () = stopped(stop.clone()) => break,
        }
    }
    drop(listener);
    // All places are free again once the last connection has ended.
    let _ = places.acquire_many(limits.connections).await;
}

/// One connection, request after request. It keeps its place until it ends.
async fn converse(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    stop: watch::Receiver<bool>,
    _place: Option<OwnedSemaphorePermit>,
) {
    let is_endless = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request: Request<Incoming>| {
        let (answer, is_endless) = (router.clone().call(request), is_endless.clone());
        async move {
            let answer: Response<_> = answer.await?;
            is_endless.store(answer.extensions().get::<Endless>().is_some(), Ordering::Relaxed);
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // How a connection ends is the client's affair.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopped(stop) => {
            connection.as_mut().graceful_shutdown();
            let patience = if is_endless.load(Ordering::Relaxed) { ENDING } else { Duration::MAX };
            let _ = timeout(patience, connection).await;
        }
    }
}

/// Returns once `stop` is true.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    // Errs only when the sender is gone, which means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}
