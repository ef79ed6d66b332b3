//! Plain text: one pass that stops at the few characters personal data begins or turns on, then a look into what is
//! written inside the text: addresses, forms, encoded pieces, JSON.

use std::ops::Range;

use crate::kind::Kind;
use crate::shape::{self, Shape};
use crate::span::Spans;
use crate::{json, patterns, percent, url, words};

/// How many encodings inside one another are looked through.
pub(crate) const LAYERS: u8 = 4;

/// Points at the personal data in `text`.
pub(crate) fn find(text: &str, layers: u8, out: &mut Spans) {
    let inner = layers.saturating_sub(1);
    if layers > 0 && json::is_container(text) {
        return json::find(text, inner, out);
    }
    scan(text, out);
    if layers == 0 {
        return;
    }
    for range in chunks(text) {
        let Some(chunk) = text.get(range.clone()) else { continue };
        if url::is_address(chunk) {
            out.within(text, range, |chunk, out| url::find(chunk, inner, out));
        } else if chunk.contains('=') {
            out.within(text, range, |chunk, out| url::query(chunk, inner, out));
        } else if let Some(view) = percent::decode(chunk) {
            out.within(text, range, |_, out| out.within_view(&view, |decoded, out| find(decoded, inner, out)));
        }
    }
}

/// The pieces of `text` between white space, quotes and brackets, that can hold a character that matters.
fn chunks(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '(' | ')')).filter_map(
        move |chunk| {
            let start = at;
            at += chunk.len() + text.get(at + chunk.len()..)?.chars().next().map_or(0, char::len_utf8);
            let trimmed = chunk.trim_end_matches([',', '.', ';', ':', '!']);
            trimmed.contains(['/', '?', '#', '=', '%']).then(|| start..start + trimmed.len())
        },
    )
}

/// The one pass over the bytes. What is found is skipped, so the sum of all looks ahead stays linear.
fn scan(text: &str, out: &mut Spans) {
    let (mut at, mut done) = (0, 0);
    let mut previous = b' ';
    while let Some(byte) = text.as_bytes().get(at).copied() {
        let begins_word = byte.is_ascii_alphanumeric() && !previous.is_ascii_alphanumeric();
        if begins_word && text.get(at..at + 36).is_some_and(patterns::is_uuid) {
            (at, previous) = (at + 36, b'0');
            continue;
        }
        let found = match byte {
            b'@' => mailbox(text, at),
            b':' | b'=' => pair(text, at),
            // Of two numbers in a row, the second begins where the first was found to end.
            b'+' if at == done || patterns::at_boundary(text, at) => {
                patterns::phone(text, at).map(|range| (range, Kind::Phone))
            }
            b'-' if previous != b'-' => patterns::private_key(text, at).map(|range| (range, Kind::Secret)),
            b'0'..=b'9' if begins_word => number(text, at),
            b'A'..=b'Z' | b'a'..=b'z' if begins_word => word(text, at),
            _ => None,
        };
        previous = byte;
        at += 1;
        if let Some((range, kind)) = found {
            at = at.max(range.end);
            done = at;
            out.push(text, range, kind);
        }
    }
}

fn number(text: &str, at: usize) -> Option<(Range<usize>, Kind)> {
    patterns::social_security(text, at)
        .map(|range| (range, Kind::NationalId))
        .or_else(|| patterns::card(text, at).map(|range| (range, Kind::Card)))
}

fn word(text: &str, at: usize) -> Option<(Range<usize>, Kind)> {
    patterns::jwt(text, at)
        .or_else(|| patterns::credentials(text, at))
        .map(|range| (range, Kind::Token))
        .or_else(|| patterns::service_key(text, at).map(|range| (range, Kind::Secret)))
        .or_else(|| patterns::iban(text, at).map(|range| (range, Kind::Iban)))
}

/// The email address around an `@`, or the user and password before it in the authority of a URL.
fn mailbox(text: &str, at: usize) -> Option<(Range<usize>, Kind)> {
    /// No more than this is read of what stands before an `@`.
    const WINDOW: usize = 256;
    let before = text.get(text.floor_char_boundary(at.saturating_sub(WINDOW))..at)?;
    let authority = before.rfind("://").and_then(|found| before.get(found + 3..));
    if let Some(user) = authority
        .filter(|user| !user.is_empty() && !user.contains(['/', '?', '#', '@']) && !user.contains(char::is_whitespace))
    {
        return Some((at - user.len()..at, Kind::Secret));
    }
    patterns::email(text, at).map(|range| (range, Kind::Email))
}

/// The value behind a telling key and the `=` or `:` at `at`. Behind a colon stands prose more often than a value, so
/// there it must look like one.
fn pair(text: &str, at: usize) -> Option<(Range<usize>, Kind)> {
    /// Keys are no longer than this, and no more of a value is judged; what is taken is taken whole.
    const WINDOW: usize = 64;
    const JUDGED: usize = 512;
    let is_between = |c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '\\');
    let before = text.get(text.floor_char_boundary(at.saturating_sub(WINDOW))..at)?.trim_end_matches(is_between);
    let key = before
        .rfind(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '[' | ']'))
        .map_or(before, |cut| {
            before.get(cut..).map(|key| key.trim_start_matches(|c: char| !c.is_alphanumeric())).unwrap_or_default()
        });
    let told = words::telling(key)?;
    let rest = text.get(at + 1..)?;
    let in_form = text.as_bytes().get(at) == Some(&b'=');
    let gap = rest.bytes().take(8).take_while(|b| is_between(char::from(*b)) || (in_form && *b == b'+')).count();
    let value = rest.get(gap..)?;
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | '&' | ';' | ',' | '<' | '>' | ')' | '}' | '#');
    let judged = value.get(..value.floor_char_boundary(JUDGED))?;
    let judged = judged.split(ends).next()?;
    let strict = !in_form && matches!(told.shape, Shape::Any | Shape::Text | Shape::Key | Shape::Letters);
    if !told.fits(judged) || (strict && !shape::is_loose(judged)) {
        return None;
    }
    let start = at + 1 + gap;
    let length = value.find(ends).unwrap_or(value.len());
    Some((start..start + length, told.kind))
}
