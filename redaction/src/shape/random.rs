//! Whether a value looks random, as secrets and ids do and words do not.

use super::is_one_word;
use crate::keys::vocabulary::list::{is_in, list};
use crate::patterns::{iban, number};

/// Whether `text` is no word of a language: a UUID, digits, or letters mixed as words do not mix them.
pub(crate) fn is_loose(text: &str) -> bool {
    if text.len() < 6 || !is_one_word(text) {
        return false;
    }
    let is_mixed = |chunk: &[u8]| {
        let (mut digits, mut capitals, mut small) = (0, 0, 0);
        for byte in chunk {
            match byte {
                b'0'..=b'9' => digits += 1,
                b'A'..=b'Z' => capitals += 1,
                _ => small += 1,
            }
        }
        let letters = capitals + small;
        let capitals_inside = capitals - usize::from(chunk.first().is_some_and(u8::is_ascii_uppercase));
        digits >= 6
            || (digits >= 1 && letters >= 1 && chunk.len() >= 4)
            || (letters >= 6 && small == 0)
            || (capitals_inside >= 3 && letters >= 8)
            // Capitals that begin words of some length are camel case.
            || (capitals_inside >= 2 && (16..64).contains(&letters) && chunk.len() < capitals * 4)
    };
    is_uuid(text) || text.as_bytes().split(|b| !b.is_ascii_alphanumeric()).any(is_mixed)
}

/// Whether `text` is no word of a language and no name made of words and small numbers either, as `office365`,
/// `SUMMER2024`, `step2of3` and `css3-animations` are.
pub(crate) fn is_token(text: &str) -> bool {
    // The time in seconds or milliseconds.
    let is_epoch = matches!(text.len(), 10 | 13)
        && matches!(text.as_bytes(), [b'1', b'5'..=b'9', ..])
        && text.bytes().all(|b| b.is_ascii_digit());
    is_loose(text) && !is_named(text) && !number::is_date(text) && !is_epoch
}

/// Whether `text` is made of words and numbers of up to four digits, one of the words as long as those of a dictionary.
pub(crate) fn is_named(text: &str) -> bool {
    const DIGITS: usize = 4;
    let digits_first = |run: &[u8]| run.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut has_word = false;
    for chunk in text.as_bytes().split(|b| !b.is_ascii_alphanumeric()) {
        let letters = chunk.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let (name, number) = chunk.split_at(letters);
        if letters > 0 && digits_first(number) == number.len() && !number.is_empty() {
            // `iso27001` is a standard, `gdpr2018` has a year, and `h264-codec` needs the word behind it.
            let is_standard =
                number.len() <= DIGITS + 1 && is_in(STANDARDS, std::str::from_utf8(name).unwrap_or_default());
            let is_year = number.len() == DIGITS && matches!(number, [b'1', b'9', ..] | [b'2', b'0', ..]);
            let is_dated = is_year && (2..=5).contains(&letters) && has_one_case(name);
            if is_standard || is_dated || number.len() <= DIGITS && letters <= 3 {
                has_word |= is_standard || is_dated;
                continue;
            }
        }
        let mut rest = chunk;
        while !rest.is_empty() {
            let digits = digits_first(rest);
            let length = if digits > 0 { digits } else { rest.iter().take_while(|b| b.is_ascii_alphabetic()).count() };
            let (run, tail) = rest.split_at(length);
            let fits = if digits > 0 { digits <= DIGITS } else { length == chunk.len() || is_word(run, 2) };
            if !fits {
                return false;
            }
            has_word |= digits == 0 && is_word(run, 4);
            rest = tail;
        }
    }
    has_word
}

/// Short names of standards and things that have numbers.
const STANDARDS: &[u32] = list!("iso,erc,eip,rfc,din,css,html,ai,web,utf,covid,top,mp");

/// Whether the case of `letters` does not change within.
fn has_one_case(letters: &[u8]) -> bool {
    let Some((first, tail)) = letters.split_first() else { return true };
    tail.iter().all(u8::is_ascii_lowercase) || first.is_ascii_uppercase() && tail.iter().all(u8::is_ascii_uppercase)
}

