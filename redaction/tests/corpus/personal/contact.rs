//! Mailboxes and telephone numbers.

use super::Sort;
use super::makers::{FAMILY, GIVEN, HOSTS, nanp, spaced};

const TEXT_EMAIL: &[&str] = &[
    "write to {} please",
    "Kontakt: {}",
    "<{}>",
    "Mail an {}, danke!",
    "!Votre adresse {} a été confirmée.",
    "連絡は{}まで",
    "!Envíame un correo a {}.",
    "[{}]",
    "user {} logged in",
    "!e-mail={};",
    "संपर्क करें {} पर",
    "!from: \"Jane\" <{}>",
    "!(mailto:{})",
    "Привет, {} это я",
];
pub(super) const SORTS: &[Sort] = &[
    Sort {
        category: "email",
        is_by_itself: true,
        keys: &[
            "email",
            "userEmail",
            "e-mail",
            "contact_email",
            "billing.email",
            "user[email]",
            "EMAIL_ADDRESS",
            "q",
            "note",
            "customer-email",
            "courriel",
            "correo",
            "login",
        ],
        texts: TEXT_EMAIL,
        make: |dice| {
            format!(
                "{}{}{}@{}",
                dice.pick(GIVEN),
                dice.pick(&[".", "_", "+", "-"]),
                dice.pick(FAMILY),
                dice.pick(HOSTS)
            )
        },
    },
    Sort {
        category: "email",
        is_by_itself: true,
        keys: &["note", "message"],
        texts: &["reach me: {} ok", "!mail {}"],
        make: |dice| {
            format!(
                "{}{}{}{}com",
                dice.pick(&["jane.doe", "hans", "info99"]),
                dice.pick(&[" [at] ", "(at)", " (at) ", "[AT]"]),
                dice.pick(&["example", "firma"]),
                dice.pick(&[" [dot] ", "(dot)", "."])
            )
        },
    },
    Sort {
        category: "email",
        is_by_itself: false,
        keys: &[],
        texts: &["email me: {} thanks", "!contact {} today"],
        make: |dice| format!("{} at {} dot com", dice.pick(&["jane.doe", "hans"]), dice.pick(&["example", "gmail"])),
    },
    Sort {
        category: "phone",
        is_by_itself: true,
        keys: &[
            "phone",
            "phoneNumber",
            "mobile_no",
            "tel",
            "contact.phone",
            "handynummer",
            "telefono",
            "téléphone",
            "note",
            "whatsapp",
        ],
        texts: &[
            "call {} now",
            "Tel.: {}",
            "tel:{}",
            "Ruf mich an: {}!",
            "!appelez le {} demain",
            "({})",
            "!WhatsApp {} ok",
            "電話は{}です",
            "!zadzwoń {}",
        ],
        make: |dice| match dice.below(14) {
            0 => {
                let (a, b, c) = nanp(dice);
                format!("+1 ({a}) {b}-{c}")
            }
            1 => {
                let (a, b, c) = nanp(dice);
                format!("+1{a}{b}{c}")
            }
            2 => format!("+44 20 7{} {}", dice.digits(3), dice.digits(4)),
            3 => format!("+49 (0)30 {}-{}", dice.digits(4), dice.digits(4)),
            4 => format!("+49 151 {}", dice.digits(8)),
            5 => format!("+33 6 {} {} {} {}", dice.digits(2), dice.digits(2), dice.digits(2), dice.digits(2)),
            6 => format!("+34 6{} {} {}", dice.digits(2), dice.digits(3), dice.digits(3)),
            7 => format!("+39 3{} {}", dice.digits(2), dice.digits(7)),
            8 => format!("+31 6 {}", dice.digits(8)),
            9 => format!("+48 {} {} {}", dice.digits(3), dice.digits(3), dice.digits(3)),
            10 => format!("+55 11 9{}-{}", dice.digits(4), dice.digits(4)),
            11 => format!("+91 9{} {}", dice.digits(4), dice.digits(5)),
            12 => format!("+81-90-{}-{}", dice.digits(4), dice.digits(4)),
            _ => format!("+46\u{a0}70\u{a0}{}\u{a0}{}\u{a0}{}", dice.digits(3), dice.digits(2), dice.digits(2)),
        },
    },
    Sort {
        category: "phone",
        is_by_itself: true,
        keys: &["phone", "fax"],
        texts: &["reach us at {} today", "({})", "!desk {}"],
        make: |dice| {
            let (a, b, c) = nanp(dice);
            match dice.below(4) {
                0 => format!("({a}) {b}-{c}"),
                1 => format!("{a}-{b}-{c}"),
                2 => format!("{a}.{b}.{c}"),
                _ => format!("1-{a}-{b}-{c} ext. {}", dice.digits(3)),
            }
        },
    },
    Sort {
        category: "phone",
        is_by_itself: false,
        keys: &["phone", "mobile", "tel", "user_phone_number", "billing-phone", "contact[mobile]"],
        texts: &[
            "My mobile is {}.",
            "Call me on {} after six",
            "!Phone: {}",
            "text {} to confirm",
            "!ring me on {} please",
        ],
        make: |dice| match dice.below(3) {
            0 => format!("07{} {}", dice.digits(3), dice.digits(6)),
            1 => format!("020 7{} {}", dice.digits(3), dice.digits(4)),
            _ => format!("(020) 7{} {}", dice.digits(3), dice.digits(4)),
        },
    },
    Sort {
        category: "phone",
        is_by_itself: false,
        keys: &["telefon", "handy", "telefonnummer", "mobilnummer", "rufnummer"],
        texts: &[
            "Telefon: {}",
            "Tel. {} (werktags)",
            "Rufen Sie uns an unter {}",
            "!meine Handynummer lautet {}",
            "!Mobil {}, danke",
        ],
        make: |dice| match dice.below(4) {
            0 => format!("030 {}", dice.digits(8)),
            1 => format!("0151/{}", dice.digits(8)),
            2 => format!("089-{}-{}", dice.digits(5), dice.digits(3)),
            _ => format!("(040) {} {}", dice.digits(3), dice.digits(4)),
        },
    },
    Sort {
        category: "phone",
        is_by_itself: false,
        keys: &["telephone", "téléphone", "numero_de_telephone", "portable"],
        texts: &["Tél. {}", "appelez-moi au {}", "mon numéro de téléphone est le {}", "!Portable : {}"],
        make: |dice| {
            let separator = dice.pick(&[" ", ".", "\u{a0}", "\u{202f}"]);
            format!("0{}", spaced(&format!("6{}", dice.digits(8)), &[1, 2, 2, 2], separator))
        },
    },
    Sort {
        category: "phone",
        is_by_itself: false,
        keys: &["telefono", "móvil", "numero_telefono", "cellulare"],
        texts: &["Teléfono {}", "llámame al {}", "mi móvil es {}", "!Chiamami al {}", "!cellulare: {}"],
        make: |dice| match dice.below(2) {
            0 => format!("6{} {} {}", dice.digits(2), dice.digits(3), dice.digits(3)),
            _ => format!("3{} {}", dice.digits(2), dice.digits(7)),
        },
    },
    Sort {
        category: "phone",
        is_by_itself: false,
        keys: &["telefoon", "numer_telefonu", "celular", "telefone", "mobilnr"],
        texts: &[
            "bel me op {}",
            "Telefoon: {}",
            "numer telefonu {}",
            "!zadzwoń pod {}",
            "Ligue para {}",
            "meu celular é {}",
            "!Mobilnummer {}",
            "ring mig på {}",
        ],
        make: |dice| match dice.below(4) {
            0 => format!("06-{}", dice.digits(8)),
            1 => format!("5{} {} {}", dice.digits(2), dice.digits(3), dice.digits(3)),
            2 => format!("(11) 9{}-{}", dice.digits(4), dice.digits(4)),
            _ => format!("070-{} {} {}", dice.digits(3), dice.digits(2), dice.digits(2)),
        },
    },
    Sort {
        category: "phone",
        is_by_itself: false,
        keys: &["電話番号", "mobile", "फोन", "手机"],
        texts: &["電話番号は{}です", "मेरा फोन नंबर {} है", "!{} पर कॉल करें", "!携帯：{}", "我的手机是{}", "Mobile no. {}"],
        make: |dice| match dice.below(3) {
            0 => format!("090-{}-{}", dice.digits(4), dice.digits(4)),
            1 => format!("9{} {}", dice.digits(4), dice.digits(5)),
            _ => format!("138{}", dice.digits(8)),
        },
    },
    Sort {
        category: "phone",
        is_by_itself: false,
        keys: &["phone"],
        texts: &["Phone {}", "!call {}"],
        make: |dice| match dice.below(2) {
            0 => format!("04{} {} {}", dice.digits(2), dice.digits(3), dice.digits(3)),
            _ => format!("(02) 9{} {}", dice.digits(3), dice.digits(4)),
        },
    },
    // National ids.
];
