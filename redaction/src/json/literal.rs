//! Literals as they stand in JSON: where they end, and what the escapes in a string stand for.

use std::borrow::Cow;
use std::ops::Range;

use crate::span::View;

/// Where the string that begins at `at` ends, its quote included, and whether something in it is escaped.
pub(crate) fn string_end(bytes: &[u8], at: usize) -> (usize, bool) {
    let (mut end, mut is_escaped) = (at + 1, false);
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'"' => return (end + 1, is_escaped),
            b'\\' => (end, is_escaped) = (end + 2, true),
            _ => end += 1,
        }
    }
    (bytes.len(), is_escaped)
}

/// Where the number that begins at `at` ends.
pub(super) fn number_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.iter().skip(at);
    at + rest.take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count()
}

/// A string or number, quotes included.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    pub(super) range: Range<usize>,
    pub(super) is_string: bool,
    /// Whether something in the string is escaped.
    pub(super) is_escaped: bool,
}

impl Literal {
    /// The literal that begins at `at`, where a string or a number does.
    pub(super) fn read(json: &str, at: usize) -> Self {
        let bytes = json.as_bytes();
        let is_string = bytes.get(at) == Some(&b'"');
        let (end, is_escaped) = if is_string { string_end(bytes, at) } else { (number_end(bytes, at), false) };
        Self { range: at..end, is_string, is_escaped }
    }

    /// Where the text of the string stands.
    pub(super) fn inside(&self) -> Range<usize> {
        self.range.start + 1..self.range.end.saturating_sub(1).max(self.range.start + 1)
    }

    /// The text of the string.
    pub(super) fn content<'t>(&self, json: &'t str) -> Cow<'t, str> {
        if self.is_escaped {
            Cow::Owned(self.view(json).text)
        } else {
            Cow::Borrowed(json.get(self.inside()).unwrap_or_default())
        }
    }

    /// The text of a string with escapes, which knows where it came from in the literal.
    pub(super) fn view(&self, json: &str) -> View {
        let inside = json.get(self.inside()).unwrap_or_default();
        let mut view = View::new(inside.len() + 1, true);
        let mut at = 0;
        while let Some(character) = inside.get(at..).and_then(|rest| rest.chars().next()) {
            let (read, length) =
                if character == '\\' { escaped(inside, at) } else { (character, character.len_utf8()) };
            view.push(read, at + 1);
            at += length;
        }
        view
    }
}

/// The character that the escape at `at` stands for, and the escape's length. Half a surrogate pair is no character.
fn escaped(text: &str, at: usize) -> (char, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let simple = match text.as_bytes().get(at + 1) {
        Some(b'u') => {
            return match (unit(at), unit(at + 6)) {
                (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => {
                    let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
                }
                (code, _) => (code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
            };
        }
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(other) => char::from(*other),
        None => '\\',
    };
    (simple, 2)
}
