//! Envelope encryption: a random key for each record seals the record, a master key seals that key.
//!
//! Both seals (XChaCha20-Poly1305, draft-irtf-cfrg-xchacha) are bound to what the record is, so that one that is copied to
//! another destination, version or column does not open. Nonces of 24 bytes may be random for any number of records.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::master_keys::{KEY_BYTES, MasterKey};

/// A nonce, in bytes.
pub const NONCE_BYTES: usize = 24;

/// What a record is. Nothing of it is secret; both seals are bound to it.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The destination whose credentials these are.
    pub destination: &'a str,
    /// Which of them.
    pub version: i32,
}

/// A record as it is stored.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The fingerprint of the master key.
    pub master_key_id: String,
    /// The nonce of `wrapped_key`.
    pub wrap_nonce: Vec<u8>,
    /// The data key, sealed with the master key.
    pub wrapped_key: Vec<u8>,
    /// The nonce of `ciphertext`.
    pub nonce: Vec<u8>,
    /// The record, sealed with the data key.
    pub ciphertext: Vec<u8>,
}

/// The random part of a seal, new for each.
#[derive(Debug)]
pub struct Randomness {
    data_key: Zeroizing<[u8; KEY_BYTES]>,
    wrap_nonce: [u8; NONCE_BYTES],
    nonce: [u8; NONCE_BYTES],
}

/// What a seal holds.
#[derive(Clone, Copy)]
enum Purpose {
    DataKey,
    Keys,
}

/// Nothing could be sealed, which does not happen with records of these lengths, or no random bytes are to be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot seal credentials")]
pub struct SealError;

impl Randomness {
    /// From the operating system.
    ///
    /// # Errors
    /// When it has none.
    pub fn of_system() -> Result<Self, SealError> {
        let mut random = Self { data_key: Zeroizing::default(), wrap_nonce: [0; NONCE_BYTES], nonce: [0; NONCE_BYTES] };
        for bytes in [&mut random.data_key[..], &mut random.wrap_nonce[..], &mut random.nonce[..]] {
            getrandom::fill(bytes).map_err(|_| SealError)?;
        }
        Ok(random)
    }
}

/// Seals `plain`.
///
/// # Errors
/// None that can be provoked.
pub fn seal(key: &MasterKey, identity: Identity<'_>, plain: &[u8], random: &Randomness) -> Result<Sealed, SealError> {
    let Randomness { data_key, wrap_nonce, nonce } = random;
    Ok(Sealed {
        master_key_id: key.id().to_owned(),
        wrapped_key: shut(key.bytes(), wrap_nonce, &identity.bound_to(Purpose::DataKey), &data_key[..])?,
        wrap_nonce: wrap_nonce.to_vec(),
        ciphertext: shut(data_key, nonce, &identity.bound_to(Purpose::Keys), plain)?,
        nonce: nonce.to_vec(),
    })
}

/// What was sealed; `None` when anything of it is not what it was.
#[must_use]
pub fn open(key: &MasterKey, identity: Identity<'_>, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
    let data_key = data_key(key, identity, sealed)?;
    unshut(&data_key, &sealed.nonce, &identity.bound_to(Purpose::Keys), &sealed.ciphertext)
}

/// The same record with its data key sealed by another master key; `None` when it does not open.
#[must_use]
pub fn rewrap(
    (old, new): (&MasterKey, &MasterKey),
    identity: Identity<'_>,
    sealed: &Sealed,
    random: &Randomness,
) -> Option<Sealed> {
    let data_key = data_key(old, identity, sealed)?;
    let wrapped_key =
        shut(new.bytes(), &random.wrap_nonce, &identity.bound_to(Purpose::DataKey), &data_key[..]).ok()?;
    let wrap_nonce = random.wrap_nonce.to_vec();
    Some(Sealed { master_key_id: new.id().to_owned(), wrap_nonce, wrapped_key, ..sealed.clone() })
}

fn data_key(key: &MasterKey, identity: Identity<'_>, sealed: &Sealed) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let bytes = unshut(key.bytes(), &sealed.wrap_nonce, &identity.bound_to(Purpose::DataKey), &sealed.wrapped_key)?;
    let mut data_key = Zeroizing::new([0; KEY_BYTES]);
    (bytes.len() == KEY_BYTES).then(|| data_key.copy_from_slice(&bytes))?;
    Some(data_key)
}

impl Identity<'_> {
    /// The associated data. A destination has no colons, so that no two of these are the same.
    fn bound_to(self, purpose: Purpose) -> Vec<u8> {
        let purpose = match purpose {
            Purpose::DataKey => "data key",
            Purpose::Keys => "access key",
        };
        format!("evothesis credentials 1:{purpose}:{}:{}", self.version, self.destination).into_bytes()
    }
}

