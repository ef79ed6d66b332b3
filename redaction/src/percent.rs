//! Percent-encoding (RFC 3986, 2.1), undone for looking only: what is written back are the bytes as they came.

use crate::span::View;

/// `text` decoded once; `None` when there is nothing to decode. What is no valid UTF-8 stays encoded. A `+` is a space
/// only if the caller says so: it may also belong to an address.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> Option<View> {
    if !plus_is_space && !text.contains('%') {
        return None;
    }
    let mut view = View::new(text.len(), false);
    let (mut at, mut decoded) = (0, false);
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if character == '+' && plus_is_space {
            view.push(' ', at);
            (at, decoded) = (at + 1, true);
        } else if let Some((read, length)) = (character == '%').then(|| escaped(text, at)).flatten() {
            view.push(read, at);
            (at, decoded) = (at + length, true);
        } else {
            view.push(character, at);
            at += character.len_utf8();
        }
    }
    decoded.then_some(view)
}

/// The character that is escaped at `at`, and the length of its escapes.
fn escaped(text: &str, at: usize) -> Option<(char, usize)> {
    let first = byte(text, at)?;
    let length = match first {
        0..0x80 => 1,
        0xC2..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0..0xF5 => 4,
        _ => return None,
    };
    let bytes: Vec<u8> = (0..length).map(|n| byte(text, at + 3 * n)).collect::<Option<_>>()?;
    Some((std::str::from_utf8(&bytes).ok()?.chars().next()?, 3 * length))
}

fn byte(text: &str, at: usize) -> Option<u8> {
    let digits = text.get(at..at + 3)?.strip_prefix('%')?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Option<String> {
        decode(text, false).map(|view| view.text)
    }

    #[test]
    fn only_what_is_encoded_is_decoded() {
        assert_eq!(decoded("a%40b+c").as_deref(), Some("a@b+c"));
        assert_eq!(decoded("%c3%A9").as_deref(), Some("é"));
        assert_eq!(decoded("%2540").as_deref(), Some("%40"));
        assert_eq!(decoded("100% %zz %ff %c3x %+1"), None);
        assert_eq!(decoded("é% %ff%20"), Some("é% %ff ".to_owned()));
    }
}
