//! Every event ends in exactly one outcome, at the edge and again at the exporter; their counts add up to the input.

use serde::{Deserialize, Serialize};

/// What became of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Passed on: at the edge forwarded or queued, at the exporter committed.
    Accepted,
    /// Its id is already stored; nothing was changed.
    Duplicate,
    /// Well formed, and left out on purpose.
    Filtered(Reason),
    /// Cannot be stored.
    Invalid(Reason),
}

impl Outcome {
    /// The name used in logs, metrics and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Filtered(_) => "filtered",
            Self::Invalid(_) => "invalid",
        }
    }

    /// Why, where the outcome has a reason.
    #[must_use]
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Accepted | Self::Duplicate => None,
            Self::Filtered(reason) | Self::Invalid(reason) => Some(reason),
        }
    }
}

/// Why an event was not accepted. The names are part of the wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not the JSON object that an event is: a missing or mistyped field.
    Malformed,
    /// The id is no UUIDv7.
    BadId,
    /// The time inside the id is older than what is kept.
    Expired,
    /// The time inside the id lies too far ahead.
    FromTheFuture,
    /// The type does not match `[a-z][a-z0-9_]{0,63}`.
    BadType,
    /// `ts` is no time between the years 1970 and 9999.
    BadTime,
    /// `page` names no entry of the batch's `pages`.
    UnknownPage,
    /// `data` is longer than [`crate::limits::DATA_BYTES`].
    DataTooLarge,
    /// `data` nests deeper than [`crate::limits::DATA_DEPTH`].
    DataTooDeep,
    /// `data` is not an object.
    DataNotAnObject,
    /// A NUL character, which Postgres cannot store.
    NulCharacter,
    /// Half of a surrogate pair, which is no character.
    LoneSurrogate,
    /// An object in `data` has the same key twice, however its characters are written: readers would disagree on which counts.
    DuplicateKey,
    /// A number too long to be kept exactly, or beyond what an IEEE 754 double can hold.
    NumberOutOfRange,
    /// The same id came earlier with other content, in this batch or in one before. The first one stays.
    Conflict,
    /// Postgres refused the row although every check passed.
    RefusedByStore,
    /// The visitor has not agreed, and the installation asks for that.
    NoConsent,
    /// A machine's, and the installation leaves those out.
    Bot,
    /// The visitor was erased, and what still comes of them is not stored again.
    Erased,
}

impl Reason {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::BadId => "bad_id",
            Self::Expired => "expired",
            Self::FromTheFuture => "from_the_future",
            Self::BadType => "bad_type",
            Self::BadTime => "bad_time",
            Self::UnknownPage => "unknown_page",
            Self::DataTooLarge => "data_too_large",
            Self::DataTooDeep => "data_too_deep",
            Self::DataNotAnObject => "data_not_an_object",
            Self::NulCharacter => "nul_character",
            Self::LoneSurrogate => "lone_surrogate",
            Self::DuplicateKey => "duplicate_key",
            Self::NumberOutOfRange => "number_out_of_range",
            Self::Conflict => "conflict",
            Self::RefusedByStore => "refused_by_store",
            Self::NoConsent => "no_consent",
            Self::Bot => "bot",
            Self::Erased => "erased",
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
