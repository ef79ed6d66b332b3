//! Bank account numbers (ISO 13616).

use std::ops::Range;

use super::{at_boundary, next_char};

/// Country codes and the lengths of their account numbers (the IBAN registry of SWIFT).
const IBANS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27\
                     GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22\
                     MK19MN20MR27MT31NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23\
                     TN24TR26UA29VA22VG24XK20YE30";

/// The bank account number that begins at `at`.
pub(crate) fn find(text: &str, at: usize) -> Option<Range<usize>> {
    // `DE 89 3704 …`, in capitals
    let gap = usize::from(matches!(
        text.as_bytes().get(at..at + 6),
        Some([b'A'..=b'Z', b'A'..=b'Z', b' ', b'0'..=b'9', b'0'..=b'9', b' '])
    ));
    if !text.as_bytes().get(at + 2 + gap..at + 4 + gap)?.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let country = text.get(at..at + 2)?;
    let is_country =
        |entry: &&[u8; 4]| entry.get(..2).is_some_and(|code| code.eq_ignore_ascii_case(country.as_bytes()));
    let known = IBANS.as_bytes().as_chunks::<4>().0.iter().find(is_country)?;
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
    let closed = next_char(text, end).is_none_or(|c| !c.is_alphanumeric() || c > '\u{2e80}');
    (taken == length && sums_up && closed).then_some(at..end)
}
