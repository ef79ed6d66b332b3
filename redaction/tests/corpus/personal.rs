//! What must go.

use super::checksums::{self as sum, Dice};
use super::{Context, Row, encode, template};

/// How many values of each sort.
const TIMES: usize = 12;

/// A value, the keys it may stand under, and the sentences it may stand in. A sort without sentences is personal only
/// under its keys; one whose `is_by_itself` is true also where nothing tells.
struct Sort {
    category: &'static str,
    is_by_itself: bool,
    keys: &'static [&'static str],
    texts: &'static [&'static str],
    make: fn(&mut Dice) -> String,
}

fn spaced(text: &str, groups: &[usize], separator: &str) -> String {
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

const GIVEN: &[&str] = &[
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
const FAMILY: &[&str] = &[
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
const HOSTS: &[&str] = &[
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
const HEX: &str = "0123456789abcdef";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn token(dice: &mut Dice, length: usize) -> String {
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

fn date(dice: &mut Dice) -> (u64, u64, u64) {
    (1940 + dice.below(65), 1 + dice.below(12), 1 + dice.below(28))
}

fn nanp(dice: &mut Dice) -> (String, String, String) {
    (
        format!("{}{}", 2 + dice.below(8), dice.digits(2)),
        format!("{}{}", 2 + dice.below(8), dice.digits(2)),
        dice.digits(4),
    )
}

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
const TEXT_TOKEN: &[&str] =
    &["Authorization: Bearer {}", "!curl -H 'Authorization: Bearer {}' https://api.example.com/v1", "bearer {}"];

const SORTS: &[Sort] = &[
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
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["ssn", "userSSN", "social_security_number", "note", "tax_id"],
        texts: &["ssn is {}.", "SSN: {}", "!{} (SSN)", "applicant {} approved"],
        make: |dice| format!("{}-{:02}-{:04}", 100 + dice.below(500), 1 + dice.below(98), 1 + dice.below(9998)),
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["ssn", "social-security", "socialSecurityNumber"],
        texts: &["SSN {} on file", "my social security number is {}", "!social security no. {}", "!{} is my SSN"],
        make: |dice| format!("{}{:02}{:04}", 100 + dice.below(500), 1 + dice.below(98), 1 + dice.below(9998)),
    },
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["itin", "taxpayer_id", "tin"],
        texts: &["ITIN {}", "!taxpayer {} filed"],
        make: |dice| format!("9{}-{}-{}", dice.digits(2), 70 + dice.below(19), dice.digits(4)),
    },
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["nino", "national_insurance_number", "niNumber", "note"],
        texts: &["NI number {}", "National Insurance: {}", "!my NINO is {} thanks"],
        make: |dice| {
            let number = format!(
                "{}{}{}",
                dice.pick(&["AB", "JK", "PW", "SE", "CT"]),
                dice.digits(6),
                dice.pick(&["A", "B", "C", "D"])
            );
            spaced(&number, &[2, 2, 2, 2], dice.pick(&["", " "]))
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["nhs", "nhsNumber", "nhs_number"],
        texts: &["NHS number {}", "!NHS no: {}", "patient NHS {} seen"],
        make: |dice| loop {
            if let Some(number) = sum::nhs(&dice.digits(9)) {
                break spaced(&number, &[3, 3], dice.pick(&["", " "]));
            }
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["steuer_id", "steuerId", "steueridentifikationsnummer", "idnr"],
        texts: &[
            "Steuer-ID {}",
            "Meine Steueridentifikationsnummer lautet {}",
            "!Steuer-Identifikationsnummer: {}",
            "IdNr. {}",
        ],
        make: |dice| {
            let number = sum::steuer_id(&format!("{}{}", 1 + dice.below(9), dice.digits(9)));
            spaced(&number, &[2, 3, 3], dice.pick(&["", " "]))
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["nir", "numero_securite_sociale", "secu", "note"],
        texts: &["Sécurité sociale {}", "numéro de sécu : {}", "!NIR {} validé"],
        make: |dice| {
            let (year, month, _) = date(dice);
            let number = sum::nir(&format!(
                "{}{:02}{month:02}{}{}{}",
                1 + dice.below(2),
                year % 100,
                10 + dice.below(85),
                dice.digits(3),
                dice.digits(3)
            ));
            spaced(&number, &[1, 2, 2, 2, 3, 3], dice.pick(&["", " "]))
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["dni", "nif", "documento", "note"],
        texts: &["DNI {}", "mi DNI es {}", "!NIF: {}", "con documento {} vigente"],
        make: |dice| {
            let id = sum::dni(30_000_000 + dice.below(60_000_000));
            if dice.below(3) == 0 { spaced(&id, &[8], "-") } else { id }
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["nie", "extranjero_nie"],
        texts: &["NIE {}", "!número {} (NIE)"],
        make: |dice| {
            let (first, seven) = (dice.below(3), dice.below(10_000_000));
            let id = sum::nie(first, seven);
            if dice.below(3) == 0 { spaced(&id, &[1, 7], "-") } else { id }
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["codice_fiscale", "codiceFiscale", "cf", "note"],
        texts: &["codice fiscale {}", "C.F.: {}", "!Il mio CF è {}."],
        make: |dice| {
            let (year, _, day) = date(dice);
            sum::fiscal_code(&format!(
                "{}{:02}{}{day:02}{}{}",
                dice.pick(&["RSSMRA", "BNCGLI", "VRDLCU", "FRRNNA"]),
                year % 100,
                dice.pick(&["A", "B", "C", "D", "E", "H", "L", "M", "P", "R", "S", "T"]),
                dice.pick(&["H501", "F205", "L219"]),
                ""
            ))
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["bsn", "burgerservicenummer", "BSN_nummer"],
        texts: &["BSN {}", "mijn BSN is {}", "!burgerservicenummer: {}"],
        make: |dice| loop {
            if let Some(number) = sum::bsn(&format!("{}{}", 1 + dice.below(9), dice.digits(7))) {
                break number;
            }
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["pesel", "numer_pesel", "userPesel"],
        texts: &["PESEL {}", "mój PESEL to {}", "!PESEL: {}"],
        make: |dice| {
            let (year, month, day) = date(dice);
            sum::pesel(&format!(
                "{:02}{:02}{day:02}{}",
                year % 100,
                if year >= 2000 { month + 20 } else { month },
                dice.digits(4)
            ))
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["nif", "contribuinte", "numero_contribuinte"],
        texts: &["NIF {}", "o meu NIF é {}", "!contribuinte n.º {}"],
        make: |dice| {
            let number = sum::portuguese_nif(&format!("{}{}", dice.pick(&["1", "2", "3"]), dice.digits(7)));
            spaced(&number, &[3, 3], dice.pick(&["", " "]))
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["personnummer", "personnr", "note"],
        texts: &["personnummer {}", "mitt personnummer är {}", "!{} (personnummer)"],
        make: |dice| {
            let (year, month, day) = date(dice);
            let short = sum::luhn(&format!("{:02}{month:02}{day:02}{}", year % 100, dice.digits(3)));
            if dice.below(2) == 0 {
                spaced(&short, &[6], "-")
            } else {
                format!("{}{}", year / 100, spaced(&short, &[6], "-"))
            }
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["personnummer"],
        texts: &["personnummer {}", "!Personnr: {}"],
        make: |dice| {
            let (year, month, day) = date(dice);
            sum::luhn(&format!("{:02}{month:02}{day:02}{}", year % 100, dice.digits(3)))
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["cpf", "cliente_cpf", "note"],
        texts: &["CPF {}", "meu CPF é {}", "!cliente {} cadastrado"],
        make: |dice| {
            let cpf = sum::cpf(&dice.digits(9));
            format!("{}-{}", spaced(&cpf[..9], &[3, 3], "."), &cpf[9..])
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["cpf", "userCpf"],
        texts: &["CPF {}", "!CPF: {}"],
        make: |dice| sum::cpf(&dice.digits(9)),
    },
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["cnpj", "empresa_cnpj"],
        texts: &["CNPJ {}", "!inscrita sob {} em SP"],
        make: |dice| {
            let cnpj = sum::cnpj(&format!("{}0001", dice.digits(8)));
            format!("{}.{}.{}/{}-{}", &cnpj[..2], &cnpj[2..5], &cnpj[5..8], &cnpj[8..12], &cnpj[12..])
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["aadhaar", "aadhaarNumber", "aadhar_no"],
        texts: &["Aadhaar {}", "my Aadhaar number is {}", "!आधार संख्या {}", "Aadhaar no: {}"],
        make: |dice| {
            let number = sum::verhoeff(&format!("{}{}", 2 + dice.below(8), dice.digits(10)));
            spaced(&number, &[4, 4], dice.pick(&["", " ", "-"]))
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: true,
        keys: &["pan", "pan_number", "panCard"],
        texts: &["PAN {}", "!PAN card no {}", "PAN: {}"],
        make: |dice| {
            format!(
                "{}P{}{}{}",
                dice.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 3),
                dice.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1),
                dice.digits(4),
                dice.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1)
            )
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["sin", "social_insurance_number", "userSin"],
        texts: &["SIN {}", "my SIN is {}", "!Social Insurance Number: {}", "NAS : {}"],
        make: |dice| {
            let number = sum::luhn(&format!("{}{}", 1 + dice.below(7), dice.digits(7)));
            spaced(&number, &[3, 3], dice.pick(&["", " ", "-"]))
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["tfn", "tax_file_number", "taxFileNumber"],
        texts: &["TFN {}", "tax file number {}", "!my TFN: {}"],
        make: |dice| loop {
            if let Some(number) = sum::tfn(&format!("{}{}", 1 + dice.below(8), dice.digits(7))) {
                break spaced(&number, &[3, 3], dice.pick(&["", " "]));
            }
        },
    },
    Sort {
        category: "national_id",
        is_by_itself: false,
        keys: &["passport", "passport_number", "passportNo", "reisepass", "driver_license_number"],
        texts: &["passport {}", "Passport no. {}", "!passport number: {}", "Reisepass {}"],
        make: |dice| format!("{}{}", dice.of("CFGHJK", 1), dice.digits(8)),
    },
    // Network.
    Sort {
        category: "ip",
        is_by_itself: true,
        keys: &["ip", "clientIp", "ip_address", "remote_addr", "x-forwarded-for", "note"],
        texts: &[
            "from {} today",
            "login from {}",
            "IP: {}",
            "[{}]",
            "!Adresse IP {} bloquée",
            "({})",
            "!{}:8080 refused",
            "host={}",
        ],
        make: |dice| {
            format!(
                "{}.{}.{}.{}",
                dice.pick(&["203", "198", "81", "192", "10", "172", "91"]),
                dice.below(256),
                dice.below(256),
                1 + dice.below(254)
            )
        },
    },
    Sort {
        category: "ip",
        is_by_itself: true,
        keys: &["ip", "ipv6", "client_ip", "note"],
        texts: &["from {} today", "IP: {}", "[{}]:443", "!visitor {} blocked"],
        make: |dice| match dice.below(4) {
            0 => format!("2001:db8:{}:{}::{}", dice.of(HEX, 4), dice.of(HEX, 3), 1 + dice.below(99)),
            1 => format!("fe80::{}:{}ff:fe{}:{}", 1 + dice.below(9), dice.of(HEX, 2), dice.of(HEX, 2), dice.of(HEX, 4)),
            2 => format!("::ffff:203.0.{}.{}", dice.below(256), dice.below(256)),
            _ => (0..8).map(|_| format!("{}{}", 1 + dice.below(9), dice.of(HEX, 3))).collect::<Vec<_>>().join(":"),
        },
    },
    Sort {
        category: "mac",
        is_by_itself: true,
        keys: &["mac", "macAddress", "device_mac", "note"],
        texts: &["device {} seen", "MAC {}", "!mac={}", "({})"],
        make: |dice| {
            let separator = dice.pick(&[":", "-"]);
            (0..6)
                .map(|place| if place == 0 { format!("{}a", dice.below(10)) } else { dice.of(HEX, 2) })
                .collect::<Vec<_>>()
                .join(separator)
        },
    },
    // Secrets.
    Sort {
        category: "jwt",
        is_by_itself: true,
        keys: &["token", "jwt", "id_token", "note", "accessToken"],
        texts: &["x {} y", "token={}", "!jwt: {}", "Authorization: Bearer {}"],
        make: |dice| format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOi{}.{}", token(dice, 20), token(dice, 43)),
    },
    Sort {
        category: "api_key",
        is_by_itself: true,
        keys: &["api_key", "apiKey", "secret", "note", "config"],
        texts: &["key {}.", "export KEY={}", "!using {} for prod", "'{}'"],
        make: |dice| match dice.below(16) {
            0 => format!("AKIA{}", dice.of(UPPER, 15) + "7"),
            1 => format!("ghp_{}", token(dice, 36)),
            2 => format!("sk_live_{}", token(dice, 24)),
            3 => format!("xoxb-{}-{}-{}", dice.digits(11), dice.digits(12), token(dice, 24)),
            4 => format!("AIza{}", token(dice, 35)),
            5 => format!("sk-proj-{}", token(dice, 48)),
            6 => format!("SG.{}.{}", token(dice, 22), token(dice, 43)),
            7 => format!("npm_{}", token(dice, 36)),
            8 => format!("glpat-{}", token(dice, 20)),
            9 => format!("shpat_{}", dice.of(HEX, 31) + "7"),
            10 => format!("AC{}", dice.of(HEX, 31) + "7"),
            11 => format!("github_pat_{}_{}", token(dice, 22), token(dice, 59)),
            12 => format!("rk_live_{}", token(dice, 24)),
            13 => format!("hf_{}", token(dice, 34)),
            14 => format!("sk-{}", token(dice, 48)),
            _ => format!("whsec_{}", token(dice, 32)),
        },
    },
    Sort {
        category: "api_key",
        is_by_itself: true,
        keys: &["note"],
        texts: &["a {} b"],
        make: |dice| {
            format!(
                "-----BEGIN RSA PRIVATE KEY-----\n{}\n{}\n-----END RSA PRIVATE KEY-----",
                token(dice, 64),
                token(dice, 64)
            )
        },
    },
    Sort {
        category: "bearer",
        is_by_itself: false,
        keys: &["authorization", "Authorization", "access_token", "auth-token", "csrf_token"],
        texts: TEXT_TOKEN,
        make: |dice| {
            let length = 24 + dice.below(20) as usize;
            token(dice, length)
        },
    },
    Sort {
        category: "session_token",
        is_by_itself: false,
        keys: &[
            "session_id",
            "sid",
            "PHPSESSID",
            "JSESSIONID",
            "sessionToken",
            "reset_token",
            "auth",
            "csrf",
            "refresh_token",
            "invite_code",
            "otp_token",
            "X-Auth-Token",
        ],
        texts: &["cookie: sid={}; theme=dark", "!reset token {} expired", "session_id={} ok"],
        make: |dice| {
            let length = 20 + dice.below(20) as usize;
            token(dice, length)
        },
    },
    Sort {
        category: "password",
        is_by_itself: false,
        keys: &[
            "password",
            "newPassword",
            "user_pwd",
            "passwort",
            "contraseña",
            "mot_de_passe",
            "wachtwoord",
            "senha",
            "hasło",
            "lösenord",
            "login[password]",
        ],
        texts: &["password: {}", "my password is {}", "!Passwort lautet {}", "pwd={}", "!contraseña: {}"],
        make: |dice| {
            format!(
                "{}{}{}{}",
                dice.pick(&["Hunter", "Sommer", "Tr0ub4dor", "S3cret", "Qwerty"]),
                dice.digits(3),
                dice.pick(&["!", "$", "", "x"]),
                dice.digits(1)
            )
        },
    },
    Sort {
        category: "url_credentials",
        is_by_itself: true,
        keys: &["dsn", "database_url", "href", "note"],
        texts: &["connect {} now", "!url={}", "{}"],
        make: |dice| {
            format!(
                "{}://{}:{}@{}",
                dice.pick(&["https", "postgres", "ftp", "redis", "mongodb+srv"]),
                dice.pick(&["app", "admin", "jane"]),
                token(dice, 10),
                dice.pick(&["db.example.com/shop", "example.org:5432/x", "10.1.2.3/0"])
            )
        },
    },
    // Coordinates.
    Sort {
        category: "coordinates",
        is_by_itself: false,
        keys: &["lat", "latitude", "lng", "user_lat", "geo.lon", "location[latitude]", "geoLng"],
        texts: &["lat: {}", "!latitude {}"],
        make: |dice| format!("{}{}.{}", dice.pick(&["", "-"]), 1 + dice.below(80), dice.digits(5)),
    },
    Sort {
        category: "coordinates",
        is_by_itself: true,
        keys: &["coords", "latlng", "geo", "position", "location", "ll"],
        texts: &["at {} now", "GPS {}", "!Standort: {}", "geo:{}"],
        make: |dice| {
            format!(
                "{}.{}{}{}{}.{}",
                1 + dice.below(80),
                dice.digits(6),
                dice.pick(&[",", ", "]),
                dice.pick(&["", "-"]),
                1 + dice.below(170),
                dice.digits(6)
            )
        },
    },
    Sort {
        category: "coordinates",
        is_by_itself: true,
        keys: &["position"],
        texts: &["found at {} ok", "!ici {}"],
        make: |dice| {
            format!(
                "{}°{}'{}.4\"N {}°{}'{}.1\"E",
                10 + dice.below(70),
                10 + dice.below(49),
                10 + dice.below(49),
                10 + dice.below(90),
                10 + dice.below(49),
                10 + dice.below(49)
            )
        },
    },
    // Birth.
    Sort {
        category: "birth_date",
        is_by_itself: false,
        keys: &[
            "dob",
            "birthdate",
            "date_of_birth",
            "birthDate",
            "geburtsdatum",
            "date_naissance",
            "fecha_nacimiento",
            "data_di_nascita",
            "data_nascimento",
            "geboortedatum",
            "data_urodzenia",
            "födelsedatum",
            "user.birthday",
        ],
        texts: &[
            "born {}",
            "DOB: {}",
            "Date of birth {}",
            "geboren am {}",
            "née le {}",
            "!Geburtsdatum: {}",
            "!nacida el {}",
            "nato il {}",
            "fecha de nacimiento: {}",
            "!data urodzenia {}",
            "geboortedatum {}",
            "生年月日{}",
            "!nascido em {}",
        ],
        make: |dice| {
            let (year, month, day) = date(dice);
            match dice.below(6) {
                0 => format!("{year}-{month:02}-{day:02}"),
                1 => format!("{day:02}.{month:02}.{year}"),
                2 => format!("{day:02}/{month:02}/{year}"),
                3 => format!("{day} {} {year}", dice.pick(&["March", "mars", "März", "marzo", "maja"])),
                4 => format!("{year}/{month:02}/{day:02}"),
                _ => format!("{day:02}-{month:02}-{year}"),
            }
        },
    },
    // Names and addresses: under keys only.
    Sort {
        category: "name",
        is_by_itself: false,
        keys: &[
            "firstName",
            "last_name",
            "full-name",
            "vorname",
            "nachname",
            "prénom",
            "nom_de_famille",
            "apellidos",
            "cognome",
            "sobrenome",
            "voornaam",
            "achternaam",
            "nazwisko",
            "förnamn",
            "customer_name",
            "billing.name",
            "user[surname]",
            "cardholderName",
            "given_name",
            "FullName",
            "recipient-name",
            "姓名",
            "customerName",
            "nameOnCard",
        ],
        texts: &["First name: {}", "!Vorname: {}"],
        make: |dice| {
            (*dice.pick(&[
                "Jane",
                "Jean-Luc",
                "Müller",
                "García López",
                "Rossi",
                "Łukasz Kowalski",
                "O'Brien",
                "山田太郎",
                "Priya Sharma",
                "de Vries",
                "Åsa",
            ]))
            .to_owned()
        },
    },
    Sort {
        category: "address",
        is_by_itself: false,
        keys: &[
            "street",
            "streetAddress",
            "address",
            "billing_address",
            "shippingAddress",
            "address_line_1",
            "adresse",
            "direccion",
            "indirizzo",
            "endereço",
            "home-address",
            "straße",
            "user.address",
            "rue",
        ],
        texts: &["Address: {}", "!Adresse: {}"],
        make: |dice| {
            (*dice.pick(&[
                "12 High Street",
                "Hauptstraße 5, 10115 Berlin",
                "24 rue de la Paix, 75002 Paris",
                "Calle Mayor 7, 28013 Madrid",
                "Via Roma 10, 00184 Roma",
                "ul. Długa 44/50, 00-241 Warszawa",
                "Rua Augusta 1500",
                "1600 Pennsylvania Ave NW",
                "東京都千代田区千代田1-1",
                "Kungsgatan 12",
                "Damrak 70",
            ]))
            .to_owned()
        },
    },
    Sort {
        category: "postcode",
        is_by_itself: false,
        keys: &[
            "zip",
            "zipCode",
            "postcode",
            "postal_code",
            "plz",
            "code_postal",
            "codigo-postal",
            "cep",
            "kod_pocztowy",
            "billing.zip",
            "shipping[postcode]",
            "postnummer",
        ],
        texts: &["ZIP: {}", "!PLZ: {}"],
        make: |dice| match dice.below(7) {
            0 => dice.digits(5),
            1 => "SW1A 2AA".to_owned(),
            2 => "K1A 0B1".to_owned(),
            3 => format!("{}-{}", dice.digits(2), dice.digits(3)),
            4 => format!("{}-{}", dice.digits(5), dice.digits(3)),
            5 => "1012 AB".to_owned(),
            _ => format!("{} {}", 100 + dice.below(800), 10 + dice.below(80)),
        },
    },
    Sort {
        category: "card_code",
        is_by_itself: false,
        keys: &["cvv", "cvc", "card_cvc", "securityCode", "cardCVV"],
        texts: &["CVV: {}", "CVV {} wrong", "!cvc={}"],
        make: |dice| format!("{}{}", 1 + dice.below(9), dice.digits(2)),
    },
    Sort {
        category: "pin",
        is_by_itself: false,
        keys: &["pin", "userPin", "otp", "otp_code", "verification_code", "one-time-code"],
        texts: &["PIN: {}", "your verification code is {}", "!OTP {}"],
        make: |dice| format!("{}{}", 1 + dice.below(9), dice.digits(5)),
    },
];

/// Where in an address a value under a key stands. `{k}` is the key, `{v}` the value encoded once, `{w}` twice.
const URLS: &[&str] = &[
    "https://shop.example/checkout?step=2&{k}={v}&utm_source=mail",
    "/account?{k}={v}#top",
    "!https://shop.example/a/b?x=1&{k}={w}",
    "https://shop.example/#/profile?{k}={v}&tab=orders",
    "!?{k}={v}",
    "https://go.example/r?next={n}",
];
/// The same where nothing tells.
const BARE_URLS: &[&str] = &[
    "https://shop.example/search?q={v}&page=2",
    "https://shop.example/search?q={w}",
    "/find/{v}/all",
    "!https://shop.example/?ref=https%3A%2F%2Fx.example%2F%3Fq%3D{w}",
    "!https://shop.example/p#{v}",
];
const JSONS: &[&str] = &[
    r#"{"event": "submit", "data": {"{k}": "{j}", "ok": true}}"#,
    r#"[{"name": "{k}", "value": "{j}"}, {"name": "color", "value": "red"}]"#,
    r#"!{"a": {"b": [{"{k}": "{j}"}]}, "n": 1.50}"#,
    r#"{"body": "{\"{k}\": \"{jj}\"}", "status": 200}"#,
    r#"!{"payload": "step=1&{k}={v}&x=2"}"#,
    r#"!{"fields": [{"field": "{k}", "type": "text", "value": "{j}"}]}"#,
];
const BARE_JSONS: &[&str] = &[
    r#"{"text": "{j}", "n": 3}"#,
    r#"{"items": [{"title": "hello {j} there"}]}"#,
    r#"!{"href": "https://x.example/?q={v}", "tag": "a"}"#,
];
/// Paths where the segment before the value tells.
const PATHS: &[&str] = &[
    "/account/reset/{v}/done",
    "https://shop.example/invite/{v}",
    "/verify-email/{v}?x=1",
    "!/de/passwort/zuruecksetzen/{v}",
    "/unsubscribe/{v}",
    "!https://shop.example/auth/magic-link/{v}",
    "/confirm/{v}",
    "!/activate-account/{v}/",
];

fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap();
    json[1..json.len() - 1].to_owned()
}

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut dice = Dice::new(7);
    let row = |category, context, input: String, secret: &str, is_held_out, keeps: Vec<String>| Row {
        category,
        context,
        input,
        secret: Some(secret.to_owned()),
        keeps,
        is_held_out,
    };
    for sort in SORTS {
        for time in 0..TIMES {
            for text in sort.texts {
                let (text, held) = template(text);
                let value = (sort.make)(&mut dice);
                let (before, after) = text.split_once("{}").unwrap();
                // Marks that hold on to a value may go with it.
                let keeps = [before, after]
                    .iter()
                    .flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && !"'".contains(c)))
                    .filter(|word| word.chars().count() > 3 && word.is_ascii())
                    .map(str::to_owned)
                    .collect();
                rows.push(row(sort.category, Context::Text, text.replace("{}", &value), &value, held, keeps));
            }
            for (place, key) in sort.keys.iter().enumerate() {
                let is_bare =
                    matches!(*key, "note" | "q" | "message" | "href" | "dsn" | "config" | "position" | "location");
                let value = (sort.make)(&mut dice);
                rows.push(row(
                    sort.category,
                    Context::KeyValue((*key).to_owned()),
                    value.clone(),
                    &value,
                    false,
                    vec![],
                ));
                if is_bare || value.contains('\n') {
                    continue;
                }
                let fill = |pattern: &str| {
                    let next = encode(&format!("https://x.example/?{}={}", encode(key), encode(&value)));
                    pattern
                        .replace("{k}", &if pattern.starts_with(['{', '[']) { quoted(key) } else { encode(key) })
                        .replace("{v}", &encode(&value))
                        .replace("{w}", &encode(&encode(&value)))
                        .replace("{n}", &next)
                        .replace("{jj}", &quoted(&quoted(&value)))
                        .replace("{j}", &quoted(&value))
                };
                let (url, held) = template(URLS[(place + time) % URLS.len()]);
                rows.push(row(sort.category, Context::Url, fill(url), &value, held, vec![]));
                let (json, held) = template(JSONS[(place + time) % JSONS.len()]);
                rows.push(row(sort.category, Context::Json, fill(json), &value, held, vec![]));
            }
            if sort.is_by_itself {
                let value = (sort.make)(&mut dice);
                if !value.contains('\n') {
                    let (url, held) = template(BARE_URLS[time % BARE_URLS.len()]);
                    rows.push(row(
                        sort.category,
                        Context::Url,
                        url.replace("{v}", &encode(&value)).replace("{w}", &encode(&encode(&value))),
                        &value,
                        held,
                        vec!["example".to_owned()].into_iter().filter(|_| url.contains("example")).collect(),
                    ));
                }
                let (json, held) = template(BARE_JSONS[time % BARE_JSONS.len()]);
                rows.push(row(
                    sort.category,
                    Context::Json,
                    json.replace("{v}", &encode(&value)).replace("{j}", &quoted(&value)),
                    &value,
                    held,
                    vec![],
                ));
            }
        }
    }
    for time in 0..TIMES * 2 {
        for path in PATHS {
            let (path, held) = template(path);
            let value = match time % 4 {
                0 => token(&mut dice, 32),
                1 => dice.of(HEX, 31) + "7",
                2 => token(&mut dice, 12),
                _ => format!(
                    "{}-{}-4{}-a{}-{}",
                    dice.of(HEX, 8),
                    dice.of(HEX, 4),
                    dice.of(HEX, 3),
                    dice.of(HEX, 3),
                    dice.of(HEX, 12)
                ),
            };
            rows.push(row("path_token", Context::Url, path.replace("{v}", &value), &value, held, vec![]));
        }
        let value = token(&mut dice, 32);
        rows.push(row(
            "url_entropy",
            Context::Url,
            format!("https://shop.example/cb?x={value}&page=2"),
            &value,
            false,
            vec!["page=2".to_owned()],
        ));
        let value = dice.of(HEX, 39) + "7";
        rows.push(row("url_entropy", Context::Url, format!("https://shop.example/r?r={value}"), &value, false, vec![]));
    }
    // Numbers in JSON, and names of keys that say it together with those above.
    for (category, json, secret) in [
        ("card", r#"{"pay": {"n": 4111111111111111}}"#, "4111111111111111"),
        ("phone", r#"{"phone": 4915112345678}"#, "4915112345678"),
        ("coordinates", r#"{"geo": {"lat": 52.520008, "lng": 13.404954}}"#, "52.520008"),
        ("coordinates", r#"{"location": [52.520008, 13.404954]}"#, "13.404954"),
        ("postcode", r#"{"address": {"zip": 10115}}"#, "10115"),
        ("name", r#"{"customer": {"id": 7, "name": "Jane Doe"}}"#, "Jane Doe"),
        ("name", r#"{"name": "Jane Doe", "email": "x@example.com"}"#, "Jane Doe"),
        ("address", r#"{"shipping": {"address": {"line1": "12 High St", "country": "GB"}}}"#, "12 High St"),
        ("email", r#"{"jane.doe@example.com": {"n": 1}}"#, "jane.doe@example.com"),
        ("phone", r#"{"+4915112345678": true}"#, "4915112345678"),
        ("phone", r#"{"contact": {"phone": {"number": "030 1234567"}}}"#, "030 1234567"),
        ("name", r#"{"shipping_address": {"first_name": "Jane"}}"#, "Jane"),
        ("name", r#"[{"label": "First name", "value": "Jane"}]"#, "Jane"),
        ("email", r#"{"m": "jane\u0040example.com"}"#, "jane\\u0040example.com"),
        ("name", r#"{"customer.name": "Jane Doe"}"#, "Jane Doe"),
        ("password", r#"{"fields": {"password": {"value": "hunter2"}}}"#, "hunter2"),
        ("birth_date", r#"{"birth": {"date": "1985-04-12"}}"#, "1985-04-12"),
        ("name", r#"{"user": {"nom": "Dupont"}}"#, "Dupont"),
        ("birth_date", r#"{"dob": 19850412}"#, "19850412"),
        ("card", r#"{"card": {"number": "4111 1111 1111 1111"}}"#, "4111 1111 1111 1111"),
    ] {
        rows.push(row(category, Context::Json, json.to_owned(), secret, false, vec![]));
    }
    rows
}
