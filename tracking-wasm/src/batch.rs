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

use crate::moment::{TIME_CHARS, UUID_CHARS, time_of};
use crate::text::{
    BATCH_ID, COMPLETE, COUNT, END, EVENTS, HOLD, INDEX, MS, Memory, NO_PARTS, NOW, OUT, PAGE, PAGES, Parts, START,
    from, number, split, t, take, until,
};

/// Room for what a batch says beside its pages and events: ids, times, counts, the token.
const ENVELOPE_BYTES: usize = 500 + TOKEN_BYTES;
#[expect(clippy::cast_possible_wrap, reason = "a small number")]
const MOST_EVENTS: i64 = BATCH_EVENTS as i64;
/// Ends a batch.
const BATCH_END: &[u8] = b"\n]}";
const ID: &[u8] = b"\"batch_id\":\"";
const EVENT_ID: &[u8] = b"{\"id\":\"";
const SEQ: &[u8] = b"\",\"seq\":";

/// The batch that is being filled, beside what [`Memory`] knows of it.
pub(crate) struct Batch {
    /// Begun so far.
    batches: i64,
    /// Whether the page that is open is the last of its pages.
    pub(crate) has_page: bool,
}

impl Batch {
    pub(crate) const NEW: Self = Self { batches: 0, has_page: false };

    /// Adds the event between whose `START` and `END` the index of its page belongs. Where its end is, for [`Self::mark`].
    pub(crate) fn add(&mut self, m: &mut Memory, time: i64) -> usize {
        if m.numbers[COUNT] == 0 {
            self.batches += 1;
            self.has_page = false;
            m.numbers[INDEX] = -1;
            m.clear(PAGES);
            m.clear(EVENTS);
            m.clear(BATCH_ID);
            m.put_id(BATCH_ID, time, 0x800 + self.batches);
        }
        if !self.has_page {
            self.has_page = true;
            m.numbers[INDEX] += 1;
            m.fill(PAGES, if m.numbers[INDEX] > 0 { t!(",{PAGE}") } else { t!("{PAGE}") }, NO_PARTS);
        }
        let template = if m.numbers[COUNT] > 0 { t!(",\n{START}{INDEX}{END}") } else { t!("{START}{INDEX}{END}") };
        m.fill(EVENTS, template, NO_PARTS);
        m.numbers[COUNT] += 1;
        m.length(EVENTS)
    }
}

/// Whether there is room for the event that `START` and `END` hold.
pub(crate) fn has_room(m: &Memory) -> bool {
    // the page may have to be named again; separators and the index take a few bytes more
    let bytes = m.length(START) + m.length(END) + m.length(PAGE) + m.length(PAGES) + m.length(EVENTS) + 8;
    bytes + ENVELOPE_BYTES <= BATCH_BYTES && m.numbers[COUNT] < MOST_EVENTS
}

/// Adds `facts` to the data of the event that ends at `end`, 0 for none. What follows waits in `OUT`, where nothing is yet.
pub(crate) fn mark(m: &mut Memory, end: usize, facts: &[u8]) {
    let length = m.length(EVENTS);
    if end > 2 && end <= length && m.has_room(EVENTS, facts.len()) {
        m.copy(OUT, EVENTS, end - 2, length);
        m.truncate(EVENTS, end - 2);
        m.put(EVENTS, facts);
        m.copy(EVENTS, OUT, 0, m.length(OUT));
        m.clear(OUT);
    }
}

/// Appends the batch that is being filled to the complete ones, held until `hold`.
pub(crate) fn store(m: &mut Memory, hold: i64) {
    m.numbers[HOLD] = hold;
    let template = t!(
        "evothesis:b:{BATCH_ID}\n{HOLD} {COUNT} 0 0 \n\"batch_id\":\"{BATCH_ID}\",\"v\":1,\"stream_id\":\"{STREAM}\",\"sent_at\":{NOW}{CONSENT},\"pages\":[{PAGES}],\"events\":[\n{EVENTS}\n]}\x1e"
    );
    m.fill(COMPLETE, template, NO_PARTS);
}

const _: () = assert!(wire::version::WIRE == 1, "`store` writes the version");

/// Reads a batch in storage: the parts of its first line, and the rest. All of them are empty when it is no batch: other scripts
/// may write to the same storage.
#[inline(never)]
pub(crate) fn read_batch(value: &[u8]) -> Parts<'_> {
    let mut body = value;
    let line = take(&mut body, b'\n');
    if !(body.starts_with(ID) && body.ends_with(BATCH_END)) {
        return *NO_PARTS;
    }
    let mut parts = split(line, b' ');
    parts[5] = body;
    parts
}

