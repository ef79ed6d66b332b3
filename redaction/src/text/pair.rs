//! The value behind a telling key in text: `password: x`, `token=x`.

use crate::keys::telling::Key;
use crate::keys::vocabulary::list::{is_in, list, words};
use crate::kind::Kind;
use crate::patterns::number::Run;
use crate::patterns::{iban, national, place};
use crate::policy::Policy;
use crate::rules;
use crate::shape;
use crate::span::{Found, Spans};

/// The value behind a telling key and the `=` or `:` at `at`. Behind a colon stands prose more often than a value, so
/// there it must look like one.
pub(super) fn pair<'p>(text: &str, at: usize, out: &Spans<'p>) -> Option<Found<'p>> {
    /// No more of a value is judged; what is taken is taken whole.
    const JUDGED: usize = 96;
    let in_form = text.as_bytes().get(at) == Some(&b'=');
    if !in_form && (is_pseudo(text, at) || leads_to_address(text, at)) {
        return None;
    }
    let (before, key) = key_before(text, at, in_form)?;
    let told = Key::of(key, out.policy);
    // `Mobile World Congress 2024: 101 000`
    let is_title = || !in_form && key.contains(' ') && told.is_number() && told.is_of_another();
    if !in_form
        && told.is_bare_name()
        && !told.is_untouched
        && let Some(found) = name(text, at, out.policy)
    {
        return Some(found);
    }
    if !told.tells() || told.is_untouched || is_title() {
        return None;
    }
    let rest = text.get(at + 1..)?;
    let gap = rest.bytes().take(8).take_while(|b| is_between(char::from(*b)) || (in_form && *b == b'+')).count();
    let value = rest.get(gap..)?;
    let opening = rest.get(..gap)?.chars().next_back().filter(|c| matches!(c, '"' | '\''));
    // `input[data-token=…]`, unless a placeholder is there already
    let is_bracketed = before.rfind(['[', ']']).is_some_and(|at| before.get(at..).unwrap_or_default().starts_with('['));
    let in_selector = in_form && is_bracketed && !value.starts_with('[');
    let ends = |c: char| match opening {
        Some(quote) => c == quote || matches!(c, '\\' | '\n'),
        None => {
            in_selector && c == ']'
                || in_form && c == '#'
                || matches!(c, '\n' | '"' | '\'' | '\\' | '&' | ';' | '<' | '>' | ')' | '}' | '|' | ',')
        }
    };
    let judged = value.get(..value.floor_char_boundary(JUDGED))?;
    let line = judged.split(ends).next()?;
    // One word first; a phone, a date and what is in quotes may have several.
    let word = line.split(char::is_whitespace).next()?.trim_end_matches(['.', '!', '?']);
    if opening.is_none() && told.must_be_random() && word.len() < shape::RANDOM {
        return None;
    }
    let start = at + 1 + gap;
    if told.is_street()
        && line.contains(|c: char| c.is_alphabetic())
        && let Some(end) = postcode_behind(text, start + line.len())
    {
        return Some((start..end, Kind::Address, rules::TELLING_KEY));
    }
    if opening.is_none()
        && told.is_number()
        && let Some(found) = by_form(text, start)
    {
        return Some(found);
    }
    let candidates = if opening.is_some() { [line, line] } else { [line.trim_end(), word] };
    let number = if opening.is_none() && told.is_number() {
        number_in(line).or_else(|| line.get(place::lettered_postcode(line, 0)?))
    } else {
        None
    };
    let is_name = |value: &&str| told.fits(value, false, out.policy).is_some_and(|(kind, _)| kind == Kind::Name);
    let number = number.or_else(|| until_next_key(line).filter(|_| opening.is_none()).filter(is_name));
    let candidates = [number.unwrap_or_default(), candidates[0], candidates[1]];
    let strictly = !in_form;
    let named = |candidate: &str| {
        told.fits(candidate, false, out.policy).filter(|(kind, _)| {
            matches!(kind, Kind::Name | Kind::Address)
                && !is_prompt(candidate)
                && (opening.is_some() || begins_capital(candidate))
                && candidate.split(' ').count() <= 6
        })
    };
    for (place, candidate) in candidates.into_iter().enumerate() {
        if (place == 2 && candidate == line) || candidate.is_empty() {
            continue;
        }
        // A word that ends within a number is not the number.
        let goes_on = || line.get(word.len()..).is_some_and(|rest| rest.starts_with(' ') && begins_digit(rest));
        if place == 2 && told.is_number() && word.ends_with(|c: char| c.is_ascii_digit()) && goes_on() {
            continue;
        }
        let found = told.fits(candidate, strictly && opening.is_none(), out.policy).or_else(|| named(candidate));
        let Some((kind, rule)) = found else { continue };
        // A sentence is no password, whatever stands before the colon.
        let holds_more = place == 1 && opening.is_none() && candidate.contains(' ') && candidate.contains(['=', ':']);
        let is_sentence = holds_more
            || place == 1
                && opening.is_none()
                && candidate.contains(' ')
                && matches!(kind, Kind::Password | Kind::Token | Kind::Secret | Kind::Email | Kind::Card);
        if is_sentence || candidate.contains('[') && crate::kind::holds_placeholder(candidate) {
            continue;
        }
        let length = if place == 1 && candidate.len() >= JUDGED {
            value.find(ends).unwrap_or(value.len())
        } else {
            candidate.len()
        };
        // The other half of a place stands behind a comma.
        let sign = usize::from(value.starts_with(['-', '+']));
        let both = || place::decimals(text, start + sign, false, true).filter(|both| both.start <= start + sign);
        let end = if kind == Kind::Coordinates { both().map(|both| both.end) } else { None };
        return Some((start..end.unwrap_or_default().max(start + length), kind, rule));
    }
    None
}

