//! Plain text: one pass that skips the chunks nothing can begin in, hands what is written in another form (addresses,
//! forms, encoded pieces, JSON) to those who read it, and stops in the rest at the few characters that matter.

use std::ops::Range;

use crate::keys::clue;
use crate::keys::telling::Key;
use crate::keys::vocabulary::Clue;
use crate::kind::Kind;
use crate::patterns::network::{self, Place};
use crate::patterns::number::Run;
use crate::patterns::{at_boundary, card, date, email, ends_at, iban, national, phone, place, secret};
use crate::rules;
use crate::span::{Found, Spans};
use crate::{json, percent, shape, url};

/// How many encodings inside one another are looked through.
pub(crate) const LAYERS: u8 = 4;

/// What may be in a chunk.
mod class {
    pub(super) const DIGIT: u16 = 1;
    pub(super) const UPPER: u16 = 2;
    pub(super) const LOWER: u16 = 4;
    pub(super) const AT: u16 = 8;
    pub(super) const COLON: u16 = 16;
    pub(super) const EQUALS: u16 = 32;
    pub(super) const ADDRESS: u16 = 64;
    pub(super) const PERCENT: u16 = 128;
    pub(super) const BRACKET: u16 = 256;
    pub(super) const BREAK: u16 = 512;
    pub(super) const HIGH: u16 = 1024;
}

static CLASSES: [u16; 256] = classes();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "runs in the compiler, which checks it")]
const fn classes() -> [u16; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => class::DIGIT,
            b'A'..=b'Z' => class::UPPER,
            b'a'..=b'z' => class::LOWER,
            b'@' => class::AT,
            b':' => class::COLON,
            b'=' => class::EQUALS,
            b'/' | b'?' | b'#' | b'&' => class::ADDRESS,
            b'%' => class::PERCENT,
            b'[' | b'{' => class::BRACKET,
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'(' | b')' => class::BREAK,
            128.. => class::HIGH,
            _ => 0,
        };
        byte += 1;
    }
    classes
}

/// What was last said before a number, so that a row of numbers asks once.
#[derive(Clone, Copy, Default)]
struct Said {
    at: usize,
    clue: Option<(Clue, usize)>,
}

impl Said {
    fn before(&mut self, text: &str, at: usize) -> Option<(Clue, usize)> {
        let between = text.as_bytes().get(self.at..at).filter(|between| self.at > 0 && between.len() <= 24);
        let is_same = between.is_some_and(|between| {
            between.iter().all(|b| matches!(b, b'0'..=b'9' | b' ' | b'-' | b'/' | b'(' | b')' | b'+' | b','))
        });
        if !is_same {
            self.clue = clue::before(text, at);
        }
        self.at = at;
        self.clue.filter(|(_, end)| at - end <= clue::WINDOW)
    }
}

