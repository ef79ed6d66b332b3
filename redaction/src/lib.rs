//! The rules for personal data, and the only maker of [`Redacted`].
//!
//! [`page`] and [`event`] take what a visitor's browser sent and give back the same with every piece of personal data
//! replaced by a placeholder such as `[email]`, and counts of what was replaced. What no rule points at comes out byte
//! for byte. Redacting twice changes nothing. Values in, values out: no clock, no randomness, no platform. A [`Policy`]
//! says what a client wants different; [`explain`] says what went, where and why.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod click_ids;
pub mod explain;
pub mod ip;
mod json;
mod keys;
mod kind;
mod patterns;
mod percent;
mod policy;
mod redacted;
mod report;
pub mod rules;
mod shape;
mod span;
mod text;
mod url;

pub use click_ids::CLICK_IDS;
pub use kind::Kind;
pub use policy::{ClientRule, Policy, PolicyError, Reason, Settings};
pub use redacted::{NotJson, Redacted, event, json, key_value, page, text, url};
pub use report::Report;
