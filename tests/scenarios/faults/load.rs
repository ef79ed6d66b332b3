//! Senders that behave as the edge does: a batch is sent, to whichever exporter, until one answers 200 for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_stack::edge::{FORWARD_KEY, FORWARD_KEY_ID};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use wire::signature::{self, Signed};

use crate::fixture::{fresh_id, now_ms};

const SENDERS: usize = 12;
const EVENTS: usize = 10;
/// A batch that nobody takes for so long is a failure.
const PATIENCE: Duration = Duration::from_mins(1);

/// Senders at work.
pub(super) struct Load {
    seen: Arc<Seen>,
    senders: Vec<JoinHandle<Result<Vec<String>>>>,
}

/// What the senders saw.
#[derive(Default)]
struct Seen {
    has_ended: AtomicBool,
    acknowledged: AtomicUsize,
    asked_to_wait: AtomicUsize,
}

impl Load {
    /// Sends to `addresses` in turn.
    pub(super) fn start(addresses: &[String]) -> Self {
        let seen = Arc::new(Seen::default());
        let senders = (0..SENDERS).map(|at| {
            let (addresses, seen) = (addresses.to_vec(), seen.clone());
            tokio::spawn(async move { send_until_ended(&addresses, at, &seen).await })
        });
        Self { senders: senders.collect(), seen }
    }

    /// Batches that were acknowledged so far.
    pub(super) fn acknowledged(&self) -> usize {
        self.seen.acknowledged.load(Ordering::Relaxed)
    }

    /// Times that a sender was told when to come back.
    pub(super) fn asked_to_wait(&self) -> usize {
        self.seen.asked_to_wait.load(Ordering::Relaxed)
    }

    /// Waits until `more` batches are acknowledged.
    pub(super) async fn go_on(&self, more: usize) -> Result<()> {
        let until = self.acknowledged() + more;
        tokio::time::timeout(PATIENCE, async {
            while self.acknowledged() < until {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .with_context(|| format!("{} batches are acknowledged, and no more follow", self.acknowledged()))
    }

    /// Lets every sender finish its batch, and answers the ids of all events acknowledged.
    pub(super) async fn end(self) -> Result<BTreeSet<String>> {
        self.seen.has_ended.store(true, Ordering::Relaxed);
        let mut all = BTreeSet::new();
        for sender in self.senders {
            all.extend(sender.await??);
        }
        Ok(all)
    }
}

async fn send_until_ended(addresses: &[String], at: usize, seen: &Seen) -> Result<Vec<String>> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
    let mut ids = Vec::new();
    let mut address = addresses.iter().cycle().skip(at);
    while !seen.has_ended.load(Ordering::Relaxed) {
        let (body, of_batch) = batch();
        let taken = async {
            loop {
                let address = address.next().context("no exporter")?;
                if send(&client, address, &body, seen).await? {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, taken).await.context("nobody takes a batch")??;
        seen.acknowledged.fetch_add(1, Ordering::Relaxed);
        ids.extend(of_batch);
    }
    Ok(ids)
}

/// Whether the exporter at `address` has acknowledged `body`.
async fn send(client: &reqwest::Client, address: &str, body: &str, seen: &Seen) -> Result<bool> {
    let timestamp = now_ms() / 1000;
    let signed = Signed { method: "POST", path: "/ingest", timestamp, nonce: "nonce", key_id: FORWARD_KEY_ID };
    let key = signature::unhex(FORWARD_KEY).context("the key is no hexadecimal text")?;
    let request = client
        .post(address)
        .header(signature::TIMESTAMP_HEADER, timestamp)
        .header(signature::NONCE_HEADER, "nonce")
        .header(signature::KEY_ID_HEADER, FORWARD_KEY_ID)
        .header(signature::SIGNATURE_HEADER, signed.sign(&key, body.as_bytes()).context("cannot sign")?);
    // killed, or not there yet
    let Ok(answer) = request.body(body.to_owned()).send().await else { return Ok(false) };
    let status = answer.status().as_u16();
    if status == 503 || status == 429 {
        ensure!(answer.headers().contains_key("retry-after"), "{status} does not say when to come back");
        seen.asked_to_wait.fetch_add(1, Ordering::Relaxed);
        return Ok(false);
    }
    ensure!(status == 200, "/ingest answered {status}");
    // killed while it answered
    let Ok(answer) = answer.json::<Value>().await else { return Ok(false) };
    let counted = [&answer["accepted"], &answer["duplicates"]].map(|it| it.as_u64().unwrap_or_default());
    ensure!(counted.iter().sum::<u64>() == EVENTS as u64, "{answer}");
    Ok(true)
}

/// A batch of a few events, and their ids.
fn batch() -> (String, Vec<String>) {
    let now = now_ms();
    let ids: Vec<String> = (0..EVENTS).map(|_| fresh_id().to_string()).collect();
    let event = |(seq, id): (usize, &String)| {
        json!({
            "session_id": "00000000-0000-8000-8000-000000000001", "session_number": 1, "session_start": now,
            "redactions": {},
            "event": { "id": id, "seq": seq, "type": "click", "ts": now, "t": seq, "page": 0, "data": { "n": seq } },
        })
    };
    let batch = json!({
        "v": wire::version::WIRE, "edge_version": "test", "batch_id": fresh_id(), "stream_id": fresh_id(),
        "site_id": "shop.example", "visitor_id": fresh_id(), "sent_at": now, "received_at": now, "consent": "unknown",
        "country": "DE", "region": null, "ip": null, "user_agent": "test", "browser": "", "os": "", "device": "",
        "bot": null, "dropped": 0, "pages": [{ "url": "https://shop.example/a", "path": "/a" }],
        "events": ids.iter().enumerate().map(event).collect::<Vec<_>>(),
    });
    (batch.to_string(), ids)
}
