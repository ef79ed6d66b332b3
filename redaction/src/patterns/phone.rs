//! Telephone numbers: in international form, in the North American shape, and any behind a word that says so.

use std::ops::Range;

use super::number::Run;
use super::{ends_at, last_char, next_char};

/// The telephone number in international form whose `+` is at `at`, where a number may begin.
pub(crate) fn international(text: &str, at: usize) -> Option<Range<usize>> {
    /// With separators.
    const LONGEST: usize = 32;
    let is_space = |c: char| " \u{a0}\u{2009}\u{202f}".contains(c);
    let number = text.get(at + 1..)?;
    let bracket = usize::from(number.starts_with('('));
    if !number.get(bracket..)?.starts_with(|c: char| matches!(c, '1'..='9')) {
        return None;
    }
    // In a form `+` is a space, and so it is never beside real ones.
    let has_spaces = number.chars().take(LONGEST).take_while(|c| *c != '+').any(is_space);
    let (mut digits, mut gap, mut found) = (0, 0, None);
    let most = longest(number.get(bracket..)?);
    let least = if is_short(number) { 9 } else { 10 };
    for (place, c) in number.char_indices().take(LONGEST) {
        let end = place + c.len_utf8();
        if c.is_ascii_digit() {
            (digits, gap) = (digits + 1, 0);
            let ends = || ends_at(number, end) || extension(number, end) > 0;
            if (least..=most).contains(&digits) && ends() {
                found = Some(at..at + 1 + end);
            }
            continue;
        }
        let joins = c == '+' && !has_spaces && next_char(number, end).is_some_and(|c| c.is_ascii_digit() || c == '(');
        let is_trunk = number.get(place..).is_some_and(|rest| rest.starts_with("(0)"));
        // ` / ` may stand between the area and the rest.
        let is_slashed = gap == 2 && number.get(..place).is_some_and(|before| before.ends_with('/')) && is_space(c);
        if (gap >= 2 && !is_trunk && !is_slashed)
            || digits > most
            || !(joins || is_space(c) || "-.()/\u{2010}\u{2011}\u{2012}\u{2013}\u{2212}".contains(c))
        {
            break;
        }
        // Brackets are around the trunk zero or the area code.
        if c == '(' && digits > 4 {
            break;
        }
        gap += 1;
    }
    let found = found?;
    // `(+34) 612 345 678`
    let has_bracket = text.get(..at)?.ends_with('(')
        && text.get(found.clone())?.split_once(')').is_some_and(|(before, _)| !before.contains('('));
    Some(found.start - usize::from(has_bracket)..found.end + extension(text, found.end))
}

/// Whether `number`, from its country code on, is of a country where numbers may have but seven digits, and has its code
/// apart: `43 1 58858-0`.
fn is_short(number: &str) -> bool {
    let code = number.get(..2).is_some_and(|code| matches!(code, "39" | "43" | "46" | "49"));
    code && number.get(2..).is_some_and(|rest| rest.starts_with([' ', '-', '/', '(', '.']))
}

/// How many digits a number of the country with this code has at most, trunk zero included.
fn longest(number: &str) -> usize {
    const SHORTER: &[(&str, usize)] = &[
        ("1", 11),
        ("7", 11),
        ("20", 13),
        ("27", 12),
        ("30", 12),
        ("31", 12),
        ("32", 12),
        ("33", 12),
        ("34", 11),
        ("36", 12),
        ("40", 12),
        ("41", 12),
        ("44", 13),
        ("45", 10),
        ("46", 13),
        ("47", 10),
        ("48", 11),
        ("52", 13),
        ("54", 14),
        ("55", 13),
        ("61", 12),
        ("64", 13),
        ("65", 10),
        ("81", 13),
        ("82", 13),
        ("86", 13),
        ("90", 12),
        ("91", 13),
        ("351", 12),
        ("352", 12),
        ("353", 13),
        ("420", 12),
    ];
    SHORTER.iter().find(|(code, _)| number.starts_with(code)).map_or(15, |(_, most)| *most)
}