/// Points at the personal data in `text`.
pub(crate) fn find(text: &str, layers: u8, place: Place, out: &mut Spans<'_>) {
    if layers > 0 && json::is_container(text) {
        return json::find(text, layers - 1, out);
    }
    let bytes = text.as_bytes();
    let mut said = Said::default();
    let mut at = 0;
    while at < bytes.len() {
        let mut seen = 0;
        let mut end = at;
        while let Some(byte) = bytes.get(end) {
            let class = CLASSES.get(usize::from(*byte)).copied().unwrap_or_default();
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
    let written_out =
        if seen & class::BRACKET != 0 || may_be_at(chunk) { email::written_out(text, range.clone()) } else { None };
    if let Some(found) = written_out {
        let end = found.end;
        out.push(text, (found, Kind::Email, rules::EMAIL));
        return end.max(range.end);
    }
    let number_follows = chunk.len() <= 2
        && text.as_bytes().get(range.end) == Some(&b' ')
        && text.as_bytes().get(range.end + 1).is_some_and(u8::is_ascii_digit);
    if number_follows || seen & (class::DIGIT | class::AT | class::COLON | class::EQUALS) != 0 {
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
    matches!(chunk.len(), 2 | 3 | 5..=12)
        && chunk
            .bytes()
            .next()
            .is_some_and(|b| matches!(b | 0x20, b'a' | b'c' | b'm' | b's') && chunk.len() != 3 || !b.is_ascii())
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

/// The pass over the bytes of a chunk. What is found is skipped, so the sum of all looks ahead stays linear.
fn scan(text: &str, range: Range<usize>, place: Place, said: &mut Said, out: &mut Spans<'_>) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut done) = (range.start, usize::MAX);
    let mut previous = at.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b' ');
    while at < range.end {
        let Some(byte) = bytes.get(at).copied() else { break };
        let begins_word = byte.is_ascii_alphanumeric() && !previous.is_ascii_alphanumeric();
        if begins_word {
            if text.get(at..at + 36).is_some_and(shape::is_uuid) && ends_at(text, at + 36) {
                (at, previous) = (at + 36, b'0');
                continue;
            }
            if out.policy.has_shapes
                && let Some(found) = out.policy.own_shape(text, at)
            {
                at = found.0.end;
                (done, previous) = (at, b'0');
                out.push(text, found);
                continue;
            }
        }
        let found = match byte {
            b'@' => mailbox(text, at),
            b':' => network::with_colons(text, at)
                .map(
                    |(range, is_mac)| {
                        if is_mac { (range, Kind::Mac, rules::MAC) } else { (range, Kind::Ip, rules::IP) }
                    },
                )
                .or_else(|| pair(text, at, out)),
            b'=' => pair(text, at, out),
            // Of two numbers in a row, the second begins where the first was found to end.
            b'+' if at == done || at_boundary(text, at) || previous == b'+' => {
                phone::international(text, at).map(|range| (range, Kind::Phone, rules::PHONE))
            }
            b'-' if previous != b'-' => {
                secret::private_key(text, at).map(|range| (range, Kind::Secret, rules::SERVICE_KEY))
            }
            b'0'..=b'9' if begins_word => number(text, at, place, said).or_else(|| mixed(text, at)),
            b'A'..=b'Z' | b'a'..=b'z' if begins_word => word(text, at),
            _ => None,
        };
        previous = byte;
        at += 1;
        if let Some((range, kind, rule)) = found {
            at = at.max(range.end);
            done = at;
            previous = b' ';
            out.push(text, (range, kind, rule));
        }
    }
    at.max(range.end)
}

/// What begins with a digit.
fn number(text: &str, at: usize, place: Place, said: &mut Said) -> Option<Found<'static>> {
    if let Some(range) = network::v4(text, at, place) {
        return Some((range, Kind::Ip, rules::IP));
    }
    if let Some(range) = network::card(text, at) {
        return Some((range, Kind::Mac, rules::MAC));
    }
    if let Some(range) = place::degrees(text, at) {
        return Some((range, Kind::Coordinates, rules::COORDINATES));
    }
    let run = Run::read(text, at);
    let digits = run.digits(Run::GROUPS);
    // Nobody writes a number digit by digit.
    if run.groups() == Run::GROUPS && digits < Run::GROUPS * 2 {
        return None;
    }
    if let Some(found) = by_itself(text, at, &run, digits, place) {
        return Some(found);
    }
    if digits < 3 && run.group(0).is_none_or(|group| group.len() > 2) {
        return None;
    }
    told(text, &run, digits, said)
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
        && let Some(range) = place::decimals(text, at, false)
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

/// What a number is by the words around it.
fn told(text: &str, run: &Run, digits: usize, said: &mut Said) -> Option<Found<'static>> {
    let at = run.start;
    if !at_boundary(text, at)
        && !text.get(..at)?.ends_with('_')
        && text.get(..at)?.chars().next_back().is_some_and(|c| c < '\u{2e80}')
    {
        return None;
    }
    let before = said.before(text, at).map(|(clue, end)| (clue, text.get(end..at).unwrap_or_default()));
    if let Some((clue, gap)) = before
        && let Some(found) = as_told(text, run, digits, clue, gap)
    {
        return Some(found);
    }
    if digits < 9 || before.is_some_and(|(clue, _)| matches!(clue, Clue::Thing | Clue::Version)) {
        return None;
    }
    // Some languages say it behind the number.
    let end = run.group(run.groups().checked_sub(1)?)?.end;
    let clue = clue::after(text, end).filter(|clue| matches!(clue, Clue::Phone | Clue::Id(_)))?;
    let is_one_number = (0..run.groups()).all(|place| run.group(place).is_some_and(|group| group.len() >= 2));
    if !is_one_number {
        return None;
    }
    let is_written_so = run.groups() > 1 || text.get(end..)?.starts_with([' ', '(']) || !text.get(end..)?.is_ascii();
    if is_written_so { as_told(text, run, digits, clue, "") } else { None }
}

fn as_told(text: &str, run: &Run, digits: usize, clue: Clue, gap: &str) -> Option<Found<'static>> {
    let at = run.start;
    let is_near = gap.len() <= 20;
    match clue {
        Clue::Phone if digits >= 7 => {
            let range = phone::north_american(text, run, true).or_else(|| phone::told(text, run))?;
            // A number without a trunk prefix or groups may count anything, unless it stands right there.
            let is_shaped = digits >= 10 || run.groups() >= 3 || text.get(range.clone())?.starts_with(['0', '(']);
            if !is_shaped && gap.len() > 20 {
                return None;
            }
            Some((range, Kind::Phone, rules::PHONE))
        }
        Clue::Id(lengths) if digits >= 7 => {
            Some((national::told(text, run, lengths)?, Kind::NationalId, rules::NATIONAL_ID))
        }
        Clue::Birth if digits >= 5 => Some((date::find(text, run)?, Kind::BirthDate, rules::BIRTH_DATE)),
        Clue::Birth if is_near => {
            let range = date::find(text, run)?;
            Some((range, Kind::BirthDate, rules::BIRTH_DATE))
        }
        Clue::Place => Some((place::decimals(text, at, true)?, Kind::Coordinates, rules::COORDINATES)),
        Clue::Card if (12..=19).contains(&digits) && is_near && !gap.contains("end") => {
            let end = run.group(run.groups() - 1)?.end;
            ends_at(text, end).then_some((at..end, Kind::Card, rules::CARD)).filter(|_| {
                run.groups() > 3 && run.group(0).is_some_and(|group| group.len() == 4)
                    || run.groups() == 1 && digits >= 13
            })
        }
        Clue::Account if digits >= 6 && is_near => {
            let mut groups = run.groups();
            while groups > 1 && run.digits(groups) > 20 {
                groups -= 1;
            }
            let end = run.group(groups - 1)?.end;
            ends_at(text, end).then_some((at..end, Kind::Iban, rules::IBAN))
        }
        Clue::CardCode if is_near => {
            let group = run.group(0)?;
            ((3..=4).contains(&group.len()) && ends_at(text, group.end) && !is_unit(text, group.end)).then_some((
                group,
                Kind::CardCode,
                rules::PASSWORD,
            ))
        }
        Clue::Password if is_near && says(gap) => {
            let group = run.group(0)?;
            ((4..=8).contains(&group.len()) && ends_at(text, group.end) && !is_unit(text, group.end)).then_some((
                group,
                Kind::Password,
                rules::PASSWORD,
            ))
        }
        _ => None,
    }
}

/// Whether a unit follows the number that ends at `at`, so that it measures something.
fn is_unit(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let word = rest.trim_start_matches(' ').split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    rest.starts_with(['%', '.', ',', '-', '/', ':'])
        && rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        || [
            "characters",
            "chars",
            "digits",
            "times",
            "minutes",
            "days",
            "hours",
            "seconds",
            "zeichen",
            "caracteres",
            "more",
            "attempts",
            "users",
            "ms",
        ]
        .contains(&word.to_ascii_lowercase().as_str())
}

/// Whether nothing stands between a word and its value but what says that it is it: `is`, `:`, `lautet`.
fn says(gap: &str) -> bool {
    gap.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(|word| {
        [
            "is",
            "was",
            "are",
            "ist",
            "war",
            "lautet",
            "est",
            "es",
            "e",
            "era",
            "è",
            "é",
            "jest",
            "to",
            "to",
            "är",
            "er",
            "on",
            "code",
            "number",
            "no",
            "nr",
            "numero",
            "num",
            "new",
            "the",
            "my",
            "your",
            "for",
            "of",
            "using",
            "with",
            "and",
            "hier",
            "here",
            "now",
            "temporary",
            "temp",
            "current",
            "equals",
            "set",
            "as",
            "changed",
            "va",
            "वर्ड",
            "है",
            "は",
        ]
        .contains(&word.to_lowercase().as_str())
    })
}

/// What begins with a letter.
fn word(text: &str, at: usize) -> Option<Found<'static>> {
    let bytes = text.as_bytes();
    let length = bytes.get(at..)?.iter().take(64).take_while(|b| b.is_ascii_alphanumeric()).count();
    if let Some(range) = secret::jwt(text, at) {
        return Some((range, Kind::Token, rules::TOKEN));
    }
    if let Some(range) = secret::service_key(text, at) {
        return Some((range, Kind::Secret, rules::SERVICE_KEY));
    }
    if let Some(range) = iban::find(text, at) {
        return Some((range, Kind::Iban, rules::IBAN));
    }
    if let Some(range) = national::lettered(text, at) {
        return Some((range, Kind::NationalId, rules::NATIONAL_ID));
    }
    if matches!(length, 2 | 4)
        && let Some(range) = network::card(text, at)
    {
        return Some((range, Kind::Mac, rules::MAC));
    }
    mixed(text, at)
}

