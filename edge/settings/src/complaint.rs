//! What can be wrong with a setting, in words that help whoever wrote it. None of them quotes a value: it may be a secret.

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Complaint {
    /// It has to be set and is not.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A key is no key.
    #[error("{0} must be 64 hexadecimal digits")]
    NoKey(&'static str),
    /// A name holds what a header cannot.
    #[error("{0} must be up to 64 letters, digits and _ . -")]
    NoName(&'static str),
    /// The exporter's address is none.
    #[error("EXPORTER_URL must begin with http:// or https://")]
    NoUrl,
    /// The path of the pixel is none.
    #[error(
        "PIXEL_PATH must be a path such as /pixel.js: it begins with /, ends in .js, and holds only letters, digits and / _ . -"
    )]
    NoPath,
    /// The list of sites holds something else, or nothing.
    #[error(
        "SITES must be hostnames with commas between them, such as shop.example, *.bank.example; leave it out to take every site"
    )]
    NoSites,
    /// The client's own rules are none.
    #[error("REDACTION_RULES must be a JSON list of rules (line {line}, column {column})")]
    NoRules {
        /// Where they stop to be.
        line: usize,
        /// Where in that line.
        column: usize,
    },
    /// What is set about redaction cannot be.
    #[error("redaction: {0}")]
    Redaction(redaction::PolicyError),
    /// The value is none of those that are known.
    #[error("{setting} must be one of: {}", known.join(", "))]
    Unknown {
        /// The setting.
        setting: &'static str,
        /// Its values.
        known: Vec<&'static str>,
    },
    /// A setting asks for more than the preset keeps.
    #[error("{setting} keeps more than PRIVACY allows; the most is {most}")]
    Looser {
        /// The setting.
        setting: &'static str,
        /// What the preset allows.
        most: String,
    },
    /// The value is no number, or too small a one.
    #[error("{setting} must be a whole number, {least} or more")]
    NoNumber {
        /// The setting.
        setting: &'static str,
        /// The smallest that will do.
        least: u32,
    },
}
