//! Numbers that states give to people.

use super::super::checksums as sum;
use super::Sort;
use super::makers::{date, spaced};

pub(super) const SORTS: &[Sort] = &[
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
];
