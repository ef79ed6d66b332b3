//! An amount of disk as people write it: `500MB`, `100GB`, `2TB`, `100GiB`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Units, the largest of a kind first; those of two first, whose names end with nothing of the others.
const UNITS: [(&str, u64); 6] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
];

/// A number of bytes, at least a megabyte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Size {
    number: u64,
    unit: (&'static str, u64),
}

impl Size {
    /// So many MiB, at least one.
    #[must_use]
    pub fn of_mebibytes(number: u64) -> Self {
        Self { number: number.max(1), unit: UNITS[2] }
    }

    /// So many KiB, at least one: less than is taken from settings, for what is tried out.
    #[must_use]
    pub fn of_kibibytes(number: u64) -> Self {
        Self { number: number.max(1), unit: ("KiB", 1 << 10) }
    }

    /// The same in bytes.
    #[must_use]
    pub fn bytes(self) -> i64 {
        i64::try_from(self.number.saturating_mul(self.unit.1)).unwrap_or(i64::MAX)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = UNITS.iter().find(|(name, _)| text.ends_with(name));
        let read = unit.and_then(|unit| Some((text.strip_suffix(unit.0)?.trim_end().parse().ok()?, *unit)));
        match read {
            Some((number, unit)) if number > 0 && i64::try_from(u128::from(number) * u128::from(unit.1)).is_ok() => {
                Ok(Self { number, unit })
            }
            _ => Err("must be a whole number and MB, GB, TB, MiB, GiB or TiB, such as 100GB".to_owned()),
        }
    }
}

impl TryFrom<String> for Size {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.number, self.unit.0)
    }
}

/// Bytes as people read them, in powers of ten.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "for people to read")]
pub fn readable(bytes: i64) -> String {
    let large = UNITS.iter().filter(|(name, _)| !name.contains('i'));
    let fits = large.into_iter().find(|(_, unit)| bytes.unsigned_abs() >= *unit);
    match fits {
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{:.1} kB", bytes as f64 / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_shown_again() {
        for (text, bytes) in [("1MB", 1_000_000), ("100GB", 100_000_000_000), ("2TiB", 2 << 40), ("7GiB", 7 << 30)] {
            let size: Size = text.parse().expect(text);
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, text));
        }
        assert_eq!("100 GB".parse::<Size>().expect("a space").to_string(), "100GB");
        for text in ["", "GB", "0GB", "1.5GB", "100", "100kB", "-1GB", "99999999999TB", "é"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_readable() {
        for (bytes, text) in [(0, "0.0 kB"), (1_500, "1.5 kB"), (2_340_000_000, "2.3 GB"), (3 << 40, "3.3 TB")] {
            assert_eq!(readable(bytes), text);
        }
    }
}
