//! Objects on their way: files without a name, gone with the process that wrote them, their hash and length known.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use wire::signature::hex;

/// Where temporary files may be large: `TMPDIR` where it is set, else the folder that is on a disk, as /tmp often is not.
#[must_use]
pub fn folder() -> PathBuf {
    let large = PathBuf::from("/var/tmp");
    if std::env::var_os("TMPDIR").is_none() && large.is_dir() { large } else { std::env::temp_dir() }
}

/// A file that is being written.
#[derive(Debug)]
pub struct Spool {
    file: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

/// A file that was written.
#[derive(Debug)]
pub struct Spooled {
    file: File,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

impl Spool {
    /// # Errors
    /// When no temporary file can be made.
    pub fn new() -> io::Result<Self> {
        let file = BufWriter::with_capacity(256 * 1024, tempfile::tempfile_in(folder())?);
        Ok(Self { file, sha256: Sha256::new(), bytes: 0 })
    }

    /// # Errors
    /// When the disk takes no more.
    pub fn finish(self) -> io::Result<Spooled> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Spooled { file, bytes: self.bytes, sha256: hex(&self.sha256.finalize()) })
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sha256.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Spooled {
    /// # Errors
    /// When the file cannot be read.
    pub fn part(&self, from: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut part = vec![0; length];
        // Without a position of its own: several destinations may send one file at once.
        self.file.read_exact_at(&mut part, from)?;
        Ok(part)
    }

    /// The file, at its beginning.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn reader(&self) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}
