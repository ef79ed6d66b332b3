//! The pass over the bytes of a chunk: what may begin at a mark, a word or a number is handed to those who know it, and
//! what nothing can begin at is passed over with one look.

use std::ops::Range;

use super::class;
use super::pair::pair;
use super::told::{Said, says, says_number, told, word_at};
use crate::keys::clue;
use crate::keys::vocabulary::Clue;
use crate::keys::vocabulary::list::{is_in, list};
use crate::kind::Kind;
use crate::patterns::network::{self, Place};
use crate::patterns::number::{Run, digits_in};
use crate::patterns::{at_boundary, card, date, email, ends_at, iban, national, phone, place, secret};
use crate::rules;
use crate::shape;
use crate::span::{Found, Spans};

/// A run of ASCII letters and digits that no other comes before.
#[derive(Clone, Copy)]
struct Word {
    at: usize,
    end: usize,
    /// The classes of its bytes.
    seen: u16,
    /// The byte behind it, or a space.
    next: u8,
}

impl Word {
    fn read(bytes: &[u8], at: usize) -> Self {
        let (mut end, mut seen) = (at, 0);
        while let Some(byte) = bytes.get(end) {
            let class = class::of(*byte);
            if class & (class::DIGIT | class::UPPER | class::LOWER) == 0 {
                break;
            }
            seen |= class;
            end += 1;
        }
        Self { at, end, seen, next: bytes.get(end).copied().unwrap_or(b' ') }
    }

    fn len(self) -> usize {
        self.end - self.at
    }

    fn has_digits(self) -> bool {
        self.seen & class::DIGIT != 0
    }
}

/// Points at what begins in the chunk at `range`, and gives where it ends. What is found is skipped, so the sum of all
/// looks ahead stays linear.
pub(super) fn scan(text: &str, range: Range<usize>, place: Place, said: &mut Said, out: &mut Spans<'_>) -> usize {
    /// As many values that are none may stand behind one another: `a=b=c`.
    const PAIRS: usize = 8;
    let bytes = text.as_bytes();
    let (mut at, mut done, mut pairs) = (range.start, usize::MAX, 0_usize);
    let mut previous = at.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b' ');
    while at < range.end {
        let Some(byte) = bytes.get(at).copied() else { break };
        let mut end = at + 1;
        let found = match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                let word = Word::read(bytes, at);
                end = word.end;
                if previous.is_ascii_alphanumeric() {
                    None
                } else if is_uuid(text, word) {
                    end = at + 36;
                    secret::after_scheme(text, at).map(|range| (range, Kind::Token, rules::TOKEN))
                } else {
                    let own = if out.policy.has_shapes { out.policy.own_shape(text, at) } else { None };
                    own.or_else(|| match byte {
                        b'0'..=b'9' => number(text, word, place, said).or_else(|| mixed(text, word)),
                        _ => lettered(text, word),
                    })
                }
            }
            b'@' => mailbox(text, at),
            b':' => network::with_colons(text, at)
                .map(
                    |(range, is_mac)| {
                        if is_mac { (range, Kind::Mac, rules::MAC) } else { (range, Kind::Ip, rules::IP) }
                    },
                )
                .or_else(|| {
                    pairs += 1;
                    if pairs <= PAIRS { pair(text, at, out) } else { None }
                }),
            b'=' => {
                pairs += 1;
                if pairs <= PAIRS { pair(text, at, out) } else { None }
            }
            b',' | b';' | b'|' | b'&' | b'{' | b'}' | b'[' | b']' => {
                pairs = 0;
                if byte == b'&' { email::find(text, at).map(|range| (range, Kind::Email, rules::EMAIL)) } else { None }
            }
            // Of two numbers in a row, the second begins where the first was found to end.
            b'+' if at == done || at_boundary(text, at) || previous == b'+' => {
                phone::international(text, at).map(|range| (range, Kind::Phone, rules::PHONE))
            }
            b'-' if previous != b'-' => {
                secret::private_key(text, at).map(|range| (range, Kind::Secret, rules::SERVICE_KEY))
            }
            _ => None,
        };
        if let Some((range, kind, rule)) = found {
            at = range.end.max(at + 1);
            (done, previous) = (at, b' ');
            out.push(text, (range, kind, rule));
        } else {
            previous = bytes.get(end - 1).copied().unwrap_or(byte);
            at = end;
        }
    }
    at.max(range.end)
}

