//! Bytes to a batch. What is wrong with the batch is told by field; what is wrong with an event costs that event.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use uuid::Uuid;
use wire::{CollectError, Consent, Event, EventBatch, Page, Reason, limits};

use crate::outcome::{Item, invalid};

/// Why a body is no batch. None of them will ever succeed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than the edge reads.
    #[error("the body must have no more than {} bytes", limits::COLLECT_BODY_BYTES)]
    TooLarge,
    /// No JSON of a batch.
    #[error("{reason}")]
    Malformed {
        /// The field at fault; empty for the whole body.
        field: &'static str,
        /// What is wrong, without quoting the body.
        reason: &'static str,
    },
    /// A version that this edge does not know.
    #[error("this edge takes version {}", wire::version::WIRE)]
    UnknownVersion,
    /// Too many entries in a list.
    #[error("{field} must have no more than {most} entries")]
    TooMany {
        /// The list.
        field: &'static str,
        /// Its limit.
        most: usize,
    },
}

impl DecodeError {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge => 413,
            Self::Malformed { .. } => 400,
            Self::UnknownVersion | Self::TooMany { .. } => 422,
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn answer(&self) -> CollectError {
        let (error, field) = match self {
            Self::TooLarge => ("too_large", ""),
            Self::Malformed { field, .. } => ("malformed", *field),
            Self::UnknownVersion => ("unknown_version", "v"),
            Self::TooMany { field, .. } => ("too_many", *field),
        };
        CollectError { error: error.to_owned(), field: field.to_owned(), reason: self.to_string() }
    }
}

/// Reads a batch and each of its events.
pub(super) fn batch(body: &[u8]) -> Result<(EventBatch, Vec<Item<Event>>), DecodeError> {
    if body.len() > limits::COLLECT_BODY_BYTES {
        return Err(DecodeError::TooLarge);
    }
    let mut batch: EventBatch = serde_json::from_slice(body).map_err(|_| culprit(body))?;
    if batch.v != wire::version::WIRE {
        return Err(DecodeError::UnknownVersion);
    }
    let lists =
        [("pages", batch.pages.len(), limits::BATCH_PAGES), ("events", batch.events.len(), limits::BATCH_EVENTS)];
    if let Some((field, _, most)) = lists.into_iter().find(|(_, length, most)| length > most) {
        return Err(DecodeError::TooMany { field, most });
    }
    let events = std::mem::take(&mut batch.events).iter().map(|raw| event(raw)).collect();
    Ok((batch, events))
}

fn event(raw: &RawValue) -> Item<Event> {
    /// What can be said of an event that is none.
    #[derive(Deserialize)]
    struct Seq {
        seq: u32,
    }
    match serde_json::from_str::<Event>(raw.get()) {
        Ok(event) => Item { seq: Some(event.seq), state: Ok(event) },
        Err(_) => Item {
            seq: serde_json::from_str::<Seq>(raw.get()).ok().map(|event| event.seq),
            state: Err(invalid(Reason::Malformed)),
        },
    }
}

/// Names what is wrong with a body that is no batch.
fn culprit(body: &[u8]) -> DecodeError {
    fn is<T: DeserializeOwned>(json: &str) -> bool {
        serde_json::from_str::<T>(json).is_ok()
    }
    /// Name, whether it must be there, and whether a value will do.
    type Field = (&'static str, bool, fn(&str) -> bool);
    const FIELDS: [Field; 10] = [
        ("v", true, is::<u32>),
        ("batch_id", true, is::<Uuid>),
        ("stream_id", true, is::<Uuid>),
        ("sent_at", true, is::<i64>),
        ("token", false, is::<Option<String>>),
        ("consent", false, is::<Consent>),
        ("cookieless", false, is::<bool>),
        ("dropped", false, is::<u32>),
        ("pages", true, is::<Vec<Page>>),
        ("events", true, is::<Vec<serde::de::IgnoredAny>>),
    ];
    let Ok(fields) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(body) else {
        return DecodeError::Malformed { field: "", reason: "the body must be a JSON object" };
    };
    let wrong = FIELDS.into_iter().find_map(|(field, must, will_do)| match fields.get(field) {
        None => must.then_some((field, "the field is missing")),
        Some(value) => (!will_do(value.get())).then_some((field, "the field is of another type")),
    });
    let (field, reason) = wrong.unwrap_or(("", "a field is there twice"));
    DecodeError::Malformed { field, reason }
}