/// The number with or without brackets in the form of North America: 3, 3 and 4 digits, of which the first group and the second begin with 2 to 9.
pub(crate) fn north_american(text: &str, run: &Run, is_told: bool) -> Option<Range<usize>> {
    let country = usize::from(run.group(0).is_some_and(|group| text.get(group) == Some("1")));
    let lengths = [3, 3, 4];
    let group = |place: usize| run.group(country + place);
    let fits =
        lengths.iter().enumerate().all(|(place, length)| group(place).is_some_and(|group| group.len() == *length));
    let begins = |place: usize| {
        group(place)
            .and_then(|group| text.as_bytes().get(group.start).copied())
            .is_some_and(|b| (b'2'..=b'9').contains(&b))
    };
    if !fits || !begins(0) || !begins(1) {
        return None;
    }
    let has_bracket = text.get(..group(0)?.start)?.ends_with('(') && text.as_bytes().get(group(0)?.end) == Some(&b')');
    let (first, second) = (run.separator(country + 1), run.separator(country + 2));
    let is_shaped =
        (has_bracket && matches!(second, b'-' | b' ' | b'.')) || (matches!(first, b'-' | b'.') && first == second);
    let end = group(2)?.end;
    let start = if country == 0 && has_bracket { run.start - 1 } else { run.start };
    let open = last_char(text, start).is_none_or(|c| {
        (!c.is_alphanumeric() || c > '\u{2e80}') && !matches!(c, '-' | '_' | '.' | '/' | '#' | '$' | '+')
    });
    let closed = ends_at(text, end)
        && !text.get(end..)?.starts_with('-')
        && !(run.groups() > country + 3 && matches!(run.separator(country + 3), b'-' | b'.'));
    ((is_shaped || is_told) && open && closed).then(|| start..end + extension(text, end))
}

/// The number in a national form that hardly anything else has: `01 44 55 66 77`, `(021) 998 877`, `(11) 91234-5678`,
/// `0221 / 998 877`.
pub(crate) fn national(text: &str, run: &Run) -> Option<Range<usize>> {
    let first = run.group(0)?;
    let second = run.group(1)?;
    let end = run.group(run.groups() - 1)?.end;
    let has_bracket = text.get(..first.start)?.ends_with('(') && text.get(first.end..)?.starts_with(')');
    let start = first.start - usize::from(has_bracket);
    let opens = last_char(text, start).is_none_or(|c| {
        (!c.is_alphanumeric() || c > '\u{2e80}') && !matches!(c, '-' | '_' | '.' | '/' | '#' | '$' | '+' | ',')
    });
    let closes = ends_at(text, end) && !text.get(end..)?.starts_with(['%', '€', '$', ':', '/', '-']);
    // A part of a longer number is none.
    let goes_on = text.get(..start)?.ends_with(' ')
        && text.get(..start)?.trim_end_matches(' ').ends_with(|c: char| c.is_ascii_digit());
    if !opens || !closes || goes_on {
        return None;
    }
    // `0044 20 7946 0321`
    let is_abroad = first.len() <= 5
        && text.get(first.clone())?.strip_prefix("00").is_some_and(|code| code.starts_with(|c| matches!(c, '1'..='9')));
    let is_trunk = text.get(first.clone())?.starts_with('0') && !text.get(first.clone())?.starts_with("00");
    let digits = run.digits(run.groups());
    let behind = digits - first.len();
    let fits = if has_bracket {
        is_trunk && (2..=5).contains(&first.len()) && (5..=9).contains(&behind)
            || first.len() == 2
                && run.groups() == 3
                && matches!(second.len(), 4 | 5)
                && run.separator(2) == b'-'
                && digits - second.len() == 6
    } else if run.separator(1) == b'/' {
        is_trunk
            && (3..=5).contains(&first.len())
            && (6..=9).contains(&behind)
            && (2..run.groups()).all(|place| matches!(run.separator(place), b' ' | b'-'))
    } else if text.get(first.clone()) == Some("00") {
        // `00 33 6 12 34 56 78`
        (4..=8).contains(&run.groups())
            && (12..=15).contains(&digits)
            && (1..run.groups()).all(|place| run.separator(place) == b' ')
            && text.get(second).is_some_and(|code| matches!(code.len(), 2 | 3) && code.starts_with(['3', '4']))
    } else if is_abroad {
        (3..=6).contains(&run.groups()) && (12..=15).contains(&digits)
    } else if matches!(text.get(first), Some("7" | "8")) {
        run.groups() == 5 && run.is(&[1, 3, 3, 2, 2], &[]).is_some()
    } else {
        is_trunk
            && run.is(&[2; 5], &[run.separator(1); 4]).is_some()
            && run.groups() == 5
            && matches!(run.separator(1), b' ' | b'.')
            && !rises(text, run)
    };
    fits.then(|| start..end + extension(text, end))
}

