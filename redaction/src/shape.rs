//! What a value looks like: whether it can be what its key says, and whether it looks random.

use std::net::IpAddr;

use crate::kind::is_placeholder;
use crate::patterns;

/// What a value must look like to be taken for what its key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Anything but an empty text and words such as `true`.
    Any,
    /// The same, but no number of JSON.
    Text,
    /// Any text, but no small number: `tokens` is a count more often than a secret.
    Key,
    /// An address for mail, written out or not.
    Mail,
    /// At least so many digits.
    Digits(usize),
    /// 3 to 8 digits and nothing else.
    Pin,
    /// A code that is typed once: a few characters with a digit among them.
    Code,
    /// 6 to 18 digits and what people put between them.
    Phone,
    /// Letters.
    Letters,
    /// Letters and a number, as streets have them.
    Postal,
    /// A network address.
    Ip,
    /// No word: six characters or more with digits, or mixed case.
    Loose,
    /// As good as random.
    Random,
}

/// Values that say whether something is there rather than what it is.
#[rustfmt::skip]
const BENIGN: &[&str] = &[
    "true", "false", "yes", "no", "on", "off", "0", "1", "null", "none", "undefined", "nan", "oauth2", "saml2", "auth0",
];

impl Shape {
    /// Whether `text` looks like this.
    pub(crate) fn fits(self, text: &str) -> bool {
        let text = text.trim();
        if text.is_empty() || is_placeholder(text) || BENIGN.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return false;
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let only = |more: &str| text.chars().all(|c| c.is_ascii_digit() || more.contains(c));
        match self {
            Self::Any | Self::Text | Self::Key => true,
            Self::Mail => text.contains('@'),
            Self::Digits(least) => digits >= least,
            Self::Pin => (3..=8).contains(&digits) && only(""),
            Self::Code => (1..=12).contains(&digits) && (4..=16).contains(&text.len()) && is_one_word(text),
            Self::Phone => (6..=18).contains(&digits) && only("+-./() x\u{a0}\u{202f}\u{2009}\u{2011}\u{2013}"),
            Self::Letters => text.chars().any(char::is_alphabetic),
            Self::Postal => {
                digits > 0 && text.len() >= 6 && text.contains(' ') && text.chars().any(char::is_alphabetic)
            }
            Self::Ip => text.contains(['.', ':']) && text.parse::<IpAddr>().is_ok(),
            Self::Loose => is_loose(text),
            Self::Random => is_random_value(text),
        }
    }

    /// Whether `number`, the text of a JSON number, looks like this. Small numbers are counts and flags.
    pub(crate) fn fits_number(self, number: &str) -> bool {
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        match self {
            Self::Pin => self.fits(number),
            Self::Text | Self::Letters | Self::Postal | Self::Ip | Self::Mail | Self::Random => false,
            Self::Key => digits >= 6 && number.bytes().all(|b| b.is_ascii_digit()),
            Self::Any => digits >= 3 && number.bytes().all(|b| b.is_ascii_digit()),
            Self::Digits(_) | Self::Code | Self::Phone | Self::Loose => {
                number.bytes().all(|b| b.is_ascii_digit()) && self.fits(number)
            }
        }
    }
}

fn is_one_word(text: &str) -> bool {
    !text.contains(char::is_whitespace)
}

/// Whether `text` is no word of a language: a UUID, digits, or letters mixed as words do not mix them.
pub(crate) fn is_loose(text: &str) -> bool {
    if text.len() < 6 || !is_one_word(text) {
        return false;
    }
    let longest_mixed = |chunk: &str| {
        let digits = chunk.bytes().filter(u8::is_ascii_digit).count();
        let letters = chunk.bytes().filter(u8::is_ascii_alphabetic).count();
        let capitals_inside = chunk.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
        let all_capitals = letters >= 6 && chunk.bytes().all(|b| !b.is_ascii_lowercase());
        digits >= 6
            || (digits >= 1 && letters >= 1 && chunk.len() >= 4)
            || all_capitals
            || (capitals_inside >= 3 && letters >= 8)
    };
    patterns::is_uuid(text) || text.split(|c: char| !c.is_ascii_alphanumeric()).any(longest_mixed)
}

/// Whether `text` is as good as random: 20 characters or more of an encoding's alphabet, with the letters and digits
/// mixed as no name, slug, order number or date mixes them. UUIDs are ids, not secrets, and do not count.
pub(crate) fn is_random(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'+');
    if text.len() < 20 || !text.bytes().all(in_alphabet) || patterns::is_uuid(text) {
        return false;
    }
    text.split(['-', '_', '.', '~', '+']).any(|chunk| {
        let classes = || chunk.bytes().map(|b| (b.is_ascii_digit(), b.is_ascii_uppercase()));
        let has_digit = classes().any(|(digit, _)| digit);
        let has_letter = classes().any(|(digit, _)| !digit);
        // A capital that begins a word is no change of class.
        let changes = classes().zip(classes().skip(1)).filter(|(a, b)| a.0 != b.0 || (!a.1 && b.1)).count();
        let is_hex = chunk.len() >= 32 && chunk.bytes().all(|b| b.is_ascii_hexdigit());
        has_digit && has_letter && (is_hex || (chunk.len() >= 16 && changes >= 4 && changes * 5 >= chunk.len()))
    })
}

/// Whether `text`, the value of a parameter and no path, is as good as random. Base64 has slashes.
pub(crate) fn is_random_value(text: &str) -> bool {
    !text.starts_with(['/', '.']) && !text.contains("://") && text.split('/').any(is_random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_text_is_told_from_names_and_numbers() {
        for text in [
            "dGhpcyBpcyBhIHRva2VuIDEyMzQ1Njc4OTA",
            "x7k2m9q4t8w3r6y1p5n0",
            "9f86d081884c7d659a2feaa0c55ad015",
            "EAIaIQobChMI8vKq7Zz3_gIVi4KDBx0sZwYqEAAYASAAEgJ5fPD_BwE",
        ] {
            assert!(is_random(text), "{text}");
        }
        for text in [
            "my-long-article-title-about-2024-things",
            "ORD-2024-000123456-DE-77",
            "nike-air-max-90-gtx-2024-b07xyz1234",
            "01890a5d-ac96-774b-bcce-b302099a8057",
            "20240501120000000000",
            "getElementByIdAndThenScrollIntoView",
            "BestSellersOfTheYear2024Edition",
            "www.example-shop24.co.uk",
        ] {
            assert!(!is_random(text), "{text}");
        }
    }

    #[test]
    fn a_loose_token_is_told_from_a_word() {
        for text in ["abc123", "123456", "ABCDEFGH", "01890a5d-ac96-774b-bcce-b302099a8057", "aBcDeFgHiJ", "c8x-12ab9"]
        {
            assert!(is_loose(text), "{text}");
        }
        for text in ["sent", "morning", "2024-edition", "expired", "two words 12345678", "a1", "Keynote", "42"] {
            assert!(!is_loose(text), "{text}");
        }
    }
}
