//! What personal data looks like by itself: small parsers that are handed a place in a text and say how far it reaches.
//!
//! Each looks at a bounded window, so that a hostile text costs no more than a long one. Places are bytes.

use std::ops::Range;

use crate::shape;

/// Endings that make `logo@2x.png` a file and no mailbox. None of them is a top-level domain.
#[rustfmt::skip]
pub(crate) const FILE_ENDINGS: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "ico", "css", "scss", "js", "mjs", "jsx", "tsx", "json", "html", "htm",
    "xml", "mp4", "mp3", "webm", "woff", "woff2", "ttf", "pdf", "csv", "txt", "map", "wasm",
];

/// The top-level domains of more than two letters that mailboxes end in most. Only where something else is as likely must
/// a mailbox end in one of them.
#[rustfmt::skip]
const TOP_LEVEL: &[&str] = &[
    "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "name", "pro", "mobi", "asia", "app", "dev", "cloud",
    "email", "online", "shop", "store", "site", "website", "tech", "xyz", "club", "live", "life", "world", "agency", "digital",
    "studio", "design", "media", "news", "blog", "group", "team", "work", "health", "care", "school", "academy", "london",
    "berlin", "hamburg", "koeln", "wien", "paris", "amsterdam", "tokyo",
];

fn last_char(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

fn next_char(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// Whether a word or number may begin at `at`.
pub(crate) fn at_boundary(text: &str, at: usize) -> bool {
    last_char(text, at).is_none_or(|c| !c.is_alphanumeric() && c != '_')
}

/// The email address around the `@` at `at`. The marks in it may be escaped, as they are in a selector:
/// `#user-jane\@example\.com`.
pub(crate) fn email(text: &str, at: usize) -> Option<Range<usize>> {
    /// RFC 5321, 4.5.3.1, doubled.
    const LOCAL: usize = 128;
    const DOMAIN: usize = 255;
    let before = text.get(..at)?;
    let is_mark = |c: char| matches!(c, '.' | '_' | '+' | '-' | '\'');
    let (scripts, mut after_it) = (&mut None, '@');
    let local = before.chars().rev().take(LOCAL).take_while(|c| {
        let escaped = std::mem::replace(&mut after_it, *c);
        is_mark(*c) || (*c == '\\' && (matches!(escaped, '@' | '\\') || is_mark(escaped))) || is_part(*c, scripts)
    });
    let mut start = at - local.map(char::len_utf8).sum::<usize>();
    // `%3Djohn@…` is an encoded `=` before the address.
    let is_escape = |hex: &str| hex.bytes().all(|b| b.is_ascii_hexdigit());
    if before.get(..start)?.ends_with('%') && before.get(start..start + 2).is_some_and(is_escape) {
        start += 2;
    }
    let local = before.get(start..)?;
    start = at - local.trim_start_matches(['.', '-', '\'', '+', '\\']).len();

    let scripts = &mut None;
    let after = text.get(at + 1..)?;
    let is_escape =
        |c: char, at: usize| c == '\\' && next_char(after, at).is_some_and(|c| matches!(c, '.' | '-' | '\\'));
    let domain = after
        .char_indices()
        .take(DOMAIN)
        .take_while(|(at, c)| matches!(c, '.' | '-') || is_escape(*c, at + 1) || is_part(*c, scripts));
    let length = domain.map(|(_, c)| c.len_utf8()).sum();
    let mut domain = after.get(..length)?.trim_end_matches(['.', '-', '\\']);
    let mut is_file = false;
    while let Some((rest, last)) = domain.rsplit_once('.') {
        let can_end = (last.chars().count() >= 2
            && last.chars().all(|c| !c.is_ascii_digit() && !matches!(c, '-' | '\\')))
            || last.starts_with("xn--");
        // A selector's `\@tablet.active` is two classes: it escapes the marks within a name alone.
        let is_doubtful = is_file || (before.ends_with('\\') && !rest.ends_with('\\'));
        let rest = rest.trim_end_matches('\\');
        if FILE_ENDINGS.iter().any(|ending| last.eq_ignore_ascii_case(ending)) {
            is_file = true;
        } else if can_end && (!is_doubtful || is_usual_host(rest, last)) {
            return (start < at && !rest.starts_with('.')).then_some(start..at + 1 + domain.len());
        }
        domain = rest;
    }
    None
}

/// Whether these are the last labels of a host as most mailboxes have them, so that `jane@example.com.png` is a file
/// named after one. `logo@2x.de.png` and `vue@3.es.js` have a density and a version there.
fn is_usual_host(rest: &str, top: &str) -> bool {
    let label = rest.rsplit('.').next().unwrap_or_default();
    let letters = label.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_name = if letters.is_empty() { label.len() >= 3 } else { letters != "x" || letters.len() == label.len() };
    let is_known = TOP_LEVEL.iter().any(|known| top.eq_ignore_ascii_case(known));
    is_name && (is_known || top.chars().count() == 2 || top.starts_with("xn--"))
}

/// Whether `c` may belong to a mailbox or a host of the script that began: text without spaces ends them by a change of
/// script.
fn is_part(c: char, script: &mut Option<bool>) -> bool {
    let is_latin = c < '\u{370}';
    let is_letter = if is_latin {
        c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
    } else {
        !c.is_whitespace()
            && !matches!(c, '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff0f}' | '\u{fffd}')
    };
    is_letter && (c.is_ascii_digit() || *script.get_or_insert(is_latin) == is_latin)
}

/// The payment card number that begins with the digit at `at`.
pub(crate) fn card(text: &str, at: usize) -> Option<Range<usize>> {
    let decimal = last_char(text, at).is_some_and(|c| matches!(c, '.' | ','))
        && last_char(text, at - 1).is_some_and(|c| c.is_ascii_digit());
    // An underscore joins names, but two numbers only in an id.
    let joined = text.get(..at)?.strip_suffix('_').map(|before| last_char(before, before.len()));
    let opens = joined.map_or(at_boundary(text, at), |before| before.is_none_or(|c| !c.is_ascii_digit()));
    if decimal || !opens {
        return None;
    }
    let (mut digits, mut end, mut separator, mut found) = (Vec::with_capacity(19), at, None, None);
    for place in 0.. {
        let group = text.get(end..)?.bytes().take(20).take_while(u8::is_ascii_digit).count();
        // People write 4-4-4-4-3, 4-6-5 or 4-6-4.
        let fits = place == 0
            || group == 4
            || (place == 1 && group == 6)
            || (place == 2 && group == 5)
            || (place == 4 && group == 3);
        if group == 0 || digits.len() + group > 19 || !fits {
            break;
        }
        digits.extend(text.get(end..end + group)?.bytes().map(|b| b - b'0'));
        end += group;
        let next = next_char(text, end);
        let closed = match next {
            Some('.' | ',' | '_') => next_char(text, end + 1).is_none_or(|c| !c.is_ascii_digit()),
            Some(c) => !c.is_alphanumeric(),
            None => true,
        };
        if closed && is_card(&digits) {
            found = Some(at..end);
        }
        let between = next.filter(|c| " -+.\u{a0}\u{2009}\u{202f}\u{2011}\u{2013}".contains(*c));
        if between.is_none() || (separator.is_some() && separator != between) || (place == 0 && group != 4) {
            break;
        }
        separator = between;
        end += between.map_or(0, char::len_utf8);
    }
    found
}

/// Whether `number`, the text of a JSON number, is a payment card number. Some writers know only floating point:
/// `4111111111111111.0`.
pub(crate) fn is_card_number(number: &str) -> bool {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if fraction.bytes().any(|b| b != b'0') {
        return false;
    }
    let digits: Vec<u8> = whole.bytes().take(20).map(|b| b.wrapping_sub(b'0')).collect();
    digits.iter().all(|digit| *digit < 10) && is_card(&digits)
}

/// Whether the digits begin as an issuer's do, are as many as that issuer uses, and sum up by Luhn. The sum alone would
/// take every tenth number.
fn is_card(digits: &[u8]) -> bool {
    let head = digits.iter().take(4).fold(0_u32, |head, digit| head * 10 + u32::from(*digit));
    let lengths = match head {
        5100..=5599 | 2221..=2720 => [16, 16],
        3400..=3499 | 3700..=3799 => [15, 15],
        3000..=3059 | 3600..=3699 | 3800..=3999 => [14, 16],
        4000..=4999 | 6011 | 6440..=6599 | 3528..=3589 | 2200..=2204 | 6200..=6299 => [16, 19],
        5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => [16, 18],
        _ => return false,
    };
    let luhn = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let digit = u32::from(*digit);
        sum + if place % 2 == 0 { digit } else { digit * 2 - if digit > 4 { 9 } else { 0 } }
    });
    lengths.contains(&digits.len()) && luhn.is_multiple_of(10)
}

