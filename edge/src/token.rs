//! The state of a visitor, carried by the pixel and signed by the edge, so that nothing has to be looked up.
//!
//! Layout before base64url: version, key id (4), site (4), visitor (16), session (16), session number (4), session start (8),
//! last activity (8), first activity (8), HMAC-SHA-256 (32). Key id and site are truncated MACs; they tell why a token is
//! worth nothing, the MAC over all of it tells that it is worth something.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge_settings::{Key, Keys};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

const VERSION: u8 = 2;
const PAYLOAD: usize = 69;
const MAC: usize = 32;

/// A visitor is known for this long, then a new one: thirteen months.
pub const LIFETIME_MS: i64 = 395 * 24 * 60 * 60 * 1000;

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
    /// The time inside the visitor's first event id, Unix milliseconds.
    pub first_activity: i64,
}

/// Why a token says nothing. Its visitor is a fresh one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Cut, too long, no base64url, or of a version that this edge does not know.
    Malformed,
    /// Neither of the two keys signed it.
    OtherKey,
    /// It names a key that is ours, which did not sign it.
    Forged,
    /// It was given out on another site.
    OtherSite,
    /// The visitor was first seen too long ago.
    Expired,
}

impl Fault {
    /// The name in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::OtherKey => "other_key",
            Self::Forged => "forged",
            Self::OtherSite => "other_site",
            Self::Expired => "expired",
        }
    }
}

impl Claims {
    /// The token that says this on `site`.
    #[must_use]
    pub fn sign(&self, key: &Key, site: &str) -> String {
        let mut bytes = Vec::with_capacity(PAYLOAD + MAC);
        bytes.push(VERSION);
        bytes.extend(key_id(key));
        bytes.extend(site_id(key, site));
        bytes.extend(self.visitor_id.as_bytes());
        bytes.extend(self.session_id.as_bytes());
        bytes.extend(self.session_number.to_be_bytes());
        bytes.extend(self.session_start.to_be_bytes());
        bytes.extend(self.last_activity.to_be_bytes());
        bytes.extend(self.first_activity.to_be_bytes());
        let signature = mac(key, &[b"token", &bytes]).finalize().into_bytes();
        bytes.extend(signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What `token` says on `site` about somebody who is there at `at`, Unix milliseconds, and the key that signed it.
    ///
    /// # Errors
    /// Why it says nothing.
    pub fn verify<'k>(token: &str, keys: &'k Keys, site: &str, at: i64) -> Result<(Self, &'k Key), Fault> {
        let (bytes, key) = signed(token, keys)?;
        let claims = Self::parse(&bytes, key, site)?;
        // compared without a difference, so that no time can overflow
        if claims.first_activity.saturating_add(LIFETIME_MS) < at { Err(Fault::Expired) } else { Ok((claims, key)) }
    }

    /// Reads what is behind version and key id of a payload that was found to be signed.
    fn parse(payload: &[u8; PAYLOAD], key: &Key, site: &str) -> Result<Self, Fault> {
        let fields = || {
            let (_, rest) = payload.split_first_chunk::<5>()?;
            let (origin, rest) = rest.split_first_chunk::<4>()?;
            let (visitor, rest) = rest.split_first_chunk::<16>()?;
            let (session, rest) = rest.split_first_chunk::<16>()?;
            let (number, rest) = rest.split_first_chunk::<4>()?;
            let (start, rest) = rest.split_first_chunk::<8>()?;
            let (last, rest) = rest.split_first_chunk::<8>()?;
            let first = rest.first_chunk::<8>()?;
            let claims = Self {
                visitor_id: Uuid::from_bytes(*visitor),
                session_id: Uuid::from_bytes(*session),
                session_number: u32::from_be_bytes(*number),
                session_start: i64::from_be_bytes(*start),
                last_activity: i64::from_be_bytes(*last),
                first_activity: i64::from_be_bytes(*first),
            };
            Some((*origin, claims))
        };
        let (origin, claims) = fields().ok_or(Fault::Malformed)?;
        if origin == site_id(key, site) { Ok(claims) } else { Err(Fault::OtherSite) }
    }
}

/// The payload of `token` and the key that signed it.
fn signed<'k>(token: &str, keys: &'k Keys) -> Result<([u8; PAYLOAD], &'k Key), Fault> {
    let mut bytes = [0; PAYLOAD + MAC];
    let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).map_err(|_| Fault::Malformed)?;
    let (payload, signature) = bytes.split_first_chunk::<PAYLOAD>().ok_or(Fault::Malformed)?;
    let [version, signer @ ..] = payload.first_chunk::<5>().ok_or(Fault::Malformed)?;
    if length != PAYLOAD + MAC || *version != VERSION {
        return Err(Fault::Malformed);
    }
    let mut known = [Some(&keys.current), keys.previous.as_ref()].into_iter().flatten();
    let key = known.find(|key| key_id(key) == *signer).ok_or(Fault::OtherKey)?;
    mac(key, &[b"token", payload]).verify_slice(signature).map_err(|_| Fault::Forged)?;
    Ok((*payload, key))
}

