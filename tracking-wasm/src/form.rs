//! What is said of a form's field. Its value leaves the page only where the site marked the
//! field, and never when the field is sensitive.

use crate::telling::is_telling_field;
use crate::text::{Text, fill, is_listed, take};

/// A field as page.js read it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    name: &'a [u8],
    kind: &'a [u8],
    autocomplete: &'a [u8],
    /// `filled`, `changes` and `ms`, as part of a JSON object.
    facts: &'a [u8],
    /// A JSON string, if the site wants to keep it.
    value: &'a [u8],
}

impl<'a> Field<'a> {
    /// Reads a line: name, type, autocomplete, facts and value, with tabs. JSON text holds no tabs.
    pub(crate) fn read(line: &'a [u8]) -> Self {
        let mut rest = line;
        let mut part = || take(&mut rest, b'\t');
        Self { name: part(), kind: part(), autocomplete: part(), facts: part(), value: part() }
    }

    /// Whether people fill it in.
    pub(crate) fn is_input(&self) -> bool {
        !is_listed(b" hidden submit button reset image fieldset output object", self.kind)
    }

    /// Whether what belongs in it may be personal.
    fn is_sensitive(&self) -> bool {
        is_listed(b"password tel email file hidden", self.kind)
            || is_telling_field(self.autocomplete)
            || is_telling_field(self.name)
    }

    /// Appends what is said of it, and a comma.
    pub(crate) fn put(&self, out: &mut Text, position: i64) {
        let is_sensitive = self.is_sensitive();
        let sensitive: &[u8] = if is_sensitive { b"true" } else { b"false" };
        let keeps = !self.value.is_empty() && !is_sensitive;
        fill(
            out,
            if keeps {
                b"{\"name\":\"\x01\",\"type\":\"\x02\",\"position\":\x0e,\x03,\"sensitive\":\x04,\"value\":\x05},"
            } else {
                b"{\"name\":\"\x01\",\"type\":\"\x02\",\"position\":\x0e,\x03,\"sensitive\":\x04},"
            },
            &[self.name, self.kind, self.facts, sensitive, self.value],
            &[position],
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn field(line: &str) -> Option<Value> {
        let field = Field::read(line.as_bytes());
        let mut out = Text::<[u8; 999]>::NEW;
        field.put(&mut out, 3);
        let text = out.strip_suffix(b",").expect("a comma");
        field.is_input().then(|| serde_json::from_slice(text).expect("JSON"))
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