/// The American social security number, written with dashes, that begins at `at`.
pub(crate) fn social_security(text: &str, at: usize) -> Option<Range<usize>> {
    let found = text.get(at..at + 11)?;
    let (area, rest) = found.split_once('-')?;
    let (group, serial) = rest.split_once('-')?;
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let issued = digits(area, 3) && digits(group, 2) && digits(serial, 4);
    let never = area == "000" || area == "666" || area.starts_with('9') || group == "00" || serial == "0000";
    let open = last_char(text, at).is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.'))
        && next_char(text, at + 11).is_none_or(|c| !c.is_alphanumeric() && c != '-');
    (issued && !never && open).then_some(at..at + 11)
}

/// The telephone number in international form whose `+` is at `at`, where a number may begin.
pub(crate) fn phone(text: &str, at: usize) -> Option<Range<usize>> {
    /// With separators.
    const LONGEST: usize = 28;
    let is_space = |c: char| " \u{a0}\u{2009}\u{202f}".contains(c);
    let number = text.get(at + 1..)?;
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // In a form `+` is a space, and so it is never beside real ones.
    let has_spaces = number.chars().take(LONGEST).take_while(|c| *c != '+').any(is_space);
    let (mut digits, mut gap, mut found) = (0, 0, None);
    for (place, c) in number.char_indices().take(LONGEST) {
        let end = place + c.len_utf8();
        if c.is_ascii_digit() {
            (digits, gap) = (digits + 1, 0);
            let closed = next_char(number, end).is_none_or(|c| !c.is_alphanumeric() && c != '_');
            if closed && (10..=15).contains(&digits) {
                found = Some(at..at + 1 + end);
            }
            continue;
        }
        let joins = c == '+' && !has_spaces && next_char(number, end).is_some_and(|c| c.is_ascii_digit() || c == '(');
        if gap == 2 || !(joins || is_space(c) || "-.()/\u{2011}".contains(c)) {
            break;
        }
        gap += 1;
    }
    found
}