/// Whether each group is more than the one before and none a large one, as the numbers of a draw are.
fn rises(text: &str, run: &Run) -> bool {
    let group = |place| run.group(place).and_then(|group| text.get(group)).unwrap_or_default();
    (1..run.groups()).all(|place| group(place - 1) < group(place) && group(place) < "70")
}

/// The number behind a word that says it is one: as many groups as make 6 to 15 digits.
pub(crate) fn told(text: &str, run: &Run) -> Option<Range<usize>> {
    let mut found = None;
    for groups in 1..=run.groups() {
        let digits = run.digits(groups);
        let end = run.group(groups - 1)?.end;
        let next = text.get(end..)?;
        let goes_on = next.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '%' | '€' | '$' | ':'))
            && !next.to_ascii_lowercase_starts("x")
            && !next.to_ascii_lowercase_starts("ext");
        // A digit by itself may only come first, and a bracket behind a whole number opens a remark: `(24/7)`.
        let is_group = groups == 1 || run.group(groups - 1).is_some_and(|group| group.len() >= 2);
        if !is_group || (found.is_some() && run.separator(groups - 1) == b'(') {
            break;
        }
        if (7..=15).contains(&digits) && !goes_on {
            found = Some(end);
        }
    }
    let end = found?;
    let is_date = super::date::find(text, run).is_some_and(|date| {
        run.groups() >= 3
            && date.end == end
            && run
                .group(0)
                .is_some_and(|group| group.len() == 4 || run.separator(1) != b'-' && run.separator(1) != b' ')
            && run.group(2).is_some_and(|group| group.len() == 4 || run.group(0).is_some_and(|first| first.len() == 4))
    });
    let has_bracket = text.get(..run.start)?.ends_with('(') && text.get(run.start..end)?.contains(')');
    let start = run.start - usize::from(has_bracket);
    // A price such as 1.234.567 or a single point is none.
    let is_decimal = run.groups() == 2 && run.separator(1) == b'.';
    (!is_date && !is_decimal).then(|| start..end + extension(text, end))
}

trait StartsWithAnyCase {
    fn to_ascii_lowercase_starts(&self, word: &str) -> bool;
}

impl StartsWithAnyCase for str {
    fn to_ascii_lowercase_starts(&self, word: &str) -> bool {
        self.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    }
}

/// The length of an extension such as ` ext. 12`, `x12`, ` Durchwahl 12` at `at`.
fn extension(text: &str, at: usize) -> usize {
    const WORDS: &[&str] = &[
        "extension",
        "ext.",
        "ext",
        "x",
        "durchwahl",
        "dw",
        "poste",
        "anexo",
        "ramal",
        "int.",
        "wewn.",
        "toestel",
        "#",
    ];
    let Some(rest) = text.get(at..) else { return 0 };
    let tail = rest.trim_start_matches([' ', ',', '+', '\u{a0}']);
    if rest.len() - tail.len() > 2 {
        return 0;
    }
    let Some(word) = WORDS.iter().find(|word| tail.to_ascii_lowercase_starts(word)) else { return 0 };
    let after = tail.get(word.len()..).unwrap_or_default();
    let number = after.strip_prefix([' ', '.', ':']).unwrap_or(after);
    let digits = number.bytes().take(7).take_while(u8::is_ascii_digit).count();
    if (1..=6).contains(&digits) && ends_at(number, digits) { rest.len() - number.len() + digits } else { 0 }
}
