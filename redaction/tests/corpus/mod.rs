//! Rows to measure by, made from the formats' specifications: what must go, in every place it may stand, and what must
//! stay. The same every time. Templates that begin with `!` are held out: nothing was tuned on their rows.

pub mod checksums;
pub mod clean;
pub mod personal;

/// Where a row's input stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Context {
    Url,
    Text,
    KeyValue(String),
    Json,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// The category of what must go, or the kind of what must stay.
    pub category: &'static str,
    pub context: Context,
    pub input: String,
    /// What must not be in the output in any encoding; empty for a clean row.
    pub secret: Option<String>,
    /// What must be in the output all the same.
    pub keeps: Vec<String>,
    pub is_held_out: bool,
}

/// `template` without the mark of those held out.
pub fn template(template: &str) -> (&str, bool) {
    template.strip_prefix('!').map_or((template, false), |rest| (rest, true))
}

/// Percent-encodes everything but letters and digits.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.') {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
