//! What crosses a process boundary in Evothesis: the shapes, their limits and their version.
//!
//! Values in, values out: no I/O, no clock, no randomness, no platform. The crate builds for the host and for
//! `wasm32-unknown-unknown`. Without the feature `json` it is what the pixel needs and nothing more.

#[cfg(feature = "json")]
pub mod batch;
#[cfg(feature = "json")]
pub mod check;
#[cfg(feature = "json")]
pub mod event;
pub mod ids;
pub mod limits;
#[cfg(feature = "json")]
pub mod manifest;
#[cfg(feature = "json")]
pub mod outcome;
#[cfg(feature = "json")]
pub mod signature;
pub mod version;

#[cfg(feature = "json")]
pub use batch::{CollectAnswer, CollectError, EventBatch, ForwardBatch, ForwardedEvent, IngestAnswer, Refused};
#[cfg(feature = "json")]
pub use event::{Attribution, Consent, Event, Page};
#[cfg(feature = "json")]
pub use manifest::{Manifest, ManifestObject, Selection};
#[cfg(feature = "json")]
pub use outcome::{Outcome, Reason};
