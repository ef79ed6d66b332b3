//! What holds for every input.

use proptest::prelude::*;
use redaction::{Policy, Redacted, Report, rules::RULES};
use serde_json::value::RawValue;
use wire::{Event, Page};

fn text(text: &str) -> (String, Report) {
    redaction::text(&Policy::default(), text)
}

fn page(page: Page) -> (Redacted<Page>, Report) {
    redaction::page(&Policy::default(), page)
}

fn event(event: Event) -> (Redacted<Event>, Report) {
    redaction::event(&Policy::default(), event)
}

fn with_data(json: &str) -> Event {
    Event {
        id: uuid::Uuid::nil(),
        seq: 0,
        kind: "click".to_owned(),
        ts: 0,
        t: 0,
        page: 0,
        data: RawValue::from_string(json.to_owned()).expect("valid JSON"),
    }
}

/// Pieces of what the rules look for, so that random sequences of them come near every edge.
fn piece() -> impl Strategy<Value = String> {
    let examples: Vec<&str> = RULES
        .iter()
        .flat_map(|rule| rule.kept.iter().copied().chain(rule.redacted.iter().map(|pair| pair.0)))
        .collect();
    let marks = vec![
        "@",
        ".",
        ":",
        "=",
        "&",
        "?",
        "#",
        "/",
        "%",
        "%40",
        "%25",
        "+",
        "-",
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        " ",
        "://",
        "4111",
        "1111",
        "a",
        "Z9",
        "é",
        "日本",
        "password",
        "token=",
        "reset/",
        "eyJ",
        "[email]",
        "[token]",
        "name",
        "value",
        "\u{a0}",
        "Bearer ",
        "sk-",
        "DE89",
        "219-09-",
        "\u{0}",
        "\\@",
        "\\.",
        ".png",
        "_",
        "jane@example.com",
        "+4915112345678",
        "sessions",
        "1234567",
        "order-",
    ];
    prop_oneof![
        prop::sample::select(examples).prop_map(str::to_owned),
        prop::sample::select(marks).prop_map(str::to_owned),
        "\\PC{0,6}",
        "[a-zA-Z0-9_.-]{1,30}",
    ]
}

fn sentence() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..10).prop_map(|pieces| pieces.concat())
}

/// Any JSON, its strings and keys full of [`piece`]s.
fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::from(4_111_111_111_111_111_u64)),
        sentence().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let encoded = inner.clone().prop_map(|value: Value| Value::from(value.to_string()));
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((piece(), inner), 0..5).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            encoded,
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn a_second_pass_over_text_changes_nothing(input in sentence()) {
        let (once, report) = text(&input);
        prop_assert_eq!(report.is_empty(), once == input);
        let (twice, report) = text(&once);
        prop_assert_eq!(&twice, &once);
        prop_assert!(report.is_empty());
    }

    #[test]
    fn a_second_pass_over_a_page_changes_nothing(url in sentence(), title in sentence()) {
        let (once, _) = page(Page { path: url.clone(), referrer: url.clone(), url, title, ..Page::default() });
        let (twice, report) = page((*once).clone());
        prop_assert_eq!(&twice, &once);
        prop_assert!(report.is_empty());
    }

    #[test]
    fn data_stays_json_and_a_second_pass_changes_nothing(value in json()) {
        let input = serde_json::json!({ "data": value }).to_string();
        let (once, report) = event(with_data(&input));
        prop_assert_eq!(report.is_empty(), once.data.get() == input);
        let parsed: serde_json::Value = serde_json::from_str(once.data.get()).expect("still JSON");
        prop_assert!(parsed.is_object());
        let (twice, report) = event((*once).clone());
        prop_assert_eq!(&twice, &once);
        prop_assert!(report.is_empty());
    }

    #[test]
    fn words_and_numbers_are_untouched(words in prop::collection::vec("x[a-z]{0,8}|[1-9][0-9]{0,2}|[1-9][0-9]{4,5}", 0..30)) {
        let input = words.join(" ");
        let (output, report) = text(&input);
        prop_assert_eq!(output, input);
        prop_assert!(report.is_empty());
    }
}

/// Each pattern is 100 kB long. Work that grew with the square of the length would take minutes; all of them together take
/// a few seconds in a debug build.
#[test]
#[expect(clippy::disallowed_methods, reason = "measures how long the work takes")]
fn hostile_texts_cost_no_more_than_long_ones() {
    let begun = std::time::Instant::now();
    for pattern in [
        "a@a@",
        "1 1 ",
        "%25",
        "((((",
        "a@",
        "4111 ",
        "password=",
        "password:",
        "://",
        "/reset",
        "eyJ",
        "+1 ",
        "a=b&",
        "[{",
        "-----BEGIN ",
        "@a.",
        "AKIA",
        "?a=%3Fa%3D",
        "\\@a\\.",
        "@a.png",
        "@com.png",
        "\\",
        "+1+1",
        "+4915112345678",
        "4111.",
        "_4111111111111111",
        "a\\.",
    ] {
        for length in [100_000, 4_096] {
            let hostile = pattern.repeat(length / pattern.len());
            let (once, _) = text(&hostile);
            let _ = page(Page { url: once, title: hostile, ..Page::default() });
        }
    }
    let deep = format!("{}{}", "{\"a\":".repeat(20_000), "1".to_owned() + &"}".repeat(20_000));
    let _ = event(with_data(&deep));
    let nested = (0..12).fold("x".to_owned(), |inner, _| serde_json::json!({ "a": inner }).to_string());
    let _ = event(with_data(&nested));
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
