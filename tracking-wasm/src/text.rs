//! Reads and writes text as bytes of UTF-8. `str` checks where a character ends whenever it is cut, and `core::fmt` knows every
//! format there is: both cost kilobytes that each visitor pays. Nothing here cuts inside a character, since every mark is ASCII.
//!
//! All that is written is in one [`Memory`], as texts and numbers that have a name each. Who writes says a name and a template
//! in which other names stand, [`t!`](crate::text::t): constants, where slices would have to be gathered at each place.

use std::mem::offset_of;

use wire::limits::{BATCH_BYTES, PIXEL_STORE_BYTES};

/// The most bytes of a text, so that where it is needs no table: its name times this. Most need less.
const ROOM: usize = BATCH_BYTES;
/// The most bytes of [`COMPLETE`] and [`OUT`], which are the last. tell.js knows it.
const LONG_ROOM: usize = 16 * ROOM;
const _: () = assert!(LONG_ROOM >= 2 * PIXEL_STORE_BYTES, "page.js may be told all that is stored, and as much again");

/// Names a text in [`Memory`].
pub(crate) type Id = usize;
/// What an event begins with, up to the index of its page.
pub(crate) const START: Id = 0;
/// What an event ends with.
pub(crate) const END: Id = 1;
/// The page that is open, as an entry of a batch's `pages`; empty before the first.
pub(crate) const PAGE: Id = 2;
/// The pages of the batch that is being filled, joined with commas.
pub(crate) const PAGES: Id = 3;
/// Its events, joined with a comma and a line feed.
pub(crate) const EVENTS: Id = 4;
/// Its id.
pub(crate) const BATCH_ID: Id = 5;
/// What a batch says of consent, as part of a JSON object.
pub(crate) const CONSENT: Id = 6;
/// The id of the page load.
pub(crate) const STREAM: Id = 7;
/// The token of the state that all tabs share.
pub(crate) const TOKEN: Id = 8;
/// Fifteen hexadecimal digits that nobody can guess, new whenever page.js says something.
pub(crate) const RANDOM: Id = 9;
/// The id that was made last.
pub(crate) const ID: Id = 10;
/// Batches that are complete, and not yet in storage: records.
pub(crate) const COMPLETE: Id = 11;
/// What page.js is told. The last of all, so that it is where page.js can find it: see lib.rs.
pub(crate) const OUT: Id = COMPLETE + LONG_ROOM / ROOM;
const TOTAL: usize = OUT * ROOM + LONG_ROOM;

/// The state that all tabs share: see `edge_state`.
pub(crate) const SKEW: usize = 0;
pub(crate) const FAILURES: usize = 1;
pub(crate) const NOT_BEFORE: usize = 2;
pub(crate) const ASKED: usize = 3;
pub(crate) const DROPPED: usize = 4;
/// The browser's clock, Unix milliseconds.
pub(crate) const NOW: usize = 5;
/// Milliseconds since the page load, by the monotonic clock.
pub(crate) const TIME: usize = 6;
/// Numbers the next event.
pub(crate) const SEQ: usize = 7;
/// Index of the last of [`PAGES`].
pub(crate) const INDEX: usize = 8;
/// Events in the batch that is being filled.
pub(crate) const COUNT: usize = 9;
/// Until when others leave a batch alone.
pub(crate) const HOLD: usize = 10;
/// Whatever a template needs.
pub(crate) const ONE: usize = 11;
pub(crate) const OTHER: usize = 12;

