//! Whether a request comes from the edge. Every failure is the same to the caller.

use std::collections::BTreeMap;
use std::fmt;

use axum::http::{HeaderMap, HeaderName};
use chrono::{DateTime, Utc};
use wire::signature::{self, Signed};

use crate::secret::Secret;

/// The request was not signed by a key that is known, or not lately.
#[derive(Debug, thiserror::Error)]
#[error("the request is not signed by the edge")]
pub struct Unauthorized;

/// The signing keys by id.
#[derive(Clone)]
pub struct Keys(BTreeMap<String, Vec<u8>>);

/// Shows the ids alone.
impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Keys {
    /// The keys of a validated configuration.
    #[must_use]
    pub fn new(keys: &BTreeMap<String, Secret>) -> Self {
        Self(keys.iter().filter_map(|(id, key)| Some((id.clone(), signature::unhex(key.expose())?))).collect())
    }
}

/// What the headers of a request claim: a known key, lately, over a body that is still to be read.
pub struct Claim<'a> {
    signed: Signed<'a>,
    signature: &'a str,
    key: &'a [u8],
    now: i64,
}

/// Looks at the headers of a `POST /ingest` alone: whoever has none of ours is not worth reading a body of.
pub fn claim<'a>(keys: &'a Keys, headers: &'a HeaderMap, now: DateTime<Utc>) -> Result<Claim<'a>, Unauthorized> {
    let header = |name: &'static str| {
        headers.get(HeaderName::from_static(name)).and_then(|it| it.to_str().ok()).ok_or(Unauthorized)
    };
    let signed = Signed {
        method: "POST",
        path: "/ingest",
        timestamp: header(signature::TIMESTAMP_HEADER)?.parse().map_err(|_| Unauthorized)?,
        nonce: header(signature::NONCE_HEADER)?,
        key_id: header(signature::KEY_ID_HEADER)?,
    };
    let now = now.timestamp();
    if now.abs_diff(signed.timestamp) > signature::WINDOW_SECONDS.unsigned_abs() {
        return Err(Unauthorized);
    }
    // That time tells which ids exist does no harm: an id is a name, the key is the secret.
    let key = keys.0.get(signed.key_id).ok_or(Unauthorized)?;
    Ok(Claim { signed, signature: header(signature::SIGNATURE_HEADER)?, key, now })
}

/// Shows the key's id alone.
impl fmt::Debug for Claim<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Claim").field(&self.signed.key_id).finish()
    }
}

impl Claim<'_> {
    /// Checks the signature over `body`.
    pub fn verify(&self, body: &[u8]) -> Result<(), Unauthorized> {
        if self.signed.verify(self.key, body, self.signature, self.now) { Ok(()) } else { Err(Unauthorized) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0101010101010101010101010101010101010101010101010101010101010101";
    const NOW: i64 = 1_800_000_000;

    fn keys() -> Keys {
        Keys::new(&BTreeMap::from([("k1".to_owned(), Secret::from(KEY))]))
    }

    fn headers(key_id: &str, key: &[u8], body: &[u8]) -> HeaderMap {
        let signed = Signed { method: "POST", path: "/ingest", timestamp: NOW, nonce: "n", key_id };
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (signature::TIMESTAMP_HEADER, NOW.to_string()),
            (signature::NONCE_HEADER, "n".to_owned()),
            (signature::KEY_ID_HEADER, key_id.to_owned()),
            (signature::SIGNATURE_HEADER, signed.sign(key, body).expect("one line each")),
        ] {
            headers.insert(HeaderName::from_static(name), value.parse().expect("ascii"));
        }
        headers
    }

    fn authenticate(keys: &Keys, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Result<(), Unauthorized> {
        claim(keys, headers, now)?.verify(body)
    }

    #[test]
    fn only_a_known_key_over_this_body_and_lately_is_the_edge() {
        let at = |seconds: i64| DateTime::from_timestamp(NOW + seconds, 0).expect("in range");
        let good = headers("k1", &[1; 32], b"body");
        assert!(authenticate(&keys(), &good, b"body", at(0)).is_ok());
        assert!(authenticate(&keys(), &good, b"Body", at(0)).is_err());
        assert!(authenticate(&keys(), &good, b"body", at(301)).is_err());
        assert!(authenticate(&keys(), &headers("k1", &[2; 32], b"body"), b"body", at(0)).is_err());
        assert!(authenticate(&keys(), &headers("k2", &[1; 32], b"body"), b"body", at(0)).is_err());
        // Before any body is read, all but the signature's own value counts.
        assert!(claim(&keys(), &good, at(301)).is_err());
        assert!(claim(&keys(), &headers("k2", &[1; 32], b"body"), at(0)).is_err());
        for name in good.keys() {
            let mut without = good.clone();
            without.remove(name);
            assert!(claim(&keys(), &without, at(0)).is_err(), "{name}");
        }
    }
}
