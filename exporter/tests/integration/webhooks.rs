//! The outbox against receivers that answer well, badly, elsewhere, or not at all.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use exporter::config::Webhooks as Settings;
use exporter::secret::Secret;
use exporter::store::webhooks;
use exporter::webhooks::{Keys, SendError, Sender, Target, Webhooks};
use futures::future::join_all;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use sqlx::Executor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio_rustls::TlsAcceptor;

use crate::database::with_database;
use crate::samples::{clock, number};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A receiver that answers with one status and remembers what it got.
#[derive(Default)]
struct Receiver {
    status: AtomicU16,
    got: Mutex<Vec<(HeaderMap, Bytes)>>,
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> Response {
    receiver.got.lock().await.push((headers, body));
    let status = StatusCode::from_u16(receiver.status.load(Ordering::Relaxed)).expect("a status");
    (status, [(header::LOCATION, "http://169.254.169.254/")], "x".repeat(1 << 20)).into_response()
}

async fn start(status: u16) -> (Arc<Receiver>, SocketAddr) {
    let receiver = Arc::new(Receiver { status: AtomicU16::new(status), ..Receiver::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().fallback(receive).with_state(receiver.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (receiver, address)
}

fn settings(address: SocketAddr) -> Settings {
    let keys = BTreeMap::from([("k1".to_owned(), Secret::from(KEY))]);
    Settings { url: format!("http://{address}/hooks?a=b"), keys, loopback: Some(address) }
}

const TELL: &str = "select webhook_add('site.discovered', '{\"site_id\": \"a.example.com\"}')";

#[tokio::test]
async fn a_message_comes_signed_and_once_however_many_exporters_send() {
    with_database(async |pools| {
        let (receiver, address) = start(200).await;
        for _ in 0..10 {
            pools.export.execute(TELL).await.expect("told");
        }
        let senders: Vec<_> =
            (0..3).map(|_| Webhooks::new(pools.export.clone(), &settings(address), clock()).expect("made")).collect();
        let sent = join_all(senders.iter().map(Webhooks::send_due)).await;
        assert_eq!(sent.into_iter().map(|it| it.expect("sent")).sum::<u32>(), 10);
        let got = receiver.got.lock().await;
        assert_eq!(got.len(), 10);
        let (headers, body) = &got[0];
        let text = |name: &str| headers[name].to_str().expect("ascii");
        let body = std::str::from_utf8(body).expect("text");
        let keys = Keys::new(&settings(address).keys);
        let (id, timestamp) = (text("webhook-id"), text("webhook-timestamp").parse().expect("a number"));
        assert_eq!(timestamp, clock().now().timestamp());
        assert_eq!(text("webhook-signature"), keys.sign(id, timestamp, body));
        let ids: std::collections::BTreeSet<_> = got
            .iter()
            .map(|(it, _)| it["webhook-id"].clone())
            .map(|it| it.to_str().expect("ascii").to_owned())
            .collect();
        assert_eq!(ids.len(), 10);
        let json: serde_json::Value = serde_json::from_str(body).expect("json");
        assert_eq!(
            (json["type"].as_str(), json["data"]["site_id"].as_str()),
            (Some("site.discovered"), Some("a.example.com"))
        );
        assert!(json["timestamp"].as_str().expect("a time").ends_with('Z'));
    })
    .await;
}

#[tokio::test]
async fn a_message_that_fails_comes_back_later_and_is_put_aside_in_the_end() {
    with_database(async |pools| {
        let (receiver, address) = start(500).await;
        let sender = Webhooks::new(pools.export.clone(), &settings(address), clock()).expect("made");
        pools.export.execute(TELL).await.expect("told");
        for attempt in 1..=12 {
            assert_eq!(sender.send_due().await.expect("tried"), 0);
            assert_eq!(number(&pools, "select attempts::bigint from webhooks").await, attempt);
            // Not before its time.
            if attempt < 12 {
                assert_eq!(sender.send_due().await.expect("nothing is due"), 0);
                assert_eq!(
                    number(&pools, "select count(*) from webhooks where next_at > now() + interval '3 s'").await,
                    1
                );
                pools.export.execute("update webhooks set next_at = now()").await.expect("due");
            }
        }
        assert_eq!(number(&pools, "select count(*) from webhooks where dead_at is not null").await, 1);
        let dead = webhooks::list(&mut pools.export.acquire().await.expect("connected"), Some("dead"), 10)
            .await
            .expect("listed");
        assert_eq!(dead[0].last_error.as_deref(), Some("the receiver answered 500"));
        receiver.status.store(204, Ordering::Relaxed);
        assert_eq!(sender.send_due().await.expect("nothing is due"), 0);
        // A replay has the same id and the same body.
        assert_eq!(
            webhooks::replay(&mut pools.export.acquire().await.expect("connected"), None).await.expect("replayed"),
            1
        );
        assert_eq!(sender.send_due().await.expect("sent"), 1);
        let got = receiver.got.lock().await;
        assert_eq!(got.len(), 13);
        assert!(
            got.iter().all(|(headers, body)| (&headers["webhook-id"], body) == (&got[0].0["webhook-id"], &got[0].1))
        );
        let id = dead[0].id;
        let again = webhooks::replay(&mut pools.export.acquire().await.expect("connected"), Some(&[id]))
            .await
            .expect("replayed");
        assert_eq!(again, 1);
    })
    .await;
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    with_database(async |pools| {
        let (receiver, address) = start(302).await;
        let sender = Webhooks::new(pools.export.clone(), &settings(address), clock()).expect("made");
        pools.export.execute(TELL).await.expect("told");
        assert_eq!(sender.send_due().await.expect("tried"), 0);
        assert_eq!(receiver.got.lock().await.len(), 1);
        let pending =
            webhooks::list(&mut pools.export.acquire().await.expect("connected"), None, 10).await.expect("listed");
        assert_eq!(pending[0].last_error.as_deref(), Some("the receiver answered 302: redirects are not followed"));
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_changes_nothing() {
    with_database(async |pools| {
        pools.export.execute(TELL).await.expect("told");
        let mut connection = pools.export.acquire().await.expect("connected");
        let slow = webhooks::lease(&mut connection, 60).await.expect("asked").expect("due");
        assert_eq!(webhooks::lease(&mut connection, 60).await.expect("asked"), None);
        pools.export.execute("update webhooks set lease_until = now() - interval '1 s'").await.expect("run out");
        let quick = webhooks::lease(&mut connection, 60).await.expect("asked").expect("due again");
        assert!(!webhooks::fail(&mut connection, &slow, "late", None).await.expect("asked"));
        assert!(!webhooks::finish(&mut connection, &slow).await.expect("asked"));
        assert!(webhooks::finish(&mut connection, &quick).await.expect("asked"));
    })
    .await;
}

/// What a resolver of names answers decides nothing: the address itself does, when it is connected to.
#[tokio::test]
async fn no_name_leads_to_an_address_that_is_not_public() {
    let (receiver, address) = start(200).await;
    let keys = Keys::new(&settings(address).keys);
    let target = Target::parse(&format!("https://receiver.example:{}/", address.port()), Some(address)).expect("good");
    let sender = Sender::new(Arc::new(target)).expect("made");
    let asked = AtomicUsize::new(0);
    for answer in
        [vec![address], vec![SocketAddr::new("::ffff:127.0.0.1".parse().expect("ip"), address.port()), address], vec![]]
    {
        let resolve = async |_: &str, _: u16| -> io::Result<Vec<SocketAddr>> {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(answer.clone())
        };
        let result = sender.send_resolved(&keys, "msg_1", "{}".to_owned(), 1, resolve).await;
        assert!(matches!(result, Err(SendError::NotPublic)), "{result:?}");
    }
    // Names are asked once for each attempt: there is no second look that could differ.
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    assert!(receiver.got.lock().await.is_empty());
}

#[tokio::test]
async fn a_name_for_this_machine_is_refused_by_the_systems_resolver_too() {
    let (receiver, address) = start(200).await;
    let keys = Keys::new(&settings(address).keys);
    for host in ["localhost", "2130706433", "0x7f.1"] {
        let target = Target::parse(&format!("https://{host}:{}/", address.port()), Some(address)).expect("a name");
        let result = Sender::new(Arc::new(target)).expect("made").send(&keys, "m", "{}".to_owned(), 1).await;
        assert!(matches!(result, Err(SendError::NotPublic | SendError::Unresolved)), "{host}: {result:?}");
    }
    assert!(receiver.got.lock().await.is_empty());
}

/// A receiver that answers 200 over TLS, by a certificate that it made itself for `name`; and the certificate.
async fn start_secure(name: &str) -> (SocketAddr, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("made");
    let (certificate, key) = (made.cert.der().clone(), PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("known versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("its own key");
    let (acceptor, listener) =
        (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            let _ = stream.flush().await;
            // To close with some of a request unread takes the answer back.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
    });
    (address, certificate)
}

#[tokio::test]
async fn a_receiver_is_trusted_only_by_a_known_certificate_for_its_own_name() {
    for (name, is_own) in [("127.0.0.1", true), ("receiver.example", false)] {
        let (address, certificate) = start_secure(name).await;
        let target = Arc::new(Target::parse(&format!("https://{address}/hooks"), Some(address)).expect("good"));
        let keys = Keys::new(&settings(address).keys);
        let send = async |sender: Result<Sender, SendError>| {
            sender.expect("made").send(&keys, "msg_1", "{}".to_owned(), 1).await
        };
        let by_the_system = send(Sender::new(target.clone())).await;
        assert!(matches!(by_the_system, Err(SendError::Tls)), "{name}: {by_the_system:?}");
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("a certificate");
        let known = send(Sender::trusting(target, roots)).await;
        assert!(if is_own { known.is_ok() } else { matches!(known, Err(SendError::Tls)) }, "{name}: {known:?}");
    }
}