/// What stands for a text in a template, and for a number.
const TEXT_CODE: u8 = 0x80;
const NUMBER_CODE: u8 = 0xa0;
/// The names that a template may hold. `FIRST` to `FIFTH` are those of the parts that it is filled with.
#[expect(clippy::cast_possible_truncation, reason = "a few of each")]
const NAMES: [(&str, u8); 29] = [
    ("FIRST", 1),
    ("SECOND", 2),
    ("THIRD", 3),
    ("FOURTH", 4),
    ("FIFTH", 5),
    ("START", TEXT_CODE + START as u8),
    ("END", TEXT_CODE + END as u8),
    ("PAGE", TEXT_CODE + PAGE as u8),
    ("PAGES", TEXT_CODE + PAGES as u8),
    ("EVENTS", TEXT_CODE + EVENTS as u8),
    ("BATCH_ID", TEXT_CODE + BATCH_ID as u8),
    ("CONSENT", TEXT_CODE + CONSENT as u8),
    ("STREAM", TEXT_CODE + STREAM as u8),
    ("TOKEN", TEXT_CODE + TOKEN as u8),
    ("RANDOM", TEXT_CODE + RANDOM as u8),
    ("ID", TEXT_CODE + ID as u8),
    ("SKEW", NUMBER_CODE + SKEW as u8),
    ("FAILURES", NUMBER_CODE + FAILURES as u8),
    ("NOT_BEFORE", NUMBER_CODE + NOT_BEFORE as u8),
    ("ASKED", NUMBER_CODE + ASKED as u8),
    ("DROPPED", NUMBER_CODE + DROPPED as u8),
    ("NOW", NUMBER_CODE + NOW as u8),
    ("TIME", NUMBER_CODE + TIME as u8),
    ("SEQ", NUMBER_CODE + SEQ as u8),
    ("INDEX", NUMBER_CODE + INDEX as u8),
    ("COUNT", NUMBER_CODE + COUNT as u8),
    ("HOLD", NUMBER_CODE + HOLD as u8),
    ("ONE", NUMBER_CODE + ONE as u8),
    ("OTHER", NUMBER_CODE + OTHER as u8),
];

/// A template for [`Memory::fill`]: `{STREAM}` stands for the text or number of that name. Other braces are text.
macro_rules! t {
    ($template:expr) => {{
        // a constant of its own: of a field of a constant, what stands beside it would be in the Wasm too
        const BYTES: [u8; $crate::text::compiled::<0>($template).1] = $crate::text::compiled($template).0;
        const TEMPLATE: &[u8] = &BYTES;
        TEMPLATE
    }};
}
pub(crate) use t;

/// `template` with a byte for each name, and how many bytes that makes.
#[cfg_attr(not(test), expect(clippy::indexing_slicing, reason = "when it is compiled"))]
pub(crate) const fn compiled<const N: usize>(template: &str) -> ([u8; N], usize) {
    let text = template.as_bytes();
    let (mut out, mut length, mut at) = ([0; N], 0, 0);
    while at < text.len() {
        let mut byte = text[at];
        at += 1;
        if byte == b'{' && at < text.len() && text[at].is_ascii_uppercase() {
            let mut end = at;
            while text[end] != b'}' {
                end += 1;
            }
            byte = code_of(text, at, end);
            at = end + 1;
        }
        if length < N {
            out[length] = byte;
        }
        length += 1;
    }
    (out, length)
}

#[cfg_attr(not(test), expect(clippy::indexing_slicing, reason = "when it is compiled"))]
const fn code_of(text: &[u8], start: usize, end: usize) -> u8 {
    let mut nth = 0;
    loop {
        // fails to compile for a name that is none
        let name = NAMES[nth].0.as_bytes();
        let mut same = 0;
        while same < name.len() && start + same < end && name[same] == text[start + same] {
            same += 1;
        }
        if same == name.len() && start + same == end {
            return NAMES[nth].1;
        }
        nth += 1;
    }
}

/// Five slices of one text, by which a template may be filled: the lines that were said, or a batch in storage.
pub(crate) type Parts<'a> = [&'a [u8]; 5];
pub(crate) const NO_PARTS: &Parts<'_> = &[b""; 5];

/// All that is written. No text ever grows out of its room: code that allocates, grows and frees costs more bytes than all that
/// is written here, and a page that stays open for days must not swell.
#[repr(C)]
pub(crate) struct Memory {
    /// Whether something had no room since this was set to false.
    is_full: bool,
    pub(crate) numbers: [i64; 13],
    lengths: [usize; OUT + 1],
    bytes: [u8; TOTAL],
}

impl Memory {
    #[expect(clippy::large_stack_arrays, reason = "it is static")]
    pub(crate) const NEW: Self = Self { numbers: [0; 13], lengths: [0; OUT + 1], is_full: false, bytes: [0; TOTAL] };

    /// Where the room of [`OUT`] ends, in bytes from the beginning.
    pub(crate) const OUT_END: usize = offset_of!(Self, bytes) + TOTAL;

    /// Bytes of a text.
    pub(crate) fn length(&self, id: Id) -> usize {
        self.lengths.get(id).copied().unwrap_or_default()
    }