/// A word of letters and digits that is told by what stands before it.
fn mixed(text: &str, at: usize) -> Option<Found<'static>> {
    if let Some(range) = secret::after_scheme(text, at) {
        return Some((range, Kind::Token, rules::TOKEN));
    }
    let length = text.as_bytes().get(at..)?.iter().take(64).take_while(|b| b.is_ascii_alphanumeric()).count();
    let word = text.get(at..at + length)?;
    let digits = crate::patterns::number::digits_in(word);
    if length < 6 || digits == 0 || digits == length || !at_boundary(text, at) {
        return None;
    }
    told_word(text, at, word)
}

/// A word with digits in it behind one that says what it is.
fn told_word(text: &str, at: usize, word: &str) -> Option<Found<'static>> {
    let (clue, end) = clue::before(text, at)?;
    let gap = text.get(end..at)?;
    match clue {
        Clue::Id(lengths)
            if lengths.count_ones() > 2 && gap.len() <= 20 && crate::patterns::number::digits_in(word) >= 4 =>
        {
            let range = at..at + word.len();
            ends_at(text, range.end).then_some((range, Kind::NationalId, rules::NATIONAL_ID))
        }
        Clue::Password | Clue::Token if says(gap) && gap.len() <= 20 => {
            let rest = text.get(at..)?;
            let length = rest
                .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '<' | '>' | ')' | '&'))
                .unwrap_or(rest.len());
            let value = rest.get(..length)?.trim_end_matches(['.', '!', '?', ':']);
            let fits = shape::is_loose(value)
                && (clue == Clue::Password || value.len() >= 10)
                && !value.contains("://")
                && !value.contains('[');
            let kind = if clue == Clue::Password { Kind::Password } else { Kind::Token };
            fits.then_some((at..at + value.len(), kind, rules::PASSWORD))
        }
        _ => None,
    }
}

