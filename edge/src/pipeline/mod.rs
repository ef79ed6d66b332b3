//! What happens to a batch between the browser and the exporter: a straight line, a file for each verb.
//!
//! Everything here takes values and gives values. The same batch with the same token makes the same rows, apart from
//! `received_at`, so that a batch sent twice is stored once.

mod assign_session;
mod attribute;
mod decode;
mod enrich;
mod filter;
mod redact;
mod user_agent;
mod validate;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use redaction::Redacted;
use wire::{Event, ForwardBatch, Page, Refused};

pub use decode::DecodeError;

use crate::config::{IpPolicy, Key};
use crate::outcome::{self, Tally};
use crate::token::Claims;

/// A request as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The body's bytes.
    pub body: &'a [u8],
    /// [`crate::site::of_origin`].
    pub site: &'a str,
    /// The header.
    pub user_agent: &'a str,
    /// As the platform sees it.
    pub address: Option<IpAddr>,
    /// As the platform sees it, ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
    /// As the platform sees it.
    pub region: Option<&'a str>,
    /// The edge's clock, Unix milliseconds.
    pub now: i64,
}

/// What a batch became.
#[derive(Debug)]
pub struct Processed {
    /// What goes to the exporter.
    pub batch: ForwardBatch<Redacted<Page>, Redacted<Event>>,
    /// The token for the next batch; empty when the visitor is still unknown or is to stay so.
    pub token: String,
    /// The events that are not in `batch`, and why.
    pub refused: Vec<Refused>,
    /// What became of each event.
    pub tally: Tally,
}

/// Takes a batch from bytes to what may leave the edge.
///
/// # Errors
/// When the body is no batch at all. A malformed event only costs itself.
pub fn run(arrival: &Arrival<'_>, policy: IpPolicy, key: &Key) -> Result<Processed, DecodeError> {
    let (batch, events) = decode::batch(arrival.body)?;
    let events = validate::events(events, batch.pages.len(), arrival.now);
    let events = filter::repeated(events);
    let visit = enrich::visit(arrival, policy);
    let pages = attribute::pages(batch.pages);
    let pages = redact::pages(pages);
    let events = redact::events(events, &pages);
    let (events, refused, tally) = outcome::settle(events);
    let token = batch.token.as_deref().filter(|_| !batch.cookieless);
    let known = token.and_then(|token| Claims::verify(token, key, arrival.site));
    // a visitor of whom nothing was stored is still unknown: the batch that is sent again must find it so
    let nobody = known.is_none() && events.is_empty();
    let (claims, events) = assign_session::to_events(events, known, arrival.site, batch.stream_id, key);
    // without a token a visitor is known for the page load only
    let token = if nobody || batch.cookieless { String::new() } else { claims.sign(key, arrival.site) };
    let batch = ForwardBatch {
        v: wire::version::WIRE,
        edge_version: env!("CARGO_PKG_VERSION").to_owned(),
        batch_id: batch.batch_id,
        stream_id: batch.stream_id,
        site_id: arrival.site.to_owned(),
        visitor_id: claims.visitor_id,
        sent_at: batch.sent_at,
        received_at: arrival.now,
        consent: batch.consent,
        country: visit.country,
        region: visit.region,
        ip: visit.ip,
        user_agent: visit.user_agent,
        browser: visit.says.browser.to_owned(),
        os: visit.says.os.to_owned(),
        device: visit.says.device.to_owned(),
        bot: visit.says.bot.map(str::to_owned),
        dropped: batch.dropped,
        pages: pages.into_iter().map(|(page, _)| page).collect(),
        events,
    };
    Ok(Processed { batch, token, refused, tally })
}
