//! Redaction to try out: what a site owner puts in by the line, and gets back by the line. `exporter redact`, the Node
//! command and the page of the documentation are this crate, the latter two through Wasm.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod line;
mod rules;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use line::{LineError, answer, redact};
pub use rules::rules_json;
