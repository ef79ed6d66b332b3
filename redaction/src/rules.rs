//! The rules as data: what each one is for, what it takes and what it leaves. The tests run every example, and the
//! documentation is made of them.

/// One rule, with examples of its work. An example that is a JSON object stands for an event's `data`, any other for a
/// text.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// A short stable name.
    pub name: &'static str,
    /// What the rule takes, and how it tells it from what it must leave.
    pub explanation: &'static str,
    /// Before and after.
    pub redacted: &'static [(&'static str, &'static str)],
    /// What comes out as it went in.
    pub kept: &'static [&'static str],
}

pub(crate) const EMAIL: &str = "email";
pub(crate) const CARD: &str = "card";
pub(crate) const TOKEN: &str = "token";
pub(crate) const PATH: &str = "path";
pub(crate) const SERVICE_KEY: &str = "service_key";
pub(crate) const TELLING_KEY: &str = "telling_key";
pub(crate) const PASSWORD: &str = "password";
pub(crate) const PHONE: &str = "phone";
pub(crate) const IBAN: &str = "iban";
pub(crate) const NATIONAL_ID: &str = "national_id";
pub(crate) const BIRTH_DATE: &str = "birth_date";
pub(crate) const COORDINATES: &str = "coordinates";
pub(crate) const IP: &str = "ip";
pub(crate) const MAC: &str = "mac";
pub(crate) const UNLISTED: &str = "unlisted";

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule {
        name: "email",
        explanation: "A mailbox of any script with a host whose last label can be a top-level domain. File names, package \
                      names and handles have none.",
        redacted: &[
            ("write to jane.doe+shop@example.co.uk, please", "write to [email], please"),
            ("連絡はtaro@example.comまで", "連絡は[email]まで"),
            ("josé@exámple.es", "[email]"),
            ("<a@b.de>;c@d.org", "<[email]>;[email]"),
            ("https://shop.example/?q=jane%40example.com&p=2", "https://shop.example/?q=[email]&p=2"),
            ("https://shop.example/?q=jane%2540example.com", "https://shop.example/?q=[email]"),
            ("/search/jane%2Bx%40example.com/all", "/search/[email]/all"),
            ("/avatars/jane@example.com.png", "/avatars/[email].png"),
            ("/docs/invoice-jane.doe@gmail.com.pdf", "/docs/[email].pdf"),
            ("/u/jane.doe%40gmail.com.html", "/u/[email].html"),
            ("https://shop.example/a/Jane@firma.de.min.JS?v=2", "https://shop.example/a/[email].min.JS?v=2"),
            ("backup of jane@163.com.csv, jan@xn--bcher-kva.xn--p1ai.txt", "backup of [email].csv, [email].txt"),
            (r"#user-jane\@example\.com > a", "#[email] > a"),
            (r"#jane\@example.com.active #joe\@firma\.handwerk.active", "#[email].active #[email].active"),
            (r"li.jane\.doe\+shop\@mail\.example\.com:hover", "[email]:hover"),
            (r##"{"selector": "#user-jane\\@example\\.com"}"##, r##"{"selector": "#[email]"}"##),
            (
                r#"{"jane@example.com": {"note": "caf\u00e9 jane@example.com \ud83d\ude00"}}"#,
                r#"{"[email]": {"note": "caf\u00e9 [email] \ud83d\ude00"}}"#,
            ),
        ],
        kept: &[
            "logo@2x.png",
            "icon@3x.webp",
            "/img/banner@2x.de.png",
            "/img/hero@1.5x.shop.webp",
            "/js/vue@3.es.js",
            "/js/app@main.bundle.js.map",
            r"^\w+@\w+\.\w+$",
            r"C:\new\@scope\pkg",
            r".u-1of2\@tablet.active",
            "import @scope/pkg and pkg@1.2.3",
            "medium.com/@someone",
            "@media print",
            "a @ b",
            "me@localhost",
            "jquery@3.6.0.min.js",
            "utm_medium=email",
        ],
    },
    Rule {
        name: "card",
        explanation: "A payment card number by issuer range, the lengths that issuer uses and the Luhn sum, with the \
                      separators people type. Not within longer numbers, decimals or UUIDs.",
        redacted: &[
            ("card 4111 1111 1111 1111 ok", "card [card] ok"),
            ("5500-0000-0000-0004", "[card]"),
            ("3782\u{a0}822463\u{a0}10005", "[card]"),
            ("n=2223003122003222", "n=[card]"),
            ("4111.1111.1111.1111", "[card]"),
            ("scan_4111111111111111_front.jpg", "scan_[card]_front.jpg"),
            (r#"{"pay": 4111111111111111.0}"#, r#"{"pay": "[card]"}"#),
            (r#"{"order": {"pay": [4111111111111111, 1.5]}}"#, r#"{"order": {"pay": ["[card]", 1.5]}}"#),
            (r#"{"raw": "{\"pay\":4111111111111111}"}"#, r#"{"raw": "{\"pay\":\"[card]\"}"}"#),
        ],
        kept: &[
            "4111111111111112",
            "14111111111111111",
            "0.4111111111111111",
            "1.4111.1111.1111.1111",
            "4111.1111.1111.1112",
            "100200300_4111111111111111",
            "4111111111111111_100200300",
            r#"{"pay": 4111111111111111.5, "sum": 4111.0, "e": 4.0e15}"#,
            "4006381333931",
            "1700000000000",
            "20240501120000",
            "41111111-1111-4111-8111-111111111111",
            r#"{"ean": 4006381333931, "at": 1700000000123}"#,
        ],
    },
    Rule {
        name: "token",
        explanation: "JSON Web Tokens and credentials behind `Bearer` or `Basic` anywhere; in addresses and forms also \
                      any value or path segment that is as good as random. UUIDs are ids and stay.",
        redacted: &[
            ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl y", "x [token] y"),
            ("Authorization: Bearer a1b2c3d4e5f6g7h8", "Authorization: Bearer [token]"),
            ("https://shop.example/s/x7k2m9q4t8w3r6y1p5n0?a=b", "https://shop.example/s/[token]?a=b"),
            (
                "https://shop.example/?gclid=EAIaIQobChMI8vKq7Zz3_gIVi4KDBx0sZwYqEAAYASAAEgJ5fPD_BwE",
                "https://shop.example/?gclid=[token]",
            ),
        ],
        kept: &[
            "https://shop.example/p/nike-air-max-90-gtx-2024-b07xyz1234",
            "/orders/01890a5d-ac96-774b-bcce-b302099a8057",
            "/assets/x7k2m9q4t8w3r6y1p5n0.js",
            "the Basic subscription",
            "?order=ORD-2024-000123456-DE-77",
            "?utm_content=x7k2m9q4t8w3r6y1p5n0",
        ],
    },
    Rule {
        name: "path",
        explanation: "What follows `reset`, `invite`, `verify` and their like in a path, if it is neither a word nor the number of \
                      an order.",
        redacted: &[
            ("/account/reset/abc123/done", "/account/reset/[token]/done"),
            ("https://shop.example/invite/01890a5d-ac96-774b-bcce-b302099a8057", "https://shop.example/invite/[token]"),
            ("/confirm/order/a1b2c3d4", "/confirm/order/[token]"),
            ("/confirm/order-a1b2c3d4", "/confirm/[token]"),
            ("/#/verify-email/482913", "/#/verify-email/[token]"),
        ],
        kept: &[
            "/reset-password/sent",
            "/invite/friends",
            "/order/confirmation/12345678",
            "/verify/2",
            "/confirm/order-2024-118273",
            "/confirm/ORD_118273",
            "/confirm/order/118273",
        ],
    },
    Rule {
        name: "service_key",
        explanation: "Keys of well-known services by how they begin and how long they are, private keys in PEM form, and \
                      the user and password in the authority of an address.",
        redacted: &[
            ("key AKIAIOSFODNN7EXAMPLE.", "key [secret]."),
            ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "[secret]"),
            ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[secret]"),
            ("postgres://app:hunter2@db.example/shop", "postgres://[secret]@db.example/shop"),
            ("a -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- b", "a [secret] b"),
        ],
        kept: &["sk-loading-spinner-container-with-label", "pk_live_is_public", "-----BEGIN CERTIFICATE-----"],
    },
    Rule {
        name: "telling_key",
        explanation: "A value whose key says what it is, by word and not by letters within a word, if the value can be \
                      that. The key stays: which field was filled is what the analysis asks.",
        redacted: &[
            ("?password=hunter2&page=2", "?password=[password]&page=2"),
            ("?e%6Dail=jane&next=%2Freset%3Ftoken%3Dabc", "?e%6Dail=[email]&next=%2Freset%3Ftoken%3D[token]"),
            (
                "https://shop.example/#access_token=xyz&state=open",
                "https://shop.example/#access_token=[token]&state=open",
            ),
            ("a=1&session_id=abc123; theme=dark", "a=1&session_id=[token]; theme=dark"),
            ("login failed, password: Hunter2!", "login failed, password: [password]"),
            (
                r#"{"user": {"newPassword": "x", "pinCode": 1234, "phone": "030 1234567"}}"#,
                r#"{"user": {"newPassword": "[password]", "pinCode": "[password]", "phone": "[phone]"}}"#,
            ),
            (
                r#"{"emails": ["jane", "joe"], "secret": {"a": ["b"]}}"#,
                r#"{"emails": ["[email]", "[email]"], "secret": {"a": ["[secret]"]}}"#,
            ),
            (r#"{"name": "password", "value": "x"}"#, r#"{"name": "password", "value": "[password]"}"#),
            (
                r#"{"id": "password", "label": "Your password", "value": "x", "raw": "y"}"#,
                r#"{"id": "password", "label": "Your password", "value": "[password]", "raw": "[password]"}"#,
            ),
            (
                r#"[{"name":"pin","value":1234},{"name":"user_phone","value":301234567},{"name":"password","value":20011989}]"#,
                r#"[{"name":"pin","value":"[password]"},{"name":"user_phone","value":"[phone]"},{"name":"password","value":"[password]"}]"#,
            ),
            (
                "?userpassword=a&useremail=b&emailaddress=c&pincode=1234",
                "?userpassword=[password]&useremail=[email]&emailaddress=[email]&pincode=[password]",
            ),
            (
                "?accesstoken=a&authtoken=b&sessiontoken=c&clientsecret=d",
                "?accesstoken=[token]&authtoken=[token]&sessiontoken=[token]&clientsecret=[secret]",
            ),
            ("?session_id=123456&tokens=abc&email_id=jane", "?session_id=[token]&tokens=[token]&email_id=[email]"),
            (r#"{"session": 123456, "password": 123456}"#, r#"{"session": "[token]", "password": "[password]"}"#),
            (r#"{"value": 123456, "field": "cvv"}"#, r#"{"value": "[card_code]", "field": "cvv"}"#),
            (
                r#"{"body": "{\"list\":[{\"password\":\"a\\\"b\"}]}"}"#,
                r#"{"body": "{\"list\":[{\"password\":\"[password]\"}]}"}"#,
            ),
            (
                r#"{"firstName": "Jane", "dob": "1990-01-31", "ip": "203.0.113.7"}"#,
                r#"{"firstName": "[name]", "dob": "[birth_date]", "ip": "[ip]"}"#,
            ),
        ],
        kept: &[
            r#"{"password_strength": "strong", "is_password_visible": true, "password": true, "token_count": 1532}"#,
            r#"{"name": "password", "type": "password", "filled": true, "changes": 2, "sensitive": true}"#,
            r#"{"keyword": "shoes", "author": "Jane", "page": "/a", "message": "Invalid password", "monkey": "x"}"#,
            r#"{"name": "Blue shoe", "state": "open", "code": "SUMMER2024", "key": "Enter", "card": "visa", "phone": "iPhone 15"}"#,
            r#"[{"name":"Email newsletter","value":120},{"name":"Password Safe Pro","value":199},{"name":"Password Safe","value":"Pro 2"}]"#,
            r#"[{"name":"Mobile Home","value":1250000},{"name":"Passport cover","value":2499},{"label":"email","value":250}]"#,
            r#"[{"name":"password","value":199},{"name":"session","value":1234567},{"name":"auth_token","value":1234567}]"#,
            r#"{"session_number": 123456, "sessions": 1234567, "tokens": 1234567, "emails_total": 12345, "emails": 1234567}"#,
            r#"{"email_campaign_id": "spring24", "gift_card_id": "600649123456", "cookie_banner": "variant7", "voicemail": "on7"}"#,
            "?session_number=123456&sessions=1234567&tokens=1234567&emails=12345&email_campaign_id=spring24&cookie_banner=variant7",
            "sessions: 1234567, session_number: 123456",
            "a password must be long",
            "?page=2&keyword=key&author=jane&compass=north",
            "password: yes",
        ],
    },
    Rule {
        name: "phone",
        explanation: "A telephone number in international form; one without `+` only under a telling key.",
        redacted: &[
            ("call +49 (0)30 1234-5678 now", "call [phone] now"),
            ("tel:+15551234567", "tel:[phone]"),
            ("https://shop.example/?q=%2B49+30+12345678", "https://shop.example/?q=[phone]"),
            ("?q=%2B1+%28555%29+123-4567+call", "?q=[phone]+call"),
            ("?q=%2B33+6+12+34+56+78&p=2", "?q=[phone]&p=2"),
            ("+4915112345678+4915187654321", "[phone][phone]"),
            ("+49 30 12345678 +49 30 87654321", "[phone] [phone]"),
            ("+49 30 12345678 20241231", "[phone] 20241231"),
        ],
        kept: &[
            "+20%",
            "1+1",
            "+100",
            "30 1234567",
            "q=a+20241231235959",
            "c++ 17+20+23",
            "?q=%2B100+200+300",
            "+10 +20 +30 +40 +50 +60",
        ],
    },
    Rule {
        name: "iban",
        explanation: "A bank account number by country, length and check sum.",
        redacted: &[("DE89 3704 0044 0532 0130 00 thanks", "[iban] thanks"), ("GB82WEST12345698765432", "[iban]")],
        kept: &["DE89 3704 0044 0532 0130 01", "DE12345"],
    },
    Rule {
        name: "national_id",
        explanation: "An American social security number with dashes, of the ranges that are given out.",
        redacted: &[("ssn is 219-09-9999.", "ssn is [national_id].")],
        kept: &["000-12-3456", "2024-09-1999", "219-09-99991", "1-219-09-9999"],
    },
    Rule {
        name: PASSWORD,
        explanation: "A password, PIN, one-time code, card code or token right behind the word for it, in a dozen languages, if \
                      it has digits. What is said about passwords stays.",
        redacted: &[
            ("my password is hunter2", "my password is [password]"),
            ("Passwort lautet Sommer2024!", "Passwort lautet [password]!"),
            ("my pin is 4821", "my pin is [password]"),
            ("exp 12/26 cvv 123", "exp 12/26 cvv [card_code]"),
        ],
        kept: &[
            "Your password must be at least 8 characters and contain 1 number.",
            "password must be 8-16 characters",
            "Use code SUMMER2024 at checkout",
            "Enter the 6-digit code",
        ],
    },
    Rule {
        name: BIRTH_DATE,
        explanation: "A date behind words that say somebody was born on it, in a dozen languages. Other dates stay.",
        redacted: &[
            ("born on March 12, 1985", "born on [birth_date]"),
            ("geboren am 12. März 1985 in Berlin", "geboren am [birth_date] in Berlin"),
            ("生年月日1985年4月12日", "生年月日[birth_date]"),
        ],
        kept: &["01.06. - 30.06.2024", "since 2024-05-01", "Born to run, made in 1975"],
    },
    Rule {
        name: COORDINATES,
        explanation: "Two decimals with four places or more that can be latitude and longitude, degrees with minutes, and any \
                      decimal behind a word for a place. Positions on a screen stay.",
        redacted: &[
            ("at 52.520008, 13.404954 now", "at [coordinates] now"),
            ("52°31'12.0\"N 13°24'18.0\"E", "[coordinates]"),
            (r#"{"geo":{"lat":52.52,"lng":13.40}}"#, r#"{"geo":{"lat":"[coordinates]","lng":"[coordinates]"}}"#),
        ],
        kept: &["translate(123.4567px, 45.6789px)", "20°C to 25°C", r#"{"x":512.2512,"y":1033.51234}"#],
    },
    Rule {
        name: IP,
        explanation: "An address of version 4 or 6. Four numbers after `v`, a slash or a word for a version are none, nor are \
                      addresses of the machine itself.",
        redacted: &[
            ("login from 203.0.113.7:8080", "login from [ip]:8080"),
            ("fe80::1%eth0", "[ip]"),
            ("http://203.0.113.7/admin", "http://[ip]/admin"),
        ],
        kept: &["Chrome/126.0.64.127", "v10.0.0.1", "std::net", "at 12:34:56:78", "/lib/1.2.3.4/x.js", "127.0.0.1"],
    },
    Rule {
        name: MAC,
        explanation: "The address of a network card, with colons, dashes or dots.",
        redacted: &[("MAC 00-1B-44-11-3A-B7", "MAC [mac]"), ("001b.4411.3ab7", "[mac]")],
        kept: &["12:34:56", "1234.5678.9012"],
    },
    Rule {
        name: UNLISTED,
        explanation: "The value of a query parameter that is not among those to keep, where the settings keep only those.",
        redacted: &[],
        kept: &["?sort=price&page=2"],
    },
    Rule {
        name: "ordinary",
        explanation: "What looks alike and is not personal: nothing of it may change, not a byte.",
        redacted: &[],
        kept: &[
            r#"{ "order_id":"A-1029384756", "value":49.90,"big":9007199254740993, "e":1E+2, "neg":-0.0, "s":"\u00e9\/\"" }"#,
            r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","at":"2024-05-01T12:00:00.000Z","sku":"x7k2m9q4t8w3r6y1p5n0"}"#,
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            "#main > div:nth-child(2) > a.btn[href='/cart?step=2']",
            "Preis: 1 299,00 € (-20 %)",
            "100% %zz %",
            "",
        ],
    },
];
