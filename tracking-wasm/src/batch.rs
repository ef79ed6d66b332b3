//! A batch: while it is filled, in storage, and on its way.
//!
//! In storage it is a line that says what may be done with it, then its body, an event a line:
//!
//! ```text
//! 1800000000000 2 1                      hold, events that are lost with it, 1 when its ids were mended
//! {"token":"…","dropped":0,"batch_id":"…","v":1,"stream_id":"…","cookieless":true,"consent":"…",…"events":[
//! {"id":"…","seq":0,…},
//! {"id":"…","seq":1,…}
//! ]}
//! ```
//!
//! Others leave it alone until `hold`, Unix milliseconds. The first attempt to send it decides about token and count, so that a
//! retry is the same to the letter; before it the body begins with `"batch_id"`. Whether it may have a token it says itself: the mode
//! may be another by then. JSON text holds no raw line feed: no visitor's string can look like a line.

use wire::limits::{BATCH_BYTES, BATCH_EVENTS, TOKEN_BYTES};

use crate::text::{
    BATCH_ID, COMPLETE, COUNT, END, EVENTS, HOLD, INDEX, Memory, NO_PARTS, OUT, PAGE, PAGES, Parts, START, STREAM,
    from, number, split, t, take,
};

/// Room for what a batch says beside its pages and events: ids, times, counts, the token.
const ENVELOPE_BYTES: usize = 500 + TOKEN_BYTES;
#[expect(clippy::cast_possible_wrap, reason = "a small number")]
pub(crate) const MOST_EVENTS: i64 = BATCH_EVENTS as i64;
/// How long an id is, and how much of it says when it was made.
const ID_BYTES: usize = "01234567-89ab-7def-8123-456789abcdef".len();
const ID_TIME_BYTES: usize = "01234567-89ab-7def".len();
/// Ends a batch.
const BATCH_END: &[u8] = b"\n]}";

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
            m.make_id(BATCH_ID, time, 0x800 + self.batches);
            // what is left to chance is the stream's: see `is_of`
            m.truncate(BATCH_ID, ID_TIME_BYTES);
            m.copy(BATCH_ID, STREAM, ID_TIME_BYTES, ID_BYTES);
        }
        if !self.has_page {
            self.has_page = true;
            m.numbers[INDEX] += 1;
            m.fill(PAGES, from(t!(",{PAGE}"), usize::from(m.numbers[INDEX] == 0)), NO_PARTS);
        }
        m.fill(EVENTS, from(t!(",\n{START}{INDEX}{END}"), usize::from(m.numbers[COUNT] == 0)), NO_PARTS);
        m.numbers[COUNT] += 1;
        m.length(EVENTS)
    }
}

/// Whether there is room for the event that `START` and `END` hold.
pub(crate) fn has_room(m: &Memory) -> bool {
    // the page may have to be named again; separators and the index take a few bytes more
    let bytes = m.length(START) + m.length(END) + m.length(PAGE) + m.length(PAGES) + m.length(EVENTS) + 8;
    bytes + ENVELOPE_BYTES <= BATCH_BYTES
}

/// Writes `facts` over the spaces that the data of the event ends with which ends at `end`, 0 for none.
pub(crate) fn mark(m: &mut Memory, end: usize, facts: &[u8]) {
    if end > 0 {
        let length = m.length(EVENTS);
        m.truncate(EVENTS, end - b"}}".len() - facts.len());
        m.put(EVENTS, facts);
        m.truncate(EVENTS, length);
    }
}

/// Appends the batch that is being filled to the complete ones, held until `hold`.
pub(crate) fn store(m: &mut Memory, hold: i64) {
    m.numbers[HOLD] = hold;
    let template = t!(
        "evothesis:b:{BATCH_ID}\n{HOLD} {COUNT} \n\"batch_id\":\"{BATCH_ID}\",\"v\":1,\"stream_id\":\"{STREAM}\",{CONSENT},\"sent_at\":{NOW},\"pages\":[{PAGES}],\"events\":[{EVENTS}\n]}\x1e"
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
    let mut parts = split(line, b' ');
    parts[4] = body;
    if (is_attempted(&parts) || body.starts_with(b"\"batch_id\":\"")) && body.ends_with(BATCH_END) {
        parts
    } else {
        *NO_PARTS
    }
}

/// The events that are lost when this batch is.
pub(crate) fn lost(batch: &Parts<'_>) -> i64 {
    number(batch[1])
}

/// Whether it was sent, or is about to be.
pub(crate) fn is_attempted(batch: &Parts<'_>) -> bool {
    batch[4].starts_with(b"{\"token\":")
}

/// Whether it is of the page load with this id, by its key.
pub(crate) fn is_of(key: &[u8], stream: &[u8]) -> bool {
    key.ends_with(from(stream, ID_TIME_BYTES))
}

/// Whether what is said of consent begins with `"cookieless"`, and not with `"consent"`.
pub(crate) fn is_cookieless(consent: &[u8]) -> bool {
    consent.get(3) == Some(&b'o')
}

/// What it says of consent, and all behind that, if it was not attempted.
pub(crate) fn consent_of<'a>(batch: &Parts<'a>) -> &'a [u8] {
    from(batch[4], "\"batch_id\":\"\",\"v\":1,\"stream_id\":\"\",".len() + 2 * ID_BYTES)
}

