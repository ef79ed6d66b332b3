//! What travels together: from the page to the edge (`/collect`) and from the edge to the exporter (`/ingest`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::event::{Consent, Event, Page};
use crate::outcome::Reason;

/// The body of `POST /collect`. Events stay raw here, so that a malformed one costs itself and not its batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct EventBatch {
    /// [`crate::version::WIRE`].
    pub v: u32,
    /// Names this batch on every retry.
    pub batch_id: Uuid,
    /// Names what numbers its events from 0: the page load, or the part of it that has one mode.
    pub stream_id: Uuid,
    /// The browser's clock when the batch was made, Unix milliseconds.
    pub sent_at: i64,
    /// What the edge answered last; opaque to the pixel.
    #[serde(default)]
    pub token: Option<String>,
    /// What the visitor has said.
    #[serde(default)]
    pub consent: Consent,
    /// Whether nothing is kept on the device: `token` counts for nothing then, and the answer brings none.
    #[serde(default)]
    pub cookieless: bool,
    /// Events the pixel had to drop since it last said so.
    #[serde(default)]
    pub dropped: u32,
    /// The pages that the events name by index.
    pub pages: Vec<Page>,
    /// The events, each an [`Event`].
    pub events: Vec<Box<RawValue>>,
}

/// The answer to a `/collect` that was understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectAnswer {
    /// To be sent with the next batch.
    pub token: String,
    /// The edge's clock, Unix milliseconds.
    pub now: i64,
    /// Events that are now durable.
    pub accepted: u32,
    /// Events that are not, and why.
    pub refused: Vec<Refused>,
}

/// One event that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its `seq`; absent when the event was too malformed to have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// Why.
    pub reason: Reason,
}

/// The answer to a request that will never succeed (400, 413, 422) or not now (429, 503).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectError {
    /// The kind of error, a stable name.
    pub error: String,
    /// The field at fault; empty when it is the whole body.
    pub field: String,
    /// What is wrong with it, in words.
    pub reason: String,
}

/// The body of `POST /ingest`: one batch with all that the edge adds. At the edge `P` and `E` are redacted pages and
/// events; the exporter decodes plain ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForwardBatch<P = Page, E = Event> {
    /// [`crate::version::WIRE`].
    pub v: u32,
    /// The version of the edge that made this.
    pub edge_version: String,
    /// As the pixel sent it; in cookieless mode the second half of a batch from both sides of midnight has one derived from it.
    pub batch_id: Uuid,
    /// As the pixel sent it; in cookieless mode derived from that and the day.
    pub stream_id: Uuid,
    /// The hostname in `Origin`, without `www.`.
    pub site_id: String,
    /// Assigned by the edge.
    pub visitor_id: Uuid,
    /// As the pixel sent it, Unix milliseconds; in cookieless mode no later than the day of its events.
    pub sent_at: i64,
    /// The edge's clock on arrival, Unix milliseconds; in cookieless mode no later than the day of its events.
    pub received_at: i64,
    /// As the pixel sent it.
    pub consent: Consent,
    /// ISO 3166-1 alpha-2, from the platform.
    pub country: Option<String>,
    /// The platform's name of the region.
    pub region: Option<String>,
    /// The visitor's address as policy allows it.
    pub ip: Option<String>,
    /// The header as sent, cut to length.
    pub user_agent: String,
    /// `Chrome`, `Firefox`, `Safari`, …; empty when unknown.
    pub browser: String,
    /// `Windows`, `macOS`, `iOS`, …; empty when unknown.
    pub os: String,
    /// `desktop`, `mobile` or `tablet`; empty when unknown.
    pub device: String,
    /// Why the visitor is taken for a machine; absent for people.
    pub bot: Option<String>,
    /// As the pixel sent it.
    pub dropped: u32,
    /// The pages that the events name by index.
    pub pages: Vec<P>,
    /// The events that passed.
    pub events: Vec<ForwardedEvent<E>>,
}

/// An event with what the edge says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForwardedEvent<E = Event> {
    /// The visit it belongs to.
    pub session_id: Uuid,
    /// 1 for the visitor's first session.
    pub session_number: u32,
    /// `ts` of the session's first event, Unix milliseconds.
    pub session_start: i64,
    /// How often each kind of personal data was taken out of the event and its page.
    pub redactions: BTreeMap<String, u32>,
    /// The event itself.
    pub event: E,
}

/// The exporter's answer once a batch is committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestAnswer {
    /// Rows that are new.
    pub accepted: u32,
    /// Rows that were stored before.
    pub duplicates: u32,
    /// Events that were not stored, and why.
    pub refused: Vec<Refused>,
}
