//! Reads and writes text as bytes of UTF-8. `str` checks where a character ends whenever it is cut, and `core::fmt` knows every
//! format there is: both cost kilobytes that each visitor pays. Nothing here cuts inside a character, since every mark is ASCII.

use std::ops::{Deref, DerefMut};

/// The longest whole number.
const NUMBER_CHARS: usize = 20;

/// Text that is being written, in memory of its own that never grows. Code that allocates, grows and frees costs more bytes than
/// all that is written here, and a page that stays open for days must not swell.
pub(crate) struct Text<M: ?Sized = [u8]> {
    length: usize,
    memory: M,
}

impl<const N: usize> Text<[u8; N]> {
    pub(crate) const NEW: Self = Self { length: 0, memory: [0; N] };
}

impl Text {
    pub(crate) fn clear(&mut self) {
        self.length = 0;
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Whether so many bytes more have room. What has none is not written.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.length + bytes <= self.memory.len()
    }

    /// Puts `part` before what stands at `at`.
    pub(crate) fn insert(&mut self, at: usize, part: &[u8]) {
        if self.has_room(part.len()) && at <= self.length {
            self.memory.copy_within(at..self.length, at + part.len());
            if let Some(gap) = self.memory.get_mut(at..at + part.len()) {
                gap.copy_from_slice(part);
            }
            self.length += part.len();
        }
    }

    /// Puts the first `bytes` behind the end, too.
    pub(crate) fn repeat(&mut self, bytes: usize) {
        if bytes <= self.length && self.has_room(bytes) {
            self.memory.copy_within(..bytes, self.length);
            self.length += bytes;
        }
    }

    /// Forgets the first `bytes`.
    pub(crate) fn drop_first(&mut self, bytes: usize) {
        let bytes = bytes.min(self.length);
        self.memory.copy_within(bytes..self.length, 0);
        self.length -= bytes;
    }
}

impl<const N: usize> Deref for Text<[u8; N]> {
    type Target = Text;

    fn deref(&self) -> &Text {
        self
    }
}

impl<const N: usize> DerefMut for Text<[u8; N]> {
    fn deref_mut(&mut self) -> &mut Text {
        self
    }
}

impl Deref for Text {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.memory.get(..self.length).unwrap_or_default()
    }
}

/// Appends `part`, all of it or nothing.
#[inline(never)]
pub(crate) fn put(out: &mut Text, part: &[u8]) {
    let end = out.length + part.len();
    if let Some(room) = out.memory.get_mut(out.length..end) {
        room.copy_from_slice(part);
        out.length = end;
    }
}

fn push(out: &mut Text, byte: u8) {
    put(out, &[byte]);
}

/// Appends a whole number.
#[inline(never)]
pub(crate) fn put_number(out: &mut Text, value: i64) {
    if value < 0 {
        push(out, b'-');
    }
    let value = value.unsigned_abs();
    if value > 9 {
        put_number(out, (value / 10).cast_signed());
    }
    push(out, digit(value % 10));
}

/// Appends `template`, all of it or nothing: half of it would be no JSON. Of its bytes, 1 to 9 stand for the text of that number
/// in `texts`, and 14 to 17 for a number, the first of `numbers` being 14.
#[inline(never)]
pub(crate) fn fill(out: &mut Text, template: &[u8], texts: &[&[u8]], numbers: &[i64]) {
    let bytes = template.len() + NUMBER_CHARS * numbers.len() + texts.iter().map(|text| text.len()).sum::<usize>();
    if !out.has_room(bytes) {
        return;
    }
    for &byte in template {
        match byte {
            1..=9 => put(out, texts.get(usize::from(byte) - 1).copied().unwrap_or_default()),
            14..=17 => put_number(out, numbers.get(usize::from(byte) - 14).copied().unwrap_or_default()),
            _ => push(out, byte),
        }
    }
}

/// Appends the lowest `digits` hexadecimal digits of `value`.
#[inline(never)]
pub(crate) fn put_hex(out: &mut Text, value: i64, digits: u32) {
    for place in (0..digits).rev() {
        push(out, digit((value >> (place * 4) & 15).unsigned_abs()));
    }
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
pub(crate) fn before(text: &[u8], mark: u8) -> &[u8] {
    until(text, find(text, mark))
}

/// What stands after the last `mark`; empty when there is none.
#[inline(never)]
pub(crate) fn after_last(text: &[u8], mark: u8) -> &[u8] {
    text.iter().rposition(|byte| *byte == mark).map_or(b"", |at| from(text, at + 1))
}

/// Takes what stands before the next `mark`, and the mark; all that is left when there is none.
#[inline(never)]
pub(crate) fn take<'a>(rest: &mut &'a [u8], mark: u8) -> &'a [u8] {
    let part = before(rest, mark);
    *rest = from(rest, part.len() + 1);
    part
}

/// Whether `text` holds `mark`.
pub(crate) fn has(text: &[u8], mark: u8) -> bool {
    find(text, mark) < text.len()
}

/// Whether `word` is one of the words of `list`, which single spaces separate.
#[inline(never)]
pub(crate) fn is_listed(list: &[u8], word: &[u8]) -> bool {
    let mut rest = list;
    while !rest.is_empty() {
        if take(&mut rest, b' ') == word {
            return true;
        }
    }
    false
}

/// The whole number that `text` begins with, 0 when there is none. Sixteen digits count, so that sums and hundredfolds fit.
#[inline(never)]
pub(crate) fn number(text: &[u8]) -> i64 {
    let (digits, sign) = text.strip_prefix(b"-").map_or((text, 1), |digits| (digits, -1));
    let mut number = 0;
    for byte in until(digits, 16) {
        if !byte.is_ascii_digit() {
            break;
        }
        number = number * 10 + i64::from(byte - b'0');
    }
    number * sign
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists() {
        assert!(is_listed(b"a bc d", b"bc"));
        assert!(!is_listed(b"a bc d", b"b"));
        assert!(!is_listed(b"a bc d", b""));
        assert!(!is_listed(b"", b""));
    }

    #[test]
    fn hexadecimal_digits() {
        let mut out = Text::<[u8; 9]>::NEW;
        put_hex(&mut out, 0xabc9, 3);
        assert_eq!(**out, *b"bc9");
    }

    proptest! {
        #[test]
        fn cuts_agree_with_the_standard_library(text in "[aü=]{0,8}") {
            let (first, last) = (text.split_once('='), text.rsplit_once('='));
            prop_assert_eq!(before(text.as_bytes(), b'='), first.map_or(text.as_str(), |(before, _)| before).as_bytes());
            prop_assert_eq!(after_last(text.as_bytes(), b'='), last.map_or("", |(_, after)| after).as_bytes());
            let mut rest = text.as_bytes();
            take(&mut rest, b'=');
            prop_assert_eq!(rest, first.map_or("", |(_, after)| after).as_bytes());
        }

        #[test]
        fn numbers_are_read_as_written(value in any::<i64>(), short in -1_i64 << 53..1 << 53, tail in "([^0-9].*)?") {
            let mut out = Text::<[u8; 999]>::NEW;
            put_number(&mut out, value);
            prop_assert_eq!(str::from_utf8(&out), Ok(&*value.to_string()));
            out.clear();
            put_number(&mut out, short);
            put(&mut out, tail.as_bytes());
            prop_assert_eq!(number(&out), short);
        }
    }
}
