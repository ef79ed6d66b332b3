//! The way to the exporter: at once if it answers, by the Queue if it does not.
//!
//! What leaves here is redacted by type: a [`Parcel`] is made of nothing else.

use std::cell::Cell;
use std::time::Duration;

use edge_settings::Settings;
use futures_util::future::{Either, select};
use redaction::Redacted;
use uuid::Uuid;
use wire::signature::{self, Signed};
use wire::{Event, ForwardBatch, IngestAnswer, Page};
use worker::{
    AbortController, Delay, Fetch, Headers, Method, Queue, QueueContentType, RawMessageBuilder, Request, RequestInit,
};

use crate::breaker::Breaker;

/// A Queue takes 128 kB a message, its own data included
/// (<https://developers.cloudflare.com/queues/platform/limits/>); a simulator may take more, so this is ours to keep.
pub const MESSAGE_BYTES: usize = 100_000;
/// A browser waits behind this.
pub const VISITOR_TIME: Duration = Duration::from_secs(2);
/// Nobody waits behind this: an exporter that is slow still gets what the Queue has.
pub const QUEUE_CONSUMER_TIME: Duration = Duration::from_secs(20);
/// An overloaded Queue may hang; the pixel can try again.
const QUEUE_TIME: Duration = Duration::from_secs(5);

/// A batch that may leave the edge.
pub type RedactedBatch = ForwardBatch<Redacted<Page>, Redacted<Event>>;

/// A batch as bytes, ready to be signed: it is serialised once, and signed afresh each time it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    batch_id: Uuid,
    body: String,
}

/// Why a parcel was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// No connection, or it broke.
    #[error("the exporter cannot be reached")]
    Unreachable,
    /// No answer within the time box.
    #[error("the exporter took too long")]
    TimedOut,
    /// It did not answer a moment ago.
    #[error("the exporter did not answer a moment ago")]
    Resting,
    /// Another answer than success.
    #[error("the exporter answered {0}")]
    Refused(u16),
    /// Success, but not in the exporter's words: somebody else answered.
    #[error("the answer is not the exporter's")]
    Stranger,
    /// The key id holds what a signature cannot.
    #[error("the request cannot be signed")]
    Unsigned,
    /// The Queue did not take it.
    #[error("the queue did not take the batch")]
    QueueFailed,
}

thread_local! {
    static BREAKER: Cell<Breaker> = const { Cell::new(Breaker::new()) };
}

/// How a batch was made durable.
#[derive(Debug)]
pub enum Delivered {
    /// The exporter has committed it.
    Stored(IngestAnswer),
    /// The Queue has it; why the exporter has not.
    Queued(ForwardError),
}

impl Parcel {
    /// Serialises a batch.
    #[must_use]
    pub fn new(batch: &RedactedBatch) -> Self {
        // Strings, numbers and raw JSON that was parsed before: there is nothing that serde_json could refuse.
        Self { batch_id: batch.batch_id, body: serde_json::to_string(batch).unwrap_or_default() }
    }

    /// The body of `/ingest`.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The text of a Queue message: what has to be signed again, then the body, which nobody parses on the way.
    #[must_use]
    pub fn to_message(&self) -> String {
        format!("{}\n{}", self.batch_id, self.body)
    }

    /// Reads [`Self::to_message`].
    #[must_use]
    pub fn from_message(message: &str) -> Option<Self> {
        let (batch_id, body) = message.split_once('\n')?;
        Some(Self { batch_id: batch_id.parse().ok()?, body: body.to_owned() })
    }

