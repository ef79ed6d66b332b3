//! What happens to a batch between the browser and the exporter: a straight line, a file for each verb.
//!
//! Everything here takes values and gives values. The same batch with the same token makes the same rows, apart from
//! `received_at`, so that a batch sent twice is stored once.

mod assign_session;
mod attribute;
mod day;
mod decode;
mod enrich;
mod filter;
mod keep;
mod redact;
mod user_agent;
mod validate;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use edge_settings::{ConsentRule, Key, Settings};
use redaction::Redacted;
use uuid::Uuid;
use wire::{Consent, Event, EventBatch, ForwardBatch, Outcome, Page, Refused};

pub(crate) use assign_session::Moment;
pub(crate) use day::Day;
pub use decode::DecodeError;

use crate::outcome::{self, Tally};
use crate::token::{Claims, Fault};
use enrich::Visit;
use redact::RedactedEvent;

/// A request as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The body's bytes.
    pub body: &'a [u8],
    /// [`edge_settings::Sites::site`].
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

/// A batch that is ready but for the question whose it is.
#[derive(Debug)]
pub struct Draft {
    batch: EventBatch,
    pages: Vec<Redacted<Page>>,
    events: Vec<RedactedEvent>,
    visit: Visit,
    /// Nothing may be kept on the device, so no token is taken or given.
    is_cookieless: bool,
    /// Everything in the batch was left out on purpose, and with it what is known of the visit.
    is_left_out: bool,
    refused: Vec<Refused>,
    tally: Tally,
}

/// What a batch became.
#[derive(Debug)]
pub struct Processed {
    /// What goes to the exporter.
    pub batch: ForwardBatch<Redacted<Page>, Redacted<Event>>,
    /// Whether there is anything in it that has to go.
    pub is_forwarded: bool,
    /// The token for the next batch; empty when the visitor is still unknown or is to stay so.
    pub token: String,
    /// The events that are not in `batch`, and why.
    pub refused: Vec<Refused>,
    /// What became of each event.
    pub tally: Tally,
}

/// Takes a batch from bytes to where only its visitor is missing.
///
/// # Errors
/// When the body is no batch at all. A malformed event only costs itself.
pub fn draft(arrival: &Arrival<'_>, settings: &Settings) -> Result<Draft, DecodeError> {
    let privacy = &settings.privacy;
    let (mut batch, events) = decode::batch(arrival.body)?;
    let is_cookieless = batch.cookieless || privacy.consent > ConsentRule::Noted && batch.consent != Consent::Granted;
    let visit = enrich::visit(arrival, settings, is_cookieless);
    let left_out = filter::left_out(batch.consent, &visit, settings);
    let events = validate::events(events, batch.pages.len(), batch.sent_at, arrival.now);
    let events = filter::repeated(events);
    let events = filter::all(events, left_out);
    let events = keep::of_events(events, privacy);
    let events = if is_cookieless { day::since_midnight(events) } else { events };
    let pages = attribute::pages(std::mem::take(&mut batch.pages));
    let pages = keep::of_pages(pages, privacy);
    let pages = redact::pages(pages, &settings.redaction);
    let events = redact::events(events, &pages, &settings.redaction);
    let (events, refused, tally) = outcome::settle(events);
    let pages = pages.into_iter().map(|(page, _)| page).collect();
    Ok(Draft { batch, pages, events, visit, is_cookieless, is_left_out: left_out.is_some(), refused, tally })
}

impl Draft {
    /// When the events of a visitor without a token happened, with the id of their batch; `None` when nobody has to be
    /// asked who the visitor is.
    pub(crate) fn unknown(&self) -> Option<(Uuid, Vec<Moment>)> {
        let moments = || self.events.iter().map(|(event, _)| Moment::of(event)).collect();
        (self.is_cookieless && !self.events.is_empty()).then(|| (self.batch.batch_id, moments()))
    }

