//! Connections that take a place and give nothing.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::routing::get;
use axum::{Extension, Router};
use exporter::listener::{Endless, Limits, serve};
use futures::stream::repeat;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

async fn start(limits: Limits) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = watch::channel(false);
    let flood = || Body::from_stream(repeat(Ok::<_, Infallible>(Bytes::from(vec![b'x'; 1 << 16]))));
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/endless", get(async move || (Extension(Endless), flood())));
    (address, stop, tokio::spawn(serve(listener, router, limits, stopped)))
}

async fn rest(connection: &mut TcpStream) -> String {
    let mut text = String::new();
    timeout(PATIENCE, connection.read_to_string(&mut text)).await.expect("closed in time").expect("closed well");
    text
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_closed() {
    let (address, _stop, _) = start(Limits { connections: 2, head: Duration::from_millis(200) }).await;
    let mut silent = TcpStream::connect(address).await.expect("connected");
    let mut slow = TcpStream::connect(address).await.expect("connected");
    slow.write_all(b"GET / HTTP/1.1\r\nhost:").await.expect("written");
    rest(&mut silent).await;
    rest(&mut slow).await;
    // An idle connection after a request is one that asks for nothing, too.
    let mut served = TcpStream::connect(address).await.expect("connected");
    served.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("written");
    assert!(rest(&mut served).await.contains("here"));
}

#[tokio::test]
async fn a_head_is_read_as_far_as_one_may_be_long() {
    let (address, _stop, _) = start(Limits::default()).await;
    for (bytes, status) in [(16 * 1024, "200"), (64 * 1024, "431")] {
        let mut connection = TcpStream::connect(address).await.expect("connected");
        let padding = "x".repeat(bytes);
        let head = format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\npadding: {padding}\r\n\r\n");
        // It may be answered, and closed, before it has come whole.
        let _ = connection.write_all(head.as_bytes()).await;
        let mut answer = [0; 12];
        timeout(PATIENCE, connection.read_exact(&mut answer)).await.expect("in time").expect("answered");
        assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"));
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let (address, _stop, _) = start(Limits { connections: 1, head: Duration::from_mins(1) }).await;
    let silent = TcpStream::connect(address).await.expect("connected");
    let mut second = TcpStream::connect(address).await.expect("in the backlog");
    second.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("written");
    let mut first_byte = [0];
    let early = timeout(Duration::from_millis(300), second.read(&mut first_byte)).await;
    assert!(early.is_err(), "served beyond the limit");
    drop(silent);
    assert!(rest(&mut second).await.contains("here"));
}

#[tokio::test]
async fn it_stops_when_the_last_connection_is_done() {
    let (address, stop, serving) = start(Limits { connections: 2, head: Duration::from_mins(1) }).await;
    let idle = TcpStream::connect(address).await.expect("connected");
    stop.send(true).expect("heard");
    timeout(PATIENCE, serving).await.expect("in time").expect("stopped");
    drop(idle);
    TcpStream::connect(address).await.expect_err("nobody listens");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_of_an_endless_answer_holds_up_no_end() {
    let (address, stop, serving) = start(Limits { connections: 2, head: Duration::from_mins(1) }).await;
    let mut reader = TcpStream::connect(address).await.expect("connected");
    reader.write_all(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("written");
    let mut begun = [0; 12];
    reader.read_exact(&mut begun).await.expect("answered");
    assert_eq!(&begun, b"HTTP/1.1 200");
    // Until what lies between the two is full.
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(true).expect("heard");
    timeout(PATIENCE, serving).await.expect("in time").expect("stopped");
}
