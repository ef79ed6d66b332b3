//! JSON as it came: a scanner that walks valid JSON without building it, so that numbers, order, white space and every
//! string without personal data stay to the letter. No recursion: nesting costs memory for a frame, not stack.

mod frame;
mod literal;

use crate::keys::telling::Key;
use crate::kind::{Kind, is_placeholder, was_replaced};
use crate::patterns::card;
use crate::patterns::network::Place;
use crate::rules;
use crate::span::{Span, Spans};
use crate::text::class;
use crate::{text, url};
use frame::Frame;
use literal::Literal;
pub(crate) use literal::string_end;

/// Whether `text` is the JSON of an object or an array.
pub(crate) fn is_container(text: &str) -> bool {
    if !text.trim_ascii_start().starts_with(['{', '[']) {
        return false;
    }
    let text = text.trim();
    let looks = (text.starts_with('{') && text.ends_with('}')) || (text.starts_with('[') && text.ends_with(']'));
    looks && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Points at the personal data in `json`, which must be valid.
pub(crate) fn find(json: &str, layers: u8, out: &mut Spans<'_>) {
    find_under(json, Key::default(), layers, out);
}

/// The same, with what the key tells that the whole stands under. Gives what a placeholder may have uncovered something
/// in.
pub(crate) fn find_under(json: &str, key: Key, layers: u8, out: &mut Spans<'_>) -> Changes {
    let mut walk = Walk {
        json,
        layers,
        whole: key,
        frames: Vec::with_capacity(8),
        changes: Changes { layers, ..Changes::default() },
        out,
    };
    walk.run();
    walk.changes
}

/// What has to be looked at again once something in it was replaced: as little as possible, since nearly always nothing
/// more is found.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    layers: u8,
    /// Where the strings begin, in order, and what was told of them.
    strings: Vec<(usize, Key)>,
    /// Whether a key was replaced, or a value that says what its neighbours are.
    is_everything: bool,
}

impl Changes {
    /// Points at what is still in `json`, after `found` was replaced.
    pub(crate) fn find_again(self, json: &str, found: &[Span<'_>], out: &mut Spans<'_>) -> Self {
        if self.is_everything {
            return find_under(json, Key::default(), self.layers, out);
        }
        let (mut written, mut read, mut found) = (0, 0, found.iter().peekable());
        let mut changes = Self { layers: self.layers, ..Self::default() };
        for (at, told) in self.strings {
            while let Some(span) = found.next_if(|span| span.range.start < at) {
                written += span.range.start - read + span.written();
                read = span.range.end;
            }
            let at = written + at - read;
            let known = out.len();
            judge(json, &Literal::read(json, at), &told, self.layers, out);
            if out.len() > known {
                changes.strings.push((at, told));
            }
        }
        changes
    }
}

struct Walk<'w, 'p> {
    json: &'w str,
    layers: u8,
    /// What is told of the whole.
    whole: Key,
    frames: Vec<Frame>,
    changes: Changes,
    out: &'w mut Spans<'p>,
}

impl Walk<'_, '_> {
    fn run(&mut self) {
        let bytes = self.json.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            at += match byte {
                b'"' | b'-' | b'0'..=b'9' => {
                    let literal = Literal::read(self.json, at);
                    let length = literal.range.len();
                    if literal.is_string && self.frames.last().is_some_and(|frame| frame.awaits_key) {
                        self.key(&literal);
                    } else {
                        self.value(literal);
                    }
                    length
                }
                b'{' | b'[' => {
                    let frame = Frame::within(self.frames.last(), self.whole, byte == b'{');
                    self.frames.push(frame);
                    1
                }
                b'}' | b']' => {
                    if let Some(frame) = self.frames.pop() {
                        self.close(frame);
                    }
                    1
                }
                b',' => {
                    if let Some(frame) = self.frames.last_mut() {
                        (frame.awaits_key, frame.key) = (frame.is_object, Key::default());
                    }
                    1
                }
                _ => 1,
            };
        }
    }

    fn key(&mut self, literal: &Literal) {
        let Some(frame) = self.frames.last_mut() else { return };
        let name = literal.content(self.json);
        frame.awaits_key = false;
        frame.key = Key::of(&name, self.out.policy);
        frame.beside.add(&frame.key);
        let may_hold = |b: u8| b == b'@' || (b.is_ascii_digit() && !frame.key.tells());
        if !frame.is_untouched && name.bytes().any(may_hold) {
            let known = self.out.len();
            judge(self.json, literal, &Key::default(), self.layers, self.out);
            self.changes.is_everything |= self.out.len() > known;
        }
    }

