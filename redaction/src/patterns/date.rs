//! Dates of any order and many languages, behind words that say they are of birth.

use std::ops::Range;

use super::ends_at;
use super::number::Run;

/// The date whose first number is `run`.
pub(crate) fn find(text: &str, run: &Run) -> Option<Range<usize>> {
    let at = run.start;
    let first = run.group(0)?;
    // Three numbers, of which one or none is a year.
    if let (Some(second), Some(third)) = (run.group(1), run.group(2)) {
        let parts = [first.len(), second.len(), third.len()];
        let fits = matches!(parts, [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4 | 2]);
        if fits && run.separator(1) == run.separator(2) && ends_at(text, third.end) {
            return Some(at..third.end);
        }
    }
    // 12. 4. 1985, and 1985. 4. 12.
    if let Some(rest) = text.get(first.end..).and_then(|rest| rest.strip_prefix(". ")) {
        let digits = |part: &str| part.bytes().take_while(u8::is_ascii_digit).count();
        let month = digits(rest);
        let last = rest.get(month..).and_then(|rest| rest.strip_prefix(". ")).map_or(0, digits);
        let end = first.end + 2 + month + 2 + last;
        let fits = matches!((first.len(), month, last), (1..=2, 1..=2, 4) | (4, 1..=2, 1..=2));
        if fits && ends_at(text, end) {
            return Some(at..end);
        }
    }
    // 19850412
    if first.len() == 8 && run.groups() == 1 {
        return Some(at..first.end);
    }
    // 1985年4月12日
    if let Some(rest) = text.get(first.end..).filter(|rest| rest.starts_with(['年', '년'])) {
        let length = rest
            .char_indices()
            .take(14)
            .filter(|(_, c)| matches!(c, '日' | '일'))
            .map(|(place, c)| place + c.len_utf8())
            .next()?;
        return Some(at..first.end + length);
    }
    with_month(text, at, first.end)
}

/// `12 March 1985`, `12. März 1985`, `12 de marzo de 1985`, `12th of March, 1985`; or `12, 1985` behind the month's name.
fn with_month(text: &str, at: usize, day_end: usize) -> Option<Range<usize>> {
    /// Between day and year.
    const BETWEEN: usize = 36;
    if day_end - at > 2 {
        return None;
    }
    let rest = text.get(day_end..text.floor_char_boundary(day_end + BETWEEN))?;
    let digit = rest.find(|c: char| c.is_ascii_digit())?;
    let between = rest.get(..digit)?;
    let year = rest.get(digit..)?.bytes().take_while(u8::is_ascii_digit).count();
    let fits =
        between.chars().all(|c| c.is_alphabetic() || !c.is_ascii() || matches!(c, ' ' | '.' | ',' | '+' | '-' | '/'))
            && (year == 4 || year == 2 && between.contains(char::is_alphabetic));
    if !fits {
        return None;
    }
    let end = day_end + digit + year;
    // `July 4th, 1990`
    let is_ordinal = matches!(between.trim_end_matches([' ', ',', '+']), "st" | "nd" | "rd" | "th");
    let start = if between.contains(char::is_alphabetic) && !is_ordinal {
        at
    } else {
        let before = text.get(..at)?.trim_end_matches([' ', '+', '.']);
        let month = before.rfind(|c: char| !c.is_alphabetic()).map_or(0, |found| {
            found + text.get(found..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        if before.len() - month < 3 {
            return None;
        }
        month
    };
    ends_at(text, end).then_some(start..end)
}
