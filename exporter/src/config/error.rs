//! Why there is no configuration, told without any value: what an operator mistyped may be a secret.

use std::fmt;

use figment::error::Kind;

use super::Invalid;

/// Why there is no configuration to work with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is no TOML.
    #[error("{path}: line {line}, column {column}: no valid TOML: see that texts are quoted, and no key is set twice")]
    Syntax {
        /// The file.
        path: String,
        /// The line of the mistake, from 1.
        line: usize,
        /// Its column, from 1.
        column: usize,
    },
    /// A key that is missing, unknown or of the wrong type.
    #[error("{0}")]
    Shape(Shape),
    /// A value that makes no sense.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl ConfigError {
    /// Of a `text` that could not be parsed.
    pub(super) fn syntax(path: &str, text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self::Syntax {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// A key that is missing, unknown or of the wrong type.
#[derive(Debug)]
pub struct Shape {
    key: String,
    expected: String,
    /// The file, or the environment; none for what is set nowhere.
    origin: Option<String>,
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key, self.expected)?;
        match &self.origin {
            Some(origin) => write!(formatter, " (in {origin})"),
            None => Ok(()),
        }
    }
}

impl From<figment::Error> for Shape {
    fn from(error: figment::Error) -> Self {
        let mut path = error.path;
        let expected = match error.kind {
            Kind::InvalidType(_, expected) if expected == "a string" => {
                "must be a text: put quotes around it, around digits alone too".to_owned()
            }
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) | Kind::InvalidLength(_, expected) => {
                format!("must be {expected}")
            }
            Kind::UnknownVariant(_, known) => format!("must be of {}", known.join(", ")),
            // The path ends with the field here, and without it below.
            Kind::UnknownField(_, known) => {
                format!("is no setting; there are {}", known.join(", "))
            }
            Kind::MissingField(field) => {
                path.push(field.into_owned());
                "must be set".to_owned()
            }
            // All others may quote the value.
            _ => "has no valid value".to_owned(),
        };
        Self { key: path.join("."), expected, origin: error.metadata.map(|it| it.name.into_owned()) }
    }
}