/// An id that follows from `parts` and that nobody without the key can foresee.
#[must_use]
pub fn derived_id(key: &Key, parts: &[&[u8]]) -> Uuid {
    Uuid::from_bytes(wire::ids::v8(truncated(key, parts)))
}

/// The first bytes of a MAC over `parts`: what only the holder of the key can tell from noise.
#[must_use]
pub fn truncated<const N: usize>(key: &Key, parts: &[&[u8]]) -> [u8; N] {
    let digest = mac(key, parts).finalize().into_bytes();
    digest.first_chunk::<N>().copied().unwrap_or([0; N])
}

fn key_id(key: &Key) -> [u8; 4] {
    truncated(key, &[b"key id"])
}

fn site_id(key: &Key, site: &str) -> [u8; 4] {
    truncated(key, &[b"site", site.as_bytes()])
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
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_800_000_000_000;
    const CLAIMS: Claims = Claims {
        visitor_id: Uuid::from_u128(1),
        session_id: Uuid::from_u128(2),
        session_number: 3,
        session_start: NOW,
        last_activity: NOW + 1000,
        first_activity: NOW - 5000,
    };

    fn key(byte: u8) -> Key {
        Key::from([byte; 32])
    }

    fn keys(byte: u8) -> Keys {
        Keys::from(key(byte))
    }

    /// What a token says to whoever has the key 7, in short.
    fn said(token: &str) -> Result<Claims, Fault> {
        Claims::verify(token, &keys(7), "example.com", NOW).map(|(claims, _)| claims)
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let token = CLAIMS.sign(&key(7), "example.com");
        assert!(token.len() <= wire::limits::TOKEN_BYTES);
        assert_eq!(said(&token), Ok(CLAIMS));
    }

    #[test]
    fn a_token_of_another_site_or_key_says_nothing() {
        assert_eq!(said(&CLAIMS.sign(&key(7), "example.org")), Err(Fault::OtherSite));
        assert_eq!(said(&CLAIMS.sign(&key(8), "example.com")), Err(Fault::OtherKey));
    }

    #[test]
    fn while_keys_rotate_tokens_of_both_are_believed() {
        let both = Keys { current: key(8), previous: Some(key(7)) };
        for signer in [7, 8] {
            let token = CLAIMS.sign(&key(signer), "example.com");
            let (claims, believed) = Claims::verify(&token, &both, "example.com", NOW).expect("a token of ours");
            assert_eq!((claims, believed.bytes()), (CLAIMS, key(signer).bytes()));
        }
        let third = CLAIMS.sign(&key(9), "example.com");
        assert_eq!(Claims::verify(&third, &both, "example.com", NOW).err(), Some(Fault::OtherKey));
        let old = CLAIMS.sign(&key(7), "example.com");
        assert_eq!(Claims::verify(&old, &keys(8), "example.com", NOW).err(), Some(Fault::OtherKey));
    }

    #[test]
    fn a_visitor_is_known_for_thirteen_months() {
        let token = CLAIMS.sign(&key(7), "example.com");
        let at = |at| Claims::verify(&token, &keys(7), "example.com", at).map(|(claims, _)| claims);
        assert_eq!(at(CLAIMS.first_activity + LIFETIME_MS), Ok(CLAIMS));
        assert_eq!(at(CLAIMS.first_activity + LIFETIME_MS + 1), Err(Fault::Expired));
        assert_eq!(at(i64::MAX), Err(Fault::Expired));
        let forever = Claims { first_activity: i64::MAX, ..CLAIMS }.sign(&key(7), "example.com");
        assert!(Claims::verify(&forever, &keys(7), "example.com", i64::MAX).is_ok());
    }

    #[test]
    fn no_changed_byte_and_no_missing_one_passes() {
        let token = CLAIMS.sign(&key(7), "example.com");
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64url");
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            let fault = match at {
                0 => Fault::Malformed,
                1..=4 => Fault::OtherKey,
                _ => Fault::Forged,
            };
            assert_eq!(said(&URL_SAFE_NO_PAD.encode(&forged)), Err(fault), "byte {at}");
            assert_eq!(said(&URL_SAFE_NO_PAD.encode(&bytes[..at])), Err(Fault::Malformed), "cut at {at}");
        }
        for odd in ["", "é", "a.b.c", &"A".repeat(600), &format!("{token}A"), &format!("{token}AAAA")] {
            assert_eq!(said(odd), Err(Fault::Malformed), "{odd}");
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

    proptest! {
        #[test]
        fn no_text_is_a_token(text in "[A-Za-z0-9_-]{0,140}|\\PC{0,40}") {
            prop_assert!(said(&text).is_err());
        }
    }
}
