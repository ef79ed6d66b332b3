//! What clients may set, what is refused and why, and what it does.

use redaction::{ClientRule, Kind, Policy, Settings, explain, json, key_value, text, url};

fn rule(keys: &[&str], shapes: &[&str]) -> ClientRule {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    ClientRule { name: "member_no".to_owned(), kind: Kind::NationalId, keys: owned(keys), shapes: owned(shapes) }
}

fn with_rule(keys: &[&str], shapes: &[&str]) -> Settings {
    Settings { rules: vec![rule(keys, shapes)], ..Settings::default() }
}

fn refusal(settings: Settings) -> String {
    Policy::new(settings).expect_err("refused").to_string()
}

#[test]
fn settings_are_refused_with_field_and_reason() {
    let named = |name: &str| Settings {
        rules: vec![ClientRule { name: name.to_owned(), ..rule(&["x"], &[]) }],
        ..Settings::default()
    };
    for (settings, expected) in [
        (
            Settings { allowed_query_keys: vec!["--".to_owned()], ..Settings::default() },
            "allowed_query_keys[0]: holds no word",
        ),
        (
            Settings { never_touch_keys: vec!["a".repeat(65)], ..Settings::default() },
            "never_touch_keys[0]: longer than 64 characters",
        ),
        (
            Settings { never_touch_keys: vec!["a".to_owned(); 300], ..Settings::default() },
            "never_touch_keys: more than 256 entries",
        ),
        (named("Member"), "rules[0].name: must match [a-z][a-z0-9_]*, with at most 40 characters"),
        (named("email"), "rules[0].name: names another rule"),
        (with_rule(&[], &[]), "rules[0]: has neither keys nor shapes"),
        (
            with_rule(&[], &["A#"]),
            "rules[0].shapes[0]: shorter than 4 characters, or without a digit or two characters of its own",
        ),
        (
            with_rule(&[], &["****"]),
            "rules[0].shapes[0]: shorter than 4 characters, or without a digit or two characters of its own",
        ),
        (
            with_rule(&[], &["AB-####-"]),
            "rules[0].shapes[0]: must begin and end with a letter or digit, or what stands for one",
        ),
        (
            with_rule(&[], &["AB-###\\"]),
            "rules[0].shapes[0]: must begin and end with a letter or digit, or what stands for one",
        ),
        (
            Settings { never_touch_keys: vec!["memberNo".to_owned()], ..with_rule(&["member_no"], &[]) },
            "rules[0].keys[0]: is in a key that is never to be touched",
        ),
        (
            Settings {
                never_touch_keys: vec!["a".to_owned(), "user membership no".to_owned()],
                ..with_rule(&["x", "membershipNo"], &[])
            },
            "rules[0].keys[1]: is in a key that is never to be touched",
        ),
        (Settings { rules: vec![rule(&["x"], &[]); 251], ..Settings::default() }, "rules: more than 250 entries"),
    ] {
        assert_eq!(refusal(settings), expected);
    }
    let unknown = serde_json::from_str::<Settings>(r#"{"never_touch": []}"#);
    assert!(unknown.expect_err("refused").to_string().contains("unknown field `never_touch`"));
}

#[test]
fn a_rule_of_the_clients_own_finds_keys_and_shapes() {
    let policy = Policy::new(with_rule(&["member no"], &["AB-######", "\\#??##"])).expect_err("begins with a mark");
    assert_eq!(policy.field, "rules[0].shapes[1]");
    let policy = Policy::new(with_rule(&["member no"], &["AB-######"])).expect("good");
    assert_eq!(
        text(&policy, "card AB-123456, not AB-1234567 or XAB-123456").0,
        "card [national_id], not AB-1234567 or XAB-123456"
    );
    assert_eq!(url(&policy, "/a?memberNo=x7&b=AB%2D123456").0, "/a?memberNo=[national_id]&b=[national_id]");
    assert_eq!(
        json(&policy, r#"{"user":{"member_no":12}}"#).expect("valid").0,
        r#"{"user":{"member_no":"[national_id]"}}"#
    );
    let (_, findings) = explain::text(&policy, "é AB-123456");
    assert_eq!((findings[0].rule.as_str(), findings[0].span.clone()), ("member_no", 3..12));
}

#[test]
fn only_allowed_query_keys_keep_their_values() {
    let settings =
        Settings { allowed_query_keys: vec!["page".to_owned()], keeps_only_allowed: true, ..Settings::default() };
    let policy = Policy::new(settings).expect("good");
    for (address, redacted) in [
        (
            "https://shop.example/a?page=2&q=red&utm_source=mail&email=jane&page#x=1",
            "https://shop.example/a?page=2&q=[unlisted]&utm_source=mail&email=[email]&page#x=[unlisted]",
        ),
        ("/find?depression", "/find?[unlisted]"),
        ("/#/find?page&hiv+test", "/#/find?page&[unlisted]"),
        ("/?utm_hiv=positive&utm_id=x7", "/?utm_hiv=[unlisted]&utm_id=x7"),
    ] {
        assert_eq!(url(&policy, address).0, redacted);
        assert_eq!(url(&policy, redacted).0, redacted);
    }
}

#[test]
fn an_allowed_key_may_look_random_but_not_be_an_address() {
    let address = "/a?ref=x7k2m9q4t8w3r6y1p5n0&ref=jane%40example.com";
    let settings = Settings { allowed_query_keys: vec!["ref".to_owned()], ..Settings::default() };
    let policy = Policy::new(settings).expect("good");
    assert_eq!(url(&policy, address).0, "/a?ref=x7k2m9q4t8w3r6y1p5n0&ref=[email]");
}

#[test]
fn a_key_that_is_never_touched_is_left_alone_in_any_style() {
    let settings = Settings { never_touch_keys: vec!["support_email".to_owned()], ..Settings::default() };
    let policy = Policy::new(settings).expect("good");
    let kept = r#"{"supportEmail":"help@example.com","support-email":["help@example.com"]}"#;
    assert_eq!(json(&policy, kept).expect("valid").0, kept);
    assert_eq!(url(&policy, "/?support_email=help@example.com").0, "/?support_email=help@example.com");
    assert_eq!(key_value(&policy, "supportEmail", "help@example.com").0, "help@example.com");
    assert_eq!(key_value(&policy, "email", "help@example.com").0, "[email]");
}

#[test]
fn findings_say_what_where_and_why() {
    let policy = Policy::default();
    let input = r#"{"a/b":[1,{"m":"é jane@example.com"}],"dob":"1985-04-12"}"#;
    let (output, findings) = explain::json(&policy, input).expect("valid");
    assert_eq!(output, json(&policy, input).expect("valid").0);
    let found: Vec<_> = findings
        .iter()
        .map(|found| (found.rule.as_str(), found.kind, &input[found.span.clone()], found.path.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("email", Kind::Email, "jane@example.com", Some("/a~1b/1/m")),
            ("telling_key", Kind::BirthDate, "1985-04-12", Some("/dob")),
        ]
    );
    let rules = redaction::rules::RULES;
    assert!(
        findings.iter().all(|found| rules.iter().any(|rule| rule.name == found.rule && rule.explanation == found.why))
    );
}
