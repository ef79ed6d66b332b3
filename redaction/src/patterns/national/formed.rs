//! Numbers of digits whose form and check sum speak for themselves.

use std::ops::Range;

use super::super::number::Run;
use super::super::{at_boundary, ends_at, last_char, next_char};

pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

pub(super) fn number(digits: &[u8]) -> u64 {
    digits.iter().take(18).fold(0, |sum, digit| sum * 10 + u64::from(*digit))
}

/// The sum of Luhn, ISO/IEC 7812-1.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let digit = u32::from(*digit);
        sum + if place % 2 == 0 { digit } else { digit * 2 - if digit > 4 { 9 } else { 0 } }
    });
    sum.is_multiple_of(10)
}

fn is_month_and_day(month: u64, day: u64) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// The number that begins with the digit at `run`, and is one by its form alone.
pub(crate) fn formed(text: &str, run: &Run) -> Option<Range<usize>> {
    let before = last_char(text, run.start);
    if before.is_some_and(|c| (c.is_alphanumeric() && c < '\u{2e80}') || matches!(c, '-' | '_' | '.' | '/' | '$' | '#'))
    {
        return None;
    }
    // None of them has four groups or more that are alike, as rows of numbers have.
    let length = |place| run.group(place).map(|group| group.len());
    if run.groups() > 4 && (1..4).all(|place| length(place) == length(0)) {
        return None;
    }
    let closed = |end: usize| {
        ends_at(text, end)
            && !next_char(text, end).is_some_and(|c| {
                c == '-' || (matches!(c, '.' | '/') && next_char(text, end + 1).is_some_and(char::is_alphanumeric))
            })
    };
    let checks: [fn(&str, &Run) -> Option<usize>; 13] = [
        social_security,
        cpf,
        cnpj,
        nir,
        nordic,
        swiss,
        czech,
        belgian,
        south_american,
        korean,
        malaysian,
        letter_at_end,
        |text, run| pension(text, run, true),
    ];
    checks.iter().find_map(|check| check(text, run)).filter(|end| closed(*end)).map(|end| run.start..end)
}

/// US: the social security number, and the taxpayer number of those without one, with dashes (IRS, Publication 1915).
fn social_security(text: &str, run: &Run) -> Option<usize> {
    let end = run.is(&[3, 2, 4], b"--")?;
    let values = run.values(text, 3).0;
    let (area, group, serial) = (number(values.get(..3)?), number(values.get(3..5)?), number(values.get(5..9)?));
    let issued = match area {
        0 | 666 => false,
        900.. => matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99),
        _ => group > 0 && serial > 0,
    };
    issued.then_some(end)
}

/// BR: a person's number, with its marks.
fn cpf(text: &str, run: &Run) -> Option<usize> {
    let end = run.is(&[3, 3, 3, 2], b"..-")?;
    is_cpf(run.values(text, 4).0.get(..11)?).then_some(end)
}

pub(crate) fn is_cpf(digits: &[u8]) -> bool {
    let check = |length: u32| -> u32 {
        let sum: u32 = digits
            .iter()
            .zip((2..=length + 1).rev())
            .take(length as usize)
            .map(|(digit, weight)| u32::from(*digit) * weight)
            .sum();
        (sum * 10 % 11) % 10
    };
    let is_same = digits.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    !is_same
        && digits.get(9).is_some_and(|digit| u32::from(*digit) == check(9))
        && digits.get(10).is_some_and(|digit| u32::from(*digit) == check(10))
}

/// BR: a company's number, which in small ones is its owner's.
fn cnpj(text: &str, run: &Run) -> Option<usize> {
    let end = run.is(&[2, 3, 3, 4, 2], b"../-")?;
    let values = run.values(text, 5).0;
    let check = |weights: &[u32]| {
        let rest = weighted(&values, weights) % 11;
        if rest < 2 { 0 } else { 11 - rest }
    };
    let fits = values.get(12).is_some_and(|digit| u32::from(*digit) == check(&[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]))
        && values.get(13).is_some_and(|digit| u32::from(*digit) == check(&[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]));
    fits.then_some(end)
}

/// FR: sex, year, month, department, place, order and a key modulo 97 (INSEE). Corsica has a letter in it.
fn nir(text: &str, run: &Run) -> Option<usize> {
    let end = run.is(&[1, 2, 2, 2, 3, 3, 2], b"").or_else(|| run.is(&[15], b"")).or_else(|| run.is(&[13, 2], b""))?;
    let values = run.values(text, 7).0;
    let month = number(values.get(3..5)?);
    let fits = matches!(values.first(), Some(1 | 2 | 7 | 8)) && (matches!(month, 1..=12 | 20 | 30..=42 | 50..));
    (fits && 97 - number(values.get(..13)?) % 97 == number(values.get(13..15)?)).then_some(end)
}

