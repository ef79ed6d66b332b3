//! Writes JSON of a fixed shape. A JSON library would double the size of the pixel.

/// A JSON object that is being written.
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn new() -> Self {
        Self { text: String::from("{") }
    }

    /// Text, cut so that its encoded form has at most `bytes` bytes; nothing when it is empty.
    pub(crate) fn text(&mut self, key: &str, value: &str, bytes: usize) {
        if !value.is_empty() {
            self.required_text(key, value, bytes);
        }
    }

    /// Text that is written even when it is empty.
    pub(crate) fn required_text(&mut self, key: &str, value: &str, bytes: usize) {
        self.key(key);
        push_text(&mut self.text, value, bytes);
    }

    pub(crate) fn number(&mut self, key: &str, value: i64) {
        self.key(key);
        push_number(&mut self.text, value);
    }

    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        self.json(key, if value { "true" } else { "false" });
    }

    /// A value that is JSON already.
    pub(crate) fn json(&mut self, key: &str, value: &str) {
        self.key(key);
        self.text.push_str(value);
    }

    pub(crate) fn done(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn key(&mut self, key: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
    }
}

/// Appends a string literal whose inside has at most `bytes` bytes. The result holds no control character, so line feeds
/// may separate what is written, and no NUL, which Postgres could not store.
pub(crate) fn push_text(out: &mut String, text: &str, bytes: usize) {
    out.push('"');
    let mut room = bytes;
    for character in text.chars() {
        let cost = match character {
            '"' | '\\' => 2,
            '\u{1}'..='\u{1f}' => 6,
            '\0' => 3,
            other => other.len_utf8(),
        };
        let Some(left) = room.checked_sub(cost) else { break };
        room = left;
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\u{1}'..='\u{1f}' => {
                let code = character as u32;
                out.push_str("\\u00");
                out.push(if code < 16 { '0' } else { '1' });
                out.extend(char::from_digit(code % 16, 16));
            }
            '\0' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Appends a number; `core::fmt` would cost kilobytes.
pub(crate) fn push_number(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    push_digits(out, value.unsigned_abs());
}

fn push_digits(out: &mut String, value: u64) {
    if value > 9 {
        push_digits(out, value / 10);
    }
    out.extend(char::from_digit((value % 10) as u32, 10));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in any::<String>(), number in any::<i64>()) {
            let mut object = Object::new();
            object.required_text("text", &text, usize::MAX);
            object.number("number", number);
            let read: Value = serde_json::from_str(&object.done()).expect("JSON");
            let expected = text.replace('\0', "\u{fffd}");
            prop_assert_eq!(read["text"].as_str(), Some(expected.as_str()));
            prop_assert_eq!(read["number"].as_i64(), Some(number));
        }

        #[test]
        fn text_is_cut_at_a_character(text in any::<String>(), bytes in 0_usize..40) {
            let mut out = String::new();
            push_text(&mut out, &text, bytes);
            prop_assert!(out.len() <= bytes + 2);
            let read: String = serde_json::from_str(&out).expect("JSON");
            let whole = text.replace('\0', "\u{fffd}");
            prop_assert!(whole.starts_with(&read));
            let controls = out.bytes().filter(|byte| *byte < 0x20).count();
            prop_assert_eq!(controls, 0);
        }
    }
}
