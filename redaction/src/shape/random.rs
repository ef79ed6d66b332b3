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
    is_scrambled(text) || is_loose(text) && !is_named(text) && !number::is_date(text) && !is_epoch
}

/// Whether `text` has letters in a row that no word has: `qkwzjxvb`.
pub(crate) fn is_scrambled(text: &str) -> bool {
    /// Shorter ones are names and abbreviations of anything.
    const LEAST: usize = 8;
    is_one_word(text)
        && text.as_bytes().split(|b| !b.is_ascii_alphanumeric()).any(|chunk| {
            // Where a word ends in camel case there may be any pair.
            let share = if has_one_case(chunk) { 4 } else { 3 };
            chunk.len() >= LEAST
                && chunk.iter().all(u8::is_ascii_alphabetic)
                && others(chunk) >= (chunk.len() / share).max(3)
        })
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
        let changes =
            chunk.windows(2).filter(|pair| matches!(pair, [a, b] if a.is_ascii_digit() != b.is_ascii_digit()));
        let has_many = changes.count() >= 2;
        let mut rest = chunk;
        while !rest.is_empty() {
            let digits = digits_first(rest);
            let length = if digits > 0 { digits } else { rest.iter().take_while(|b| b.is_ascii_alphabetic()).count() };
            let (run, tail) = rest.split_at(length);
            // Between numbers short words are prepositions and their like, and letters mostly a part of a secret.
            let is_known = || {
                let run = std::str::from_utf8(run).unwrap_or_default();
                length >= 4 || !has_many || is_in(BETWEEN, run) || is_in(STANDARDS, run)
            };
            let fits = if digits > 0 {
                digits <= DIGITS
            } else {
                length == chunk.len() || is_word(run, 2) && is_likely(run) && is_known()
            };
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

/// Short words that stand between numbers, or between one and another word.
const BETWEEN: &[u32] = list!(
    "of,in,to,for,and,by,at,me,you,on,de,la,le,und,mit,von,per,vs,tv,pc,go,my,el,st,nd,rd,th,pro,max,off,now,day,new,the,all,web,app,plus,set,top,net,url,id,bit,et,age,ds,er"
);

/// For each letter those that follow it in the words of European languages: nine in ten words have no other pairs, and one
/// in five of four letters that stand together by chance.
#[rustfmt::skip]
const PAIRS: [&[u8]; 26] = [
    b"abcdefghiklmnoprstuvxyz", b"aeilorsu", b"acehiklorstuyz", b"adegilnorstuyz", b"abcdefghiklmnopqrstuvwxyz", b"aefilnortu",
    b"aeghilmnorstu", b"aeilnorstu", b"abcdefgjklmnoprstvxz", b"aeosu", b"aeilnorstu", b"acdefiklnopstuvy", b"abeilmnopsu",
    b"acdefghiklmnorstuvwy", b"abcdefgijklmnoprstuvwxyz", b"aehiloprstu", b"u", b"abcdefgiklmnoprstuvwyz", b"acdehiklmnopstuwyz",
    b"acefhiklnoprstuwyz", b"abcdefgijklmnprst", b"aeinor", b"aehinorsy", b"beipt", b"aceijkmnopst", b"aeikouy",
];

/// Whether the pairs of `letters` are those of words; in long ones all but one.
fn is_likely(letters: &[u8]) -> bool {
    letters.len() < 4 || others(letters) <= usize::from(letters.len() >= 6)
}

/// How many pairs of letters there are in `chunk` that words do not have.
fn others(chunk: &[u8]) -> usize {
    let is_other = |pair: &&[u8]| {
        let [first, second] = pair else { return false };
        let place = usize::from((first | 0x20).wrapping_sub(b'a'));
        PAIRS.get(place).is_some_and(|known| second.is_ascii_alphabetic() && !known.contains(&(second | 0x20)))
    };
    chunk.windows(2).filter(is_other).count()
}

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
                && (is_odd(chunk.as_bytes())
                    || (digits > 0 && (is_hex || is_mixed))
                    || (changes >= 5 && chunk.len() >= 20 && changes * 4 >= chunk.len()))
        })
}

/// Whether `chunk` is long, and every third pair of letters in it one that words do not have.
fn is_odd(chunk: &[u8]) -> bool {
    /// Of fewer pairs too many would be so by chance.
    const LEAST: usize = 8;
    let is_pair = |pair: &&[u8]| pair.iter().all(u8::is_ascii_alphabetic);
    let pairs = chunk.windows(2).filter(is_pair).count();
    chunk.len() >= RANDOM && pairs >= LEAST && others(chunk) * 3 >= pairs
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_of_what_is_random_is_taken_for_words_and_numbers() {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        const ALL: usize = 4000;
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut letter = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            char::from(ALPHABET[usize::try_from(random >> 33).unwrap_or_default() % ALPHABET.len()])
        };
        for length in [8, 10, 12, 16] {
            let mut text = || format!("{}7", (1..length).map(|_| letter()).collect::<String>());
            let named = (0..ALL).filter(|_| is_named(&text())).count();
            assert!(named * 20 < ALL, "{named} of {ALL} with {length} characters");
        }
    }

    #[test]
    fn words_with_numbers_are_names() {
        for name in [
            "step2of3",
            "office365",
            "SUMMER2024",
            "web3summit2024",
            "ai4health-2025",
            "friends4ever",
            "css3-animations",
        ] {
            assert!(is_named(name), "{name}");
        }
    }
}