/// FR: the same from Corsica, whose departments `2A` and `2B` count as 19 and 18 in the key.
pub(crate) fn corsican(text: &str, at: usize) -> Option<Range<usize>> {
    const GROUPS: [usize; 7] = [1, 2, 2, 2, 3, 3, 2];
    let bytes = text.as_bytes().get(at..)?;
    if !matches!(bytes, [b'1' | b'2', b' ' | b'0'..=b'9', ..]) || !at_boundary(text, at) {
        return None;
    }
    let (mut end, mut number, mut key) = (0, 0_u64, 0_u64);
    for (place, length) in GROUPS.into_iter().enumerate() {
        end += usize::from(place > 0 && bytes.get(end) == Some(&b' '));
        let group = bytes.get(end..end + length)?;
        let value = match (place, group) {
            (3, b"2A" | b"2a") => 19,
            (3, b"2B" | b"2b") => 18,
            (3, _) => return None,
            _ if group.iter().all(u8::is_ascii_digit) => group.iter().fold(0, |sum, b| sum * 10 + u64::from(b - b'0')),
            _ => return None,
        };
        let shift = 10_u64.pow(u32::try_from(length).ok()?);
        if place == 6 {
            key = value;
        } else {
            number = number * shift + value;
        }
        end += length;
    }
    (ends_at(text, at + end) && 97 - number % 97 == key).then_some(at..at + end)
}

/// SE, DK, FI: six or eight digits of a date and four more. DK has given up its sum, so its numbers need a word.
fn nordic(text: &str, run: &Run) -> Option<usize> {
    let (end, skip) =
        run.is(&[6, 4], b"-").map(|end| (end, 0)).or_else(|| run.is(&[8, 4], b"-").map(|end| (end, 2)))?;
    let (values, length) = run.values(text, 2);
    let digits = values.get(skip..length)?;
    // Coordination numbers add 60 to the day.
    let (month, day) = (number(digits.get(2..4)?), number(digits.get(4..6)?));
    (is_month_and_day(month, if day > 60 { day - 60 } else { day }) && luhn(digits)).then_some(end)
}

/// CH: the insurance number, an EAN that begins with the country's.
fn swiss(text: &str, run: &Run) -> Option<usize> {
    let end = run.is(&[3, 4, 4, 2], b"...")?;
    let values = run.values(text, 4).0;
    let sum = weighted(values.get(..13)?, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
    (number(values.get(..3)?) == 756 && sum.is_multiple_of(10)).then_some(end)
}

/// CZ, SK: a date, with 50 added to the month for women, and a number that 11 divides.
fn czech(text: &str, run: &Run) -> Option<usize> {
    let end = run.is(&[6, 4], b"/")?;
    let values = run.values(text, 2).0;
    let month = number(values.get(2..4)?);
    (is_month_and_day(if month > 50 { month - 50 } else { month }, number(values.get(4..6)?))
        && number(values.get(..10)?).is_multiple_of(11))
    .then_some(end)
}

/// BE: a date, a number and a key modulo 97.
fn belgian(text: &str, run: &Run) -> Option<usize> {
    let end = run.is(&[2, 2, 2, 3, 2], b"..-.").or_else(|| run.is(&[2, 2, 2, 3, 2], b"..--"))?;
    let values = run.values(text, 5).0;
    let (base, key) = (number(values.get(..9)?), number(values.get(9..11)?));
    (97 - base % 97 == key || 97 - (2_000_000_000 + base) % 97 == key).then_some(end)
}

/// AR, CL: with their marks; both modulo 11.
fn south_american(text: &str, run: &Run) -> Option<usize> {
    if let Some(end) = run.is(&[2, 8, 1], b"--") {
        let values = run.values(text, 3).0;
        let rest = weighted(&values, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        return values.get(10).is_some_and(|digit| u32::from(*digit) == (11 - rest) % 11).then_some(end);
    }
    let end = run.is(&[2, 3, 3], b"..").or_else(|| run.is(&[1, 3, 3], b".."))?;
    let (values, length) = run.values(text, 3);
    let sum: u32 = values
        .get(..length)?
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7, 2, 3])
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .sum();
    let check = match 11 - sum % 11 {
        11 => '0',
        10 => 'K',
        digit => char::from_digit(digit, 10)?,
    };
    let rest = text.get(end..)?.strip_prefix('-')?;
    rest.starts_with(|c: char| c.to_ascii_uppercase() == check).then_some(end + 2)
}

