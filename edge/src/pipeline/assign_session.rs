//! Whose events these are and which visit they belong to: a pure function of token and events, so that a batch that is
//! sent again gets the same answer.

use redaction::Redacted;
use uuid::Uuid;
use wire::{Event, ForwardedEvent, limits};

use super::redact::RedactedEvent;
use crate::config::Key;
use crate::token::{Claims, derived_id};

/// Gives each event its session, and the claims for the next token.
///
/// Half an hour without an event ends a session; the next one is named after its first event. Late events stay in the
/// session that the token names and do not move it back. Without a token, visitor and first session are named after the
/// page load, so that two batches of it that cross on the way agree.
pub(super) fn to_events(
    events: Vec<RedactedEvent>,
    known: Option<Claims>,
    site: &str,
    stream_id: Uuid,
    key: &Key,
) -> (Claims, Vec<ForwardedEvent<Redacted<Event>>>) {
    let derive = |what: &[u8], from: Uuid| derived_id(key, &[what, site.as_bytes(), from.as_bytes()]);
    let mut claims = known.unwrap_or_else(|| {
        let first = events.first().map(|(event, _)| event.ts).unwrap_or_default();
        Claims {
            visitor_id: derive(b"visitor", stream_id),
            session_id: derive(b"first session", stream_id),
            session_number: 1,
            session_start: first,
            last_activity: first,
        }
    });
    let assign = |(event, report): RedactedEvent| {
        if event.ts.saturating_sub(claims.last_activity) > limits::SESSION_IDLE_MS {
            claims.session_id = derive(b"session", event.id);
            claims.session_number = claims.session_number.saturating_add(1);
            claims.session_start = event.ts;
        }
        claims.last_activity = claims.last_activity.max(event.ts);
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