    #[inline(never)]
    pub(crate) fn text(&self, id: Id) -> &[u8] {
        until(from(&self.bytes, id * ROOM), self.length(id))
    }

    pub(crate) fn clear(&mut self, id: Id) {
        self.truncate(id, 0);
    }

    /// Cuts a text to `length`, which is not more than it has.
    pub(crate) fn truncate(&mut self, id: Id, length: usize) {
        if let Some(own) = self.lengths.get_mut(id) {
            *own = length;
        }
    }

    /// Whether so many bytes more have room. What has none is not written.
    pub(crate) fn has_room(&self, id: Id, bytes: usize) -> bool {
        self.length(id) + bytes <= if id < COMPLETE { ROOM } else { LONG_ROOM }
    }

    /// Makes a text longer: where the new bytes are, behind all texts when there is no room.
    #[inline(never)]
    fn grow(&mut self, id: Id, bytes: usize) -> usize {
        if !self.has_room(id, bytes) {
            self.is_full = true;
            return TOTAL;
        }
        let length = self.length(id);
        self.truncate(id, length + bytes);
        id * ROOM + length
    }

    /// Appends `part`, all of it or nothing.
    #[inline(never)]
    pub(crate) fn put(&mut self, out: Id, part: &[u8]) {
        let at = self.grow(out, part.len());
        if let Some(room) = self.bytes.get_mut(at..at + part.len()) {
            room.copy_from_slice(part);
        }
    }

    #[inline(never)]
    pub(crate) fn push(&mut self, out: Id, byte: u8) {
        let at = self.grow(out, 1);
        if let Some(room) = self.bytes.get_mut(at) {
            *room = byte;
        }
    }

    /// Appends the bytes from `start` to `end` of another text, or of the same.
    #[inline(never)]
    pub(crate) fn copy(&mut self, out: Id, source: Id, start: usize, end: usize) {
        let begin = source * ROOM;
        let at = self.grow(out, end - start);
        if at < TOTAL && begin + end <= TOTAL && start <= end {
            self.bytes.copy_within(begin + start..begin + end, at);
        }
    }

    /// Forgets the first `bytes` of a text.
    #[inline(never)]
    pub(crate) fn drop_first(&mut self, id: Id, bytes: usize) {
        let length = self.length(id);
        self.clear(id);
        self.copy(id, id, bytes, length);
    }

    /// Appends a whole number.
    #[inline(never)]
    pub(crate) fn put_number(&mut self, out: Id, value: i64) {
        if value < 0 {
            self.push(out, b'-');
        }
        let value = value.unsigned_abs();
        let mut unit = 1;
        while value / unit > 9 {
            unit *= 10;
        }
        while unit > 0 {
            self.push(out, digit(value / unit % 10));
            unit /= 10;
        }
    }

    /// Appends a template, all of it or nothing: half of it would be no JSON.
    #[inline(never)]
    pub(crate) fn fill(&mut self, out: Id, template: &[u8], parts: &Parts<'_>) {
        let length = self.length(out);
        self.is_full = false;
        // an iterator would be a function of its own
        let mut rest = template;
        while let [byte, after @ ..] = rest {
            rest = after;
            match *byte {
                part @ 1..=5 => self.put(out, parts.get(usize::from(part) - 1).copied().unwrap_or_default()),
                number @ NUMBER_CODE.. => {
                    let number = self.numbers.get(usize::from(number - NUMBER_CODE)).copied().unwrap_or_default();
                    self.put_number(out, number);
                }
                source @ TEXT_CODE.. => {
                    let source = usize::from(source - TEXT_CODE);
                    self.copy(out, source, 0, self.length(source));
                }
                byte => self.push(out, byte),
            }
        }
        if self.is_full {
            self.truncate(out, length);
        }
    }

    /// Appends the lowest `digits` hexadecimal digits of `value`.
    #[inline(never)]
    pub(crate) fn put_hex(&mut self, out: Id, value: i64, digits: i64) {
        let mut bits = digits * 4;
        while bits > 0 {
            bits -= 4;
            self.push(out, digit((value >> bits & 15).unsigned_abs()));
        }
    }
}

/// Cuts `text` at each `mark`: what is left behind the fifth is ignored.
#[inline(never)]
pub(crate) fn split(text: &[u8], mark: u8) -> Parts<'_> {
    let mut rest = text;
    let mut parts = *NO_PARTS;
    for part in &mut parts {
        *part = take(&mut rest, mark);
    }
    parts
}

