//! What personal data looks like by itself: small parsers that are handed a place in a text and say how far it reaches.
//!
//! Each looks at a bounded window, so that a hostile text costs no more than a long one. Places are bytes.

pub(crate) mod card;
pub(crate) mod date;
pub(crate) mod email;
pub(crate) mod iban;
pub(crate) mod national;
pub(crate) mod network;
pub(crate) mod number;
pub(crate) mod own;
pub(crate) mod phone;
pub(crate) mod place;
pub(crate) mod secret;

/// Endings that make `logo@2x.png` a file and no mailbox. None of them is a top-level domain.
#[rustfmt::skip]
pub(crate) const FILE_ENDINGS: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "ico", "css", "scss", "js", "mjs", "map", "wasm", "woff", "woff2", "ttf",
    "jsx", "tsx", "json", "html", "htm", "xml", "mp4", "mp3", "webm", "pdf", "csv", "txt", "php", "aspx", "jsp", "gz",
];

/// How many of [`FILE_ENDINGS`] are of what a page is made of.
pub(crate) const OF_PAGES: usize = 17;

pub(crate) fn last_char(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

pub(crate) fn next_char(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// Whether a word or number may begin at `at`.
pub(crate) fn at_boundary(text: &str, at: usize) -> bool {
    last_char(text, at).is_none_or(|c| c > '\u{2e80}' || (!c.is_alphanumeric() && c != '_'))
}

/// Whether a word or number may end at `at`.
pub(crate) fn ends_at(text: &str, at: usize) -> bool {
    next_char(text, at).is_none_or(|c| c > '\u{2e80}' || (!c.is_alphanumeric() && c != '_'))
}

/// Whether `word` is among `known`, which are written small, whatever its case.
pub(crate) fn is_one_of(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| word.chars().flat_map(char::to_lowercase).eq(known.chars()))
}
