//! One message over one connection of its own. The address is checked right before it is connected to, and the connection
//! is made to that address and no other: a name that points elsewhere a moment later changes nothing. No redirect is
//! followed, no proxy is asked, and of the answer nothing but the status is read.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::sign::Keys;
use super::target::Target;

/// What an attempt may take from the name to the status.
const PATIENCE: Duration = Duration::from_secs(15);
/// What connecting to one address may take of it.
const CONNECT: Duration = Duration::from_secs(4);
/// Addresses that are tried.
const ADDRESSES: usize = 3;
/// The longest head of an answer.
const HEAD_BYTES: usize = 16 * 1024;

/// Why a message was not delivered. Quotes nothing of the answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There are no certificates to check the receiver's by.
    #[error("the system's certificates cannot be used")]
    Certificates,
    /// The name says nothing.
    #[error("the receiver's name cannot be resolved")]
    Unresolved,
    /// The name points to no address of the public internet.
    #[error("the receiver has no public address")]
    NotPublic,
    /// Nobody listens there.
    #[error("the receiver cannot be connected to: {0}")]
    Unreachable(io::ErrorKind),
    /// Not whom it says it is.
    #[error("no TLS connection to the receiver")]
    Tls,
    /// The connection broke, or no HTTP came.
    #[error("the receiver gave no answer")]
    NoAnswer,
    /// Not in time.
    #[error("the receiver took longer than 15 s")]
    TimedOut,
    /// Elsewhere.
    #[error("the receiver answered {0}: redirects are not followed")]
    Redirected(u16),
    /// Not well.
    #[error("the receiver answered {0}")]
    Refused(u16),
}

/// What sends to one receiver.
#[derive(Clone)]
pub struct Sender {
    target: Arc<Target>,
    tls: TlsConnector,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Sender").field(&self.target.host).finish()
    }
}

impl Sender {
    /// Sends to `target`, by the system's certificates.
    ///
    /// # Errors
    /// They cannot be used.
    pub fn new(target: Arc<Target>) -> Result<Self, SendError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::trusting(target, roots)
    }

    /// Sends to `target`, by the certificates `roots` and no other.
    ///
    /// # Errors
    /// They cannot be used.
    pub fn trusting(target: Arc<Target>, roots: RootCertStore) -> Result<Self, SendError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| SendError::Certificates)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { target, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Delivers a message that is signed at `timestamp` (Unix seconds). Ok means that a 2xx came.
    pub async fn send(&self, keys: &Keys, id: &str, body: String, timestamp: i64) -> Result<(), SendError> {
        self.send_resolved(keys, id, body, timestamp, async |host: &str, port| {
            Ok(lookup_host((host, port)).await?.collect())
        })
        .await
    }

    /// The same with names resolved by `resolve`.
    pub async fn send_resolved(
        &self,
        keys: &Keys,
        id: &str,
        body: String,
        timestamp: i64,
        resolve: impl AsyncFn(&str, u16) -> io::Result<Vec<SocketAddr>>,
    ) -> Result<(), SendError> {
        let request = Request::post(&self.target.path)
            .header(header::HOST, &self.target.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "evothesis-exporter")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", keys.sign(id, timestamp, &body))
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| SendError::NoAnswer)?;
        let status = timeout(PATIENCE, async {
            let stream = self.connect(&resolve).await?;
            if !self.target.is_secure {
                return ask(TokioIo::new(stream), request).await;
            }
            let name = ServerName::try_from(self.target.host.clone()).map_err(|_| SendError::Tls)?;
            let stream = self.tls.connect(name, stream).await.map_err(|_| SendError::Tls)?;
            ask(TokioIo::new(stream), request).await
        })
        .await
        .map_err(|_| SendError::TimedOut)??;
        match status.as_u16() {
            200..=299 => Ok(()),
            status @ 300..=399 => Err(SendError::Redirected(status)),
            status => Err(SendError::Refused(status)),
        }
    }

    /// A connection to an address that was checked.
    async fn connect(
        &self,
        resolve: impl AsyncFn(&str, u16) -> io::Result<Vec<SocketAddr>>,
    ) -> Result<TcpStream, SendError> {
        let addresses = resolve(&self.target.host, self.target.port).await.map_err(|_| SendError::Unresolved)?;
        let mut failure = SendError::NotPublic;
        for address in addresses.into_iter().filter(|address| self.target.allows(*address)).take(ADDRESSES) {
            match timeout(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = SendError::Unreachable(error.kind()),
                Err(_) => failure = SendError::Unreachable(io::ErrorKind::TimedOut),
            }
        }
        Err(failure)
    }
}

/// The status of the answer. The body is never read: the connection ends with this.
async fn ask<S>(stream: S, request: Request<Full<Bytes>>) -> Result<StatusCode, SendError>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let handshake = http1::Builder::new().max_buf_size(HEAD_BYTES).handshake(stream).await;
    let (mut sender, connection) = handshake.map_err(|_| SendError::NoAnswer)?;
    tokio::pin!(connection);
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer.map(|answer| answer.status()).map_err(|_| SendError::NoAnswer),
        ended = &mut connection => match ended {
            // It may end right after the answer came.
            Ok(()) => answer.await.map(|answer| answer.status()).map_err(|_| SendError::NoAnswer),
            Err(_) => Err(SendError::NoAnswer),
        },
    }
}
