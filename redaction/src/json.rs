//! JSON as it came: a scanner that walks valid JSON without building it, so that numbers, order, white space and every
//! string without personal data stay to the letter. No recursion: nesting costs memory for a frame, not stack.

use std::borrow::Cow;
use std::ops::Range;

use crate::keys::telling::Key;
use crate::keys::vocabulary::flag;
use crate::kind::Kind;
use crate::patterns::card;
use crate::patterns::network::Place;
use crate::rules;
use crate::span::{Spans, View};
use crate::{shape, text, url};

/// Whether `text` is the JSON of an object or an array.
pub(crate) fn is_container(text: &str) -> bool {
    if !text.trim_ascii_start().starts_with(['{', '[']) {
        return false;
    }
    let text = text.trim();
    let looks = (text.starts_with('{') && text.ends_with('}')) || (text.starts_with('[') && text.ends_with(']'));
    looks && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// An object or array that the scanner is in.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the container")]
#[derive(Default)]
struct Frame {
    is_object: bool,
    /// The key before the container.
    outer: Key,
    /// Whether what is in here speaks about the data instead of holding it.
    is_notes: bool,
    /// Whether nothing in here is touched.
    is_untouched: bool,
    /// Whether the next string of the object is a key.
    awaits_key: bool,
    key: Key,
    /// The value beside `name` as a key, whether it is a question in words, and where the values beside `value` and its like stand.
    named: Option<(Key, bool)>,
    values: Vec<Range<usize>>,
    /// Where the value of `name` stands, for the case that its neighbours are a person's.
    name: Option<Range<usize>>,
    is_person: bool,
}

impl Frame {
    /// What is known of the value that the scanner is at.
    fn told(&self) -> Key {
        if !self.is_object {
            return self.outer;
        }
        if self.is_notes {
            return Key::default();
        }
        if self.key.is_name() && self.outer.is_person() {
            return Key::of_name();
        }
        let is_line =
            self.outer.is_address() && self.key.is_line() || self.outer.is_role() && self.key.any(flag::STREET_LINE);
        if !self.key.tells() && is_line {
            return Key::of_line();
        }
        if !self.key.tells() && self.outer.tells() && self.outer.passes_to(&self.key) {
            return self.outer;
        }
        self.key
    }
}

/// Points at the personal data in `json`, which must be valid.
pub(crate) fn find(json: &str, layers: u8, out: &mut Spans<'_>) {
    find_under(json, Key::default(), layers, out);
}

/// The same, with what the key tells that the whole stands under.
pub(crate) fn find_under(json: &str, key: Key, layers: u8, out: &mut Spans<'_>) {
    let bytes = json.as_bytes();
    let mut frames: Vec<Frame> = Vec::with_capacity(8);
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let mut end = at + 1;
        match byte {
            b'{' | b'[' => {
                let is_object = byte == b'{';
                let above = frames.last();
                let outer = above.map_or(key, |above| if above.is_object { above.inherited() } else { above.outer });
                let is_notes = above.is_some_and(|above| above.is_notes || (above.is_object && above.key.is_notes()));
                let is_untouched =
                    above.is_some_and(|above| above.is_untouched || (above.is_object && above.key.is_untouched));
                frames.push(Frame {
                    is_object,
                    awaits_key: is_object,
                    outer,
                    is_notes,
                    is_untouched,
                    ..Frame::default()
                });
            }
            b'}' | b']' => {
                if let Some(frame) = frames.pop() {
                    close(json, frame, layers, out);
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
                        frame.key = Key::of(&name, out.policy);
                        frame.is_person |= frame.key.is_personal();
                        if !frame.key.tells()
                            && !frame.is_untouched
                            && name.contains(|c: char| c == '@' || c.is_ascii_digit())
                        {
                            judge(json, at..end, &Key::default(), layers, out);
                        }
                    }
                    None => scalar(json, at..end, &mut frames, &key, layers, out),
                }
            }
            b'-' | b'0'..=b'9' => {
                let rest = bytes.iter().skip(at);
                end = at + rest.take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count();
                scalar(json, at..end, &mut frames, &key, layers, out);
            }
            _ => {}
        }
        at = end;
    }
}

impl Frame {
    /// What a container under the current key passes on.
    fn inherited(&self) -> Key {
        if !self.key.tells()
            && !self.key.is_person()
            && !self.key.is_address()
            && self.outer.tells()
            && self.outer.passes_to(&self.key)
        {
            return self.outer;
        }
        self.key
    }
}

