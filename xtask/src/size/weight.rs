//! How heavy a file is on the wire.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::workspace;

/// One file, in bytes.
#[derive(Serialize)]
pub(crate) struct Weight {
    /// What it is for.
    pub(crate) part: String,
    /// From the folder of the checkout.
    pub(crate) path: String,
    pub(crate) raw: usize,
    /// Level 9.
    pub(crate) gzip: usize,
    /// Quality 11, window 22.
    pub(crate) brotli: usize,
}

impl Weight {
    /// Weighs the file at `path`.
    pub(crate) fn of(part: impl Into<String>, path: PathBuf) -> Result<Self> {
        let content = fs::read(&path).with_context(|| format!("{} is missing", path.display()))?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&content)?;
        let brotli = brotli(&content)?;
        let path = path.strip_prefix(workspace::root()).map(Path::to_path_buf).unwrap_or(path).display().to_string();
        Ok(Self { part: part.into(), path, raw: content.len(), gzip: gzip.finish()?.len(), brotli })
    }
}

/// How many bytes `content` is on the wire.
pub(crate) fn brotli(content: &[u8]) -> Result<usize> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &*content, &mut packed, &parameters)?;
    Ok(packed.len())
}