/// The events that are lost when this batch is.
pub(crate) fn lost(batch: &Parts<'_>) -> i64 {
    number(batch[1]) + number(batch[2])
}

/// Whether it was sent, or is about to be.
pub(crate) fn is_attempted(batch: &Parts<'_>) -> bool {
    !batch[4].is_empty()
}

/// How a batch is stored again, behind its key: as it was …
pub(crate) const RETRY: &[u8] = t!("\n{HOLD} {SECOND} {THIRD} {FOURTH} {FIFTH}\n{SIXTH}\x1e");
/// … or as its first attempt decides.
pub(crate) const FIRST_ATTEMPT: &[u8] = t!("\n{HOLD} {SECOND} {MS} {FOURTH} {TOKEN}\n{SIXTH}\x1e");
pub(crate) const FIRST_ATTEMPT_WITHOUT_TOKEN: &[u8] = t!("\n{HOLD} {SECOND} {MS} {FOURTH} -\n{SIXTH}\x1e");

/// Says that it is to be stored under `key` as the template says, held until `hold`, if it is a batch.
pub(crate) fn store_again(m: &mut Memory, key: &[u8], template: &[u8], batch: &Parts<'_>, hold: i64) {
    if !batch[5].is_empty() {
        m.numbers[HOLD] = hold;
        m.put(OUT, key);
        m.fill(OUT, template, batch);
    }
}

/// Says that a new batch is to be stored: the `count` events of `batch` whose ids were refused for their time, moved by the error
/// of the clock, and to `edge_now` where that does not bring them near it.
pub(crate) fn mend(m: &mut Memory, batch: &Parts<'_>, refusals: &[u8], count: i64, edge_now: i64) {
    let mut rest = from(batch[5], ID.len() + UUID_CHARS);
    m.clear(START);
    m.put_id(START, edge_now, 0);
    m.numbers[MS] = count;
    m.fill(OUT, t!("evothesis:b:{START}\n0 {MS} 0 1 \n\"batch_id\":\"{START}"), NO_PARTS);
    m.put(OUT, take(&mut rest, b'\n'));
    let mut separator: &[u8] = b"\n";
    while !rest.is_empty() {
        let line = take(&mut rest, b'\n');
        let Some(event) = line.strip_prefix(EVENT_ID) else { continue };
        let tail = from(event, UUID_CHARS);
        if count_refused(refusals, number(from(tail, SEQ.len()))) == 0 {
            continue;
        }
        let shifted = time_of(event) + edge_now - m.numbers[NOW];
        m.put(OUT, separator);
        m.put(OUT, EVENT_ID);
        m.put_time(OUT, if shifted > edge_now - WINDOW_MS / 2 && shifted <= edge_now { shifted } else { edge_now });
        m.put(OUT, from(until(event, UUID_CHARS), TIME_CHARS));
        m.put(OUT, tail.strip_suffix(b",").unwrap_or(tail));
        separator = b",\n";
    }
    m.put(OUT, BATCH_END);
    m.push(OUT, 0x1e);
}