fn shut(key: &[u8; KEY_BYTES], nonce: &[u8; NONCE_BYTES], bound_to: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let payload = Payload { msg: plain, aad: bound_to };
    XChaCha20Poly1305::new(key.into()).encrypt(nonce.into(), payload).map_err(|_| SealError)
}

fn unshut(key: &[u8; KEY_BYTES], nonce: &[u8], bound_to: &[u8], shut: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let nonce: &XNonce = nonce.try_into().ok()?;
    let payload = Payload { msg: shut, aad: bound_to };
    XChaCha20Poly1305::new(key.into()).decrypt(nonce, payload).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Identity<'_> = Identity { destination: "client", version: 3 };

    fn key(byte: u8) -> MasterKey {
        MasterKey::new([byte; KEY_BYTES])
    }

    fn random(byte: u8) -> Randomness {
        let data_key = Zeroizing::new([byte; KEY_BYTES]);
        Randomness { data_key, wrap_nonce: [byte + 1; NONCE_BYTES], nonce: [byte + 2; NONCE_BYTES] }
    }

    fn sealed() -> Sealed {
        seal(&key(1), CLIENT, b"hunter2", &random(10)).expect("sealed")
    }

    #[test]
    fn what_was_sealed_opens() {
        assert_eq!(open(&key(1), CLIENT, &sealed()).as_deref().map(Vec::as_slice), Some(&b"hunter2"[..]));
    }

    #[test]
    fn two_seals_of_the_same_have_nothing_in_common() {
        let of = || Randomness::of_system().expect("random");
        let (a, b) = (of(), of());
        let (a, b) = (seal(&key(1), CLIENT, b"same", &a).expect("a"), seal(&key(1), CLIENT, b"same", &b).expect("b"));
        assert!(a.wrapped_key != b.wrapped_key && a.ciphertext != b.ciphertext && a.nonce != b.nonce);
        assert!(a.wrap_nonce != a.nonce && a.wrap_nonce != b.wrap_nonce);
    }

    #[test]
    fn a_seal_opens_for_no_other_record_and_no_other_key() {
        let sealed = sealed();
        for identity in [
            Identity { destination: "backup", ..CLIENT },
            Identity { destination: "clien", ..CLIENT },
            Identity { version: 4, ..CLIENT },
            Identity { destination: "3:client", version: 3 },
        ] {
            assert!(open(&key(1), identity, &sealed).is_none(), "{identity:?}");
        }
        assert!(open(&key(2), CLIENT, &sealed).is_none());
    }

    #[test]
    fn the_two_seals_of_a_record_cannot_stand_for_each_other() {
        // One key for both: only what they are bound to keeps them apart.
        let random = Randomness { data_key: Zeroizing::new([1; KEY_BYTES]), ..random(10) };
        let it = seal(&key(1), CLIENT, &[7; KEY_BYTES], &random).expect("sealed");
        let swapped = Sealed {
            wrapped_key: it.ciphertext.clone(),
            wrap_nonce: it.nonce.clone(),
            ciphertext: it.wrapped_key.clone(),
            nonce: it.wrap_nonce.clone(),
            ..it
        };
        assert!(open(&key(1), CLIENT, &swapped).is_none());
        assert!(data_key(&key(1), CLIENT, &swapped).is_none());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        type Part = fn(&mut Sealed) -> &mut Vec<u8>;
        let parts: [Part; 4] =
            [|it| &mut it.wrap_nonce, |it| &mut it.wrapped_key, |it| &mut it.nonce, |it| &mut it.ciphertext];
        for part in parts {
            for at in 0..part(&mut sealed()).len() {
                let mut changed = sealed();
                part(&mut changed)[at] ^= 1;
                assert!(open(&key(1), CLIENT, &changed).is_none());
            }
            for length in [0, 1, 15, 16] {
                let mut cut = sealed();
                part(&mut cut).truncate(length);
                assert!(open(&key(1), CLIENT, &cut).is_none());
            }
        }
    }

    #[test]
    fn rewrapped_it_opens_with_the_new_key_alone() {
        let again = rewrap((&key(1), &key(2)), CLIENT, &sealed(), &random(20)).expect("rewrapped");
        assert_eq!(again.ciphertext, sealed().ciphertext);
        assert_eq!(again.master_key_id, key(2).id());
        assert!(open(&key(2), CLIENT, &again).is_some() && open(&key(1), CLIENT, &again).is_none());
        assert!(rewrap((&key(3), &key(2)), CLIENT, &sealed(), &random(20)).is_none());
    }
}
