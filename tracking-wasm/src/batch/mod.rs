//! The batch that is being filled, and its form in storage.

pub(crate) mod stored;

use wire::ids::{self, UuidBytes};
use wire::limits::{BATCH_BYTES, BATCH_EVENTS, TOKEN_BYTES};
use wire::version::WIRE;

use crate::json::push_number;
use crate::text::push_all;

/// Room for what a batch says beside its pages and events: ids, times, counts, the token.
const ENVELOPE_BYTES: usize = 400 + TOKEN_BYTES;

/// The batch that is being filled.
pub(crate) struct Batch {
    /// Names it.
    pub(crate) id: String,
    /// Joined with commas.
    pages: String,
    page_count: i64,
    /// Joined with a comma and a line feed.
    events: String,
    event_count: usize,
    /// Whether the page that is open is the last of `pages`.
    pub(crate) has_page: bool,
}

impl Batch {
    pub(crate) fn new(id: &UuidBytes) -> Self {
        Self {
            id: ids::to_text(id),
            pages: String::new(),
            page_count: 0,
            events: String::new(),
            event_count: 0,
            has_page: false,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.event_count >= BATCH_EVENTS
    }

    /// Whether so many more bytes fit.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.pages.len() + self.events.len() + bytes + ENVELOPE_BYTES <= BATCH_BYTES
    }

    /// Adds an event: its JSON before and after the index of its page.
    pub(crate) fn add(&mut self, page: &str, before: &str, after: &str) {
        if !self.has_page {
            push_all(&mut self.pages, &[if self.page_count > 0 { "," } else { "" }, page]);
            self.page_count += 1;
            self.has_page = true;
        }
        push_all(&mut self.events, &[if self.event_count > 0 { ",\n" } else { "" }, before]);
        push_number(&mut self.events, self.page_count - 1);
        self.events.push_str(after);
        self.event_count += 1;
    }

    /// Its form in storage; nobody but its owner sends it before `hold`.
    pub(crate) fn store(&self, stream: &str, now: i64, dropped: i64, hold: i64) -> String {
        let mut out = stored::begin(hold, false, &self.id, dropped);
        out.push_str("\"v\":");
        push_number(&mut out, WIRE.into());
        push_all(&mut out, &[",\"stream_id\":\"", stream, "\",\"sent_at\":"]);
        push_number(&mut out, now);
        push_all(
            &mut out,
            &[",\"consent\":\"unknown\",\"pages\":[", &self.pages, "],\"events\":[\n", &self.events, stored::END],
        );
        out
    }
}