/// The name behind the word for any name and the colon at `at`, if what stands around it is a person's:
/// `Name: Anna Schmidt, Tel: 0171 2345678`.
fn name<'p>(text: &str, at: usize, policy: &'p Policy) -> Option<Found<'p>> {
    /// How far around it is looked, in bytes.
    const AROUND: usize = 80;
    let rest = text.get(at + 1..text.floor_char_boundary(at + AROUND))?;
    let value = rest.trim_start_matches(' ');
    let ends = |c: char| matches!(c, ',' | ';' | '\n' | '|' | '(' | '<' | '/' | '"');
    let name = value.split(ends).next()?;
    let name = until_next_key(name).unwrap_or(name).trim_end();
    let start = at + 1 + rest.len() - value.len();
    let behind = text.get(start + name.len()..text.floor_char_boundary(start + name.len() + AROUND))?;
    let before = text.get(text.floor_char_boundary(at.saturating_sub(AROUND))..at)?;
    let is_key = |before_colon: &str| {
        let word = before_colon.trim_end().rsplit([' ', ',', ';', '\n', '|', '(']).next().unwrap_or_default();
        let key = Key::of(word, policy);
        key.is_own() || key.is_personal() || key.is_street()
    };
    let has_key = |around: &str| around.match_indices(':').any(|(colon, _)| around.get(..colon).is_some_and(is_key));
    let is_persons = shape::may_be_name(name) && begins_capital(name) && !is_prompt(name);
    (is_persons && (has_key(before) || has_key(behind)))
        .then(|| (start..start + name.len(), Kind::Name, rules::TELLING_KEY))
}

/// Whether `c` may stand between a key, the mark behind it and the value.
fn is_between(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '\\')
}

/// What stands before the mark at `at`, and the key that it ends with.
fn key_before(text: &str, at: usize, in_form: bool) -> Option<(&str, &str)> {
    /// Keys are no longer than this.
    const WINDOW: usize = 64;
    let before = text.get(text.floor_char_boundary(at.saturating_sub(WINDOW))..at)?.trim_end_matches(is_between);
    // A key in prose may have several words: `Date of birth: …`.
    let is_key = |c: char| {
        c.is_alphanumeric()
            || matches!(c, '_' | '-' | '.' | '[' | ']')
            || (!in_form && c == ' ')
            || (!c.is_ascii() && !c.is_whitespace() && c != char::REPLACEMENT_CHARACTER)
    };
    let key = before.rfind(|c: char| !is_key(c)).map_or(before, |cut| {
        before.get(cut..).map(|key| key.trim_start_matches(|c: char| !c.is_alphanumeric())).unwrap_or_default()
    });
    let key =
        if key.contains(' ') { last_words(key.rsplit([']', '[', '\u{fffd}']).next().unwrap_or(key)) } else { key };
    let key = if in_form && key == "value" { named_in_tag(text, at).unwrap_or(key) } else { key };
    Some((before, key))
}

/// What is a number by its form and sum, and ends where that ends: `IBAN: DE89 … was copied`.
fn by_form(text: &str, at: usize) -> Option<Found<'static>> {
    let account = iban::find(text, at).map(|found| (found, Kind::Iban, rules::TELLING_KEY));
    account.or_else(|| Some((national::lettered(text, at)?, Kind::NationalId, rules::TELLING_KEY)))
}