/// Judges what could not be judged before all of the object was read.
fn close(json: &str, frame: Frame, layers: u8, out: &mut Spans<'_>) {
    if frame.is_notes || frame.is_untouched {
        return;
    }
    if let Some(name) = frame.name.filter(|_| frame.is_person)
        && let Some(text) = json.get(name.start + 1..name.end - 1)
        && shape::Shape::Person.fits(text)
    {
        out.push(json, (name.start + 1..name.end - 1, Kind::Name, rules::TELLING_KEY));
    }
    let Some((key, is_question)) = frame.named else { return };
    for value in frame.values {
        let literal = json.get(value.clone()).unwrap_or_default();
        if literal.starts_with('"') {
            let text = content(json, value.clone()).0;
            if key.fits(&text, is_question, out.policy).is_some() || (is_question && answers(&key, &text, out)) {
                judge(json, value, &key, layers, out);
            }
        } else if let Some((kind, rule)) = key.fits_number_beside(literal, out.policy) {
            out.push_number((value, kind, rule));
        }
    }
}

/// Whether `text` answers the question that a label in words puts.
fn answers(key: &Key, text: &str, out: &Spans<'_>) -> bool {
    let found = key.fits(text, false, out.policy);
    found.is_some_and(|(kind, _)| matches!(kind, Kind::Name | Kind::Address))
        && text.starts_with(|c: char| !c.is_lowercase())
}

/// A string or number that is a value.
fn scalar(json: &str, range: Range<usize>, frames: &mut [Frame], whole: &Key, layers: u8, out: &mut Spans<'_>) {
    let told = frames.last().map_or(*whole, Frame::told);
    if frames.last().is_some_and(|frame| frame.is_untouched) || told.is_untouched {
        return;
    }
    if let Some(frame) = frames.last_mut().filter(|frame| frame.is_object) {
        if frame.key.names_a_field() && json.as_bytes().get(range.start) == Some(&b'"') {
            let name = content(json, range.clone()).0;
            if name.len() <= 80 {
                let key = Key::of(&name, out.policy);
                // A name with white space is a product's or a headline, no field's; a label is a question.
                let has_words = name.contains(char::is_whitespace);
                if key.tells()
                    && (!has_words || frame.key.is_question())
                    && frame.named.is_none_or(|(_, was_question)| was_question)
                {
                    frame.named = Some((key, has_words));
                }
            }
        }
        if frame.key.holds_the_value() {
            frame.values.push(range.clone());
        }
        if frame.key.is_name() {
            frame.name = Some(range.clone());
        }
    }
    judge(json, range, &told, layers, out);
}

/// Points at the literal in `range` if it is what was told, otherwise at what is found in it.
fn judge(json: &str, range: Range<usize>, told: &Key, layers: u8, out: &mut Spans<'_>) {
    let literal = json.get(range.clone()).unwrap_or_default();
    if !literal.starts_with('"') {
        let card =
            (literal.len() >= 12 && !told.is_thing() && card::is_number(literal)).then_some((Kind::Card, rules::CARD));
        if let Some((kind, rule)) = told.fits_number(literal, out.policy).or(card) {
            out.push_number((range, kind, rule));
        }
        return;
    }
    let (text, view) = content(json, range.clone());
    if let Some((kind, rule)) = told.fits(&text, false, out.policy) {
        out.push(json, (range.start + 1..range.end - 1, kind, rule));
    } else if let Some(view) = view {
        out.within(json, range, |_, out| out.within_view(&view, |text, out| value(text, told, layers, out)));
    } else {
        out.within(json, range.start + 1..range.end - 1, |text, out| value(text, told, layers, out));
    }
}

/// Points at the personal data in a value of which its key says no more than where it stands.
pub(crate) fn value(text: &str, told: &Key, layers: u8, out: &mut Spans<'_>) {
    let place = Place { is_version: told.is_version, is_thing: told.is_thing(), ..Place::default() };
    // A query without its question mark, or the values of a cookie.
    if layers > 0
        && text.contains('=')
        && !text.contains(char::is_whitespace)
        && !url::is_address(text)
        && url::is_form(text)
    {
        return url::query(text, layers - 1, out);
    }
    text::find(text, layers, place, out);
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
pub(crate) fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(rest) = bytes.get(end..) {
        match rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
            Some(quote) if rest.get(quote) == Some(&b'"') => return end + quote + 1,
            Some(slash) => end += slash + 2,
            None => break,
        }
    }
    bytes.len()
}