/// The email address around an `@`, or the user and password before it in the authority of a URL.
fn mailbox(text: &str, at: usize) -> Option<Found<'static>> {
    /// No more than this is read of what stands before an `@`.
    const WINDOW: usize = 256;
    let before = text.get(text.floor_char_boundary(at.saturating_sub(WINDOW))..at)?;
    let authority = before.rfind("://").and_then(|found| before.get(found + 3..));
    if let Some(user) = authority
        .filter(|user| !user.is_empty() && !user.contains(['/', '?', '#', '@']) && !user.contains(char::is_whitespace))
    {
        return Some((at - user.len()..at, Kind::Secret, rules::SERVICE_KEY));
    }
    email::find(text, at).map(|range| (range, Kind::Email, rules::EMAIL))
}

/// The value behind a telling key and the `=` or `:` at `at`. Behind a colon stands prose more often than a value, so
/// there it must look like one.
fn pair<'p>(text: &str, at: usize, out: &Spans<'p>) -> Option<Found<'p>> {
    /// Keys are no longer than this, and no more of a value is judged; what is taken is taken whole.
    const WINDOW: usize = 64;
    const JUDGED: usize = 96;
    let is_between = |c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '\\');
    let before = text.get(text.floor_char_boundary(at.saturating_sub(WINDOW))..at)?.trim_end_matches(is_between);
    let in_form = text.as_bytes().get(at) == Some(&b'=');
    // A key in prose may have several words: `Date of birth: …`.
    let is_key = |c: char| {
        c.is_alphanumeric()
            || matches!(c, '_' | '-' | '.' | '[' | ']')
            || (!in_form && c == ' ')
            || (!c.is_ascii() && !c.is_whitespace())
    };
    let key = before.rfind(|c: char| !is_key(c)).map_or(before, |cut| {
        before.get(cut..).map(|key| key.trim_start_matches(|c: char| !c.is_alphanumeric())).unwrap_or_default()
    });
    let key =
        if key.contains(' ') { last_words(key.rsplit([']', '[', '\u{fffd}']).next().unwrap_or(key)) } else { key };
    let told = Key::of(key, out.policy);
    if !told.tells() || told.is_untouched {
        return None;
    }
    let rest = text.get(at + 1..)?;
    let gap = rest.bytes().take(8).take_while(|b| is_between(char::from(*b)) || (in_form && *b == b'+')).count();
    let value = rest.get(gap..)?;
    let opening = rest.get(..gap)?.chars().next_back().filter(|c| matches!(c, '"' | '\''));
    let ends = |c: char| match opening {
        Some(quote) => c == quote || matches!(c, '\\' | '\n'),
        None => matches!(c, '\n' | '"' | '\'' | '\\' | '&' | ';' | '<' | '>' | ')' | '}' | '#' | '|' | ','),
    };
    let judged = value.get(..value.floor_char_boundary(JUDGED))?;
    let line = judged.split(ends).next()?;
    // One word first; a phone, a date and what is in quotes may have several.
    let word = line.split(char::is_whitespace).next()?.trim_end_matches(['.', '!', '?']);
    let candidates = if opening.is_some() { [line, line] } else { [line.trim_end(), word] };
    let strictly = !in_form;
    let named = |candidate: &str| {
        told.fits(candidate, false, out.policy).filter(|(kind, _)| {
            matches!(kind, Kind::Name | Kind::Address)
                && (opening.is_some() || begins_capital(candidate))
                && candidate.split(' ').count() <= 6
        })
    };
    for (place, candidate) in candidates.into_iter().enumerate() {
        if place == 1 && candidate == line {
            break;
        }
        let found = told.fits(candidate, strictly && opening.is_none(), out.policy).or_else(|| named(candidate));
        let Some((kind, rule)) = found else { continue };
        // A sentence is no password, whatever stands before the colon.
        let holds_more = place == 0 && opening.is_none() && candidate.contains(' ') && candidate.contains(['=', ':']);
        let is_sentence = holds_more
            || place == 0
                && opening.is_none()
                && candidate.contains(' ')
                && matches!(kind, Kind::Password | Kind::Token | Kind::Secret | Kind::Email | Kind::Card);
        if is_sentence || candidate.contains('[') && crate::kind::holds_placeholder(candidate) {
            continue;
        }
        let start = at + 1 + gap;
        let length = if place == 0 && candidate.len() >= JUDGED {
            value.find(ends).unwrap_or(value.len())
        } else {
            candidate.len()
        };
        return Some((start..start + length, kind, rule));
    }
    None
}

/// The last four words of `key`: what comes before them is another sentence.
fn last_words(key: &str) -> &str {
    let cut = key.rmatch_indices(' ').nth(3).map_or(0, |(place, _)| place + 1);
    key.get(cut..).unwrap_or(key)
}

fn begins_capital(text: &str) -> bool {
    let begins =
        |word: &str| word.chars().next().is_some_and(|c| c.is_uppercase() || (c.is_alphabetic() && !c.is_lowercase()));
    begins(text) || (text.split(' ').count() <= 3 && text.rsplit(' ').next().is_some_and(begins))
}
