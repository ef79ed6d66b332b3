//! The state of a visitor, carried by the pixel and signed by the edge, so that nothing has to be looked up.
//!
//! Layout before base64url: version, key id (4), visitor (16), session (16), session number (4), session start (8), last
//! activity (8), HMAC-SHA-256 (32). The MAC covers the site too: a token is worth nothing on another site.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::config::Key;

const VERSION: u8 = 1;
const PAYLOAD: usize = 57;

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who.
    pub visitor_id: Uuid,
    /// The session of the latest event.
    pub session_id: Uuid,
    /// 1 for the visitor's first session.
    pub session_number: u32,
    /// `ts` of the session's first event.
    pub session_start: i64,
    /// The latest time inside an event id of the session, Unix milliseconds.
    pub last_activity: i64,
}

impl Claims {
    /// The token that says this on `site`.
    #[must_use]
    pub fn sign(&self, key: &Key, site: &str) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(key_id(key));
        bytes.extend(self.visitor_id.as_bytes());
        bytes.extend(self.session_id.as_bytes());
        bytes.extend(self.session_number.to_be_bytes());
        bytes.extend(self.session_start.to_be_bytes());
        bytes.extend(self.last_activity.to_be_bytes());
        bytes.extend(mac(key, &[b"token", site.as_bytes(), &bytes]).finalize().into_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What `token` says, if this key signed it for `site`.
    #[must_use]
    pub fn verify(token: &str, key: &Key, site: &str) -> Option<Self> {
        if token.len() > wire::limits::TOKEN_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (payload, signature) = bytes.split_at_checked(PAYLOAD)?;
        mac(key, &[b"token", site.as_bytes(), payload]).verify_slice(signature).ok()?;
        let (version, rest) = payload.split_first()?;
        let (signer, rest) = rest.split_first_chunk::<4>()?;
        let (visitor, rest) = rest.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let (start, rest) = rest.split_first_chunk::<8>()?;
        let last = rest.first_chunk::<8>()?;
        (*version == VERSION && *signer == key_id(key)).then(|| Self {
            visitor_id: Uuid::from_bytes(*visitor),
            session_id: Uuid::from_bytes(*session),
            session_number: u32::from_be_bytes(*number),
            session_start: i64::from_be_bytes(*start),
            last_activity: i64::from_be_bytes(*last),
        })
    }
}

/// An id that follows from `parts` and that nobody without the key can foresee.
#[must_use]
pub fn derived_id(key: &Key, parts: &[&[u8]]) -> Uuid {
    let digest = mac(key, parts).finalize().into_bytes();
    let id = digest.first_chunk::<16>().copied().unwrap_or_default();
    Uuid::from_bytes(wire::ids::v8(id))
}

fn key_id(key: &Key) -> [u8; 4] {
    let digest = mac(key, &[b"key id"]).finalize().into_bytes();
    digest.first_chunk::<4>().copied().unwrap_or_default()
}

/// Each part goes in with its length, so that no two lists of parts make the same text.
fn mac(key: &Key, parts: &[&[u8]]) -> Hmac<Sha256> {
    // The block is 64 bytes; a shorter key is filled up with zeros (RFC 2104, 2).
    let mut block = [0_u8; 64];
    block.iter_mut().zip(key.bytes()).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMS: Claims = Claims {
        visitor_id: Uuid::from_u128(1),
        session_id: Uuid::from_u128(2),
        session_number: 3,
        session_start: 1_800_000_000_000,
        last_activity: 1_800_000_001_000,
    };

    fn key(byte: u8) -> Key {
        Key::from([byte; 32])
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let token = CLAIMS.sign(&key(7), "example.com");
        assert!(token.len() <= wire::limits::TOKEN_BYTES);
        assert_eq!(Claims::verify(&token, &key(7), "example.com"), Some(CLAIMS));
    }

    #[test]
    fn a_token_of_another_site_or_key_says_nothing() {
        let token = CLAIMS.sign(&key(7), "example.com");
        assert_eq!(Claims::verify(&token, &key(7), "example.org"), None);
        assert_eq!(Claims::verify(&token, &key(8), "example.com"), None);
    }

    #[test]
    fn no_changed_byte_and_no_missing_one_passes() {
        let token = CLAIMS.sign(&key(7), "example.com");
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64url");
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            assert_eq!(Claims::verify(&URL_SAFE_NO_PAD.encode(&forged), &key(7), "example.com"), None, "byte {at}");
            assert_eq!(
                Claims::verify(&URL_SAFE_NO_PAD.encode(&bytes[..at]), &key(7), "example.com"),
                None,
                "cut at {at}"
            );
        }
        for odd in ["", "é", "a.b.c", &"A".repeat(600), &format!("{token}A")] {
            assert_eq!(Claims::verify(odd, &key(7), "example.com"), None, "{odd}");
        }
    }

    #[test]
    fn derived_ids_differ_by_part_and_key() {
        let id = derived_id(&key(7), &[b"ab", b"c"]);
        assert_eq!(id, derived_id(&key(7), &[b"ab", b"c"]));
        assert_ne!(id, derived_id(&key(7), &[b"a", b"bc"]));
        assert_ne!(id, derived_id(&key(8), &[b"ab", b"c"]));
        assert_eq!(id.get_version_num(), 8);
    }
}