/// Whether a UUID begins with the word.
fn is_uuid(text: &str, word: Word) -> bool {
    let at = word.at;
    word.len() == 8 && word.next == b'-' && text.get(at..at + 36).is_some_and(shape::is_uuid) && ends_at(text, at + 36)
}

/// What begins with a digit.
fn number(text: &str, word: Word, place: Place, said: &mut Said) -> Option<Found<'static>> {
    let at = word.at;
    if word.next == b'.'
        && let Some(range) = network::v4(text, at, place)
    {
        return Some((range, Kind::Ip, rules::IP));
    }
    if let Some(range) = network_card(text, word) {
        return Some((range, Kind::Mac, rules::MAC));
    }
    if let Some(range) = place::degrees(text, at) {
        return Some((range, Kind::Coordinates, rules::COORDINATES));
    }
    if let Some(range) = national::corsican(text, at) {
        return Some((range, Kind::NationalId, rules::NATIONAL_ID));
    }
    let run = said.run(text, at);
    let digits = run.digits(Run::GROUPS);
    // Nobody writes a number digit by digit.
    if run.groups() == Run::GROUPS && digits < Run::GROUPS * 2 {
        return None;
    }
    if let Some(found) = by_itself(text, at, &run, digits, place) {
        return Some(found);
    }
    // Of the smallest numbers only the day of a birth is told by words.
    if digits < 3 && date::find(text, &run).is_none() {
        return None;
    }
    told(text, &run, digits, said)
}

/// The address of a network card with dashes or dots.
fn network_card(text: &str, word: Word) -> Option<Range<usize>> {
    let may_be = matches!((word.len(), word.next), (2, b'-') | (4, b'.'));
    if may_be { network::card(text, word.at) } else { None }
}

/// What a number is by its own form and sum.
fn by_itself(text: &str, at: usize, run: &Run, digits: usize, place: Place) -> Option<Found<'static>> {
    if digits >= 12
        && !place.is_thing
        && let Some(range) = card::find(text, at)
    {
        return Some((range, Kind::Card, rules::CARD));
    }
    if digits >= 6
        && let Some(range) = national::formed(text, run)
    {
        return Some((range, Kind::NationalId, rules::NATIONAL_ID));
    }
    if digits >= 5
        && let Some(range) = place::decimals(text, at, false, false)
    {
        return Some((range, Kind::Coordinates, rules::COORDINATES));
    }
    if digits >= 10
        && let Some(range) = phone::north_american(text, run, false)
    {
        return Some((range, Kind::Phone, rules::PHONE));
    }
    None
}

/// What begins with a letter.
fn lettered(text: &str, word: Word) -> Option<Found<'static>> {
    let at = word.at;
    if let Some(range) = secret::jwt(text, at) {
        return Some((range, Kind::Token, rules::TOKEN));
    }
    if let Some(range) = secret::service_key(text, at) {
        return Some((range, Kind::Secret, rules::SERVICE_KEY));
    }
    if let Some(range) = iban::find(text, at) {
        return Some((range, Kind::Iban, rules::IBAN));
    }
    if word.len() <= 18
        && let Some(range) = national::lettered(text, at)
    {
        return Some((range, Kind::NationalId, rules::NATIONAL_ID));
    }
    if let Some(range) = network_card(text, word) {
        return Some((range, Kind::Mac, rules::MAC));
    }
    mixed(text, word)
}

