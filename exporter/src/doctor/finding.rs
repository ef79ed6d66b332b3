//! The result of one check, for people and as JSON.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::json;

/// The result of one check.
#[derive(Debug)]
pub struct Finding {
    /// What was looked at: the database, or a destination.
    pub subject: String,
    /// The name of the check.
    pub check: &'static str,
    /// How it went.
    pub judgement: Judgement,
}

/// How a check went.
#[derive(Debug)]
pub enum Judgement {
    /// As it should be; what was seen.
    Well(String),
    /// It works, and could be better.
    Advice(Trouble),
    /// It does not work, or events are in danger.
    Trouble(Trouble),
}

/// Something that is wrong or could be better.
#[derive(Debug)]
pub struct Trouble {
    /// What.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Trouble {
    /// What is wrong, and what to do.
    pub fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }
}

impl Judgement {
    pub(super) fn well(what: impl Into<String>) -> Self {
        Self::Well(what.into())
    }

    pub(super) fn advice(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Advice(Trouble::new(what, remedy))
    }

    pub(super) fn trouble(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Trouble(Trouble::new(what, remedy))
    }

    pub(super) fn is_trouble(&self) -> bool {
        matches!(self, Self::Trouble(_))
    }
}

impl Finding {
    /// Whether something is wrong.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        self.judgement.is_trouble()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, check, judgement } = self;
        match judgement {
            Judgement::Well(what) => write!(formatter, "ok      {subject}: {check}: {what}"),
            Judgement::Advice(Trouble { what, remedy }) => {
                write!(formatter, "advice  {subject}: {check}: {what}\n        better: {remedy}")
            }
            Judgement::Trouble(Trouble { what, remedy }) => {
                write!(formatter, "FAIL    {subject}: {check}: {what}\n        what to do: {remedy}")
            }
        }
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (state, finding, remedy) = match &self.judgement {
            Judgement::Well(what) => ("ok", what, None),
            Judgement::Advice(it) => ("advice", &it.what, Some(&it.remedy)),
            Judgement::Trouble(it) => ("fail", &it.what, Some(&it.remedy)),
        };
        let (subject, check) = (&self.subject, self.check);
        json!({ "subject": subject, "check": check, "state": state, "finding": finding, "remedy": remedy })
            .serialize(serializer)
    }
}
