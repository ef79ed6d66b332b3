//! The rules for personal data, and the only maker of [`Redacted`].
//!
//! [`page`] and [`event`] take what a visitor's browser sent and give back the same with every piece of personal data
//! replaced by a placeholder such as `[email]`, and counts of what was replaced. What no rule points at comes out byte
//! for byte. Redacting twice changes nothing. Values in, values out: no clock, no randomness, no platform.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod ip;
mod json;
mod kind;
mod patterns;
mod percent;
mod redacted;
mod report;
pub mod rules;
mod shape;
mod span;
mod text;
mod url;
mod words;

pub use kind::Kind;
pub use redacted::{Redacted, event, page, text};
pub use report::Report;
