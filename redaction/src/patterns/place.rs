//! Coordinates: pairs of decimals that are precise enough, and degrees with minutes.

use std::ops::Range;

use super::number::Run;
use super::{ends_at, last_char, next_char};

/// The pair of decimals that begins at `at`, or just one where a word says which of the two it is. A sign before it belongs to it.
pub(crate) fn decimals(text: &str, at: usize, may_be_one: bool, is_told: bool) -> Option<Range<usize>> {
    let start = if text.get(..at)?.ends_with(['-', '+', '−']) { at - last_char(text, at)?.len_utf8() } else { at };
    if last_char(text, start).is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_')) {
        return None;
    }
    let places = if is_told { 2 } else { 4 };
    let (first, first_end) = decimal(text, at, places)?;
    let first_end = first_end + degree(text, first_end);
    let gap =
        text.get(first_end..)?.bytes().take(4).take_while(|b| matches!(b, b',' | b' ' | b'+' | b';' | b'/')).count();
    let second = first_end + gap;
    let sign = usize::from(text.get(second..).is_some_and(|rest| rest.starts_with(['-', '+'])));
    let pair = (gap > 0).then(|| decimal(text, second + sign, places)).flatten();
    match pair {
        Some((other, end)) => {
            let end = end + degree(text, end);
            let goes_on = text.get(end..).is_some_and(|rest| {
                let rest = rest.trim_start_matches([' ', ',']);
                rest.starts_with(|c: char| c.is_ascii_digit() || c == '-')
                    && decimal(rest, usize::from(rest.starts_with('-')), 0).is_some()
                    && !is_told
            });
            let in_call = text.get(..start)?.ends_with('(')
                && last_char(text, start - 1).is_some_and(|c| c.is_ascii_alphabetic());
            let is_ratio = first < 1 && other < 1;
            let fits = first < 180 && other < 180 && (first < 90 || other < 90);
            let before = text.get(..start)?.trim_end_matches(' ');
            // Between spaces alone there are the points of a drawing, too.
            let is_rough = !is_told
                && text.get(first_end..second).is_some_and(|gap| !gap.contains([',', ';', '/']))
                && decimal(text, at, 5).is_none();
            let continues = before.ends_with(',') && !is_told;
            (fits && (is_told || !(goes_on || in_call || is_ratio || continues || is_rough))).then_some(start..end)
        }
        // One by itself has to be precise: `room 4.12` is none.
        None => (may_be_one
            && decimal(text, at, 3).is_some()
            && first <= 180
            && next_char(text, first_end).is_none_or(|c| !matches!(c, '%' | '€' | '$')))
        .then_some(start..first_end),
    }
}

/// A number with a fraction of at least `places` digits at `at`, and where it ends.
fn decimal(text: &str, at: usize, places: usize) -> Option<(u16, usize)> {
    let rest = text.get(at..)?;
    let whole = rest.bytes().take(4).take_while(u8::is_ascii_digit).count();
    let fraction = rest.get(whole..)?.strip_prefix('.')?.bytes().take(18).take_while(u8::is_ascii_digit).count();
    let end = whole + 1 + fraction;
    let closed = rest.get(end..).is_some_and(|after| {
        let goes_on = match after.as_bytes() {
            [b'0'..=b'9' | b'%', ..] | [b'.', b'0'..=b'9', ..] => true,
            [letter, ..] => letter.is_ascii_alphabetic() && !b"NSEW".contains(letter),
            [] => false,
        };
        !goes_on
    });
    if !(1..=3).contains(&whole) || fraction < places.max(1) || !closed {
        return None;
    }
    Some((rest.get(..whole)?.parse().ok()?, at + end))
}

/// The length of `° N` and its like at `at`.
fn degree(text: &str, at: usize) -> usize {
    let Some(rest) = text.get(at..) else { return 0 };
    let after = rest.strip_prefix('°').unwrap_or(rest);
    let trimmed = after.strip_prefix(' ').unwrap_or(after);
    let has_side = trimmed.starts_with(['N', 'S', 'E', 'W', 'O'])
        && !trimmed.get(1..).is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    match (has_side, after.len() < rest.len()) {
        (true, _) => rest.len() - trimmed.len() + 1,
        (false, true) => '°'.len_utf8(),
        _ => 0,
    }
}

/// Degrees with minutes and a side, such as `52°31'12.0"N 13°24'18.0"E`, that begin at `at`.
pub(crate) fn degrees(text: &str, at: usize) -> Option<Range<usize>> {
    /// Both of them.
    const LONGEST: usize = 48;
    let rest = text.get(at..text.floor_char_boundary(at + LONGEST))?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let tail = rest.get(digits..)?.trim_start_matches(' ');
    if !(1..=3).contains(&digits) || !tail.starts_with(['°', 'º']) {
        return None;
    }
    // Minutes follow, or it is a temperature.
    let minutes = tail.trim_start_matches(['°', 'º', ' ']);
    let minutes = minutes.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !minutes.trim_start_matches(' ').starts_with(['\'', '′', '’', '\\']) {
        return None;
    }
    let part = |c: char| {
        c.is_ascii_digit()
            || matches!(
                c,
                '°' | 'º' | '\'' | '′' | '’' | '"' | '″' | '”' | '.' | ',' | ' ' | 'N' | 'S' | 'E' | 'W' | 'O' | '\\'
            )
    };
    let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
    let found = rest.get(..length)?;
    let end = found.rfind(['N', 'S', 'E', 'W', 'O'])?;
    (found.contains(['\'', '′', '’'])).then_some(at..at + end + 1)
}

/// The postcode behind a word that says it is one: 4 to 8 digits in one group or two, and in the Netherlands two letters.
pub(crate) fn postcode(text: &str, run: &Run) -> Option<Range<usize>> {
    if run.groups() > 2 || !(4..=9).contains(&run.digits(2)) {
        return None;
    }
    let end = run.group(run.groups() - 1)?.end;
    let letters = text.get(end..)?.strip_prefix(' ').unwrap_or_default().bytes();
    let letters = letters.take(3).take_while(u8::is_ascii_uppercase).count();
    let has_letters = run.is(&[4], b"").is_some() && letters == 2 && ends_at(text, end + 3);
    let end = if has_letters { end + 3 } else { end };
    (ends_at(text, end) && !text.get(end..)?.starts_with(['%', '€', '$'])).then_some(run.start..end)
}

/// The British or Canadian postcode that begins at `at`, `SW1A 2AA` or `K1A 0B1`: behind the word for one.
pub(crate) fn lettered_postcode(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.as_bytes().get(at..)?;
    let outward = rest.iter().take(5).take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count();
    let first = rest.get(..outward)?;
    let fits = (2..=4).contains(&outward)
        && first.first().is_some_and(u8::is_ascii_uppercase)
        && first.iter().any(u8::is_ascii_digit)
        && matches!(rest.get(outward..outward + 4)?, [b' ', b'0'..=b'9', b'A'..=b'Z', b'A'..=b'Z' | b'0'..=b'9']);
    let end = at + outward + 4;
    (fits && ends_at(text, end)).then_some(at..end)
}
