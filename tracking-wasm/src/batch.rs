//! A batch: while it is filled, in storage, and on its way.
//!
//! In storage it is a line that says what may be done with it, then its body but for the beginning, an event a line:
//!
//! ```text
//! 1800000000000 2 0 0 v1.token           hold, events, events dropped before it, 1 when its ids were mended, token
//! "batch_id":"…","v":1,…"events":[
//! {"id":"…","seq":0,…},
//! {"id":"…","seq":1,…}
//! ]}
//! ```
//!
//! Others leave it alone until `hold`, Unix milliseconds. The first attempt to send it decides about token and count, so that a
//! retry is the same to the letter; before it the token is missing, and `-` stands for none. JSON text holds no raw line feed:
//! no visitor's string can look like a line.

use wire::limits::{BATCH_BYTES, BATCH_EVENTS, TOKEN_BYTES, WINDOW_MS};

use crate::moment::{Moment, TIME_CHARS, UUID_CHARS, put_time, time_of};
use crate::text::{Text, fill, from, is_listed, number, put, take, until};

/// Room for what a batch says beside its pages and events: ids, times, counts, the token.
const ENVELOPE_BYTES: usize = 500 + TOKEN_BYTES;
#[expect(clippy::cast_possible_wrap, reason = "a small number")]
const EVENTS: i64 = BATCH_EVENTS as i64;
/// Ends a batch.
const END: &[u8] = b"\n]}";
const ID: &[u8] = b"\"batch_id\":\"";
const EVENT_ID: &[u8] = b"{\"id\":\"";
const SEQ: &[u8] = b"\",\"seq\":";

/// The batch that is being filled.
pub(crate) struct Batch {
    /// Names it.
    pub(crate) id: Text<[u8; UUID_CHARS]>,
    /// Joined with commas.
    pages: Text<[u8; BATCH_BYTES]>,
    page_count: i64,
    /// Joined with a comma and a line feed.
    events: Text<[u8; BATCH_BYTES]>,
    pub(crate) count: i64,
    /// Whether the page that is open is the last of `pages`.
    pub(crate) has_page: bool,
}

impl Batch {
    pub(crate) const NEW: Self =
        Self { id: Text::NEW, pages: Text::NEW, page_count: 0, events: Text::NEW, count: 0, has_page: false };

    /// Begins the next one.
    pub(crate) fn clear(&mut self) {
        self.id.clear();
        self.pages.clear();
        self.events.clear();
        (self.page_count, self.count, self.has_page) = (0, 0, false);
    }

    /// Whether so many more bytes and one more event fit.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.pages.len() + self.events.len() + bytes + ENVELOPE_BYTES <= BATCH_BYTES && self.count < EVENTS
    }

    /// Adds an event: its JSON before and after the index of its page. Where its end is, for [`Self::mark`].
    pub(crate) fn add(&mut self, page: &[u8], before: &[u8], after: &[u8]) -> usize {
        if !self.has_page {
            fill(&mut self.pages, if self.page_count > 0 { b",\x01" } else { b"\x01" }, &[page], &[]);
            self.page_count += 1;
            self.has_page = true;
        }
        let template: &[u8] = if self.count > 0 { b",\n\x01\x0e\x02" } else { b"\x01\x0e\x02" };
        fill(&mut self.events, template, &[before, after], &[self.page_count - 1]);
        self.count += 1;
        self.events.len()
    }

    /// Adds `facts` to the data of the event that ends at `end`.
    pub(crate) fn mark(&mut self, end: usize, facts: &[u8]) {
        if end > 2 {
            self.events.insert(end - 2, facts);
        }
    }

    /// Appends its form in storage; `consent` is what is said of it, as part of a JSON object.
    pub(crate) fn store(&self, out: &mut Text, stream: &[u8], now: i64, consent: &[u8], hold: i64) {
        fill(
            out,
            b"\x0e \x0f 0 0 \n\"batch_id\":\"\x01\",\"v\":1,\"stream_id\":\"\x02\",\"sent_at\":\x10\x03,\"pages\":[\x04],\"events\":[\n\x05\n]}",
            &[&self.id, stream, consent, &self.pages, &self.events],
            &[hold, self.count, now],
        );
    }
}

