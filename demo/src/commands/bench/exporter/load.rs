//! Signed requests over plain connections. The load shares the machine with what it measures, so everything is made
//! beforehand, and a connection does no more than write and read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use local_stack::edge::{FORWARD_KEY, FORWARD_KEY_ID};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use uuid::Uuid;
use wire::signature::{self, Signed};

use super::{now, unix_ms};

/// The connections of an open loop: more than are ever needed at once.
const OPEN_CONNECTIONS: usize = 256;

/// The bytes of a request for each of `bodies`, signed now.
pub(super) fn requests(bodies: &[(Uuid, String)]) -> Result<Arc<Vec<Vec<u8>>>> {
    let key = signature::unhex(FORWARD_KEY).context("the key is no hexadecimal text")?;
    let timestamp = unix_ms() / 1000;
    let request = |(id, body): &(Uuid, String)| {
        let nonce = id.to_string();
        let signed = Signed { method: "POST", path: "/ingest", timestamp, nonce: &nonce, key_id: FORWARD_KEY_ID };
        let mac = signed.sign(&key, body.as_bytes()).context("cannot sign")?;
        let request = format!(
            "POST /ingest HTTP/1.1\r\nhost: exporter\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             {}: {timestamp}\r\n{}: {nonce}\r\n{}: {FORWARD_KEY_ID}\r\n{}: {mac}\r\n\r\n{body}",
            body.len(),
            signature::TIMESTAMP_HEADER,
            signature::NONCE_HEADER,
            signature::KEY_ID_HEADER,
            signature::SIGNATURE_HEADER,
        );
        Ok(request.into_bytes())
    };
    Ok(Arc::new(bodies.iter().map(request).collect::<Result<_>>()?))
}

/// How long it takes until all of `requests` are answered, each of so many `connections` sending the next one after the
/// answer to its last.
pub(super) async fn closed(address: &str, requests: &Arc<Vec<Vec<u8>>>, connections: usize) -> Result<Duration> {
    send(address, requests, connections, &Arc::new(AtomicUsize::new(0))).await
}

/// How many of `requests` are answered while `other` work goes on, how long that takes, and what comes of the work.
pub(super) async fn beside<T>(
    address: &str,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    other: impl Future<Output = T>,
) -> Result<(u32, Duration, T)> {
    let next = Arc::new(AtomicUsize::new(0));
    let sent = Arc::new(AtomicUsize::new(requests.len()));
    let work = async {
        let done = other.await;
        // Beyond the last one: nobody sends any more.
        sent.fetch_min(next.swap(requests.len(), Ordering::Relaxed), Ordering::Relaxed);
        done
    };
    let (time, done) = tokio::join!(send(address, requests, connections, &next), work);
    Ok((u32::try_from(sent.load(Ordering::Relaxed))?, time?, done))
}

async fn send(
    address: &str,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    next: &Arc<AtomicUsize>,
) -> Result<Duration> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        streams.push(connect(address).await?);
    }
    let started = now();
    try_join_all(streams.into_iter().map(|mut stream| {
        let (next, requests) = (next.clone(), requests.clone());
        tokio::spawn(async move {
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                exchange(&mut stream, request).await?;
            }
            anyhow::Ok(())
        })
    }))
    .await?
    .into_iter()
    .collect::<Result<()>>()?;
    Ok(started.elapsed())
}

/// How long each of `requests` took, when they come at `rate` a second whatever became of the ones before. It is counted
/// from when the request was due, not from when a connection was free for it.
pub(super) async fn open(address: &str, requests: &Arc<Vec<Vec<u8>>>, rate: f64) -> Result<Vec<f64>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut streams = Vec::new();
    for _ in 0..OPEN_CONNECTIONS {
        streams.push(connect(address).await?);
    }
    let started = now();
    let times = try_join_all(streams.into_iter().map(|mut stream| {
        let (next, requests) = (next.clone(), requests.clone());
        tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(request) = requests.get(number) else { return anyhow::Ok(times) };
                #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
                let due = started + Duration::from_secs_f64(number as f64 / rate);
                tokio::time::sleep_until(due.into()).await;
                exchange(&mut stream, request).await?;
                times.push(due.elapsed().as_secs_f64());
            }
        })
    }))
    .await?;
    Ok(times.into_iter().collect::<Result<Vec<_>>>()?.concat())
}

async fn connect(address: &str) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address.trim_start_matches("http://")).await?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

/// Sends a request and reads the answer, which must be 200.
async fn exchange(stream: &mut BufReader<TcpStream>, request: &[u8]) -> Result<()> {
    stream.write_all(request).await?;
    let (mut line, mut status, mut length) = (String::new(), String::new(), 0);
    loop {
        line.clear();
        ensure!(stream.read_line(&mut line).await? > 0, "/ingest hung up");
        let head = line.trim_end().to_ascii_lowercase();
        if let Some(value) = head.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        } else if head.is_empty() {
            break;
        } else if status.is_empty() {
            status = head;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    ensure!(status.starts_with("http/1.1 200"), "/ingest answered {status}: {}", String::from_utf8_lossy(&body));
    Ok(())
}