/// Of `refusals`, a line an event with its `seq` and the reason: how many are for the time inside the id, of all events (-1) or of
/// one.
#[inline(never)]
pub(crate) fn count_refused(refusals: &[u8], seq: i64) -> i64 {
    let (mut rest, mut count) = (refusals, 0);
    while !rest.is_empty() {
        let mut line = take(&mut rest, b'\n');
        let refused = number(take(&mut line, b' '));
        count += i64::from((seq < 0 || seq == refused) && (line == b"expired" || line == b"from_the_future"));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{CONSENT, RANDOM, STREAM};

    const THEN: i64 = 1_800_000_000_000;
    const YEAR: i64 = 365 * 86_400_000;

    fn memory() -> Box<Memory> {
        let mut m = Box::new(Memory::NEW);
        m.put(RANDOM, b"0123456789abcde");
        m.numbers[NOW] = THEN;
        m
    }

    fn id(time: i64) -> String {
        let mut m = memory();
        m.put_id(OUT, time, 1);
        text(&m, OUT)
    }

    fn text(m: &Memory, id: usize) -> String {
        String::from_utf8(m.text(id).to_vec()).expect("UTF-8")
    }

    fn set(m: &mut Memory, id: usize, text: &str) {
        m.clear(id);
        m.put(id, text.as_bytes());
    }

    /// In storage, with events of these times and numbers.
    fn stored(events: &[(i64, i64)]) -> String {
        let (mut m, mut batch) = (memory(), Batch::NEW);
        m.put(PAGE, b"{}");
        m.put(END, b",\"data\":{}}");
        m.put(CONSENT, b",\"consent\":\"granted\"");
        m.put_id(STREAM, THEN, 1);
        for (time, seq) in events {
            set(&mut m, START, &format!("{{\"id\":\"{}\",\"seq\":{seq},\"page\":", id(*time)));
            batch.add(&mut m, THEN);
        }
        store(&mut m, 5);
        let record = text(&m, COMPLETE);
        record.split_once('\n').expect("a value").1.trim_end_matches('\x1e').to_owned()
    }

    fn mended(value: &str, refusals: &str, edge_now: i64, now: i64) -> String {
        let batch = read_batch(value.as_bytes());
        let mut m = memory();
        m.numbers[NOW] = now;
        let count = count_refused(refusals.as_bytes(), -1);
        mend(&mut m, &batch, refusals.as_bytes(), count, edge_now);
        let record = text(&m, OUT);
        record.split_once('\n').expect("a value").1.trim_end_matches('\x1e').to_owned()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let value = stored(&[(1, 0), (2, 1)]);
        let batch = read_batch(value.as_bytes());
        assert_eq!((batch[0], lost(&batch), is_attempted(&batch), batch[3]), (&b"5"[..], 2, false, &b"0"[..]));
        let mut m = memory();
        m.numbers[MS] = 3;
        store_again(&mut m, b"key", FIRST_ATTEMPT_WITHOUT_TOKEN, &batch, 9);
        let again = text(&m, OUT);
        let again = again.strip_prefix("key\n").and_then(|again| again.strip_suffix('\x1e')).expect("a record");
        let again = read_batch(again.as_bytes());
        assert_eq!((again[0], lost(&again), is_attempted(&again)), (&b"9"[..], 5, true));
        assert_eq!(again[5], batch[5]);
        assert_eq!(again[..5], [&b"9"[..], b"2", b"3", b"0", b"-"]);
        for other in ["", "what another script left here", "1 0 0 0 \n\"batch_id\":\"", "\n]}"] {
            assert!(read_batch(other.as_bytes())[5].is_empty());
        }
    }

    #[test]
    fn pages_are_named_once_and_events_by_their_index() {
        let (mut m, mut batch) = (memory(), Batch::NEW);
        m.put(START, b"<");
        m.put(END, b">");
        for (page, has_page) in [("1", false), ("1", true), ("2", false)] {
            batch.has_page = has_page;
            set(&mut m, PAGE, page);
            batch.add(&mut m, THEN);
        }
        assert_eq!((&*text(&m, PAGES), &*text(&m, EVENTS)), ("1,2", "<0>,\n<0>,\n<1>"));
        m.numbers[COUNT] = 0;
        set(&mut m, END, "}}");
        batch.add(&mut m, THEN);
        mark(&mut m, 0, b"no");
        mark(&mut m, 99, b"no");
        mark(&mut m, 4, b"!");
        assert_eq!((&*text(&m, PAGES), &*text(&m, EVENTS)), ("2", "<0!}}"));
    }

    #[test]
    fn refused_ids_move_by_the_clock_error_and_keep_their_random_part() {
        let value = stored(&[(THEN + YEAR, 4), (THEN + YEAR + 1, 5), (THEN + YEAR + 9, 6)]);
        let event = |time, seq| format!("{{\"id\":\"{}\",\"seq\":{seq},\"page\":0,\"data\":{{}}}}", id(time));
        let moved = mended(&value, "5 from_the_future\n4 bad_type\n6 expired", THEN, THEN + YEAR + 20);
        assert!(moved.ends_with(&format!("[\n{},\n{}\n]}}", event(THEN - 19, 5), event(THEN - 11, 6))), "{moved}");
        let batch = read_batch(moved.as_bytes());
        assert_eq!((batch[0], lost(&batch), is_attempted(&batch), batch[3]), (&b"0"[..], 2, false, &b"1"[..]));
        // the clock was put right since
        let moved = mended(&value, "4 expired", THEN, THEN);
        assert!(moved.ends_with(&format!("[\n{}\n]}}", event(THEN, 4))), "{moved}");
    }
}
