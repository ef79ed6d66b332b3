//! The shapes of clients' own rules.

use std::ops::Range;

use super::{at_boundary, ends_at};
use crate::policy::Reason;

/// A shape, character by character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnShape(Vec<Part>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Digit,
    Letter,
    Either,
    Itself(char),
}

impl Part {
    fn fits(self, c: char) -> bool {
        match self {
            Self::Digit => c.is_ascii_digit(),
            Self::Letter => c.is_ascii_alphabetic(),
            Self::Either => c.is_ascii_alphanumeric(),
            Self::Itself(own) => own == c,
        }
    }
}

impl OwnShape {
    pub(crate) fn read(text: &str) -> Result<Self, Reason> {
        let mut parts = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            parts.push(match c {
                '#' => Part::Digit,
                '?' => Part::Letter,
                '*' => Part::Either,
                '\\' => Part::Itself(chars.next().ok_or(Reason::BadShape)?),
                c => Part::Itself(c),
            });
        }
        let is_word =
            |part: Option<&Part>| part.is_some_and(|part| !matches!(part, Part::Itself(c) if !c.is_alphanumeric()));
        let is_framed = is_word(parts.first()) && is_word(parts.last());
        if !parts.is_empty() && !is_framed {
            return Err(Reason::BadShape);
        }
        let own = parts.iter().filter(|part| matches!(part, Part::Itself(_))).count();
        let has_digit = parts.contains(&Part::Digit);
        match parts.len() {
            0..4 => Err(Reason::TooVague),
            65.. => Err(Reason::TooLong),
            _ if own < 2 && !has_digit => Err(Reason::TooVague),
            _ => Ok(Self(parts)),
        }
    }
}

/// What `shape` finds at `at`.
pub(crate) fn find(shape: &OwnShape, text: &str, at: usize) -> Option<Range<usize>> {
    let mut chars = text.get(at..)?.char_indices();
    let mut end = 0;
    for part in &shape.0 {
        let (place, c) = chars.next().filter(|(_, c)| part.fits(*c))?;
        end = place + c.len_utf8();
    }
    (at_boundary(text, at) && ends_at(text, at + end)).then_some(at..at + end)
}