/// A word of letters and digits that is told by what stands before it.
fn mixed(text: &str, word: Word) -> Option<Found<'static>> {
    /// A longer one is told by its first characters.
    const JUDGED: usize = 64;
    if let Some(range) = secret::after_scheme(text, word.at) {
        return Some((range, Kind::Token, rules::TOKEN));
    }
    if matches!(word.next, b':' | b'-' | b'~')
        && let Some(range) = secret::with_number(text, word.at, word.end)
    {
        return Some((range, Kind::Secret, rules::SERVICE_KEY));
    }
    if word.next == b'.'
        && let Some(range) = secret::in_parts(text, word.at, word.end)
    {
        return Some((range, Kind::Secret, rules::SERVICE_KEY));
    }
    if word.len() <= 4
        && word.has_digits()
        && word.next == b' '
        && let Some(range) = place::lettered_postcode(text, word.at)
        && let Some((Clue::Postcode, end)) = clue::before(text, word.at)
        && text.get(end..word.at).is_some_and(says)
    {
        return Some((range, Kind::Postcode, rules::TELLING_KEY));
    }
    // `Blume#12`
    if !word.has_digits() && matches!(word.next, b'#' | b'!' | b'$' | b'%' | b'*' | b'_' | b'&') {
        let rest = text.get(word.at..text.floor_char_boundary(word.at + JUDGED))?;
        let whole = rest.split(char::is_whitespace).next()?;
        let is_chosen = text.as_bytes().get(..word.at)?.ends_with(b" ") && digits_in(whole) >= 2;
        return if is_chosen { told_word(text, word.at, whole) } else { None };
    }
    if word.len() < 6 || word.seen == class::DIGIT || !word.has_digits() || !at_boundary(text, word.at) {
        return None;
    }
    let word = text.get(word.at..word.end.min(word.at + JUDGED)).map(|judged| (word.at, judged))?;
    let digits = digits_in(word.1);
    if digits == 0 || digits == word.1.len() { None } else { told_word(text, word.0, word.1) }
}

/// A word with digits in it behind one that says what it is.
fn told_word(text: &str, at: usize, word: &str) -> Option<Found<'static>> {
    /// No more of a password or token is judged; what is taken is taken whole.
    const JUDGED: usize = 256;
    let (clue, end) = clue::before(text, at)?;
    let gap = text.get(end..at)?;
    match clue {
        Clue::Number if digits_in(word) >= 4 && says_number(text, end, gap) => {
            let range = at..at + word.len();
            ends_at(text, range.end).then_some((range, Kind::NationalId, rules::NATIONAL_ID))
        }
        Clue::Id(lengths) if lengths.count_ones() > 2 && gap.len() <= 20 && digits_in(word) >= 4 => {
            let range = at..at + word.len();
            ends_at(text, range.end).then_some((range, Kind::NationalId, rules::NATIONAL_ID))
        }
        Clue::Password | Clue::Token if says(gap) && gap.len() <= 20 => {
            let rest = text.get(at..)?;
            let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '<' | '>' | ')' | '&');
            let length = |text: &str| text.find(ends).unwrap_or(text.len());
            let read = length(rest.get(..rest.floor_char_boundary(JUDGED))?);
            let judged = rest.get(..read)?.trim_end_matches(['.', '!', '?', ':']);
            // Shops give out codes, too: `código VERANO2024`.
            let is_code = || is_in(list!("codigo,код,कोड"), word_at(text, end));
            let is_chosen = || clue == Clue::Password && shape::Shape::Pass.fits(judged);
            let fits = (shape::is_loose(judged) || is_chosen())
                && (shape::is_token(judged) || !is_code())
                && (clue == Clue::Password || judged.len() >= 10)
                && !judged.contains("://")
                && !judged.contains('[');
            let whole = || if read < JUDGED - 3 { judged.len() } else { length(rest) };
            let kind = if clue == Clue::Password { Kind::Password } else { Kind::Token };
            fits.then(|| (at..at + whole(), kind, rules::PASSWORD))
        }
        _ => None,
    }
}

/// The email address around an `@`, or the user and password before it in the authority of a URL.
fn mailbox(text: &str, at: usize) -> Option<Found<'static>> {
    /// No more than this is read of what stands before an `@`.
    const WINDOW: usize = 256;
    let before = text.as_bytes().get(at.saturating_sub(WINDOW)..at)?;
    let is_end = |b: &u8| matches!(b, b'/' | b'?' | b'#' | b'@') || b.is_ascii_whitespace();
    let user = before.iter().rev().take_while(|b| !is_end(b)).count();
    if user > 0 && before.get(..before.len() - user).is_some_and(|before| before.ends_with(b"://")) {
        return Some((at - user..at, Kind::Secret, rules::SERVICE_KEY));
    }
    email::find(text, at).map(|range| (range, Kind::Email, rules::EMAIL))
}
