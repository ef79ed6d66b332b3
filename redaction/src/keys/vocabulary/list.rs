//! Short lists of words that say one thing each. The compiler makes hashes of them, so that a list costs the Worker four
//! bytes a word. Words are written as in the rest of the vocabulary: lower-case, without diacritics, between commas.

use super::{SEED, extend, folded};
use crate::keys::words::is_word_char;

/// The hashes of `$words`.
macro_rules! list {
    ($words:expr) => {{
        const HASHES: [u32; $crate::keys::vocabulary::list::count($words)] =
            $crate::keys::vocabulary::list::hashes($words);
        HASHES.as_slice()
    }};
}
pub(crate) use list;

/// How many words there are in `words`.
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which checks it")]
pub(crate) const fn count(words: &str) -> usize {
    let (mut count, mut at) = (1, 0);
    while at < words.len() {
        count += (words.as_bytes()[at] == b',') as usize;
        at += 1;
    }
    count
}

/// The hash of each of `words`.
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, which checks it")]
pub(crate) const fn hashes<const N: usize>(words: &str) -> [u32; N] {
    let (mut hashes, mut word, mut at) = ([SEED; N], 0, 0);
    while at < words.len() {
        match words.as_bytes()[at] {
            b',' => word += 1,
            byte => hashes[word] = extend(hashes[word], byte),
        }
        at += 1;
    }
    hashes
}

/// Whether `word` is in `list`, whatever its case and marks.
pub(crate) fn is_in(list: &[u32], word: &str) -> bool {
    let (mut hash, mut buffer) = (SEED, [0; 4]);
    for c in word.chars() {
        for byte in folded(c, &mut buffer) {
            hash = extend(hash, *byte);
        }
    }
    list.contains(&hash)
}

/// The words of `text`, and what is empty between two marks.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !(is_word_char(c) || c.is_ascii_digit()))
}

/// The letters that `text` ends with.
pub(crate) fn last_word(text: &str) -> &str {
    let end = text.char_indices().rev().find(|(_, c)| !is_word_char(*c)).map_or(0, |(at, c)| at + c.len_utf8());
    text.get(end..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_their_list_in_any_case() {
        let known = list!("nino,prosze,必須");
        assert!(is_in(known, "Niño") && is_in(known, "PROSZĘ") && is_in(known, "必須"));
        assert!(!is_in(known, "") && !is_in(known, "nin") && !is_in(known, "nino,prosze"));
        assert_eq!(last_word("El Niño"), "Niño");
        assert_eq!(last_word("a1"), "");
    }
}