/// Whether `letters` can be spoken, has `least` or more of them, and its case does not change within.
fn is_word(letters: &[u8], least: usize) -> bool {
    let is_vowel = |b: &u8| matches!(b | 0x20, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let (mut consonants, mut vowels, mut most) = (0_usize, 0_usize, 0);
    for letter in letters {
        (consonants, vowels) = if is_vowel(letter) { (0, vowels + 1) } else { (consonants + 1, vowels) };
        most = most.max(consonants);
    }
    letters.len() >= least && has_one_case(letters) && (letters.len() < 4 || vowels > 0 && most <= 4)
}

/// What is shorter does not look random.
pub(crate) const RANDOM: usize = 20;

/// Whether `text` is as good as random: 20 characters or more of an encoding's alphabet, with the letters and digits
/// mixed as no name, slug, order number or date mixes them. UUIDs are ids, not secrets, and do not count.
pub(crate) fn is_random(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'+');
    if text.len() < RANDOM
        || text.len() > 4096
        || !text.bytes().all(in_alphabet)
        || is_uuid(text)
        || is_known_id(text)
        || iban::find(text, 0).is_some()
    {
        return false;
    }
    is_base64(text)
        || text.split(['-', '_', '.', '~', '+']).any(|chunk| {
            let classes = || chunk.bytes().map(|b| (b.is_ascii_digit(), b.is_ascii_uppercase()));
            let digits = number::digits_in(chunk);
            let has_letter = digits < chunk.len();
            // A capital that begins a word is no change of class.
            let changes = classes().zip(classes().skip(1)).filter(|(a, b)| a.0 != b.0 || (!a.1 && b.1)).count();
            let is_hex = chunk.len() >= 32 && chunk.bytes().all(|b| b.is_ascii_hexdigit());
            let is_mixed = chunk.len() >= 16 && changes >= 4 && changes * 5 >= chunk.len();
            has_letter
                && ((digits > 0 && (is_hex || is_mixed))
                    || (changes >= 5 && chunk.len() >= 20 && changes * 4 >= chunk.len()))
        })
}

/// Whether `text` is long base64url in which a dash may stand anywhere: small letters, capitals and digits in turns, as
/// neither words nor the numbers of things have them.
fn is_base64(text: &str) -> bool {
    let letters = || text.bytes().filter(u8::is_ascii_alphanumeric);
    let class = |b: u8| (b.is_ascii_digit(), b.is_ascii_uppercase());
    let changes = letters().zip(letters().skip(1)).filter(|(a, b)| class(*a) != class(*b)).count();
    text.len() >= 32
        && !text.contains(['.', '+'])
        && changes * 5 >= text.len() * 2
        && letters().any(|b| b.is_ascii_digit())
        && letters().any(|b| b.is_ascii_uppercase())
        && letters().any(|b| b.is_ascii_lowercase())
}

/// Ids of well-known makers that stand for things: `ObjectId`, ULID, and ids with the thing's name before them.
fn is_known_id(text: &str) -> bool {
    let is_object_id = text.len() == 24 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    let is_ulid = text.len() == 26
        && text.starts_with("01")
        && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let is_named = text.split_once(['_', '-']).is_some_and(|(thing, _)| {
        [
            "ord", "order", "prod", "product", "price", "plan", "item", "sku", "cart", "variant", "coupon", "cat",
            "page", "post", "img", "inv", "pi", "ch", "evt", "sub", "cs", "txn", "in", "build", "chunk", "rev", "req",
            "art", "asset",
        ]
        .contains(&thing.to_ascii_lowercase().as_str())
    });
    is_object_id || is_ulid || is_named
}

/// Whether `text`, the value of a parameter and no path, is as good as random. Base64 has slashes.
pub(crate) fn is_random_value(text: &str) -> bool {
    text.len() >= RANDOM && !text.starts_with(['/', '.']) && !text.contains("://") && text.split('/').any(is_random)
}

/// Whether `text` is a UUID in its usual form.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(place, b)| if matches!(place, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() })
}
