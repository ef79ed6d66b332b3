//! What must stay to the byte.

use super::checksums::{self as sum, Dice};
use super::{Context, Row, template};

/// A kind of clean data: what it looks like in text, the keys it stands under, and how it is made.
struct Sort {
    kind: &'static str,
    keys: &'static [&'static str],
    texts: &'static [&'static str],
    make: fn(&mut Dice) -> String,
}

const HEX: &str = "0123456789abcdef";

fn uuid(dice: &mut Dice) -> String {
    format!("{}-{}-4{}-a{}-{}", dice.of(HEX, 8), dice.of(HEX, 4), dice.of(HEX, 3), dice.of(HEX, 3), dice.of(HEX, 12))
}

const SORTS: &[Sort] = &[
    Sort {
        kind: "order id",
        keys: &["order_id", "orderId", "order.number", "transaction_id", "bestellnummer", "reference"],
        texts: &[
            "Order {} shipped",
            "Bestellung {} ist da",
            "!commande {} expédiée",
            "your order {}",
            "!pedido n.º {}",
        ],
        make: |dice| match dice.below(8) {
            0 => format!("ORD-2024-{}", dice.digits(6)),
            1 => dice.digits(8),
            2 => format!("#{}", dice.digits(5)),
            3 => format!("{}-{}-{}", dice.digits(3), dice.digits(7), dice.digits(7)),
            4 => format!("A-{}", dice.digits(10)),
            5 => format!("SO{}", dice.digits(7)),
            6 => format!("10{}", dice.digits(8)),
            _ => format!("{}-{}", dice.of("ABCDEFGHJKLMNPQRSTUVWXYZ", 3), dice.digits(9)),
        },
    },
    Sort {
        kind: "price",
        keys: &["price", "value", "total", "amount", "revenue"],
        texts: &["Preis: {}", "only {} today", "!à {} seulement", "{} incl. VAT", "!desde {} al mes"],
        make: |dice| match dice.below(9) {
            0 => format!("{}.{}", dice.below(9999), dice.digits(2)),
            1 => format!("{},{} €", dice.below(999), dice.digits(2)),
            2 => format!("1 {},00 €", 100 + dice.below(900)),
            3 => format!("${},{}.{}", 1 + dice.below(99), 100 + dice.below(900), dice.digits(2)),
            4 => format!("¥{}", dice.below(99999)),
            5 => format!("1\u{202f}{}\u{202f}{},00\u{a0}€", 100 + dice.below(900), 100 + dice.below(900)),
            6 => format!("R$ 1.{},{}", 100 + dice.below(900), dice.digits(2)),
            7 => format!("₹1,{},{}", 10 + dice.below(90), 100 + dice.below(900)),
            _ => format!("CHF 1'{}.50", 100 + dice.below(900)),
        },
    },
    Sort {
        kind: "product code",
        keys: &["ean", "isbn", "sku", "gtin", "product_id", "model", "mpn", "articleNumber"],
        texts: &["EAN {}", "SKU {} in stock", "!Artikelnummer {}", "model {} review", "ISBN {}"],
        make: |dice| match dice.below(8) {
            0 => sum::ean(&format!("40{}", dice.digits(10))),
            1 => sum::ean(&format!("978{}", dice.digits(9))),
            2 => format!("978-3-16-{}-{}", dice.digits(6), dice.digits(1)),
            3 => format!("WH-1000XM{}", dice.below(9)),
            4 => format!("SKU-{}-{}", dice.of("ABCDEFGH", 3), dice.digits(5)),
            5 => format!("B0{}", dice.of("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", 8)),
            6 => format!("{}-{}", dice.digits(4), dice.digits(4)),
            _ => format!("{}{}", dice.of("ABCDEFGH", 2), dice.digits(6)),
        },
    },
    Sort {
        kind: "timestamp",
        keys: &["timestamp", "created_at", "ts", "date", "updatedAt", "start"],
        texts: &["at {} UTC", "since {}", "!mis à jour le {}", "[{}] started"],
        make: |dice| match dice.below(10) {
            0 => format!("17{}", dice.digits(8)),
            1 => format!("17{}", dice.digits(11)),
            2 => format!(
                "2024-{:02}-{:02}T12:{}{}:00Z",
                1 + dice.below(12),
                1 + dice.below(28),
                dice.below(6),
                dice.below(10)
            ),
            3 => format!("2024-{:02}-{:02}", 1 + dice.below(12), 1 + dice.below(28)),
            4 => format!("{:02}.{:02}.2024", 1 + dice.below(28), 1 + dice.below(12)),
            5 => format!("{:02}/{:02}/2024", 1 + dice.below(28), 1 + dice.below(12)),
            6 => format!("2024{:02}{:02}{:02}0000", 1 + dice.below(12), 1 + dice.below(28), dice.below(24)),
            7 => format!("2024-01-01/2024-{:02}-28", 1 + dice.below(12)),
            8 => format!("12:{}{}:{}{}.123", dice.below(6), dice.below(10), dice.below(6), dice.below(10)),
            _ => format!("17{}", dice.digits(14)),
        },
    },
    Sort {
        kind: "uuid",
        keys: &["id", "event_id", "cart_id", "user_id", "visitorId"],
        texts: &["event {} stored", "id={}", "!cart {}", "<{}>"],
        make: uuid,
    },
    Sort {
        kind: "version",
        keys: &["version", "app_version", "build", "sdkVersion", "browser_version"],
        texts: &[
            "v{} released",
            "version {} is out",
            "Chrome/{} Safari/537.36",
            "!Firmware {} installiert",
            "build {}",
        ],
        make: |dice| match dice.below(4) {
            0 => format!("{}.{}.{}", dice.below(30), dice.below(30), dice.below(30)),
            1 => format!("{}.0.{}.{}", 80 + dice.below(60), dice.below(255), dice.below(255)),
            2 => format!("{}.{}.{}.{}", dice.below(20), dice.below(90), dice.below(250), dice.below(250)),
            _ => format!("{}.{}.0-beta.{}", dice.below(20), dice.below(20), dice.below(9)),
        },
    },
    Sort {
        kind: "element",
        keys: &["selector", "class", "element_id", "css"],
        texts: &["{}", "clicked {} twice", "!div{}"],
        make: |dice| {
            (*dice.pick(&[
                "#main > div:nth-child(2) > a.btn",
                ".md:w-1/2.lg:px-8",
                "button.bg-[#1da1f2].hover:bg-blue-700/50",
                "#user-menu-button",
                "input[name='email']",
                "li.item-1234567",
                ".grid-cols-[1fr_500px_2fr]",
                "a[href='/cart?step=2']",
                "::before",
                "#tab-2024-05",
                ".sm:mt-0.5",
                "#headlessui-menu-button-12",
                ".u-1of2\\@tablet.active",
                "[data-testid=\"phone-input\"]",
                "p:nth-of-type(3)::after",
                "#radix-:r1a:",
                "#react-select-2-input",
                ".css-1x2y3z4",
                "svg:not(:root)",
                "div#password-field.form-control",
            ]))
            .to_owned()
        },
    },
    Sort {
        kind: "handle",
        keys: &["handle", "twitter", "package", "file", "src"],
        texts: &["see {} please", "import {}", "!suivez {} !"],
        make: |dice| {
            (*dice.pick(&[
                "@jane_doe",
                "medium.com/@someone",
                "logo@2x.png",
                "icon@3x.webp",
                "@scope/pkg",
                "pkg@1.2.3",
                "react@18.2.0",
                "@angular/core@17.0.1",
                "com.example.app",
                "org.apache.commons.lang3",
                "@media print",
                "vue@3.es.js",
                "hero@1.5x.jpg",
                "git@v2.0",
                "user@localhost",
                "sprite@2x.abc123.png",
            ]))
            .to_owned()
        },
    },
    Sort {
        kind: "campaign",
        keys: &["utm_source", "utm_campaign", "utm_content", "utm_term", "campaign"],
        texts: &["campaign {} ended", "utm_campaign={}"],
        make: |dice| {
            (*dice.pick(&[
                "spring-sale-2024",
                "newsletter_05_2024",
                "google",
                "20240501_brand_de_exact",
                "retargeting|lookalike|1%",
                "120210987654321098",
                "cpc",
                "black+friday",
                "{campaignid}",
                "fb-ad-23847239847",
                "summer_2024_v2_EN",
                "x7k2m9q4t8w3r6y1p5n0",
                "email",
            ]))
            .to_owned()
        },
    },
    Sort {
        kind: "agent",
        keys: &["user_agent", "userAgent", "ua"],
        texts: &["{}"],
        make: |dice| match dice.below(4) {
            0 => format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
                90 + dice.below(60)
            ),
            1 => format!(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{} Mobile/15E148 Safari/604.1",
                dice.below(6),
                dice.below(6)
            ),
            2 => format!(
                "Mozilla/5.0 (Linux; Android 13; SM-S901B Build/TP1A.220624.014) AppleWebKit/537.36 Chrome/112.0.{}.{} Mobile Safari/537.36",
                5000 + dice.below(999),
                dice.below(250)
            ),
            _ => "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0".to_owned(),
        },
    },
    Sort {
        kind: "size",
        keys: &["width", "viewport", "dimensions", "color", "screen", "x", "scroll"],
        texts: &["size {} cm", "{}", "!Maße: {}"],
        make: |dice| match dice.below(9) {
            0 => format!("{}x{}", 100 + dice.below(3000), 100 + dice.below(3000)),
            1 => format!("#{}", dice.of(HEX, 6)),
            2 => format!("{} x {} x {}", dice.below(99), dice.below(99), dice.below(99)),
            3 => format!("{}.{}", dice.below(2000), dice.digits(2)),
            4 => format!("rgba({}, {}, {}, 0.5)", dice.below(255), dice.below(255), dice.below(255)),
            5 => {
                format!("translate({}.{}px, {}.{}px)", dice.below(999), dice.digits(4), dice.below(999), dice.digits(4))
            }
            6 => format!("{}%", dice.below(100)),
            7 => format!("M{}.{},{}.{}L10.5,20.25", dice.below(90), dice.digits(4), dice.below(90), dice.digits(4)),
            _ => format!("{}px {}px", dice.below(99), dice.below(99)),
        },
    },
    Sort {
        kind: "telling key",
        keys: &[
            "email_count",
            "password_length",
            "is_phone",
            "phone_verified",
            "has_email",
            "token_count",
            "max_tokens",
            "password_strength",
            "email_opt_in",
            "address_count",
            "card_type",
            "session_duration",
            "emailsSent",
            "login_method",
            "ip_version",
            "phone_type",
            "cookie_consent",
            "name_length",
        ],
        texts: &[],
        make: |dice| match dice.below(5) {
            0 => "true".to_owned(),
            1 => dice.below(100).to_string(),
            2 => "strong".to_owned(),
            3 => "mobile".to_owned(),
            _ => dice.below(5000).to_string(),
        },
    },
    Sort {
        kind: "plain key",
        keys: &[
            "keyword",
            "author",
            "page",
            "message",
            "monkey",
            "name",
            "product_name",
            "title",
            "state",
            "status",
            "key",
            "code",
            "position",
            "category",
            "city",
            "country",
            "brand",
            "compass",
            "passenger_count",
            "keyboard",
            "public_key_type",
            "item_name",
            "shop_name",
            "event_name",
            "file_name",
        ],
        texts: &[],
        make: |dice| {
            (*dice.pick(&[
                "Blue Shoe",
                "shoes",
                "open",
                "SUMMER2024",
                "Enter",
                "iPhone 15 Pro",
                "invalid password",
                "Jacke für Damen",
                "running shoes men",
                "Nike Air Max 90",
                "top-right",
                "Berlin",
                "DE",
                "Galaxy S24 Ultra 256GB",
                "Chaussures de sport",
                "3",
                "LEGO 75192",
            ]))
            .to_owned()
        },
    },
    Sort {
        kind: "prose",
        keys: &["text", "title", "description", "comment", "q", "search_term"],
        texts: &["{}"],
        make: |dice| {
            (*dice.pick(&[
                "The quick brown fox jumps over the lazy dog.",
                "Die Jacke ist in 12 Farben und 5 Größen erhältlich, ab 2024.",
                "Livraison gratuite dès 50 € d'achat, retours sous 30 jours.",
                "Envío gratis en 24/48 h a partir de 30 €.",
                "Ordina entro le 12:30 per la spedizione in giornata.",
                "Bestel voor 23:59, morgen in huis.",
                "Darmowa dostawa od 199 zł w ciągu 2-3 dni roboczych.",
                "Frete grátis acima de R$ 199,00 em até 10x sem juros.",
                "Gratis frakt över 499 kr, öppet köp i 100 dagar.",
                "本日限定！全品20%オフ、2024年5月31日まで。",
                "मुफ़्त डिलीवरी ₹499 से ऊपर, 2-3 दिनों में।",
                "Бесплатная доставка от 3000 ₽ за 1-2 дня.",
                "توصيل مجاني للطلبات فوق 200 درهم.",
                "Your password must be at least 8 characters and contain 1 number.",
                "Forgot your password? Reset it here.",
                "Call us any time, or email our team.",
                "Invalid Password",
                "Phone cases for iPhone 15 and Galaxy S24",
                "Please enter your email address and phone number.",
                "Basic plan: $9.99 per month",
                "Sign in with email or SSO",
                "Bearer of good news",
                "Born to run, made in 1975",
                "the top 10 of 2023 at a glance",
                "Meet us at booth 1234 in hall 7",
                "3 for 2 on all sale items, 01.06. - 30.06.2024",
                "Windows 11 24H2 vs macOS 15.1",
                "Score: 21:19, 18:21, 15:13",
                "pages 123-456, vol. 12 no. 3",
                "Room 237, 4th floor",
                "chapter 3.2.1.4 of the manual",
                "1 1 2 3 5 8 13 21 34",
                "Session expired, please log in again.",
                "Token limit reached: 4096 tokens",
                "Pi is 3.14159265358979",
                "SSN is required",
                "Enter the 6-digit code",
                "up to 1000 MB/s read, 500 GB",
                "24/7 support, 365 days",
                "Version 2.0 of the API",
                "ISO 9001:2015 certified",
                "IPv4 and IPv6 support",
                "ISBN 978-3-16-148410-0",
                "Winter 2023/2024 Kollektion",
                "Geburtstagskarte mit Umschlag, 12 x 17 cm",
                "Télécharger notre catalogue 2024 (PDF, 12,5 Mo)",
                "Teléfono móvil libre 128GB 8GB RAM",
                "Handyhülle für Samsung Galaxy A54 5G",
                "Telefon kılıfı 3 al 2 öde",
                "birthday cake for 12 people",
                "PIN code required",
                "Contact: Mon-Fri 9:00-17:00",
                "std::net::IpAddr in Rust 1.80",
                "de:ad or alive",
                "TypeError: Cannot read properties of undefined (reading 'email')",
                "    at Object.<anonymous> (/app/src/index.js:10:15)",
                "https://shop.example/p/nike-air-max-90-gtx-2024",
                "12345 reviews",
                "4.8/5 (1,234 ratings)",
                "size 38-40",
                "Flight LH 454 to San Francisco",
                "1600x1200 @ 60Hz",
            ]))
            .to_owned()
        },
    },
    Sort {
        kind: "hash",
        keys: &["build_id", "commit", "etag", "asset_hash", "chunk", "revision"],
        texts: &["commit {} merged", "!chunk {} loaded"],
        make: |dice| {
            let length = *dice.pick(&[&7_usize, &8, &12, &20, &32, &40]);
            dice.of(HEX, length)
        },
    },
];

