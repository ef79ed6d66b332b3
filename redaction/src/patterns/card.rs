//! Payment cards by issuer (ISO/IEC 7812), length and the Luhn sum.

use std::ops::Range;

use super::{at_boundary, last_char, next_char};

/// The payment card number that begins with the digit at `at`.
pub(crate) fn find(text: &str, at: usize) -> Option<Range<usize>> {
    let decimal = last_char(text, at).is_some_and(|c| matches!(c, '.' | ','))
        && last_char(text, at - 1).is_some_and(|c| c.is_ascii_digit());
    // An underscore joins names, but two numbers only in an id.
    let joined = text.get(..at)?.strip_suffix('_').map(|before| last_char(before, before.len()));
    let opens = joined.map_or(at_boundary(text, at), |before| before.is_none_or(|c| !c.is_ascii_digit()));
    if decimal || !opens {
        return None;
    }
    // All issuers' numbers begin with one of these.
    if !matches!(text.as_bytes().get(at)?, b'2'..=b'6' | b'9') {
        return None;
    }
    let (mut values, mut count) = ([0_u8; 19], 0);
    let (mut end, mut separator, mut found) = (at, None, None);
    for place in 0.. {
        let group = text.get(end..)?.bytes().take(20).take_while(u8::is_ascii_digit).count();
        // People write 4-4-4-4-3, 4-6-5 or 4-6-4, and of the short ones 4-4-4-3, too.
        let fits = place == 0
            || group == 4
            || (place == 1 && group == 6)
            || (place == 2 && group == 5)
            || (place == 4 && group == 3)
            || (place == 3 && matches!(group, 2 | 3));
        if group == 0 || count + group > 19 || !fits {
            break;
        }
        for (value, byte) in values.iter_mut().skip(count).zip(text.get(end..end + group)?.bytes()) {
            *value = byte - b'0';
        }
        (count, end) = (count + group, end + group);
        let next = next_char(text, end);
        let closed = match next {
            Some('.' | ',' | '_') => next_char(text, end + 1).is_none_or(|c| !c.is_ascii_digit()),
            Some(c) => !c.is_alphanumeric() || c > '\u{2e80}',
            None => true,
        };
        if closed && values.get(..count).is_some_and(is_card) {
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
pub(crate) fn is_number(number: &str) -> bool {
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
        // Mastercard, Verve, Elo, RuPay, Hipercard and Troy.
        5100..=5599 | 2221..=2720 | 5060..=5061 | 5067 | 5081..=5090 | 6062 | 6069..=6085 | 6362..=6363 | 9792 => {
            [16, 16]
        }
        3400..=3499 | 3700..=3799 => [15, 15],
        3000..=3059 | 3600..=3699 | 3800..=3999 => [14, 16],
        4000..=4999 | 6011 | 6440..=6599 | 3528..=3589 | 2200..=2204 | 6200..=6299 => [16, 19],
        5018..=5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => [16, 18],
        _ => return false,
    };
    let luhn = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let digit = u32::from(*digit);
        sum + if place % 2 == 0 { digit } else { digit * 2 - if digit > 4 { 9 } else { 0 } }
    });
    lengths.contains(&digits.len()) && luhn.is_multiple_of(10)
}
