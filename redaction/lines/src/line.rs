//! One line in, one line out.

use std::borrow::Cow;

use redaction::explain::{self, Finding};
use redaction::{Policy, key_value, text, url};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A line as it comes in. What else is in it is the caller's own.
#[derive(Deserialize)]
struct Line<'a> {
    /// Whatever the caller knows the line by.
    #[serde(borrow)]
    id: &'a RawValue,
    context: Context,
    /// What the value stands under; of [`Context::KeyValue`] only.
    #[serde(borrow, default)]
    key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    input: &'a RawValue,
}

/// Where the input stands in an event.
#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Context {
    /// An address, whole or from its path on.
    Url,
    /// A title, a label, any prose.
    Text,
    /// A value under a key.
    KeyValue,
    /// Any JSON, such as the properties of an event.
    Json,
}

/// A line as it goes out.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a RawValue,
    output: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<Finding>>,
}

/// Why a line is refused.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is no JSON object of this form.
    #[error("no object with id, context (url, text, key_value or json), key and input: {0}")]
    Malformed(serde_json::Error),
    /// A field does not fit the context.
    #[error("{field}: {reason}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The answer could not be written.
    #[error("the answer cannot be written: {0}")]
    Answer(serde_json::Error),
}

/// Redacts a line `{"id", "context": "url" | "text" | "key_value" | "json", "key"?, "input"}`. Gives `{"id", "output"}`, the
/// output of the same kind as the input, and with `explains` also `findings`: see [`Finding`]; a span counts bytes of the input
/// as UTF-8, and of JSON as it was written.
///
/// # Errors
/// What is wrong with the line.
pub fn redact(policy: &Policy, line: &str, explains: bool) -> Result<String, LineError> {
    let line: Line<'_> = serde_json::from_str(line).map_err(LineError::Malformed)?;
    let key = match &line.key {
        None if line.context == Context::KeyValue => {
            return Err(LineError::Field { field: "key", reason: "the context key_value needs one" });
        }
        key => key.as_deref().unwrap_or_default(),
    };
    let (output, findings) = if line.context == Context::Json {
        json(policy, line.input.get(), explains)?
    } else {
        let whole = without_halves(line.input.get());
        let input: Cow<'_, str> = serde_json::from_str::<Borrowed<'_>>(&whole)
            .map_err(|_| LineError::Field { field: "input", reason: "must be a string, unless the context is json" })?
            .0;
        let (output, findings) = match line.context {
            Context::Url if explains => some(explain::url(policy, &input)),
            Context::KeyValue if explains => some(explain::key_value(policy, key, &input)),
            _ if explains => some(explain::text(policy, &input)),
            Context::Url => (url(policy, &input).0, None),
            Context::KeyValue => (key_value(policy, key, &input).0, None),
            _ => (text(policy, &input).0, None),
        };
        // to the letter as it came, when nothing was found
        let written = if output == input { Ok(line.input.get().to_owned()) } else { serde_json::to_string(&output) };
        (written.map_err(LineError::Answer)?, findings)
    };
    let output: &RawValue = serde_json::from_str(&output).map_err(LineError::Answer)?;
    serde_json::to_string(&Answer { id: line.id, output, findings }).map_err(LineError::Answer)
}

/// Does [`redact`] for the line `number`. Where that fails the answer is `{"error", "id"}`, with the id if one can be read: so
/// that lines and answers correspond. Whether it is none of these is told too. An empty line has an empty answer.
#[must_use]
pub fn answer(policy: &Policy, line: &str, explains: bool, number: u64) -> (String, bool) {
    #[derive(Deserialize)]
    struct Known<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    #[derive(Serialize)]
    struct Refusal<'a> {
        error: String,
        id: Option<&'a RawValue>,
    }
    if line.trim().is_empty() {
        return (String::new(), true);
    }
    match redact(policy, line, explains) {
        Ok(answer) => (answer, true),
        Err(error) => {
            let id = serde_json::from_str::<Known<'_>>(line).ok().map(|known| known.id);
            let refusal = Refusal { error: format!("line {number}: {error}"), id };
            (serde_json::to_string(&refusal).unwrap_or_default(), false)
        }
    }
}

/// JSON in which no half of a surrogate pair stands alone, such as an emoji that was cut leaves: no text can hold one.
fn without_halves(json: &str) -> Cow<'_, str> {
    let code = |at: usize| {
        let digits = json.get(at..).and_then(|rest| rest.strip_prefix("\\u"))?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut whole, mut done, mut at) = (String::new(), 0, 0);
    while let Some(found) = json.get(at..).and_then(|rest| rest.find('\\')) {
        let escape = at + found;
        at = escape + 2;
        match code(escape) {
            Some(0xd800..=0xdbff) if matches!(code(escape + 6), Some(0xdc00..=0xdfff)) => at = escape + 12,
            Some(0xd800..=0xdfff) => {
                whole += json.get(done..escape).unwrap_or_default();
                whole += "\\ufffd";
                (done, at) = (escape + 6, escape + 6);
            }
            _ => {}
        }
    }
    if done == 0 {
        return Cow::Borrowed(json);
    }
    whole += json.get(done..).unwrap_or_default();
    Cow::Owned(whole)
}

/// A string that needs no copy where it has no escapes.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

fn some((output, findings): (String, Vec<Finding>)) -> (String, Option<Vec<Finding>>) {
    (output, Some(findings))
}

