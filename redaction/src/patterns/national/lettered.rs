//! Numbers with letters whose form and check sum speak for themselves.

use std::ops::Range;

use super::super::{at_boundary, ends_at};
use super::formed::{DNI, weighted};

/// The number with letters that begins at `at` and is one by its form and sum alone.
pub(crate) fn lettered(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes().get(at..)?;
    let word = bytes.iter().take(20).take_while(|b| b.is_ascii_alphanumeric()).count();
    if !matches!(word, 1..=4 | 8..=10 | 16 | 18) {
        return None;
    }
    let upper = |place: usize| bytes.get(place).map(u8::to_ascii_uppercase);
    let is_upper = bytes.iter().take(word).all(|b| !b.is_ascii_lowercase())
        || bytes.iter().take(word).all(|b| !b.is_ascii_uppercase());
    if !is_upper || !at_boundary(text, at) || text.get(..at)?.ends_with('-') {
        return None;
    }
    let found = match word {
        3 => spaced_fiscal_code(bytes)?,
        16 if is_fiscal_code(bytes) => 16,
        18 if is_curp(bytes) => 18,
        10 if is_pan(bytes) => 10,
        9 | 2 | 4 => insurance_number(bytes)
            .or_else(|| (word == 9).then(|| foreigner(bytes, 0).or_else(|| singapore(bytes))).flatten())?,
        1 if matches!(upper(0), Some(b'X' | b'Y' | b'Z')) && matches!(bytes.get(1), Some(b'-' | b' ')) => {
            foreigner(bytes, 1)?
        }
        8 if matches!(upper(0), Some(b'X' | b'Y' | b'Z')) && matches!(bytes.get(8), Some(b'-')) => foreigner(bytes, 0)?,
        _ => return None,
    };
    ends_at(text, at + found).then_some(at..at + found)
}

/// IT: surname, name, date, place and a check letter (Decreto ministeriale 23 December 1976).
fn is_fiscal_code(bytes: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    // Digits may be replaced by letters where two people would have the same code.
    let fits = bytes.iter().take(16).enumerate().all(|(place, b)| match place {
        0..=5 | 8 | 11 | 15 => b.is_ascii_alphabetic(),
        _ => b.is_ascii_digit() || b"LMNPQRSTUV".contains(&b.to_ascii_uppercase()),
    });
    let value = |b: u8| char::from(b).to_digit(36).map_or(0, |value| if value < 10 { value } else { value - 10 });
    let sum: u32 = bytes
        .iter()
        .take(15)
        .enumerate()
        .map(
            |(place, b)| {
                if place % 2 == 0 { ODD.get(value(*b) as usize).copied().unwrap_or_default() } else { value(*b) }
            },
        )
        .sum();
    fits && b"ABCDEHLMPRST".contains(&bytes.get(8).map_or(0, u8::to_ascii_uppercase))
        && bytes.get(15).is_some_and(|b| value(*b) == sum % 26)
}

/// The same as it is printed: `RSS MRA 85T10 A562S`.
fn spaced_fiscal_code(bytes: &[u8]) -> Option<usize> {
    const LENGTH: usize = 19;
    let printed = bytes.get(..LENGTH)?;
    let (mut code, mut length) = ([0; 16], 0);
    for (place, byte) in printed.iter().enumerate() {
        if matches!(place, 3 | 7 | 13) {
            if !matches!(byte, b' ' | b'+') {
                return None;
            }
        } else {
            *code.get_mut(length)? = *byte;
            length += 1;
        }
    }
    is_fiscal_code(&code).then_some(LENGTH)
}

/// MX: the key of the population register, by its form.
fn is_curp(bytes: &[u8]) -> bool {
    bytes.iter().take(18).enumerate().all(|(place, b)| match place {
        4..=9 | 17 => b.is_ascii_digit(),
        10 => matches!(b.to_ascii_uppercase(), b'H' | b'M' | b'X'),
        16 => b.is_ascii_alphanumeric(),
        _ => b.is_ascii_alphabetic(),
    })
}

/// IN: the permanent account number of a person.
fn is_pan(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .take(10)
        .enumerate()
        .all(|(place, b)| if (5..9).contains(&place) { b.is_ascii_digit() } else { b.is_ascii_uppercase() })
        && matches!(bytes.get(3), Some(b'P'))
}

/// GB: two letters, six digits in pairs, and a letter from A to D.
fn insurance_number(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut letters) = (2, bytes.iter().take(2));
    let first = letters.next()?.to_ascii_uppercase();
    let second = letters.next()?.to_ascii_uppercase();
    let is_prefix = first.is_ascii_uppercase()
        && second.is_ascii_uppercase()
        && !b"DFIQUV".contains(&first)
        && !b"DFIQUVO".contains(&second)
        && !matches!(&[first, second], b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ");
    let gap = |at: usize| usize::from(matches!(bytes.get(at), Some(b' ' | b'-' | b'+')));
    for _ in 0..3 {
        at += gap(at);
        if !bytes.get(at..at + 2)?.iter().all(u8::is_ascii_digit) {
            return None;
        }
        at += 2;
    }
    at += gap(at);
    // The prefix of examples is never given out, and so is typed by those who try things.
    ((is_prefix || [first, second] == *b"QQ") && matches!(bytes.get(at)?.to_ascii_uppercase(), b'A'..=b'D'))
        .then_some(at + 1)
}

/// ES: the number of a foreigner: X, Y or Z, seven digits and a letter, perhaps with dashes.
fn foreigner(bytes: &[u8], gap: usize) -> Option<usize> {
    let first = b"XYZ".iter().position(|letter| bytes.first().is_some_and(|b| b.to_ascii_uppercase() == *letter))?;
    let digits = bytes.get(1 + gap..8 + gap)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(first, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    let end = 8 + gap + usize::from(matches!(bytes.get(8 + gap), Some(b'-')));
    (DNI.get(value % 23) == Some(&bytes.get(end)?.to_ascii_uppercase())).then_some(end + 1)
}

/// SG: a letter, seven digits and a check letter.
fn singapore(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.get(1..8).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let values: Vec<u8> = digits.iter().map(|b| b - b'0').collect();
    let sum = weighted(&values, &[2, 7, 6, 5, 4, 3, 2]);
    let (offset, letters) = match bytes.first()? {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        _ => return None,
    };
    (letters.get(usize::try_from((sum + offset) % 11).ok()?) == bytes.get(8)).then_some(9)
}
