//! How the edge proves to the exporter that a body is its own: HMAC-SHA-256 (RFC 2104) over the raw bytes as sent.
//!
//! The signed text is `v1`, method, path, time, nonce, key id and the body's SHA-256, a line each. None of them can hold a
//! line feed, so no two requests share a text.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Unix seconds at which the request was signed.
pub const TIMESTAMP_HEADER: &str = "x-evothesis-timestamp";
/// The batch id. Ingest is idempotent, so a repeated nonce is a redelivery and no error.
pub const NONCE_HEADER: &str = "x-evothesis-nonce";
/// Which key signed: two are valid while one replaces the other.
pub const KEY_ID_HEADER: &str = "x-evothesis-key-id";
/// The MAC, lower-case hexadecimal.
pub const SIGNATURE_HEADER: &str = "x-evothesis-signature";
/// How far the time of a signature may lie from the verifier's clock, in seconds.
pub const WINDOW_SECONDS: i64 = 300;

/// What is signed beside the body.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `POST`.
    pub method: &'a str,
    /// `/ingest`.
    pub path: &'a str,
    /// [`TIMESTAMP_HEADER`].
    pub timestamp: i64,
    /// [`NONCE_HEADER`].
    pub nonce: &'a str,
    /// [`KEY_ID_HEADER`].
    pub key_id: &'a str,
}

impl Signed<'_> {
    fn mac(&self, key: &[u8], body: &[u8]) -> Option<Hmac<Sha256>> {
        let Self { method, path, timestamp, nonce, key_id } = self;
        let digest = hex(&Sha256::digest(body));
        let text = format!("v1\n{method}\n{path}\n{timestamp}\n{nonce}\n{key_id}\n{digest}");
        if text.lines().count() != 7 {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    }

    /// The signature of `body`; `None` when a field holds a line feed.
    #[must_use]
    pub fn sign(&self, key: &[u8], body: &[u8]) -> Option<String> {
        Some(hex(&self.mac(key, body)?.finalize().into_bytes()))
    }

    /// Whether `signature` is that of `body` by `key`, in constant time, and `now` (Unix seconds) within the window.
    #[must_use]
    pub fn verify(&self, key: &[u8], body: &[u8], signature: &str, now: i64) -> bool {
        let fresh = now.checked_sub(self.timestamp).is_some_and(|age| age.abs() <= WINDOW_SECONDS);
        let (Some(mac), Some(signature)) = (self.mac(key, body), unhex(signature)) else { return false };
        mac.verify_slice(&signature).is_ok() && fresh
    }
}

/// Bytes as lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).flatten().collect()
}

/// The bytes of hexadecimal text; `None` when it is none.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = &[7; 32];
    const SIGNED: Signed<'_> =
        Signed { method: "POST", path: "/ingest", timestamp: 1_800_000_000, nonce: "batch", key_id: "k1" };

    #[test]
    fn a_signature_holds_for_its_own_request_only() {
        let signature = SIGNED.sign(KEY, b"body").expect("no line feeds");
        assert!(SIGNED.verify(KEY, b"body", &signature, 1_800_000_000));
        assert!(!SIGNED.verify(KEY, b"Body", &signature, 1_800_000_000));
        assert!(!SIGNED.verify(&[8; 32], b"body", &signature, 1_800_000_000));
        assert!(!Signed { path: "/export/run", ..SIGNED }.verify(KEY, b"body", &signature, 1_800_000_000));
        assert!(!Signed { nonce: "other", ..SIGNED }.verify(KEY, b"body", &signature, 1_800_000_000));
        assert!(!SIGNED.verify(KEY, b"body", "no hex", 1_800_000_000));
    }

    #[test]
    fn a_signature_is_good_for_five_minutes_either_way() {
        let signature = SIGNED.sign(KEY, b"body").expect("no line feeds");
        for (now, good) in [(300, true), (301, false), (-300, true), (-301, false)] {
            assert_eq!(SIGNED.verify(KEY, b"body", &signature, 1_800_000_000 + now), good, "{now}");
        }
        assert!(!SIGNED.verify(KEY, b"body", &signature, i64::MIN));
    }

    #[test]
    fn a_line_feed_cannot_move_a_field() {
        assert_eq!(Signed { nonce: "a\nb", ..SIGNED }.sign(KEY, b"body"), None);
    }

    #[test]
    fn hexadecimal_is_read_back() {
        assert_eq!(unhex(&hex(&[0, 15, 255])), Some(vec![0, 15, 255]));
        assert_eq!(unhex("abc"), None);
        assert_eq!(unhex("é0"), None);
    }
}
