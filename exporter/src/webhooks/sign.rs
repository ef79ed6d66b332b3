//! Signatures of Standard Webhooks: HMAC-SHA-256 over id, time and body.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::secret::Secret;

const PREFIX: &str = "whsec_";

/// What messages are signed with; two while one replaces the other.
#[derive(Clone)]
pub struct Keys(Vec<Vec<u8>>);

/// Shows how many alone.
impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Keys").field(&self.0.len()).finish()
    }
}

impl Keys {
    /// The keys of a validated configuration.
    #[must_use]
    pub fn new(keys: &BTreeMap<String, Secret>) -> Self {
        Self(keys.values().filter_map(key).collect())
    }

    /// The header `webhook-signature`: a signature by each key.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let content = format!("{id}.{timestamp}.{body}");
        let signatures = self.0.iter().filter_map(|key| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            mac.update(content.as_bytes());
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

/// The bytes of a key, if it is one: `whsec_` and 24 to 64 bytes in base64, not all of them zero.
#[must_use]
pub fn key(text: &Secret) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text.expose().strip_prefix(PREFIX)?).ok()?;
    ((24..=64).contains(&bytes.len()) && bytes.iter().any(|byte| *byte != 0)).then_some(bytes)
}

/// The header `webhook-id` of a message.
#[must_use]
pub fn message_id(id: Uuid) -> String {
    format!("msg_{}", id.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn the_signature_is_the_specifications() {
        let key = Secret::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let keys = Keys::new(&BTreeMap::from([("k1".to_owned(), key)]));
        let signature = keys.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn both_keys_sign() {
        let of = |byte: u8| Secret::from(format!("{PREFIX}{}", STANDARD.encode([byte; 32])).as_str());
        let one = |byte| Keys::new(&BTreeMap::from([("k".to_owned(), of(byte))])).sign("m", 1, "{}");
        let both = Keys::new(&BTreeMap::from([("k1".to_owned(), of(1)), ("k2".to_owned(), of(2))])).sign("m", 1, "{}");
        assert_eq!(both, format!("{} {}", one(1), one(2)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in
            ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"]
        {
            assert!(key(&Secret::from(text)).is_none(), "{text}");
        }
        assert!(key(&Secret::from(format!("whsec_{}", "A".repeat(43) + "=").as_str())).is_none(), "zeros");
    }
}
