//! The master keys: a file of one key a line, or a credential of systemd. The first key seals, all of them open, so that there
//! can be two while one replaces the other.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The name of the credential that systemd hands over (`LoadCredential=evothesis-master-key:...`).
pub const CREDENTIAL: &str = "evothesis-master-key";
/// A key of either kind, in bytes.
pub const KEY_BYTES: usize = 32;
/// Where systemd puts credentials (systemd.exec(5)).
const DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
/// A file of many keys and comments.
const LONGEST: u64 = 64 << 10;
/// Of the fingerprint that names a key, in hexadecimal digits.
const ID_DIGITS: usize = 16;

/// A master key. Shows its fingerprint alone.
#[derive(Clone)]
pub struct MasterKey {
    id: String,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

/// At least one.
#[derive(Clone, Debug)]
pub struct MasterKeys {
    first: MasterKey,
    others: Vec<MasterKey>,
}

/// Why there are no master keys. Quotes nothing of the file.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// No file is named.
    #[error(
        "there is no master key: make one with `exporter credentials generate-key FILE` and set credentials.master_key_file, or \
         hand systemd's credential {CREDENTIAL} to the service"
    )]
    NotSet,
    /// A file that cannot be read.
    #[error("cannot read the master key file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that others may read.
    #[error("the master key file {} may be read by others (mode {mode:04o}): run `chmod 600 {}`", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A line that is no key.
    #[error("the master key file {} has no key in line {line}: a key is 64 hexadecimal digits, a comment begins with #", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// Nothing but comments.
    #[error("the master key file {} is empty: `exporter credentials generate-key FILE` makes one", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file that cannot be written.
    #[error("cannot write the master key file {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl MasterKey {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"evothesis master key id 1:");
        digest.update(bytes);
        let id = wire::signature::hex(&digest.finalize()).chars().take(ID_DIGITS).collect();
        Self { id, bytes: Zeroizing::new(bytes) }
    }

    /// Its fingerprint, which says nothing of the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MasterKey({})", self.id)
    }
}

/// Where the master keys are: the file of the settings, otherwise systemd's credential.
///
/// # Errors
/// When there is neither.
pub fn place(setting: Option<&Path>) -> Result<PathBuf, MasterKeyError> {
    if let Some(path) = setting {
        return Ok(path.to_owned());
    }
    let directory = std::env::var_os(DIRECTORY).ok_or(MasterKeyError::NotSet)?;
    let path = Path::new(&directory).join(CREDENTIAL);
    if path.exists() { Ok(path) } else { Err(MasterKeyError::NotSet) }
}

impl MasterKeys {
    /// The keys of the settings' file, or of systemd's credential.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn load(setting: Option<&Path>) -> Result<Self, MasterKeyError> {
        let path = place(setting)?;
        let unreadable = |source| MasterKeyError::Unreadable { path: path.clone(), source };
        let file = File::open(&path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
        // systemd gives the service's user access by an ACL, which shows as access of the group.
        let others = if setting.is_some() { 0o077 } else { 0o007 };
        if mode & others != 0 {
            return Err(MasterKeyError::Open { path, mode });
        }
        // Room for all of it at once, so that nothing is copied about.
        let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LONGEST).unwrap_or_default()));
        file.take(LONGEST).read_to_string(&mut text).map_err(unreadable)?;
        Self::parse(&path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, MasterKeyError> {
        let mut keys = Vec::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bytes = wire::signature::unhex(line).map(Zeroizing::new);
            // All zeroes are in samples, and known to everybody.
            let key = bytes.and_then(|it| <[u8; KEY_BYTES]>::try_from(it.as_slice()).ok()).filter(|it| *it != [0; 32]);
            let key = key.ok_or_else(|| MasterKeyError::NoKey { path: path.to_owned(), line: index + 1 })?;
            keys.push(MasterKey::new(key));
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or_else(|| MasterKeyError::Empty { path: path.to_owned() })?;
        Ok(Self { first, others: keys.collect() })
    }

    /// The key that seals.
    #[must_use]
    pub fn first(&self) -> &MasterKey {
        &self.first
    }

    /// The fingerprints of the keys that only open.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(MasterKey::id)
    }

    /// The key of a fingerprint.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&MasterKey> {
        std::iter::once(&self.first).chain(&self.others).find(|key| key.id == id)
    }
}

/// Writes a new file with `key`, or puts `key` before those of a file that is there. Nobody else may read it.
///
/// # Errors
/// When the file is there and should not be, or cannot be read or written.
pub fn add(path: &Path, key: &MasterKey, to_others: bool) -> Result<(), MasterKeyError> {
    let unwritable = |source| MasterKeyError::Unwritable { path: path.to_owned(), source };
    let line = Zeroizing::new(format!("{}\n", wire::signature::hex(key.bytes())));
    let create = |path: &Path, parts: &[&str]| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        parts.iter().try_for_each(|part| file.write_all(part.as_bytes()))?;
        file.sync_all()
    };
    if !to_others {
        return create(path, &[&line]).map_err(unwritable);
    }
    // Read by the same rules as always, so that a file that is not one is left alone.
    MasterKeys::load(Some(path))?;
    let unreadable = |source| MasterKeyError::Unreadable { path: path.to_owned(), source };
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
    let mut beside = path.to_owned().into_os_string();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    create(&beside, &[&line, &text]).map_err(unwritable)?;
    std::fs::rename(&beside, path).map_err(unwritable)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn parse(text: &str) -> Result<MasterKeys, MasterKeyError> {
        MasterKeys::parse(Path::new("FILE"), text)
    }

    #[test]
    fn the_first_key_seals_and_all_are_found() {
        let (a, b) = ("ab".repeat(32), "01".repeat(32));
        let keys = parse(&format!("# new\n{a}\n\n  {b}  \n")).expect("two keys");
        assert_eq!(keys.first().id(), MasterKey::new([0xab; 32]).id());
        assert_eq!(keys.others().collect::<Vec<_>>(), [MasterKey::new([1; 32]).id()]);
        assert!(keys.find(MasterKey::new([1; 32]).id()).is_some() && keys.find("").is_none());
        let shown = format!("{keys:?}");
        assert!(!shown.contains("abab") && !shown.contains("171"), "{shown}");
    }

    #[test]
    fn a_line_that_is_no_key_is_named_and_not_quoted() {
        for (text, line) in [("hunter2", 1), ("\n#\nabcd", 3), (&"00".repeat(32), 1), (&"é".repeat(32), 1)] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(&format!("line {line}:")) && !error.contains("hunter2"), "{error}");
        }
        assert!(matches!(parse("# nothing\n"), Err(MasterKeyError::Empty { .. })));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_and_a_new_one_is_ones_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        add(&path, &MasterKey::new([1; 32]), false).expect("made");
        assert!(matches!(add(&path, &MasterKey::new([2; 32]), false), Err(MasterKeyError::Unwritable { .. })));
        add(&path, &MasterKey::new([2; 32]), true).expect("added");
        let keys = MasterKeys::load(Some(&path)).expect("two");
        assert_eq!(keys.first().id(), MasterKey::new([2; 32]).id());
        assert_eq!(keys.others().count(), 1);
        assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        for mode in [0o640, 0o604, 0o660] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            let error = MasterKeys::load(Some(&path)).expect_err("open").to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }
}
