//! The wide forms of ASCII that East Asian keyboards type: `０９０`, `＠`, `：`.

use crate::span::View;

/// `text` with its wide characters as ASCII; `None` when there is no wide digit, `：` or `＠`, without which nothing begins.
pub(crate) fn narrow(text: &str) -> Option<View> {
    let is_wide = |three: &[u8]| matches!(three, [0xEF, 0xBC, 0x90..=0x9A | 0xA0]);
    if !text.as_bytes().contains(&0xEF) || !text.as_bytes().windows(3).any(is_wide) {
        return None;
    }
    let mut view = View::new(text.len(), false);
    for (at, c) in text.char_indices() {
        let ascii =
            u32::from(c).checked_sub(0xFEE0).filter(|code| (0x21..0x7F).contains(code)).and_then(char::from_u32);
        view.push(ascii.unwrap_or(c), at);
    }
    Some(view)
}