    /// A string or number that is a value.
    fn value(&mut self, literal: Literal) {
        let told = self.frames.last().map_or(self.whole, Frame::told);
        if self.frames.last().is_some_and(|frame| frame.is_untouched) || told.is_untouched {
            return;
        }
        let known = self.out.len();
        let is_changed = judge(self.json, &literal, &told, self.layers, self.out) && self.out.len() > known;
        if is_changed {
            self.changes.strings.push((literal.range.start, told));
        }
        let Some(frame) = self.frames.last_mut() else { return };
        frame.is_changed |= is_changed;
        // What was replaced on an earlier pass counts as well.
        let was_told = || self.json.get(literal.inside()).is_some_and(is_placeholder);
        if self.out.len() > known || was_told() {
            frame.beside.confirm(&frame.key);
        }
        if !frame.is_object {
            // A pair may be written as a list of two.
            if frame.values.len() <= 2 {
                frame.values.push(literal);
            }
            return;
        }
        if literal.is_string && frame.key.names_a_field() {
            let name = literal.content(self.json);
            if name.len() <= 80 && !was_replaced(&name) {
                let key = Key::of(&name, self.out.policy);
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
        if literal.is_string && (frame.key.is_bare_name() || frame.key.is_pass()) {
            frame.doubtful.push((literal.clone(), frame.key));
        }
        if frame.key.holds_the_value() {
            frame.values.push(literal);
        }
    }

    /// Judges what could not be judged before all of the object was read.
    fn close(&mut self, frame: Frame) {
        if frame.is_notes || frame.is_untouched {
            return;
        }
        if !frame.is_object {
            return self.close_pair(&frame);
        }
        for (value, key) in &frame.doubtful {
            let text = value.content(self.json);
            if let Some((kind, rule)) = frame.beside.tells(key, &text) {
                self.out.push(self.json, (value.inside(), kind, rule));
            }
        }
        let Some((key, is_question)) = frame.named else { return };
        self.changes.is_everything |= frame.is_changed;
        for value in frame.values {
            if value.is_string {
                let text = value.content(self.json);
                if key.fits(&text, is_question, self.out.policy).is_some()
                    || (is_question && answers(&key, &text, self.out))
                {
                    judge(self.json, &value, &key, self.layers, self.out);
                }
            } else {
                let literal = self.json.get(value.range.clone()).unwrap_or_default();
                if let Some((kind, rule)) = key.fits_number_beside(literal, self.out.policy) {
                    self.out.push_number((value.range, kind, rule));
                }
            }
        }
    }
}

impl Walk<'_, '_> {
    /// Judges the second of two values in a list by the first, unless words are as likely as what it says.
    fn close_pair(&mut self, frame: &Frame) {
        let [name, value] = frame.values.as_slice() else { return };
        let literal = |literal: &Literal| self.json.get(literal.range.clone()).unwrap_or_default();
        if !name.is_string && !value.is_string {
            // `"location": [52.520008, 13.404954]`
            let both = format!("{},{}", literal(name), literal(value));
            if let Some((Kind::Coordinates, rule)) = frame.outer.fits(&both, false, self.out.policy) {
                for number in [name, value] {
                    self.out.push_number((number.range.clone(), Kind::Coordinates, rule));
                }
            }
            return;
        }
        if !name.is_string || !value.is_string || frame.outer.tells() {
            return;
        }
        let name = name.content(self.json);
        if was_replaced(&name) {
            return;
        }
        let key = Key::of(&name, self.out.policy);
        let text = value.content(self.json);
        // Two names of fields are no pair.
        let is_answer = || answers(&key, &text, self.out) && !Key::of(&text, self.out.policy).tells();
        let found = key.fits(&text, true, self.out.policy);
        let found = found.or_else(|| key.fits(&text, false, self.out.policy).filter(|_| is_answer()));
        if let Some((kind, rule)) = found {
            self.out.push(self.json, (value.inside(), kind, rule));
        }
    }
}

/// Whether `text` answers the question that a label in words puts.
fn answers(key: &Key, text: &str, out: &Spans<'_>) -> bool {
    let found = key.fits(text, false, out.policy);
    found.is_some_and(|(kind, _)| matches!(kind, Kind::Name | Kind::Address))
        && text.starts_with(|c: char| !c.is_lowercase())
}

/// Points at the literal if it is what was told, otherwise at what is found in it. Says whether a string may have more
/// in it than what was pointed at.
fn judge(json: &str, literal: &Literal, told: &Key, layers: u8, out: &mut Spans<'_>) -> bool {
    if !literal.is_string {
        let number = json.get(literal.range.clone()).unwrap_or_default();
        let is_card = || number.len() >= 12 && !told.is_thing() && card::is_number(number);
        let found = told.fits_number(number, out.policy).or_else(|| is_card().then_some((Kind::Card, rules::CARD)));
        if let Some((kind, rule)) = found {
            out.push_number((literal.range.clone(), kind, rule));
        }
        return false;
    }
    if literal.is_escaped {
        let view = literal.view(json);
        if let Some((kind, rule)) = told.fits(&view.text, false, out.policy) {
            out.push(json, (literal.inside(), kind, rule));
            return false;
        }
        out.within(json, literal.range.clone(), |_, out| {
            out.within_view(&view, |text, out| value(text, told, layers, out));
        });
        return true;
    }
    let text = json.get(literal.inside()).unwrap_or_default();
    if let Some((kind, rule)) = told.fits(text, false, out.policy) {
        out.push(json, (literal.inside(), kind, rule));
        return false;
    }
    out.within(json, literal.inside(), |text, out| value(text, told, layers, out));
    true
}

/// Points at the personal data in a value of which its key says no more than where it stands.
pub(crate) fn value(text: &str, told: &Key, layers: u8, out: &mut Spans<'_>) {
    let place = Place::under(told, text);
    let seen = class::seen(text);
    // One word of nothing but letters.
    let may_hold = class::DIGIT
        | class::AT
        | class::COLON
        | class::EQUALS
        | class::ADDRESS
        | class::PERCENT
        | class::BRACKET
        | class::BREAK
        | class::WIDE;
    if seen & may_hold == 0 && text.len() < text::KEY && out.policy.is_empty() {
        return;
    }
    let is_one = || !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>'));
    let may_be_address = layers > 0 && seen & class::COLON != 0 && seen & class::ADDRESS != 0;
    if may_be_address && text.contains("://") && is_one() && url::is_address(text) {
        return url::find(text, layers - 1, out);
    }
    // A query without its question mark, or the values of a cookie.
    if layers > 0
        && seen & class::EQUALS != 0
        && !text.contains(char::is_whitespace)
        && !url::is_address(text)
        && url::is_form(text)
    {
        return url::query(text, layers - 1, out);
    }
    text::find(text, layers, place, out);
}