#[expect(clippy::cast_possible_truncation, reason = "one hexadecimal digit")]
fn digit(value: u64) -> u8 {
    let value = value as u8;
    value + if value < 10 { b'0' } else { b'a' - 10 }
}

/// Where the first `mark` is; the length of `text` when there is none.
#[inline(never)]
pub(crate) fn find(text: &[u8], mark: u8) -> usize {
    text.iter().position(|byte| *byte == mark).unwrap_or(text.len())
}

/// `text` from `at` on; empty behind its end.
#[inline(never)]
pub(crate) fn from(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// `text` before `at`; all of it behind its end.
#[inline(never)]
pub(crate) fn until(text: &[u8], at: usize) -> &[u8] {
    text.get(..at).unwrap_or(text)
}

/// What stands before the first `mark`.
#[inline(never)]
pub(crate) fn before(text: &[u8], mark: u8) -> &[u8] {
    until(text, find(text, mark))
}

/// Takes what stands before the next `mark`, and the mark; all that is left when there is none. In line, so that `rest` stays in
/// locals: out of line it has to be in memory, which costs more at each place.
#[inline(always)]
#[expect(clippy::inline_always, reason = "see above")]
pub(crate) fn take<'a>(rest: &mut &'a [u8], mark: u8) -> &'a [u8] {
    let part = before(rest, mark);
    *rest = from(rest, part.len() + 1);
    part
}

/// The whole number that `text` begins with, 0 when there is none. Fifteen digits count, so that thousandfolds fit.
#[inline(never)]
pub(crate) fn number(text: &[u8]) -> i64 {
    let is_negative = text.first() == Some(&b'-');
    let mut number = 0;
    let mut rest = until(from(text, is_negative.into()), 15);
    while let [byte, after @ ..] = rest {
        rest = after;
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number * 10 + i64::from(digit);
    }
    if is_negative { -number } else { number }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn memory() -> Box<Memory> {
        Box::new(Memory::NEW)
    }

    #[test]
    fn hexadecimal_digits() {
        let mut m = memory();
        m.put_hex(OUT, 0xabc9, 3);
        assert_eq!(m.text(OUT), b"bc9");
    }

    #[test]
    fn templates_are_filled_or_left() {
        let mut m = memory();
        m.put(STREAM, b"u");
        m.numbers[ONE] = -7;
        let parts = [b"1".as_slice(), b"", b"", b"", b"5"];
        m.fill(OUT, t!("{\"{STREAM}\":{ONE},{FIRST}{FIFTH}}"), &parts);
        assert_eq!(m.text(OUT), b"{\"u\":-7,15}");
        m.fill(BATCH_ID, t!("{FIRST}"), &[&vec![b'x'; ROOM + 1], b"", b"", b"", b""]);
        assert_eq!(m.text(BATCH_ID), b"");
        m.put(BATCH_ID, &vec![b'x'; ROOM - 6]);
        m.fill(BATCH_ID, t!("12345{STREAM}"), NO_PARTS);
        m.push(BATCH_ID, b'x');
        m.drop_first(BATCH_ID, ROOM - 6);
        assert_eq!(m.text(BATCH_ID), b"12345u");
    }

    proptest! {
        #[test]
        fn cuts_agree_with_the_standard_library(text in "[aü=]{0,8}") {
            let first = text.split_once('=');
            prop_assert_eq!(before(text.as_bytes(), b'='), first.map_or(text.as_str(), |(before, _)| before).as_bytes());
            let mut rest = text.as_bytes();
            take(&mut rest, b'=');
            prop_assert_eq!(rest, first.map_or("", |(_, after)| after).as_bytes());
        }

        #[test]
        fn numbers_are_read_as_written(value in any::<i64>(), short in -999_999_999_999_999_i64..1_000_000_000_000_000, tail in "([^0-9].*)?") {
            let mut m = memory();
            m.put_number(OUT, value);
            prop_assert_eq!(str::from_utf8(m.text(OUT)), Ok(&*value.to_string()));
            m.clear(OUT);
            m.put_number(OUT, short);
            m.put(OUT, tail.as_bytes());
            prop_assert_eq!(number(m.text(OUT)), short);
        }
    }
}
