//! What the values are made of.

use super::super::checksums::Dice;

pub(super) fn spaced(text: &str, groups: &[usize], separator: &str) -> String {
    let mut rest = text;
    let mut parts = Vec::new();
    for length in groups {
        let (part, tail) = rest.split_at(*length);
        parts.push(part);
        rest = tail;
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts.join(separator)
}

pub(super) const GIVEN: &[&str] = &[
    "jane",
    "marie-claire",
    "jürgen",
    "josé",
    "anna",
    "łukasz",
    "søren",
    "priya",
    "taro",
    "maria.clara",
    "o'neill",
    "björn",
];
pub(super) const FAMILY: &[&str] = &[
    "doe",
    "dupont",
    "müller",
    "garcía",
    "rossi",
    "kowalska",
    "hansen",
    "sharma",
    "tanaka",
    "silva",
    "smith",
    "lindqvist",
];
pub(super) const HOSTS: &[&str] = &[
    "example.com",
    "mail.example.co.uk",
    "firma.de",
    "exemple.fr",
    "correo.es",
    "posta.it",
    "poczta.pl",
    "exámple.es",
    "xn--bcher-kva.example.org",
    "sub.domain.example.travel",
    "gmail.com",
    "web.de",
];
pub(super) const HEX: &str = "0123456789abcdef";
pub(super) const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
pub(super) const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub(super) fn token(dice: &mut Dice, length: usize) -> String {
    loop {
        let text = dice.of(MIXED, length);
        // A token without digits or capitals is a word.
        if text.bytes().filter(u8::is_ascii_digit).count() >= 3
            && text.bytes().any(|b| b.is_ascii_uppercase())
            && text.bytes().any(|b| b.is_ascii_lowercase())
        {
            return text;
        }
    }
}

pub(super) fn date(dice: &mut Dice) -> (u64, u64, u64) {
    (1940 + dice.below(65), 1 + dice.below(12), 1 + dice.below(28))
}

pub(super) fn nanp(dice: &mut Dice) -> (String, String, String) {
    (
        format!("{}{}", 2 + dice.below(8), dice.digits(2)),
        format!("{}{}", 2 + dice.below(8), dice.digits(2)),
        dice.digits(4),
    )
}