/// How a batch is stored again, behind its key: as it was …
pub(crate) const RETRY: &[u8] = t!("\n{HOLD} {SECOND} {THIRD}\n{FIFTH}\x1e");
/// … or as its first attempt decides.
pub(crate) const FIRST_ATTEMPT: &[u8] =
    t!("\n{HOLD} {OTHER} {THIRD}\n{\"token\":\"{TOKEN}\",\"dropped\":{ONE},{FIFTH}\x1e");

/// Says that it is to be stored under `key` as the template says, held until `hold`, if it is a batch.
pub(crate) fn store_again(m: &mut Memory, key: &[u8], template: &[u8], batch: &Parts<'_>, hold: i64) {
    if !batch[4].is_empty() {
        m.numbers[HOLD] = hold;
        m.put(OUT, key);
        m.fill(OUT, template, batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{CONSENT, ID, NOW, ONE, OTHER, RANDOM};

    const THEN: i64 = 1_800_000_000_000;

    fn memory() -> Box<Memory> {
        let mut m = Box::new(Memory::NEW);
        m.put(RANDOM, b"0123456789abcde");
        m.numbers[NOW] = THEN;
        m
    }

    fn id(time: i64) -> String {
        let mut m = memory();
        m.make_id(ID, time, 1);
        text(&m, ID)
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
        m.put(CONSENT, b"\"consent\":\"granted\"");
        m.make_id(STREAM, THEN, 1);
        for (time, seq) in events {
            set(&mut m, START, &format!("{{\"id\":\"{}\",\"seq\":{seq},\"page\":", id(*time)));
            batch.add(&mut m, THEN);
        }
        store(&mut m, 5);
        let record = text(&m, COMPLETE);
        record.split_once('\n').expect("a value").1.trim_end_matches('\x1e').to_owned()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let value = stored(&[(1, 0), (2, 1)]);
        let batch = read_batch(value.as_bytes());
        assert_eq!((batch[0], lost(&batch), is_attempted(&batch), batch[2]), (&b"5"[..], 2, false, &b""[..]));
        let mut m = memory();
        (m.numbers[ONE], m.numbers[OTHER]) = (3, 5);
        store_again(&mut m, b"key", FIRST_ATTEMPT, &batch, 9);
        let again = text(&m, OUT);
        let again = again.strip_prefix("key\n").and_then(|again| again.strip_suffix('\x1e')).expect("a record");
        let again = read_batch(again.as_bytes());
        assert_eq!((again[0], lost(&again), is_attempted(&again), again[2]), (&b"9"[..], 5, true, &b""[..]));
        assert_eq!(again[4], [b"{\"token\":\"\",\"dropped\":3,", batch[4]].concat());
        for other in
            ["", "what another script left here", "1 0 \n{\n\"batch_id\":\"\"\n]}", "1 0 0 0 \n\"batch_id\":\"", "\n]}"]
        {
            assert!(read_batch(other.as_bytes())[4].is_empty());
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
        assert_eq!((&*text(&m, PAGES), &*text(&m, EVENTS)), ("1,2", "\n<0>,\n<0>,\n<1>"));
        m.numbers[COUNT] = 0;
        set(&mut m, END, "   }}");
        let end = batch.add(&mut m, THEN);
        batch.add(&mut m, THEN);
        mark(&mut m, 0, b"no");
        mark(&mut m, end, b"yes");
        assert_eq!((&*text(&m, PAGES), &*text(&m, EVENTS)), ("2", "\n<0yes}},\n<0   }}"));
    }

    #[test]
    fn a_batch_tells_its_stream_by_its_key_and_by_itself_whether_it_is_cookieless() {
        for (consent, expected) in
            [("\"cookieless\":true,\"consent\":\"denied\"", true), ("\"consent\":\"granted\"", false), ("", false)]
        {
            let (mut m, mut batch) = (memory(), Batch::NEW);
            m.make_id(STREAM, THEN, 1);
            set(&mut m, RANDOM, "edcba9876543210");
            set(&mut m, CONSENT, consent);
            set(&mut m, END, "}}");
            batch.add(&mut m, THEN);
            store(&mut m, 0);
            let record = text(&m, COMPLETE);
            let (key, value) = record.trim_end_matches('\x1e').split_once('\n').expect("a value");
            assert_eq!(is_cookieless(consent_of(&read_batch(value.as_bytes()))), expected, "{value}");
            assert!(is_of(key.as_bytes(), m.text(STREAM)));
            m.make_id(STREAM, THEN, 1);
            assert!(!is_of(key.as_bytes(), m.text(STREAM)), "another one");
        }
    }
}
