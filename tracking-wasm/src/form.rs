//! A form that was submitted: which fields it has and which of them were filled in, never with what.

use wire::limits::DATA_BYTES;

use crate::address::Address;
use crate::json::Object;
use crate::telling::is_telling;
use crate::text::{is_listed, take};

/// A form, as page.js read it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form<'a> {
    /// Attribute `id`.
    pub id: &'a str,
    /// Attribute `name`.
    pub name: &'a str,
    /// Absolute address it is sent to.
    pub action: &'a str,
    /// Attribute `method`.
    pub method: &'a str,
}

/// A field of a form. There is no place for its value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Field<'a> {
    /// Attribute `name`.
    pub name: &'a str,
    /// Property `type`.
    pub kind: &'a str,
    /// Attribute `autocomplete`.
    pub autocomplete: &'a str,
    /// Whether there is something in it.
    pub filled: bool,
}

impl Field<'_> {
    /// Whether people fill it in.
    fn is_input(&self) -> bool {
        !self.kind.is_empty() && !is_listed("hidden submit button reset image fieldset output", self.kind)
    }

    /// Whether what belongs in it is personal.
    fn is_sensitive(&self) -> bool {
        is_telling(self.kind)
            || self.autocomplete.starts_with("cc-")
            || self.autocomplete.ends_with("one-time-code")
            || is_telling(self.autocomplete)
            || is_telling(self.name)
    }
}

/// The `data` of a submitted form. Of a very long one the first fields, and how many there are.
pub(crate) fn form_submit<'a>(form: &Form<'_>, fields: impl Iterator<Item = Field<'a>>) -> String {
    let mut data = Object::new();
    data.text("form_id", form.id, 128);
    data.text("form_name", form.name, 128);
    data.text("action", &Address::parse(form.action).path(), 512);
    data.text("method", if form.method.is_empty() { "get" } else { form.method }, 16);
    let mut list = String::from("[");
    let mut position = 0;
    for field in fields.filter(Field::is_input) {
        let mut entry = Object::new();
        entry.text("name", field.name, 128);
        entry.text("type", field.kind, 32);
        entry.number("position", position);
        entry.flag("filled", field.filled);
        entry.flag("sensitive", field.is_sensitive());
        position += 1;
        let entry = entry.done();
        // leaves room for what stands before the list
        if list.len() + entry.len() < DATA_BYTES - 1024 {
            if list.len() > 1 {
                list.push(',');
            }
            list.push_str(&entry);
        }
    }
    list.push(']');
    data.number("field_count", position);
    data.json("fields", &list);
    data.done()
}

/// Parts of the lines that page.js makes of a form's fields.
pub fn fields(lines: &str) -> impl Iterator<Item = Field<'_>> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut line = take(&mut rest, b'\n');
        let mut part = || take(&mut line, b'\t');
        Some(Field { name: part(), kind: part(), autocomplete: part(), filled: part() == "true" })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn submitted(lines: &str) -> Value {
        let form = Form { id: "contact", action: "https://a.example/send?x=1", method: "post", ..Form::default() };
        serde_json::from_str(&form_submit(&form, fields(lines))).expect("JSON")
    }

    #[test]
    fn fields_are_described_and_buttons_left_out() {
        let data = submitted(
            "name\ttext\tname\ttrue\ncsrf\thidden\t\ttrue\npassword\tpassword\t\tfalse\nsend\tsubmit\t\tfalse",
        );
        assert_eq!(data["action"], "/send");
        assert_eq!(data["field_count"], 2);
        assert_eq!(
            data["fields"],
            serde_json::json!([
                {"name": "name", "type": "text", "position": 0, "filled": true, "sensitive": false},
                {"name": "password", "type": "password", "position": 1, "filled": false, "sensitive": true},
            ])
        );
    }

    #[test]
    fn sensitive_fields_are_known_by_type_autocomplete_and_name() {
        for line in [
            "a\temail\t\t",
            "a\ttext\tcc-number\t",
            "a\ttext\tone-time-code\t",
            "a\ttext\tcurrent-password\t",
            "card_number\ttext\t\t",
        ] {
            assert_eq!(submitted(line)["fields"][0]["sensitive"], true, "{line}");
        }
        assert_eq!(submitted("message\ttextarea\t\ttrue")["fields"][0]["sensitive"], false);
    }

    #[test]
    fn a_very_long_form_stays_within_the_limit() {
        let lines = "some_field\ttext\t\ttrue\n".repeat(500);
        let data = submitted(&lines);
        assert_eq!(data["field_count"], 500);
        assert!(data["fields"].as_array().is_some_and(|fields| (20..100).contains(&fields.len())));
        assert!(data.to_string().len() <= DATA_BYTES);
    }
}