const _: () = assert!(wire::version::WIRE == 1, "`store` writes the version");

/// A batch in storage.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stored<'a> {
    pub(crate) hold: i64,
    events: i64,
    dropped: i64,
    mended: i64,
    token: &'a [u8],
    /// Everything but the first line.
    body: &'a [u8],
}

impl<'a> Stored<'a> {
    /// `None` when it is no batch: other scripts may write to the same storage.
    pub(crate) fn read(value: &'a [u8]) -> Option<Self> {
        let mut body = value;
        let mut line = take(&mut body, b'\n');
        let mut part = || take(&mut line, b' ');
        let (hold, events, dropped, mended) = (number(part()), number(part()), number(part()), number(part()));
        let is_batch = body.starts_with(ID) && body.ends_with(END);
        is_batch.then_some(Self { hold, events, dropped, mended, token: line, body })
    }

    /// The events that are lost when this batch is.
    pub(crate) fn lost(&self) -> i64 {
        self.events + self.dropped
    }

    /// Whether it was sent, or is about to be.
    pub(crate) fn is_attempted(&self) -> bool {
        !self.token.is_empty()
    }

    /// Its first attempt: with this token, and a count of events dropped before it.
    pub(crate) fn attempt(&mut self, token: &'a [u8], dropped: i64) {
        self.token = if token.is_empty() { b"-" } else { token };
        self.dropped = dropped;
    }

    /// Appends it, held until `hold`.
    pub(crate) fn store(&self, out: &mut Text, hold: i64) {
        let numbers = [hold, self.events, self.dropped, self.mended];
        fill(out, b"\x0e \x0f \x10 \x11 \x01\n\x02", &[self.token, self.body], &numbers);
    }

    /// Whether moving the times of its events has not been tried.
    pub(crate) fn is_mendable(&self) -> bool {
        self.mended == 0
    }

    /// Appends a new batch of the `count` events whose ids were refused for their time: moved by
    /// `skew`, and to `edge_now` where that does not bring them near it.
    pub(crate) fn mend(
        &self,
        out: &mut Text,
        refusals: &[u8],
        count: i64,
        skew: i64,
        edge_now: i64,
        moment: &Moment<'_>,
    ) {
        let mut rest = from(self.body, ID.len() + UUID_CHARS);
        fill(out, b"0 \x0e 0 1 \n\"batch_id\":\"", &[], &[count]);
        moment.put_id(out, edge_now, 0);
        put(out, take(&mut rest, b'\n'));
        let mut separator: &[u8] = b"\n";
        while !rest.is_empty() {
            let line = take(&mut rest, b'\n');
            let Some(event) = line.strip_prefix(EVENT_ID) else { continue };
            let tail = from(event, UUID_CHARS);
            if count_refused(refusals, Some(number(from(tail, SEQ.len())))) == 0 {
                continue;
            }
            let shifted = time_of(event) + skew;
            put(out, separator);
            put(out, EVENT_ID);
            put_time(out, if shifted > edge_now - WINDOW_MS / 2 && shifted <= edge_now { shifted } else { edge_now });
            put(out, from(until(event, UUID_CHARS), TIME_CHARS));
            put(out, tail.strip_suffix(b",").unwrap_or(tail));
            separator = b",\n";
        }
        put(out, END);
    }
}

