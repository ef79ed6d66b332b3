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
            (
                r#"{"jane@example.com": {"note": "caf\u00e9 jane@example.com \ud83d\ude00"}}"#,
                r#"{"[email]": {"note": "caf\u00e9 [email] \ud83d\ude00"}}"#,
            ),
        ],
        kept: &[
            "logo@2x.png",
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
            (r#"{"order": {"pay": [4111111111111111, 1.5]}}"#, r#"{"order": {"pay": ["[card]", 1.5]}}"#),
            (r#"{"raw": "{\"pay\":4111111111111111}"}"#, r#"{"raw": "{\"pay\":\"[card]\"}"}"#),
        ],
        kept: &[
            "4111111111111112",
            "14111111111111111",
            "0.4111111111111111",
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
        explanation: "What follows `reset`, `invite`, `verify` and their like in a path, if it is no word.",
        redacted: &[
            ("/account/reset/abc123/done", "/account/reset/[token]/done"),
            ("https://shop.example/invite/01890a5d-ac96-774b-bcce-b302099a8057", "https://shop.example/invite/[token]"),
            ("/#/verify-email/482913", "/#/verify-email/[token]"),
        ],
        kept: &["/reset-password/sent", "/invite/friends", "/order/confirmation/12345678", "/verify/2"],
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
            "a password must be long",
            "?page=2&keyword=key&author=jane&compass=north",
            "password: yes",
        ],
    },
    Rule {
        name: "phone",
        explanation: "A telephone number in international form; one without `+` only under a telling key.",
        redacted: &[("call +49 (0)30 1234-5678 now", "call [phone] now"), ("tel:+15551234567", "tel:[phone]")],
        kept: &["+20%", "1+1", "+100", "30 1234567", "q=a+20241231235959"],
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