    /// The headers that prove the body to the exporter.
    pub(crate) fn signature(&self, settings: &Settings, now: i64) -> Option<[(&'static str, String); 4]> {
        let nonce = self.batch_id.to_string();
        let key_id = settings.forward_key_id.as_str();
        let timestamp = now / 1000;
        let signed = Signed { method: "POST", path: "/ingest", timestamp, nonce: &nonce, key_id };
        let mac = signed.sign(settings.forward_key.bytes(), self.body.as_bytes())?;
        Some([
            (signature::TIMESTAMP_HEADER, timestamp.to_string()),
            (signature::KEY_ID_HEADER, key_id.to_owned()),
            (signature::SIGNATURE_HEADER, mac),
            (signature::NONCE_HEADER, nonce),
        ])
    }
}

/// The messages that hold `batch`, each within [`MESSAGE_BYTES`]: halves of halves, as few as it takes.
#[must_use]
pub fn messages(mut batch: RedactedBatch) -> Vec<String> {
    let message = Parcel::new(&batch).to_message();
    if message.len() <= MESSAGE_BYTES {
        return vec![message];
    }
    leave_out_unused_pages(&mut batch);
    if batch.events.len() < 2 {
        return vec![Parcel::new(&batch).to_message()];
    }
    let later = batch.events.split_off(batch.events.len() / 2);
    // What the pixel dropped is told once.
    let mut rest = RedactedBatch { events: later, dropped: 0, ..batch.clone() };
    leave_out_unused_pages(&mut rest);
    let mut parts = messages(batch);
    parts.extend(messages(rest));
    parts
}

/// Empties the pages that no event names; events name pages by index, so the places stay.
fn leave_out_unused_pages(batch: &mut RedactedBatch) {
    let (empty, _) = redaction::page(&redaction::Policy::default(), Page::default());
    for (index, page) in batch.pages.iter_mut().enumerate() {
        if !batch.events.iter().any(|event| usize::from(event.event.page) == index) {
            page.clone_from(&empty);
        }
    }
}

/// Makes `batch` durable: by the exporter, or by the Queue where the exporter does not take it. An exporter that did not
/// answer is left alone for a while; the batch then goes to the Queue first.
///
/// # Errors
/// When neither the exporter nor the Queue took it. It is not acknowledged then, and the pixel keeps it.
pub async fn deliver(
    batch: RedactedBatch,
    settings: &Settings,
    queue: Result<Queue, worker::Error>,
    now: i64,
) -> Result<Delivered, ForwardError> {
    let rests = BREAKER.get().is_open(now);
    if rests && enqueue(batch.clone(), queue.as_ref()).await {
        return Ok(Delivered::Queued(ForwardError::Resting));
    }
    let posted = post(&Parcel::new(&batch), settings, now, VISITOR_TIME).await;
    let mut breaker = BREAKER.get();
    // one that only says that it cannot may take as long for that as one that says nothing
    let is_away =
        matches!(posted, Err(ForwardError::Unreachable | ForwardError::TimedOut | ForwardError::Refused(500..)));
    breaker.tried(!is_away, now);
    BREAKER.set(breaker);
    match posted {
        Ok(answer) => Ok(Delivered::Stored(answer)),
        Err(why) if !rests && enqueue(batch, queue.as_ref()).await => Ok(Delivered::Queued(why)),
        Err(_) => Err(ForwardError::QueueFailed),
    }
}

/// Whether the Queue took all of a batch.
async fn enqueue(batch: RedactedBatch, queue: Result<&Queue, &worker::Error>) -> bool {
    let Ok(queue) = queue else { return false };
    for message in messages(batch) {
        if !send(queue, message).await {
            return false;
        }
    }
    true
}

/// Whether the Queue took a message.
pub(crate) async fn send(queue: &Queue, message: String) -> bool {
    let message = RawMessageBuilder::new(message.into()).build_with_content_type(QueueContentType::Text);
    matches!(within(QUEUE_TIME, queue.send_raw(message)).await, Some(Ok(())))
}

/// Signs a parcel and sends it to the exporter, which may take that `time` to answer.
///
/// # Errors
/// Unless the exporter says that it has committed it.
pub async fn post(
    parcel: &Parcel,
    settings: &Settings,
    now: i64,
    time: Duration,
) -> Result<IngestAnswer, ForwardError> {
    let headers = Headers::new();
    let signature = parcel.signature(settings, now).ok_or(ForwardError::Unsigned)?;
    for (name, value) in &signature {
        headers.set(name, value).map_err(|_| ForwardError::Unsigned)?;
    }
    headers.set("content-type", "application/json").map_err(|_| ForwardError::Unsigned)?;
    let mut request = RequestInit::new();
    request.with_method(Method::Post).with_headers(headers).with_body(Some(parcel.body.as_str().into()));
    let url = format!("{}/ingest", settings.exporter_url);
    let request = Request::new_with_init(&url, &request).map_err(|_| ForwardError::Unreachable)?;

    let controller = AbortController::default();
    let signal = controller.signal();
    let exchange = async {
        let mut response =
            Fetch::Request(request).send_with_signal(&signal).await.map_err(|_| ForwardError::Unreachable)?;
        match response.status_code() {
            200..=299 => response.json().await.map_err(|_| ForwardError::Stranger),
            status => Err(ForwardError::Refused(status)),
        }
    };
    let answer = within(time, exchange).await;
    if answer.is_none() {
        controller.abort();
    }
    answer.unwrap_or(Err(ForwardError::TimedOut))
}

/// What `future` gives, unless it takes longer than `time`.
pub(crate) async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    match select(std::pin::pin!(future), std::pin::pin!(Delay::from(time))).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::value::RawValue;
    use wire::{Consent, ForwardedEvent};

