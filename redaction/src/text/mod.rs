//! Plain text: who is greeted, and one pass that skips the chunks nothing can begin in, hands what is written in another
//! form (addresses, forms, encoded pieces, JSON) to those who read it, and stops in the rest at the few characters that
//! matter.

pub(crate) mod class;
mod greeting;
mod pair;
mod scan;
mod told;
pub(crate) mod width;

use std::ops::Range;

use crate::kind::Kind;
use crate::patterns::network::Place;
use crate::patterns::{email, secret};
use crate::rules;
use crate::span::Spans;
use crate::{json, percent, url};
use scan::scan;
use told::Said;

/// How many encodings inside one another are looked through.
pub(crate) const LAYERS: u8 = 4;

/// How long a chunk is that may be the key of a service though it has no digit.
pub(crate) const KEY: usize = 24;

/// Points at the personal data in `text`.
pub(crate) fn find(text: &str, layers: u8, place: Place, out: &mut Spans<'_>) {
    if layers > 0 && json::is_container(text) {
        return json::find(text, layers - 1, out);
    }
    let bytes = text.as_bytes();
    let mut said = Said::default();
    let (mut at, mut may_be_wide) = (0, true);
    if let Some(name) = greeting::name(text) {
        at = name.end;
        out.push(text, (name, Kind::Name, rules::GREETING));
    }
    while at < bytes.len() {
        let mut seen = 0;
        let mut end = at;
        while let Some(byte) = bytes.get(end) {
            let class = class::of(*byte);
            if class == class::BREAK {
                break;
            }
            seen |= class;
            end += 1;
        }
        if end == at {
            at += 1;
            continue;
        }
        if may_be_wide && seen & class::WIDE != 0 {
            may_be_wide = false;
            if let Some(view) = width::narrow(text) {
                return out.within_view(&view, |narrow, out| find(narrow, layers, place, out));
            }
        }
        at = chunk(text, at..end, seen, layers, place, &mut said, out);
    }
}

/// What is in one chunk; gives where to go on, which is behind the chunk where something began in it and went on.
fn chunk(
    text: &str,
    range: Range<usize>,
    seen: u16,
    layers: u8,
    place: Place,
    said: &mut Said,
    out: &mut Spans<'_>,
) -> usize {
    let Some(chunk) = text.get(range.clone()) else { return range.end };
    if chunk.starts_with("data:") && chunk.contains(";base64,") {
        return range.end;
    }
    if layers > 0
        && seen & (class::ADDRESS | class::EQUALS | class::PERCENT) != 0
        && structured(text, &range, seen, layers, place, out)
    {
        return range.end;
    }
    let written_out = if seen & class::BRACKET != 0 || chunk == "@" || may_be_at(chunk) {
        email::written_out(text, range.clone())
    } else {
        None
    };
    if let Some(found) = written_out {
        let end = found.end;
        out.push(text, (found, Kind::Email, rules::EMAIL));
        return end.max(range.end);
    }
    // Some keys of services have no digit.
    let may_be_key = chunk.len() >= KEY && seen & class::UPPER != 0 && seen & class::LOWER != 0;
    // `RSS MRA 85T10 A562S`
    let code_follows =
        seen == class::UPPER && chunk.len() == 3 && text.as_bytes().get(range.end + 5).is_some_and(u8::is_ascii_digit);
    let number_follows = chunk.len() <= 3
        && text.as_bytes().get(range.end) == Some(&b' ')
        && text.as_bytes().get(range.end + 1).is_some_and(u8::is_ascii_digit);
    if number_follows
        || code_follows
        || may_be_key
        || seen & (class::DIGIT | class::AT | class::COLON | class::EQUALS) != 0
    {
        return scan(text, range, place, said, out);
    }
    let found = secret::after_scheme(text, range.start).map(|found| (found, Kind::Token, rules::TOKEN)).or_else(|| {
        chunk
            .starts_with("-----BEGIN")
            .then(|| secret::private_key(text, range.start))
            .flatten()
            .map(|found| (found, Kind::Secret, rules::SERVICE_KEY))
    });
    if let Some((found, kind, rule)) = found {
        let end = found.end;
        out.push(text, (found, kind, rule));
        return end.max(range.end);
    }
    if out.policy.has_shapes { scan(text, range, place, said, out) } else { range.end }
}

/// Whether a chunk is as long as the words for `@` and begins like one.
fn may_be_at(chunk: &str) -> bool {
    matches!(chunk.len(), 2..=12)
        && chunk.bytes().next().is_some_and(|b| {
            matches!(b | 0x20, b'a' | b'c' | b'm' | b's') && !matches!(chunk.len(), 3 | 4)
                || matches!(b, b'_' | b'*' | b'-' | b'|')
                || !b.is_ascii()
        })
}

/// Reads a chunk as an address, a form or something encoded, if it is one.
fn structured(text: &str, range: &Range<usize>, seen: u16, layers: u8, place: Place, out: &mut Spans<'_>) -> bool {
    let Some(chunk) = text.get(range.clone()) else { return false };
    let closes = |c: char| {
        matches!(c, ',' | '.' | ';' | ':' | '!')
            || (c == ']' && !chunk.contains('['))
            || (c == '}' && !chunk.contains('{'))
    };
    let trimmed = chunk.trim_end_matches(closes);
    let range = range.start..range.start + trimmed.len();
    let inner = layers - 1;
    if seen & class::ADDRESS != 0 && url::is_address(trimmed) {
        out.within(text, range, |chunk, out| url::find(chunk, inner, out));
        return true;
    }
    if seen & class::EQUALS != 0 && seen & (class::ADDRESS | class::PERCENT) != 0 && url::is_form(trimmed) {
        out.within(text, range, |chunk, out| url::query(chunk, inner, out));
        return true;
    }
    if seen & class::PERCENT != 0
        && let Some(view) = percent::decode(trimmed, false)
    {
        out.within(text, range, |_, out| out.within_view(&view, |decoded, out| find(decoded, inner, place, out)));
        return true;
    }
    false
}