/// What stands in `line` before the next key, if there is one: `Anna Schmidt - Tel: 0171 2345678`.
fn until_next_key(line: &str) -> Option<&str> {
    let colon = line.find(": ")?;
    let before = line.get(..colon)?.trim_end();
    let value = before.get(..before.rfind(' ')?)?;
    Some(value.trim_end().trim_end_matches(" -").trim_end())
}

/// Whether the colon at `at` says which element is meant, and nothing of a value: `input[name=password]:nth-child(2)`,
/// `static_assertions::const_assert`.
fn is_pseudo(text: &str, at: usize) -> bool {
    let next = text.as_bytes().get(at + 1).copied().unwrap_or_default();
    next == b':' || next.is_ascii_alphabetic() && text.as_bytes().get(..at).is_some_and(|before| before.ends_with(b"]"))
}

/// Whether an address follows, which is read by its parts: `Reset link: https://…`.
fn leads_to_address(text: &str, at: usize) -> bool {
    let value = text.get(at + 1..).unwrap_or_default().trim_start_matches(' ');
    value.starts_with("https://") || value.starts_with("http://")
}

/// Where the postcode ends that stands behind the comma at `at`, before the name of a place or after it:
/// `, 10115 Berlin`, `, London SW1A 2AA`.
fn postcode_behind(text: &str, at: usize) -> Option<usize> {
    /// Words of a place's name.
    const WORDS: usize = 3;
    // `D-10115`
    let mut start = at
        + 1
        + text
            .get(at..)?
            .strip_prefix(',')?
            .bytes()
            .take(4)
            .take_while(|b| matches!(b, b' ' | b'D' | b'F' | b'-'))
            .count();
    let run = Run::read(text, start);
    for groups in [1, 2] {
        let Some(end) = run.group(groups - 1).map(|group| group.end) else { break };
        let digits = run.digits(groups);
        // `1012 JS Amsterdam`
        let letters = match text.as_bytes().get(end..) {
            Some([b' ', b'A'..=b'Z', b'A'..=b'Z', b' ', ..]) if digits == 4 => 3,
            _ => 0,
        };
        let place = text.get(end + letters..)?.strip_prefix(' ');
        if (4..=8).contains(&digits) && place.is_some_and(|place| place.starts_with(char::is_uppercase)) {
            return Some(end + letters);
        }
    }
    for _ in 0..WORDS {
        start += text.as_bytes().get(start..)?.iter().take(24).position(|b| *b == b' ')? + 1;
        if let Some(code) = place::lettered_postcode(text, start) {
            return Some(code.end);
        }
    }
    None
}

/// Whether `text` asks for a value or complains of one rather than being it.
fn is_prompt(text: &str) -> bool {
    let prompts = list!(
        "bitte,please,not,already,max,min,keine,kein,siehe,muss,darf,veuillez,introduce,introduzca,inserisci,inserire,insira,enter,must,should,cannot,prosze\
        ,podaj,ange,vul,indique,saisissez,ungultig,invalid,fehlt,missing"
    );
    is_in(prompts, words(text).next().unwrap_or_default())
}

/// The name of the field whose `value` is at `at`: `<input name="first_name" value="…">`.
fn named_in_tag(text: &str, at: usize) -> Option<&str> {
    /// A longer tag has no name.
    const WINDOW: usize = 160;
    let tag = text.get(text.floor_char_boundary(at.saturating_sub(WINDOW))..at)?;
    let (_, name) = tag.get(tag.rfind('<')?..)?.split_once(" name=")?;
    name.trim_start_matches(['"', '\'', '\\']).split(['"', '\'', '\\', ' ']).next()
}

/// The number that `line` begins with, if something else follows: `070-427 59 23 - call me`.
fn number_in(line: &str) -> Option<&str> {
    let is_part =
        |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '+' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{202f}');
    let end = line.find(|c| !is_part(c))?;
    let number = line.get(..end)?.trim_end_matches(|c: char| !c.is_ascii_digit());
    // `65 170839 J 003`
    let number = match line.as_bytes().get(number.len()..)? {
        [b' ', b'A'..=b'Z', b' ', serial @ ..] if serial.iter().take_while(|b| b.is_ascii_digit()).count() == 3 => {
            line.get(..number.len() + 6)?
        }
        _ => number,
    };
    let is_closed = line.get(number.len()..).is_some_and(|rest| rest.starts_with([' ', '(', '\u{a0}', '\u{202f}']));
    // `Mobil: 45 000 000 Nutzer`
    let is_round = number.ends_with(" 000 000") || number.ends_with(".000.000");
    (is_closed && !is_round && number.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '(')))
        .then_some(number)
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

fn begins_digit(text: &str) -> bool {
    text.trim_start_matches(' ').starts_with(|c: char| c.is_ascii_digit())
}
