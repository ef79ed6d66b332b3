//! Events of the site's own: a name and any JSON, made fit to be stored.

use wire::limits::{DATA_BYTES, DATA_DEPTH, EVENT_TYPE_CHARS};

use crate::text::before;

/// Whether `name` may be an event's type. The rule is that of `wire::check`, which is not part of the pixel.
pub(crate) fn is_event_type(name: &str) -> bool {
    name.len() <= EVENT_TYPE_CHARS
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The `data` for what `JSON.stringify` wrote: an object as it is, anything else as the `value` of one, nothing as an
/// empty one. NUL and halves of surrogate pairs, which no database takes, become U+FFFD. `None` when it is too large or too
/// deep.
pub(crate) fn data(json: &str) -> Option<String> {
    if json.is_empty() {
        return Some("{}".to_owned());
    }
    let wrapped = !json.starts_with('{');
    let mut out = String::with_capacity(json.len() + 10);
    let mut depth = usize::from(wrapped);
    if wrapped {
        out.push_str("{\"value\":");
    }
    let mut rest = json;
    let mut quoted = false;
    while !rest.is_empty() {
        // up to the next sign that means something
        let (plain, after) = before(rest, b"\"\\{}[]");
        out.push_str(plain);
        let mut length = usize::from(!after.is_empty());
        match after.bytes().next() {
            Some(b'"') => quoted = !quoted,
            Some(b'\\') => length = escape_length(after),
            Some(b'{' | b'[') if !quoted => depth += 1,
            Some(b'}' | b']') if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DATA_DEPTH {
            return None;
        }
        let (token, after) = after.split_at_checked(length)?;
        out.push_str(if is_unfit(token) { "\\ufffd" } else { token });
        rest = after;
    }
    if wrapped {
        out.push('}');
    }
    (out.len() <= DATA_BYTES).then_some(out)
}

/// The length of the escape that `text` begins with; a surrogate pair is one.
fn escape_length(text: &str) -> usize {
    match (unit(text), text.get(6..).and_then(unit)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
        (Some(_), _) => 6,
        (None, _) => 2,
    }
}

fn is_unfit(token: &str) -> bool {
    token.len() == 6 && matches!(unit(token), Some(0 | 0xD800..=0xDFFF))
}

/// The UTF-16 unit that `text` begins with as an escape.
fn unit(text: &str) -> Option<u16> {
    let mut unit = 0;
    for digit in text.strip_prefix("\\u")?.get(..4)?.chars() {
        unit = unit << 4 | u16::try_from(digit.to_digit(16)?).ok()?;
    }
    Some(unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn objects_stay_and_other_values_get_a_name() {
        assert_eq!(data(r#"{"a":1.50,"b":"x\\u0000"}"#).as_deref(), Some(r#"{"a":1.50,"b":"x\\u0000"}"#));
        assert_eq!(data("[1]").as_deref(), Some(r#"{"value":[1]}"#));
        assert_eq!(data("").as_deref(), Some("{}"));
    }

    #[test]
    fn what_no_database_takes_is_replaced() {
        assert_eq!(
            data(r#"{"a":"\u0000\ud800\ud83d\ude00\udc00"}"#).as_deref(),
            Some(r#"{"a":"\ufffd\ufffd\ud83d\ude00\ufffd"}"#)
        );
    }

    #[test]
    fn limits() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(data(&nested(7)).is_some());
        assert!(data(&nested(8)).is_none());
        assert!(data(&format!("\"{}\"", "[".repeat(50))).is_some());
        assert!(data(&format!("\"{}\"", "x".repeat(DATA_BYTES))).is_none());
    }

    proptest! {
        #[test]
        fn names_are_judged_as_by_the_edge(name in "[a-z0-9_A-Z-]{0,66}|[a-z][a-z0-9_]{0,70}|.*") {
            prop_assert_eq!(is_event_type(&name), wire::check::is_event_type(&name));
        }

        #[test]
        fn what_passes_here_passes_at_the_edge(text in any::<String>(), keys in prop::collection::vec(any::<String>(), 0..4)) {
            let mut value = serde_json::Value::from(text);
            for key in keys {
                value = serde_json::json!({ key: [value] });
            }
            if let Some(data) = data(&value.to_string()) {
                prop_assert_eq!(wire::check::data(&data), Ok(()));
                prop_assert!(serde_json::from_str::<serde_json::Value>(&data).is_ok());
            }
        }

        #[test]
        fn surrogates_of_any_order_pass_at_the_edge(units in prop::collection::vec(prop::sample::select(vec!["\\u0000", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\\\", "a", "\\\"", "\\n", "\\u005c"]), 0..20)) {
            let data = data(&format!("{{\"a\":\"{}\"}}", units.concat())).expect("small");
            prop_assert_eq!(wire::check::data(&data), Ok(()));
        }

        #[test]
        fn nonsense_does_no_harm(text in any::<String>()) {
            let _ = data(&text);
        }
    }
}
