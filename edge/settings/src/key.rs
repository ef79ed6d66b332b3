//! Secrets, and the two that are good for one purpose while one replaces the other.

/// A secret of 32 bytes. It has no `Debug`, so that no log line can hold it.
pub struct Key([u8; 32]);

impl Key {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let bytes = wire::signature::unhex(text)?;
        <[u8; 32]>::try_from(bytes).ok().map(Self)
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; 32]> for Key {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// The key that signs, and the one before it, which is still believed.
pub struct Keys {
    /// Signs and is believed.
    pub current: Key,
    /// Is believed only; gone once the rotation is over.
    pub previous: Option<Key>,
}

impl From<Key> for Keys {
    fn from(current: Key) -> Self {
        Self { current, previous: None }
    }
}