/// Of `refusals`, a line an event with its `seq` and the reason: how many are for the time inside the id, of all events or of one.
pub(crate) fn count_refused(refusals: &[u8], seq: Option<i64>) -> i64 {
    let (mut rest, mut count) = (refusals, 0);
    while !rest.is_empty() {
        let mut line = take(&mut rest, b'\n');
        let refused = number(take(&mut line, b' '));
        count += i64::from(seq.is_none_or(|seq| seq == refused) && is_listed(b"expired from_the_future", line));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;
    const MOMENT: Moment<'_> = Moment { now: NOW, t: 0, random: b"0123456789abcde" };
    const YEAR: i64 = 365 * 86_400_000;

    fn id(time: i64) -> String {
        let mut out = Text::<[u8; 36]>::NEW;
        MOMENT.put_id(&mut out, time, 1);
        text(&out)
    }

    fn text(out: &[u8]) -> String {
        String::from_utf8(out.to_vec()).expect("UTF-8")
    }

    /// In storage, with events of these times and numbers.
    fn stored(events: &[(i64, i64)]) -> String {
        let mut batch = Batch::NEW;
        MOMENT.put_id(&mut batch.id, NOW, 0);
        for (time, seq) in events {
            let before = format!("{{\"id\":\"{}\",\"seq\":{seq},\"page\":", id(*time));
            batch.add(b"{}", before.as_bytes(), b",\"data\":{}}");
        }
        let mut out = Text::<[u8; 9_999]>::NEW;
        batch.store(&mut out, id(NOW).as_bytes(), NOW, b",\"consent\":\"granted\"", 5);
        text(&out)
    }

    fn mended(value: &str, refusals: &str, skew: i64) -> String {
        let batch = Stored::read(value.as_bytes()).expect("a batch");
        let mut out = Text::<[u8; 9_999]>::NEW;
        let count = count_refused(refusals.as_bytes(), None);
        batch.mend(&mut out, refusals.as_bytes(), count, skew, NOW, &MOMENT);
        text(&out)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let value = stored(&[(1, 0), (2, 1)]);
        let mut batch = Stored::read(value.as_bytes()).expect("a batch");
        assert_eq!((batch.hold, batch.lost(), batch.is_attempted(), batch.is_mendable()), (5, 2, false, true));
        batch.attempt(b"", 3);
        let mut out = Text::<[u8; 9_999]>::NEW;
        batch.store(&mut out, 9);
        let again = Stored::read(&out).expect("a batch");
        assert_eq!((again.hold, again.lost(), again.is_attempted()), (9, 5, true));
        assert_eq!(again.body, batch.body);
        assert!(out.starts_with(b"9 2 3 0 -\n"));
        for other in ["", "what another script left here", "1 0 0 0 \n\"batch_id\":\"", "\n]}"] {
            assert!(Stored::read(other.as_bytes()).is_none());
        }
    }

    #[test]
    fn pages_are_named_once_and_events_by_their_index() {
        let mut batch = Batch::NEW;
        for (page, has_page) in [("1", false), ("1", true), ("2", false)] {
            batch.has_page = has_page;
            batch.add(page.as_bytes(), b"<", b">");
        }
        assert_eq!((&*text(&batch.pages), &*text(&batch.events)), ("1,2", "<0>,\n<0>,\n<1>"));
        batch.clear();
        batch.add(b"2", b"<", b"}}");
        batch.mark(0, b"no");
        batch.mark(99, b"no");
        batch.mark(4, b"!");
        assert_eq!((&*text(&batch.pages), &*text(&batch.events)), ("2", "<0!}}"));
    }

    #[test]
    fn refused_ids_move_by_the_clock_error_and_keep_their_random_part() {
        let value = stored(&[(NOW + YEAR, 4), (NOW + YEAR + 1, 5), (NOW + YEAR + 9, 6)]);
        let event = |time, seq| format!("{{\"id\":\"{}\",\"seq\":{seq},\"page\":0,\"data\":{{}}}}", id(time));
        let moved = mended(&value, "5 from_the_future\n4 bad_type\n6 expired", -YEAR - 20);
        assert!(moved.ends_with(&format!("[\n{},\n{}\n]}}", event(NOW - 19, 5), event(NOW - 11, 6))), "{moved}");
        let batch = Stored::read(moved.as_bytes()).expect("a batch");
        assert_eq!((batch.hold, batch.lost(), batch.is_attempted(), batch.is_mendable()), (0, 2, false, false));
        // the clock was put right since
        let moved = mended(&value, "4 expired", 0);
        assert!(moved.ends_with(&format!("[\n{}\n]}}", event(NOW, 4))), "{moved}");
    }
}