/// Country codes and the lengths of their account numbers (the IBAN registry of SWIFT).
const IBANS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29CH21CY28CZ24DE22DK18EE20ES24FI18FO18FR27GB22GE22GI23GR27HR21HU28\
                     IE22IL23IS26IT27KW30KZ20LB28LI21LT20LU20LV21MC27MD24ME22MK19MT31NL18NO15PL28PT25QA29RO24RS22SA24SE24SI19\
                     SK24SM27TR26UA29XK20";

/// The bank account number that begins at `at`.
pub(crate) fn iban(text: &str, at: usize) -> Option<Range<usize>> {
    let country = text.get(at..at + 2)?;
    let known = IBANS.as_bytes().as_chunks::<4>().0.iter().find(|entry| entry.starts_with(country.as_bytes()))?;
    let [_, _, tens, ones] = known;
    let length = usize::from(tens - b'0') * 10 + usize::from(ones - b'0');
    if !at_boundary(text, at) {
        return None;
    }
    let (mut taken, mut end, mut remainders) = (0, at, (0_u32, 0_u32));
    for (place, c) in text.get(at..)?.char_indices().take(length * 2) {
        let Some(value) = c.to_digit(36) else {
            if matches!(c, ' ' | '-' | '+' | '\u{a0}') {
                continue;
            }
            break;
        };
        // The first four characters count as the last ones.
        let (mut head, mut body) = remainders;
        let remainder = if taken < 4 { &mut head } else { &mut body };
        *remainder = (*remainder * if value < 10 { 10 } else { 100 } + value) % 97;
        remainders = (head, body);
        (taken, end) = (taken + 1, at + place + 1);
        if taken == length {
            break;
        }
    }
    let (head, body) = remainders;
    // Two letters and two digits: six digits of the sum.
    let sums_up = (body * (1_000_000 % 97) + head) % 97 == 1;
    let closed = next_char(text, end).is_none_or(|c| !c.is_alphanumeric());
    (taken == length && sums_up && closed).then_some(at..end)
}

