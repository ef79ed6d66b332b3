//! Whose events these are and which visit they belong to: a pure function of token and events, so that a batch that is
//! sent again gets the same answer.

use redaction::Redacted;
use uuid::Uuid;
use wire::{Event, ForwardedEvent, ids, limits};

use super::redact::RedactedEvent;
use crate::config::Key;
use crate::token::{Claims, derived_id};

/// Gives each event its session, and the claims for the next token.
///
/// Half an hour without an event ends a session. The next one is named after the one before it and the half hour it begins
/// in: a page that is left and the page that follows send with the same token, and must come to the same session. Late
/// events stay in the session that the token names and do not move it back. Without a token, visitor and first session are
/// named after the page load, so that two batches of it that cross on the way agree.
///
/// What counts is the time inside the id, not `ts`: it was checked against the edge's clock, so that a browser whose clock
/// jumps can neither split a session nor keep one alive.
pub(super) fn to_events(
    events: Vec<RedactedEvent>,
    known: Option<Claims>,
    site: &str,
    stream_id: Uuid,
    key: &Key,
) -> (Claims, Vec<ForwardedEvent<Redacted<Event>>>) {
    let derive = |what: &[u8], from: Uuid| derived_id(key, &[what, site.as_bytes(), from.as_bytes()]);
    let mut claims = known.unwrap_or_else(|| {
        let first = events.first().map(|(event, _)| (event.ts, ids::time_ms(event.id.as_bytes())));
        let (session_start, last_activity) = first.unwrap_or_default();
        Claims {
            visitor_id: derive(b"visitor", stream_id),
            session_id: derive(b"first session", stream_id),
            session_number: 1,
            session_start,
            last_activity,
        }
    });
    let assign = |(event, report): RedactedEvent| {
        let at = ids::time_ms(event.id.as_bytes());
        if at.saturating_sub(claims.last_activity) > limits::SESSION_IDLE_MS {
            let half_hour = (at / limits::SESSION_IDLE_MS).to_be_bytes();
            let parts = [b"session".as_slice(), site.as_bytes(), claims.session_id.as_bytes(), &half_hour];
            claims.session_id = derived_id(key, &parts);
            claims.session_number = claims.session_number.saturating_add(1);
            claims.session_start = event.ts;
        }
        claims.last_activity = claims.last_activity.max(at);
        ForwardedEvent {
            session_id: claims.session_id,
            session_number: claims.session_number,
            session_start: claims.session_start,
            redactions: report.counts(),
            event,
        }
    };
    let events = events.into_iter().map(assign).collect();
    (claims, events)
}