/// DE: the number of the pension insurance: area, date of birth, a letter, a serial and a check digit
/// (Versicherungsnummern-, Kontoführungs- und Versicherungsverlaufsverordnung, 2).
pub(super) fn pension(text: &str, run: &Run, must_sum_up: bool) -> Option<usize> {
    const WEIGHTS: [u32; 12] = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
    let end = run.is(&[8], b"").or_else(|| run.is(&[2, 6], b" "))?;
    let (letter, tail, length) = match text.as_bytes().get(end..)? {
        [b' ', letter, b' ', tail @ ..] => (letter, tail, 6),
        [letter, tail @ ..] => (letter, tail, 4),
        [] => return None,
    };
    let [tens, ones, check] = tail.first_chunk::<3>()?.map(|b| b.wrapping_sub(b'0'));
    if run.groups() > 2 || !letter.is_ascii_uppercase() || tens.max(ones).max(check) > 9 {
        return None;
    }
    let place = letter - b'A' + 1;
    let mut values = run.values(text, 2).0;
    for (value, read) in values.iter_mut().skip(8).zip([place / 10, place % 10, tens, ones]) {
        *value = read;
    }
    let sum: u32 = values
        .iter()
        .zip(WEIGHTS)
        .map(|(value, weight)| u32::from(*value) * weight)
        .map(|sum| sum / 10 + sum % 10)
        .sum();
    let fits = is_month_and_day(number(values.get(4..6)?), number(values.get(2..4)?))
        && (!must_sum_up || u32::from(check) == sum % 10);
    fits.then_some(end + length)
}

/// KR: a date, and seven digits of which the first is the sex and century.
fn korean(text: &str, run: &Run) -> Option<usize> {
    let end = run.is(&[6, 7], b"-")?;
    let values = run.values(text, 2).0;
    (is_month_and_day(number(values.get(2..4)?), number(values.get(4..6)?)) && matches!(values.get(6), Some(1..=8)))
        .then_some(end)
}

/// MY: a date, a state and four digits.
fn malaysian(text: &str, run: &Run) -> Option<usize> {
    let end = run.is(&[6, 2, 4], b"--")?;
    let values = run.values(text, 3).0;
    is_month_and_day(number(values.get(2..4)?), number(values.get(4..6)?)).then_some(end)
}

pub(super) const DNI: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// ES: eight digits, with dots or without, and a letter; FI: a date, a sign, three digits and a letter or digit; CN: seventeen digits and a check character.
fn letter_at_end(text: &str, run: &Run) -> Option<usize> {
    let first = run.group(0)?;
    let tail = text.get(first.end..)?.as_bytes();
    let values = run.values(text, 1).0;
    if let Some(end) = run.is(&[2, 3, 3], b"..") {
        let gap = usize::from(text.get(end..)?.starts_with(['-', ' ']));
        let expected = DNI.get(usize::try_from(number(run.values(text, 3).0.get(..8)?) % 23).ok()?);
        return (text.as_bytes().get(end + gap) == expected).then_some(end + gap + 1);
    }
    match first.len() {
        8 => {
            let gap = usize::from(matches!(tail.first(), Some(b'-' | b' ')));
            let letter = tail.get(gap)?.to_ascii_uppercase();
            let expected = *DNI.get(usize::try_from(number(values.get(..8)?) % 23).ok()?)?;
            let is_stamp = matches!(values.get(..2), Some([1, 9] | [2, 0]))
                && is_month_and_day(number(values.get(4..6)?), number(values.get(6..8)?));
            (letter == expected && !is_stamp && (gap == 0 || tail.get(gap)?.is_ascii_uppercase()))
                .then_some(first.end + gap + 1)
        }
        6 => {
            const CHECKS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
            let serial = tail.get(1..4).filter(|serial| {
                serial.iter().all(u8::is_ascii_digit)
                    && matches!(tail.first(), Some(b'+' | b'-' | b'A'..=b'F' | b'U'..=b'Y'))
            })?;
            let serial = serial.iter().fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0'));
            let expected = CHECKS.get(usize::try_from((number(values.get(..6)?) * 1000 + serial) % 31).ok()?)?;
            (tail.get(4) == Some(expected) && is_month_and_day(number(values.get(2..4)?), number(values.get(..2)?)))
                .then_some(first.end + 5)
        }
        17 | 18 => {
            const CHECKS: &[u8; 11] = b"10X98765432";
            let bytes = text.as_bytes();
            let sum = weighted(&values, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
            let check = bytes.get(first.start + 17)?.to_ascii_uppercase();
            let fits = CHECKS.get(usize::try_from(sum).ok()?) == Some(&check)
                && is_month_and_day(number(values.get(10..12)?), number(values.get(12..14)?));
            (fits && matches!(number(values.get(6..8)?), 19 | 20)).then_some(first.start + 18)
        }
        _ => None,
    }
}