/// How the keys of well-known services begin, and how many characters follow at least.
#[rustfmt::skip]
const KEYS: &[(&str, usize)] = &[
    ("AKIA", 16), ("ASIA", 16), ("AIza", 30), ("EAAC", 30), ("SG.", 20), ("dop_v1_", 30), ("ghp_", 30), ("gho_", 30),
    ("ghu_", 30), ("ghs_", 30), ("ghr_", 30), ("github_pat_", 22), ("glpat-", 20), ("hf_", 30), ("npm_", 30), ("pypi-", 30),
    ("rk_live_", 16), ("rk_test_", 16), ("shpat_", 30), ("shpss_", 30), ("sk-ant-", 20), ("sk-proj-", 20), ("sk-", 32),
    ("sk_live_", 16), ("sk_test_", 16), ("whsec_", 24), ("xapp-", 20), ("xoxa-", 16), ("xoxb-", 16), ("xoxp-", 16),
    ("xoxr-", 16), ("xoxs-", 16), ("ya29.", 20),
];

/// The key of a known shape that begins at `at`.
pub(crate) fn service_key(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let (prefix, least) = KEYS.iter().find(|(prefix, _)| rest.starts_with(prefix))?;
    let tail = rest.get(prefix.len()..)?;
    let length = tail.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
    let tail = tail.get(..length)?.trim_end_matches(['.', '-']);
    let mixed = tail.bytes().any(|b| b.is_ascii_digit());
    (at_boundary(text, at) && mixed && tail.len() >= *least).then(|| at..at + prefix.len() + tail.len())
}

/// The JSON Web Token that begins at `at`: two parts or more in base64url, the first an object.
pub(crate) fn jwt(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    if !rest.starts_with("eyJ") || !at_boundary(text, at) {
        return None;
    }
    let in_alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'=');
    let token = rest.get(..rest.bytes().take_while(in_alphabet).count())?.trim_end_matches('.');
    let (header, payload) = token.split_once('.')?;
    (header.len() >= 10 && payload.len() >= 4).then_some(at..at + token.len())
}

/// The credentials behind `Bearer` or `Basic` at `at`.
pub(crate) fn credentials(text: &str, at: usize) -> Option<Range<usize>> {
    let scheme = text.get(at..at + 6)?;
    let scheme = if scheme.eq_ignore_ascii_case("bearer") {
        6
    } else if scheme.get(..5)?.eq_ignore_ascii_case("basic") {
        5
    } else {
        0
    };
    let rest = text.get(at + scheme..).filter(|rest| scheme > 0 && rest.starts_with([' ', '+']))?;
    let start = at + scheme + 1;
    let in_alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'=' | b'/' | b'+' | b'~');
    let found = rest.get(1..1 + rest.bytes().skip(1).take_while(in_alphabet).count())?;
    (at_boundary(text, at) && found.len() >= 8 && shape::is_loose(found)).then(|| start..start + found.len())
}

/// The private key in PEM form that begins at `at`; to the end of the text when it is not closed.
pub(crate) fn private_key(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let (label, body) = rest.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    if !label.ends_with("PRIVATE KEY") || label.len() > 30 {
        return None;
    }
    let close = format!("-----END {label}-----");
    let end = body.find(&close).map_or(text.len(), |found| text.len() - body.len() + found + close.len());
    Some(at..end)
}

/// Whether `text` is a UUID in its usual form.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(place, b)| if matches!(place, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() })
}
