//! What holds of any bytes from outside: nothing panics, redacting twice changes nothing, and what was JSON still is.
//! The fuzz targets call these, and so does a test of `redaction`, so that they cannot rot.

use redaction::Policy;

/// Of an address.
pub fn url(input: &str) {
    let policy = Policy::default();
    let (once, _) = redaction::url(&policy, input);
    assert_eq!(redaction::url(&policy, &once).0, once, "from {input:?}");
}

/// Of a text.
pub fn text(input: &str) {
    let policy = Policy::default();
    let (once, report) = redaction::text(&policy, input);
    assert_eq!(report.is_empty(), once == input, "from {input:?}");
    assert_eq!(redaction::text(&policy, &once).0, once, "from {input:?}");
}

/// Of a value, with the first line as its key.
pub fn key_value(input: &str) {
    let policy = Policy::default();
    let (key, value) = input.split_once('\n').unwrap_or(("value", input));
    let (once, _) = redaction::key_value(&policy, key, value);
    assert_eq!(redaction::key_value(&policy, key, &once).0, once, "{key:?} of {value:?}");
}

/// Of JSON: what is none is refused, and nothing else.
pub fn json(input: &str) {
    let policy = Policy::default();
    let Ok((once, _)) = redaction::json(&policy, input) else {
        assert!(serde_json::from_str::<serde_json::Value>(input).is_err(), "refused {input:?}");
        return;
    };
    assert!(serde_json::from_str::<&serde_json::value::RawValue>(&once).is_ok(), "{once:?} from {input:?}");
    let twice = redaction::json(&policy, &once).map(|(twice, _)| twice);
    assert_eq!(twice.as_deref(), Ok(once.as_str()), "from {input:?}");
}
