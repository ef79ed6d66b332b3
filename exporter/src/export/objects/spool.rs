//! Objects on their way: in files without a name, gone with the process that wrote them, their hash and length known.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wire::signature::hex;

/// Where temporary files may be large: `TMPDIR` where it is set, else the folder that is on a disk, as /tmp often is not.
#[must_use]
pub fn folder() -> PathBuf {
    let large = PathBuf::from("/var/tmp");
    if std::env::var_os("TMPDIR").is_none() && large.is_dir() { large } else { std::env::temp_dir() }
}

/// A file for objects that are written one after the other: a batch may have thousands, and a process few open files.
#[derive(Clone, Debug)]
pub struct Shelf(Arc<File>);

/// An object that is being written.
#[derive(Debug)]
pub struct Spool {
    file: BufWriter<Arc<File>>,
    from: u64,
    sha256: Sha256,
    bytes: u64,
}

/// An object that was written.
#[derive(Debug)]
pub struct Spooled {
    file: Arc<File>,
    /// Where it begins in the file.
    from: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

impl Shelf {
    /// # Errors
    /// When no temporary file can be made.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(tempfile::tempfile_in(folder())?)))
    }

    /// Begins an object behind those that are there. Until it is finished, no other may be begun.
    ///
    /// # Errors
    /// When the file cannot be asked how long it is.
    pub fn begin(&self) -> io::Result<Spool> {
        let from = (&*self.0).seek(SeekFrom::End(0))?;
        let file = BufWriter::with_capacity(256 * 1024, self.0.clone());
        Ok(Spool { file, from, sha256: Sha256::new(), bytes: 0 })
    }
}

impl Spool {
    /// An object in a file of its own.
    ///
    /// # Errors
    /// When no temporary file can be made.
    pub fn new() -> io::Result<Self> {
        Shelf::new()?.begin()
    }

    /// # Errors
    /// When the disk takes no more.
    pub fn finish(self) -> io::Result<Spooled> {
        let Self { file, from, sha256, bytes } = self;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Spooled { file, from, bytes, sha256: hex(&sha256.finalize()) })
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
        self.file.read_exact_at(&mut part, self.from + from)?;
        Ok(part)
    }

    /// The object alone as a file, at its beginning; a copy of it where other objects are beside it.
    ///
    /// # Errors
    /// When the file cannot be read, or no copy be made.
    pub fn reader(&self) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        if (self.from, self.bytes) != (0, file.metadata()?.len()) {
            file.seek(SeekFrom::Start(self.from))?;
            let mut copy = tempfile::tempfile_in(folder())?;
            io::copy(&mut file.take(self.bytes), &mut copy)?;
            file = copy;
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}
