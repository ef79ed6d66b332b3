//! The door for JavaScript.

use redaction::{Policy, Settings};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// Redaction by certain settings.
#[wasm_bindgen]
pub struct Redaction {
    policy: Policy,
}

#[wasm_bindgen]
impl Redaction {
    /// Takes the client's settings as JSON; none are `{}`.
    ///
    /// # Errors
    /// The setting that is wrong, and what is wrong with it.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str) -> Result<Redaction, JsError> {
        let settings: Settings = serde_json::from_str(settings)?;
        Ok(Self { policy: Policy::new(settings)? })
    }

    /// Redacts the line of that number: see [`crate::answer`].
    #[must_use]
    pub fn line(&self, line: &str, explains: bool, number: u32) -> String {
        crate::answer(&self.policy, line, explains, number.into()).0
    }
}

/// Every rule, as JSON: see [`crate::rules_json`].
#[expect(unreachable_pub, reason = "what JavaScript calls has to be public")]
#[wasm_bindgen]
#[must_use]
pub fn rules() -> String {
    crate::rules_json()
}
