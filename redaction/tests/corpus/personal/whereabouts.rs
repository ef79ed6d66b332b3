//! Who somebody is, and where.

use super::Sort;
use super::makers::{HEX, date};

pub(super) const SORTS: &[Sort] = &[
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
];
