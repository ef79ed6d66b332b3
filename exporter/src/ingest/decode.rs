//! From bytes to a batch whose every text fits its column. A malformed event costs itself and not its batch.

use serde_json::value::RawValue;
use wire::check::{tidy, tidy_page};
use wire::limits::{BATCH_EVENTS, BATCH_PAGES, CAMPAIGN_BYTES, USER_AGENT_BYTES};
use wire::{Event, ForwardBatch, ForwardedEvent, Page, version};

/// A batch whose events are still raw.
type Raw = ForwardBatch<Page, Box<RawValue>>;
/// A batch whose events are read, as far as they can be.
pub type Batch = ForwardBatch<Page, Option<Event>>;

/// A body that is not a batch.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON of the batch's shape.
    #[error("the body is not a forwarded batch: {0}")]
    Malformed(#[from] serde_json::Error),
    /// An edge newer than this program: the batch is good, and must wait for the update.
    #[error("wire version {0} is newer than this exporter's")]
    Newer(u32),
    /// No version that ever was.
    #[error("wire version {0} is not known")]
    UnknownVersion(u32),
    /// More than a batch may hold.
    #[error("more than {limit} {field}")]
    TooMany {
        /// `events` or `pages`.
        field: &'static str,
        /// How many there may be.
        limit: usize,
    },
}

/// Reads a body of `POST /ingest`.
pub fn decode(body: &[u8]) -> Result<Batch, DecodeError> {
    let mut raw: Raw = serde_json::from_slice(body)?;
    match raw.v {
        version::WIRE => {}
        newer if newer > version::WIRE => return Err(DecodeError::Newer(newer)),
        unknown => return Err(DecodeError::UnknownVersion(unknown)),
    }
    for (field, count, limit) in [("events", raw.events.len(), BATCH_EVENTS), ("pages", raw.pages.len(), BATCH_PAGES)] {
        if count > limit {
            return Err(DecodeError::TooMany { field, limit });
        }
    }
    tidy_batch(&mut raw);
    Ok(with_events(raw))
}

fn tidy_batch(batch: &mut Raw) {
    batch.pages.iter_mut().for_each(tidy_page);
    tidy(&mut batch.user_agent, USER_AGENT_BYTES);
    for text in [&mut batch.site_id, &mut batch.edge_version, &mut batch.browser, &mut batch.os, &mut batch.device] {
        tidy(text, CAMPAIGN_BYTES);
    }
    for text in
        [&mut batch.country, &mut batch.region, &mut batch.ip, &mut batch.bot].into_iter().filter_map(Option::as_mut)
    {
        tidy(text, CAMPAIGN_BYTES);
    }
}

fn with_events(raw: Raw) -> Batch {
    let events = raw
        .events
        .into_iter()
        .map(|it| ForwardedEvent {
            session_id: it.session_id,
            session_number: it.session_number,
            session_start: it.session_start,
            redactions: it.redactions,
            event: serde_json::from_str(it.event.get()).ok(),
        })
        .collect();
    ForwardBatch {
        v: raw.v,
        edge_version: raw.edge_version,
        batch_id: raw.batch_id,
        stream_id: raw.stream_id,
        site_id: raw.site_id,
        visitor_id: raw.visitor_id,
        sent_at: raw.sent_at,
        received_at: raw.received_at,
        consent: raw.consent,
        country: raw.country,
        region: raw.region,
        ip: raw.ip,
        user_agent: raw.user_agent,
        browser: raw.browser,
        os: raw.os,
        device: raw.device,
        bot: raw.bot,
        dropped: raw.dropped,
        pages: raw.pages,
        events,
    }
}
