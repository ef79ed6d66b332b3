//! Cards and bank accounts.

use super::super::checksums as sum;
use super::Sort;
use super::makers::spaced;

const TEXT_CARD: &[&str] = &[
    "card {} declined",
    "Paid with {}.",
    "Karte: {}",
    "!Numéro de carte {} expirée",
    "card={}",
    "!tarjeta {} rechazada",
    "PAN:{}",
    "カード番号{}です",
    "!{} is not accepted",
];
const TEXT_IBAN: &[&str] = &[
    "IBAN {} thanks",
    "Bitte auf {} überweisen.",
    "virement vers {}",
    "!bonifico su {}",
    "iban:{}",
    "!Überweisung an ({})",
    "account {}, ref 12",
];
pub(super) const SORTS: &[Sort] = &[
    Sort {
        category: "card",
        is_by_itself: true,
        keys: &[
            "card_number",
            "cardNumber",
            "cc-number",
            "payment.card",
            "kreditkarte",
            "note",
            "pan",
            "ccnum",
            "numero_carte",
        ],
        texts: TEXT_CARD,
        make: |dice| {
            let (head, length): (String, usize) = match dice.below(7) {
                0 | 1 => ("4".to_owned() + &dice.digits(3), 16),
                2 => (format!("5{}{}", 1 + dice.below(5), dice.digits(2)), 16),
                3 => (format!("{}", 2221 + dice.below(499)), 16),
                4 => ((*dice.pick(&["34", "37"])).to_owned(), 15),
                5 => ("36".to_owned(), 14),
                _ => ((*dice.pick(&["6011", "65", "3528", "62"])).to_owned(), 16),
            };
            let body = dice.digits(length - 1 - head.len());
            let number = sum::luhn(&format!("{head}{body}"));
            let groups: &[usize] = match length {
                15 => &[4, 6, 5],
                14 => &[4, 6, 4],
                _ => &[4, 4, 4, 4],
            };
            spaced(&number, groups, dice.pick(&["", " ", "-", "\u{a0}", "\u{2009}", "\u{2011}", "\u{2013}"]))
        },
    },
    Sort {
        category: "iban",
        is_by_itself: true,
        keys: &["iban", "bankAccount", "account_iban", "IBAN", "note", "kontonummer"],
        texts: TEXT_IBAN,
        make: |dice| {
            let (country, bban): (&str, String) = match dice.below(10) {
                0 => ("DE", dice.digits(18)),
                1 => ("GB", format!("WEST{}", dice.digits(14))),
                2 => ("FR", dice.digits(23)),
                3 => ("ES", dice.digits(20)),
                4 => ("IT", format!("X{}", dice.digits(22))),
                5 => ("NL", format!("ABNA{}", dice.digits(10))),
                6 => ("PL", dice.digits(24)),
                7 => ("PT", dice.digits(21)),
                8 => ("SE", dice.digits(20)),
                _ => ("BR", format!("{}P1", dice.digits(23))),
            };
            let iban = sum::iban(country, &bban);
            let separator = dice.pick(&["", " ", "\u{a0}"]);
            spaced(&iban, &vec![4; iban.len() / 4], separator)
        },
    },
    // Telephone numbers in international form.
    Sort {
        category: "card_code",
        is_by_itself: false,
        keys: &["cvv", "cvc", "card_cvc", "securityCode", "cardCVV"],
        texts: &["CVV: {}", "CVV {} wrong", "!cvc={}"],
        make: |dice| format!("{}{}", 1 + dice.below(9), dice.digits(2)),
    },
];
