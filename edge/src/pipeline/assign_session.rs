//! Whose events these are and which visit they belong to: a pure function of what is known and the events, so that a batch
//! that is sent again gets the same answer.

use edge_settings::Key;
use redaction::Redacted;
use uuid::Uuid;
use wire::{Event, ForwardedEvent, ids, limits};

use super::redact::RedactedEvent;
use crate::token::{Claims, derived_id};

/// When an event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The time inside the id. It was checked against the edge's clock, so that a browser whose clock jumps can neither
    /// split a session nor keep one alive.
    pub(crate) at: i64,
    /// `ts`.
    pub(crate) ts: i64,
}

impl Moment {
    pub(crate) fn of(event: &Event) -> Self {
        Self { at: ids::time_ms(event.id.as_bytes()), ts: event.ts }
    }
}

impl Claims {
    /// Those of somebody who was not there before `first`.
    pub(crate) fn fresh(visitor_id: Uuid, session_id: Uuid, first: Moment) -> Self {
        Self {
            visitor_id,
            session_id,
            session_number: 1,
            session_start: first.ts,
            last_activity: first.at,
            first_activity: first.at,
        }
    }

    /// Takes note of an event.
    ///
    /// Half an hour without one ends a session. The next one is named after the one before it and the half hour it begins
    /// in: a page that is left and the page that follows send with the same token, and must come to the same session. Late
    /// events stay in the session that is known and do not move it back.
    pub(crate) fn advance(&mut self, moment: Moment, site: &str, key: &Key) {
        if moment.at.saturating_sub(self.last_activity) > limits::SESSION_IDLE_MS {
            let half_hour = (moment.at / limits::SESSION_IDLE_MS).to_be_bytes();
            let parts = [b"session".as_slice(), site.as_bytes(), self.session_id.as_bytes(), &half_hour];
            self.session_id = derived_id(key, &parts);
            self.session_number = self.session_number.saturating_add(1);
            self.session_start = moment.ts;
        }
        self.last_activity = self.last_activity.max(moment.at);
    }
}

/// A visitor of whom nothing is known, named after the page load, so that two batches of it that cross on the way agree.
pub(super) fn of_page_load(stream_id: Uuid, first: Option<Moment>, site: &str, key: &Key) -> Claims {
    let derive = |what: &[u8]| derived_id(key, &[what, site.as_bytes(), stream_id.as_bytes()]);
    Claims::fresh(derive(b"visitor"), derive(b"first session"), first.unwrap_or(Moment { at: 0, ts: 0 }))
}

/// Gives each event its session; the claims are then those for the next token.
pub(super) fn to_events(
    events: Vec<RedactedEvent>,
    claims: &mut Claims,
    site: &str,
    key: &Key,
) -> Vec<ForwardedEvent<Redacted<Event>>> {
    let assign = |(event, report): RedactedEvent| {
        claims.advance(Moment::of(&event), site, key);
        ForwardedEvent {
            session_id: claims.session_id,
            session_number: claims.session_number,
            session_start: claims.session_start,
            redactions: report.counts(),
            event,
        }
    };
    events.into_iter().map(assign).collect()
}
