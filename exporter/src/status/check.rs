//! What is judged, and what to do about it.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

/// How urgent it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing to do.
    #[default]
    Ok,
    /// Something to do in the next days.
    Warning,
    /// Something to do now.
    Critical,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
        })
    }
}

/// A judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    /// What was looked at: a word that stays.
    pub name: &'static str,
    /// The judgement.
    pub state: State,
    /// What was found.
    pub finding: String,
    /// What to do; empty when nothing is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Check {
    /// All is well with what was found.
    #[must_use]
    pub fn ok(name: &'static str, finding: impl Into<String>) -> Self {
        Self { name, state: State::Ok, finding: finding.into(), remedy: String::new() }
    }

    /// Something is to be done.
    #[must_use]
    pub fn trouble(name: &'static str, state: State, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, state, finding: finding.into(), remedy: remedy.into() }
    }
}
