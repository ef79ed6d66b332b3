//! Cuts text at single bytes. The searchers of the standard library can do more, and take kilobytes for it.

/// The text before and after the first `mark`, which is ASCII.
pub(crate) fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    around(text, text.bytes().position(|byte| byte == mark)?)
}

/// The text before and after the last `mark`, which is ASCII.
pub(crate) fn cut_last(text: &str, mark: u8) -> Option<(&str, &str)> {
    around(text, text.bytes().rposition(|byte| byte == mark)?)
}

fn around(text: &str, at: usize) -> Option<(&str, &str)> {
    let (before, after) = text.split_at_checked(at)?;
    Some((before, after.get(1..)?))
}

/// Takes what stands before the next `mark`, and the mark; all that is left when there is none.
pub(crate) fn take<'a>(rest: &mut &'a str, mark: u8) -> &'a str {
    let (part, after) = cut(rest, mark).unwrap_or((rest, ""));
    *rest = after;
    part
}

/// The text before the first of `marks`, and the rest from it on.
pub(crate) fn before<'a>(text: &'a str, marks: &[u8]) -> (&'a str, &'a str) {
    for (at, byte) in text.bytes().enumerate() {
        for mark in marks {
            if byte == *mark {
                return text.split_at_checked(at).unwrap_or((text, ""));
            }
        }
    }
    (text, "")
}

/// Whether `word` is one of the words of `list`, which single spaces separate.
pub(crate) fn is_listed(list: &str, word: &str) -> bool {
    let mut rest = list;
    while !rest.is_empty() {
        if take(&mut rest, b' ') == word {
            return true;
        }
    }
    false
}

/// The whole number that `text` begins with, 0 when there is none.
pub(crate) fn number(text: &str) -> i64 {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let mut number: i64 = 0;
    for byte in digits.bytes() {
        if !byte.is_ascii_digit() {
            break;
        }
        number = number.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
    }
    if negative { -number } else { number }
}

/// Appends all `parts`.
pub(crate) fn push_all(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists() {
        assert!(is_listed("a bc d", "bc"));
        assert!(!is_listed("a bc d", "b"));
        assert!(!is_listed("a bc d", ""));
        assert!(!is_listed("", ""));
    }

    proptest! {
        #[test]
        fn cuts_agree_with_the_standard_library(text in "[aü=]{0,8}") {
            prop_assert_eq!(cut(&text, b'='), text.split_once('='));
            prop_assert_eq!(cut_last(&text, b'='), text.rsplit_once('='));
            prop_assert_eq!(before(&text, b"=#").0, text.split(['=', '#']).next().unwrap_or_default());
        }

        #[test]
        fn numbers_are_read(value in any::<i64>()) {
            let expected = value.max(-i64::MAX);
            prop_assert_eq!(number(&format!("{value} and more")), expected);
        }
    }
}