const URLS: &[&str] = &[
    "https://shop.example/p/nike-air-max-90-gtx-2024-b07xyz1234?color=red&size=42",
    "/orders/01890a5d-ac96-774b-bcce-b302099a8057",
    "/assets/app.3f2a9c1b4d5e6f70.js",
    "https://cdn.example/lib/jquery@3.6.0/dist/jquery.min.js",
    "/reset-password/sent",
    "/invite/friends",
    "/order/confirmation/12345678",
    "/verify/2",
    "/blog/2024/05/31/summer-sale",
    "https://shop.example/de-de/c/herren/jacken?sort=price_asc&page=3&price=10-200",
    "https://www.google.com/search?q=best+running+shoes+2024&hl=en",
    "/product/507f1f77bcf86cd799439011",
    "/product/4006381333931",
    "?utm_source=google&utm_medium=cpc&utm_campaign=spring-2024&utm_content=x7k2m9q4t8w3r6y1p5n0",
    "/search?q=iphone+15+pro+max&filters=brand%3Aapple%2Cstorage%3A256",
    "https://shop.example/_next/static/chunks/9f86d081884c7d65.js",
    "https://maps.example/region/europe/germany/berlin",
    "!https://shop.example/cart?items=123,456,789&coupon=SUMMER2024",
    "/docs/v1.2.3.4/intro",
    "!/api/v2/items/98765432?fields=id,name,price",
    "https://shop.example/#section-2",
    "!/password/forgot",
    "/account/settings/security",
    "https://shop.example/?gad_source=1&ref=homepage_hero_2",
    "!/static/css/main.9d5f3b7a.css?v=20240501",
    "/magic-mushroom-lamp-12345678",
    "https://user-images.example/icons/logo@2x.png",
    "/confirm/order-2024-118273",
    "!/s/running-shoes/size-42",
    "https://shop.example/p/12345678?variant=40123456789012",
    "/c/handys/apple-iphone-15",
    "!https://shop.example/phone-cases/iphone-15?session_count=3",
    "/watch?v=dQw4w9WgXcQ&t=42s",
    "/2024/q1/report-final-v2.pdf",
    "https://shop.example/search?min_price=100&max_price=2000&in_stock=true",
    "/login?next=%2Fcheckout%2Fshipping&lang=de",
    "https://shop.example/?v=9f86d081884c7d659a2feaa0c55ad015",
    "/token-ring-history",
    "/sessions/keynote-2024",
    "/auth/login",
    "/verify/phone",
    "!/share/product/12345",
    "/p/B07XYZ1234/ref=sr_1_3",
    "https://example.com:8443/index.html?a=1;b=2",
    "/en-US/wellness/sleep/mattress-10-inch",
    "/tickets/order/2024-118273",
    "!/join/us",
    "/api/events?from=2024-05-01T00:00:00Z&to=2024-05-31T23:59:59Z",
];
const JSONS: &[&str] = &[
    r#"{ "order_id":"A-1029384756", "value":49.90,"big":9007199254740993, "e":1E+2, "neg":-0.0, "s":"\u00e9\/\"" }"#,
    r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","at":"2024-05-01T12:00:00.000Z","sku":"x7k2m9q4t8w3r6y1p5n0"}"#,
    r#"{"x":512.25,"y":1033.5,"viewport":{"width":1440,"height":900}}"#,
    r#"{"items":[{"name":"Blue Shoe","price":49.9,"quantity":2,"ean":4006381333931}]}"#,
    r#"{"element":{"tag":"a","id":"nav-2","classes":["md:w-1/2","btn"],"text":"Add to cart"}}"#,
    r#"{"form":"signup","fields":[{"name":"email","type":"email","filled":true,"changes":2},{"name":"password","type":"password","ms":1234}]}"#,
    r#"{"errors":{"email":"is required","password":"too short","phone":"invalid"}}"#,
    r#"{"lcp":1234.5,"inp":56,"cls":0.0123,"ttfb":210.4}"#,
    r#"!{"ts":1700000000123,"seq":12,"t":123456}"#,
    r#"{"email_count":3,"password_length":12,"tokens":1234567,"is_phone":true}"#,
    r#"!{"name":"Blue shoe","state":"open","code":"SUMMER2024","key":"Enter","card":"visa","phone":"iPhone 15"}"#,
    r#"{"product":{"name":"Jane Eyre","author":"Charlotte Brontë"}}"#,
    r#"{"counts":{"email":3,"phone":12}}"#,
    r#"{"name":"newsletter","value":120}"#,
    r#"!{"event":"scroll","depth":75,"position":{"x":12,"y":3400.25}}"#,
    r#"{"currency":"EUR","value":1299.00,"tax":207.41,"shipping":4.95,"coupon":"WELCOME10"}"#,
    r#"{"search":"red dress size 42","results":1234567}"#,
    r#"{"device":{"model":"SM-S901B","os":"Android 13"},"lang":"de-DE"}"#,
    r#"{"geo":{"country":"DE","region":"BE"}}"#,
    r#"{"version":"10.0.19.45","build":"1.2.3.4"}"#,
    r#"{"image":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}"#,
    r#"{"address":{"city":"Berlin","country":"DE"}}"#,
    r#"{"user":{"id":12345,"plan":"pro","role":"admin"}}"#,
    r#"{"type":"pageview","title":"Contact us - Example Shop"}"#,
];

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut dice = Dice::new(11);
    let row = |kind, context, input: String, is_held_out| Row {
        category: kind,
        context,
        input,
        secret: None,
        keeps: vec![],
        is_held_out,
    };
    for sort in SORTS {
        for time in 0..30 {
            for text in sort.texts {
                let (text, held) = template(text);
                let value = (sort.make)(&mut dice);
                rows.push(row(sort.kind, Context::Text, text.replace("{}", &value), held));
            }
            for key in sort.keys {
                let value = (sort.make)(&mut dice);
                rows.push(row(sort.kind, Context::KeyValue((*key).to_owned()), value.clone(), false));
                if time % 3 == 0 {
                    rows.push(row(
                        sort.kind,
                        Context::Json,
                        serde_json::json!({ "data": { (*key): value }, "n": time }).to_string(),
                        time % 2 == 0,
                    ));
                }
                if time % 3 == 1 {
                    rows.push(row(
                        sort.kind,
                        Context::Url,
                        format!("https://shop.example/a?{key}={}&b=2", super::encode(&value)),
                        time % 2 == 0,
                    ));
                }
            }
        }
    }
    for url in URLS {
        let (url, held) = template(url);
        rows.push(row("url", Context::Url, url.to_owned(), held));
        rows.push(row("url", Context::Json, serde_json::json!({ "href": url }).to_string(), held));
        rows.push(row("url", Context::Text, format!("see {url} now"), held));
    }
    for json in JSONS {
        let (json, held) = template(json);
        rows.push(row("json", Context::Json, json.to_owned(), held));
        rows.push(row("json", Context::Json, serde_json::json!({ "raw": json }).to_string(), held));
    }
    rows
}
