//! What is said of a form's field. Its value leaves the page only where the site marked the
//! field, and never when the field is sensitive.

use crate::telling::is_telling_field;
use crate::text::{MS, Memory, Parts, RAW, is_listed, t};

/// Whether people fill in a field, as page.js read it: name, type, autocomplete, facts (`filled`, `changes` and `ms`, as part of a
/// JSON object) and value (a JSON string, if the site wants to keep it), with tabs between them. JSON text holds no tabs.
pub(crate) fn is_input(field: &Parts<'_>) -> bool {
    !is_listed(b" hidden submit button reset image fieldset output object", field[1], false)
}

/// Appends what is said of a field to the event, and a comma.
pub(crate) fn put_field(m: &mut Memory, field: &Parts<'_>, position: i64) {
    let [name, kind, autocomplete, _, value, _] = field;
    m.numbers[MS] = position;
    let is_sensitive = is_listed(b"file hidden", kind, false)
        || is_telling_field(kind)
        || is_telling_field(autocomplete)
        || is_telling_field(name);
    let template = if is_sensitive {
        t!(r#"{"name":"{FIRST}","type":"{SECOND}","position":{MS},{FOURTH},"sensitive":true},"#)
    } else if value.is_empty() {
        t!(r#"{"name":"{FIRST}","type":"{SECOND}","position":{MS},{FOURTH},"sensitive":false},"#)
    } else {
        t!(r#"{"name":"{FIRST}","type":"{SECOND}","position":{MS},{FOURTH},"sensitive":false,"value":{FIFTH}},"#)
    };
    m.fill(RAW, template, field);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::text::split;

    fn field(line: &str) -> Option<Value> {
        let field = split(line.as_bytes(), b'\t');
        let mut m = Box::new(Memory::NEW);
        put_field(&mut m, &field, 3);
        let text = m.text(RAW).strip_suffix(b",").expect("a comma");
        is_input(&field).then(|| serde_json::from_slice(text).expect("JSON"))
    }

    #[test]
    fn a_field_is_described() {
        assert_eq!(
            field("message\ttextarea\toff\t\"filled\":true,\"changes\":1,\"ms\":20\t").expect("an input"),
            json!({"name": "message", "type": "textarea", "position": 3, "filled": true, "changes": 1, "ms": 20, "sensitive": false})
        );
        for kind in ["", "hidden", "submit", "button", "reset", "image", "fieldset", "output", "object"] {
            assert_eq!(field(&format!("a\t{kind}\t\t\"ms\":0\t")), None, "{kind}");
        }
    }

    #[test]
    fn a_value_is_kept_on_request_and_never_of_a_sensitive_field() {
        for (line, value) in [
            ("topic\tselect-one\t\t\"ms\":0\t\"Prices\"", Some("Prices")),
            ("topic\tselect-one\t\t\"ms\":0\t\"\"", Some("")),
            ("topic\tselect-one\t\t\"ms\":0\t", None),
            ("topic\tselect-one", None),
        ] {
            let line = if line.contains("ms") { line.to_owned() } else { format!("{line}\t\t\"ms\":0") };
            assert_eq!(field(&line).expect("an input").get("value").and_then(Value::as_str), value, "{line}");
        }
        for line in [
            "a\temail\t",
            "a\tpassword\t",
            "a\ttel\t",
            "a\ttext\tcc-number",
            "a\ttext\tsection-1 one-time-code",
            "a\ttext\tcurrent-password",
            "a\ttext\tfamily-name",
            "card_number\ttext\t",
            "userEmail\ttext\t",
            "passwort\ttext\t",
            "strasse\ttext\t",
        ] {
            let field = field(&format!("{line}\t\"ms\":0\t\"secret\"")).expect("an input");
            assert_eq!((&field["sensitive"], field.get("value")), (&json!(true), None), "{line}");
        }
    }
}