fn json(policy: &Policy, input: &str, explains: bool) -> Result<(String, Option<Vec<Finding>>), LineError> {
    let not_json = |_| LineError::Field { field: "input", reason: "nested deeper than 128 levels" };
    if explains {
        explain::json(policy, input).map(some).map_err(not_json)
    } else {
        redaction::json(policy, input).map(|(output, _)| (output, None)).map_err(not_json)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn out(line: &str) -> Result<String, String> {
        redact(&Policy::default(), line, false).map_err(|error| error.to_string())
    }

    #[test]
    fn each_context_gives_the_same_kind_back() {
        for (line, answer) in [
            (
                r#"{"id":1,"context":"url","input":"/?q=jane%40example.org&p=2"}"#,
                r#"{"id":1,"output":"/?q=[email]&p=2"}"#,
            ),
            (r#"{"id":"a","context":"text","input":"to jane@example.org"}"#, r#"{"id":"a","output":"to [email]"}"#),
            (
                r#"{"id":null,"context":"key_value","key":"password","input":"hunter22"}"#,
                r#"{"id":null,"output":"[password]"}"#,
            ),
            (
                r#"{"id":{"n":1},"context":"json","input":{"a": [1.50, "jane@example.org"],"b":null}}"#,
                r#"{"id":{"n":1},"output":{"a": [1.50, "[email]"],"b":null}}"#,
            ),
            (r#"{"id":4,"context":"text","key":null,"input":"x","more":1}"#, r#"{"id":4,"output":"x"}"#),
            (r#"{"id":2,"context":"json","input":12.0}"#, r#"{"id":2,"output":12.0}"#),
            (r#"{"id":3,"context":"text","input":"caf\u00e9\/x"}"#, r#"{"id":3,"output":"caf\u00e9\/x"}"#),
        ] {
            assert_eq!(out(line).as_deref(), Ok(answer), "{line}");
        }
    }

    #[test]
    fn a_wrong_line_is_told_what_is_wrong_with_it() {
        for (line, field) in [
            (r#"{"id":1,"context":"text","input":5}"#, "input: must be a string"),
            (r#"{"id":1,"context":"key_value","input":"x"}"#, "key: the context key_value needs one"),
            (r#"{"id":1,"context":"page","input":"x"}"#, "unknown variant `page`"),
            (r#"{"id":1,"input":"x"}"#, "missing field `context`"),
            (r#"{"context":"text","input":"x"}"#, "missing field `id`"),
            ("[]", "no object"),
        ] {
            let error = out(line).expect_err(line);
            assert!(error.contains(field), "{line}: {error}");
        }
    }

    #[test]
    fn half_an_emoji_costs_nothing_but_itself() {
        for (input, output) in [
            (r"\ud800 to jane@example.org", "\u{fffd} to [email]"),
            (r"\ud83d\ude00 \\ud800 jane@example.org", "\u{1f600} \\\\ud800 [email]"),
        ] {
            let line = format!(r#"{{"id":1,"context":"text","input":"{input}"}}"#);
            assert_eq!(out(&line), Ok(format!(r#"{{"id":1,"output":"{output}"}}"#)), "{input}");
        }
        let same = r#"{"id":1,"context":"text","input":"cut \udc00\n"}"#;
        assert_eq!(out(same), Ok(r#"{"id":1,"output":"cut \udc00\n"}"#.to_owned()));
    }

    #[test]
    fn a_wrong_line_keeps_its_place_and_its_id() {
        let answered = |line| answer(&Policy::default(), line, false, 7);
        assert_eq!(answered("  "), (String::new(), true));
        let (text, is_well) = answered(r#"{"id": [5], "context": "page"}"#);
        assert!(text.starts_with(r#"{"error":"line 7: "#) && text.ends_with(r#","id":[5]}"#) && !is_well, "{text}");
        assert!(answered("no").0.ends_with(r#","id":null}"#));
    }

    #[test]
    fn reasons_come_on_request() {
        let line =
            json!({ "id": 1, "context": "json", "input": { "user": { "mail": "jane@example.org" } } }).to_string();
        let answer = redact(&Policy::default(), &line, true).expect("a line");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["output"]["user"]["mail"], "[email]");
        let finding = &answer["findings"][0];
        assert_eq!((&finding["kind"], &finding["path"]), (&json!("email"), &json!("/user/mail")), "{finding}");
        assert!(finding["why"].as_str().is_some_and(|why| !why.is_empty()));
    }

    proptest! {
        #[test]
        fn no_line_stops_the_filter(line in any::<String>(), input in any::<String>(), explains: bool) {
            let _ = redact(&Policy::default(), &line, explains);
            for context in ["url", "text"] {
                let line = json!({ "id": 0, "context": context, "input": input }).to_string();
                let answer = redact(&Policy::default(), &line, explains);
                prop_assert!(answer.is_ok(), "{:?}", answer);
            }
        }

        #[test]
        fn reasons_change_no_output(input in "[a-z@.%=&/?0-9 ]{0,60}") {
            for context in ["url", "text", "json"] {
                let line = json!({ "id": 0, "context": context, "input": input }).to_string();
                let output = |explains| {
                    let answer = redact(&Policy::default(), &line, explains).unwrap_or_default();
                    serde_json::from_str::<Value>(&answer).map(|answer| answer["output"].clone()).ok()
                };
                prop_assert_eq!(output(true), output(false));
            }
        }
    }
}