    /// The parts that belong to one day (UTC) each. A visitor without a token is another one the next day, and the batch that
    /// has events of both must not tell that they are the same.
    pub(crate) fn by_day(mut self, site: &str, key: &Key) -> Vec<Self> {
        if !self.is_cookieless {
            return vec![self];
        }
        let day_of = |event: &RedactedEvent| Day::of(Moment::of(&event.0).at);
        let Some(first) = self.events.first().map(day_of) else { return vec![self] };
        let (own, mut rest) = std::mem::take(&mut self.events).into_iter().partition(|event| day_of(event) == first);
        self.events = own;
        let mut parts = Vec::new();
        while let Some(day) = rest.first().map(day_of) {
            let events: Vec<RedactedEvent>;
            (events, rest) = rest.into_iter().partition(|event| day_of(event) == day);
            let batch = EventBatch {
                batch_id: day.batch(self.batch.batch_id, site, key),
                // what the pixel dropped is told once
                dropped: 0,
                token: None,
                pages: Vec::new(),
                events: Vec::new(),
                ..self.batch
            };
            let tally = self.tally.hand_over(events.len());
            let (pages, visit) = (self.pages.clone(), self.visit.clone());
            parts.push(Self { batch, pages, events, visit, refused: Vec::new(), tally, ..self });
        }
        parts.insert(0, self);
        parts
    }

    /// Says whose events these are, and makes of them what may leave the edge. `found` is what is known of a visitor
    /// without a token.
    #[must_use]
    pub fn finish(self, found: Option<Claims>, arrival: &Arrival<'_>, settings: &Settings) -> Processed {
        let Self { batch, pages, events, visit, is_cookieless, is_left_out, refused, mut tally } = self;
        let (keys, site) = (&settings.token_keys, arrival.site);
        let first = events.first().map(|(event, _)| Moment::of(event));
        // what happened decides whether a token is too old, not when it arrives: the same again comes to the same
        let at = first.map_or(arrival.now, |first| first.at);
        let token = batch.token.filter(|token| !is_cookieless && !token.is_empty());
        let verified = token.map(|token| Claims::verify(&token, keys, site, at));
        tally.token = verified.as_ref().and_then(|verified| verified.as_ref().err()).map(|fault: &Fault| fault.name());
        let known = verified.and_then(Result::ok);
        let day = is_cookieless.then(|| Day::of(at));
        // a visitor of whom nothing was stored is still unknown: the batch that is sent again must find it so
        let nobody = known.is_none() && events.is_empty();
        // ids go on deriving by the key that signed the token, so that a batch sent again while keys rotate agrees
        let (known, key) = known.map_or((None, &keys.current), |(claims, key)| (Some(claims), key));
        let stream_id = day.map_or(batch.stream_id, |day| day.stream(batch.stream_id, site, key));
        let mut claims = known
            .or(found.filter(|_| is_cookieless))
            .unwrap_or_else(|| assign_session::of_page_load(stream_id, first, site, key));
        let events = assign_session::to_events(events, &mut claims, site, key);
        let token = if nobody || is_cookieless { String::new() } else { claims.sign(&keys.current, site) };
        // a batch without events still has to say how many the pixel dropped, unless nobody is to hear of the visit
        let is_forwarded = tally.of(Outcome::Accepted) > 0 || batch.dropped > 0 && !is_left_out;
        let batch = ForwardBatch {
            v: wire::version::WIRE,
            edge_version: env!("CARGO_PKG_VERSION").to_owned(),
            batch_id: batch.batch_id,
            stream_id,
            site_id: site.to_owned(),
            visitor_id: claims.visitor_id,
            sent_at: day.map_or(batch.sent_at, |day| day.at_latest(batch.sent_at)),
            received_at: day.map_or(arrival.now, |day| day.at_latest(arrival.now)),
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
            pages,
            events,
        };
        Processed { batch, is_forwarded, token, refused, tally }
    }
}