    use super::*;

    fn batch(events: u16, bytes: usize) -> RedactedBatch {
        let page = |n: u16| {
            redaction::page(
                &redaction::Policy::default(),
                Page { url: format!("https://example.com/{n}"), ..Page::default() },
            )
            .0
        };
        let event = |n: u16| {
            let data = serde_json::json!({ "text": "x ".repeat(bytes / 2) }).to_string();
            let event = Event {
                id: Uuid::from_u128(u128::from(n)),
                seq: u32::from(n),
                kind: "click".to_owned(),
                ts: 0,
                t: 0,
                page: n,
                data: RawValue::from_string(data).expect("valid"),
            };
            ForwardedEvent {
                session_id: Uuid::nil(),
                session_number: 1,
                session_start: 0,
                redactions: BTreeMap::new(),
                event: redaction::event(&redaction::Policy::default(), event).0,
            }
        };
        RedactedBatch {
            v: 1,
            edge_version: "0".to_owned(),
            batch_id: Uuid::from_u128(7),
            stream_id: Uuid::nil(),
            site_id: "example.com".to_owned(),
            visitor_id: Uuid::nil(),
            sent_at: 0,
            received_at: 0,
            consent: Consent::Unknown,
            country: None,
            region: None,
            ip: None,
            user_agent: String::new(),
            browser: String::new(),
            os: String::new(),
            device: String::new(),
            bot: None,
            dropped: 3,
            pages: (0..events).map(page).collect(),
            events: (0..events).map(event).collect(),
        }
    }

    #[test]
    fn a_large_batch_is_split_and_nothing_of_it_is_lost() {
        for (events, bytes, parts) in [(0, 0, 1), (1, 10, 1), (50, 100, 1), (50, 4000, 4)] {
            let batch = batch(events, bytes);
            let messages = messages(batch.clone());
            assert_eq!(messages.len(), parts);
            let mut seqs = Vec::new();
            let mut dropped = 0;
            for message in &messages {
                assert!(message.len() <= MESSAGE_BYTES);
                let parcel = Parcel::from_message(message).expect("our own message");
                let part: ForwardBatch = serde_json::from_str(parcel.body()).expect("a batch");
                assert_eq!(part.batch_id, batch.batch_id);
                for event in &part.events {
                    assert_eq!(part.pages[usize::from(event.event.page)], *batch.pages[usize::from(event.event.page)]);
                    seqs.push(event.event.seq);
                }
                dropped += part.dropped;
            }
            assert_eq!(seqs, (0..u32::from(events)).collect::<Vec<_>>());
            assert_eq!(dropped, 3);
        }
    }

    #[test]
    fn a_message_is_signed_as_its_batch_was() {
        let settings = crate::tests::settings(&[("FORWARD_KEY", &"01".repeat(32))]);
        let parcel = Parcel::new(&batch(2, 10));
        assert_eq!(Parcel::from_message(&parcel.to_message()).as_ref(), Some(&parcel));
        let signature = parcel.signature(&settings, 1_800_000_000_123).expect("no line feeds");
        let header =
            |name| signature.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str()).expect("set");
        let nonce = header(signature::NONCE_HEADER);
        let signed = Signed { method: "POST", path: "/ingest", timestamp: 1_800_000_000, nonce, key_id: "k1" };
        let mac = header(signature::SIGNATURE_HEADER);
        assert!(signed.verify(&[1; 32], parcel.body().as_bytes(), mac, 1_800_000_000));
        assert_eq!(nonce, Uuid::from_u128(7).to_string());
    }

    #[test]
    fn a_strange_message_is_no_parcel() {
        for message in ["", "{}", "x\n{}"] {
            assert_eq!(Parcel::from_message(message), None);
        }
    }
}
