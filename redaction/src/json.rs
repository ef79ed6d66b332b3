//! JSON as it came: a scanner that walks valid JSON without building it, so that numbers, order, white space and every
//! string without personal data stay to the letter. No recursion: nesting costs memory for a frame, not stack.

use std::borrow::Cow;
use std::ops::Range;

use crate::kind::Kind;
use crate::span::{Spans, View};
use crate::words::{self, Telling};
use crate::{patterns, text};

/// Whether `text` is the JSON of an object or an array.
pub(crate) fn is_container(text: &str) -> bool {
    let text = text.trim();
    let looks = (text.starts_with('{') && text.ends_with('}')) || (text.starts_with('[') && text.ends_with(']'));
    looks && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// An object or array that the scanner is in.
#[derive(Default)]
struct Frame {
    is_object: bool,
    /// What the key before the container told.
    inherited: Option<Telling>,
    /// Whether the next string of the object is a key.
    awaits_key: bool,
    key: Key,
    /// What the value beside `name` told, and where the values beside `value` and its like stand.
    named: Option<Telling>,
    values: Vec<Range<usize>>,
}

/// The key that the scanner is behind.
#[derive(Clone, Copy, Default)]
struct Key {
    told: Option<Telling>,
    names: bool,
    holds: bool,
}

impl Frame {
    /// What is known of the value that the scanner is at.
    fn told(&self) -> Option<Telling> {
        let passes = |told: &Telling| {
            !self.is_object
                || self.key.holds
                || matches!(told.kind, Kind::Password | Kind::Secret | Kind::CardCode | Kind::NationalId)
        };
        self.key.told.filter(|_| self.is_object).or_else(|| self.inherited.filter(passes))
    }
}

/// Points at the personal data in `json`, which must be valid.
pub(crate) fn find(json: &str, layers: u8, out: &mut Spans) {
    let bytes = json.as_bytes();
    let mut frames: Vec<Frame> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let mut end = at + 1;
        match byte {
            b'{' | b'[' => {
                let inherited = frames.last().and_then(Frame::told);
                let is_object = byte == b'{';
                frames.push(Frame { is_object, awaits_key: is_object, inherited, ..Frame::default() });
            }
            b'}' | b']' => {
                if let Some(Frame { named: Some(told), values, .. }) = frames.pop() {
                    for value in values {
                        let literal = json.get(value.clone()).unwrap_or_default();
                        if literal.starts_with('"') || told.fits_number_beside(literal) {
                            judge(json, value, Some(told), layers, out);
                        }
                    }
                }
            }
            b',' => {
                if let Some(frame) = frames.last_mut() {
                    (frame.awaits_key, frame.key) = (frame.is_object, Key::default());
                }
            }
            b'"' => {
                end = string_end(bytes, at);
                match frames.last_mut().filter(|frame| frame.awaits_key) {
                    Some(frame) => {
                        frame.awaits_key = false;
                        let name = content(json, at..end).0;
                        frame.key = Key {
                            told: words::telling(&name),
                            names: words::names_a_field(&name),
                            holds: words::holds_the_value(&name),
                        };
                        judge(json, at..end, None, layers, out);
                    }
                    None => scalar(json, at..end, &mut frames, layers, out),
                }
            }
            b'-' | b'0'..=b'9' => {
                let rest = bytes.iter().skip(at);
                end = at + rest.take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count();
                scalar(json, at..end, &mut frames, layers, out);
            }
            _ => {}
        }
        at = end;
    }
}

/// A string or number that is a value.
fn scalar(json: &str, range: Range<usize>, frames: &mut [Frame], layers: u8, out: &mut Spans) {
    let told = frames.last().and_then(Frame::told);
    if let Some(frame) = frames.last_mut().filter(|frame| frame.is_object) {
        if frame.key.names {
            // A name with white space is a product's or a headline, no field's.
            let name = content(json, range.clone()).0;
            let is_identifier = !name.contains(char::is_whitespace);
            frame.named = words::telling(&name).filter(|_| is_identifier).or(frame.named);
        }
        if frame.key.holds {
            frame.values.push(range.clone());
        }
    }
    judge(json, range, told, layers, out);
}

/// Points at the literal in `range` if it is what was told, otherwise at what is found in it.
fn judge(json: &str, range: Range<usize>, told: Option<Telling>, layers: u8, out: &mut Spans) {
    let literal = json.get(range.clone()).unwrap_or_default();
    if !literal.starts_with('"') {
        let card = patterns::is_card_number(literal).then_some(Kind::Card);
        let told = told.filter(|told| told.fits_number(literal)).map(|told| told.kind);
        if let Some(kind) = told.or(card) {
            out.push_number(range, kind);
        }
        return;
    }
    let (text, view) = content(json, range.clone());
    if let Some(told) = told.filter(|told| told.fits(&text)) {
        out.push(json, range.start + 1..range.end - 1, told.kind);
    } else if let Some(view) = view {
        out.within(json, range, |_, out| out.within_view(&view, |text, out| text::find(text, layers, out)));
    } else {
        out.within(json, range.start + 1..range.end - 1, |text, out| text::find(text, layers, out));
    }
}

/// The text of a string literal, and a view of it when it holds escapes.
fn content(json: &str, range: Range<usize>) -> (Cow<'_, str>, Option<View>) {
    let literal = json.get(range).unwrap_or_default();
    let inside = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    if !inside.contains('\\') {
        return (Cow::Borrowed(inside), None);
    }
    let mut view = View::new(literal.len().saturating_sub(1), true);
    let mut at = 0;
    while let Some(character) = inside.get(at..).and_then(|rest| rest.chars().next()) {
        let (read, length) = if character == '\\' { escaped(inside, at) } else { (character, character.len_utf8()) };
        view.push(read, at + 1);
        at += length;
    }
    (Cow::Owned(view.text.clone()), Some(view))
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

/// Where the string that begins at `at` ends, its quote included.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut is_escaped = false;
    let inside = bytes.iter().skip(at + 1).take_while(|byte| {
        let closes = **byte == b'"' && !is_escaped;
        is_escaped = **byte == b'\\' && !is_escaped;
        !closes
    });
    (at + 2 + inside.count()).min(bytes.len())
}
