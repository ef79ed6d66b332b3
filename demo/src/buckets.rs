//! What a client finds in a bucket: manifests, and the rows of the objects that they name.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;
use wire::Manifest;

/// One exported row: column name to value.
pub type Row = BTreeMap<String, Value>;

/// The files below `folder`, without what the endpoint keeps for itself.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The manifests of `bucket`, oldest first.
///
/// # Errors
/// When one cannot be read.
pub fn manifests(bucket: &Path) -> Result<Vec<Manifest>> {
    let folder = bucket.join("manifests");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut manifests = Vec::new();
    for path in files(&folder)? {
        let manifest: Manifest =
            serde_json::from_slice(&fs::read(&path)?).with_context(|| format!("{} is no manifest", path.display()))?;
        manifests.push(manifest);
    }
    manifests.sort_by(|a, b| a.created_at.cmp(&b.created_at));
    Ok(manifests)
}

/// The rows of all objects of one format that the manifests of `bucket` name. An object that none names does not count.
///
/// # Errors
/// When an object is missing or cannot be read.
pub fn rows(bucket: &Path, format: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for object in manifests(bucket)?.iter().flat_map(|manifest| &manifest.objects).filter(|o| o.format == format) {
        let path = bucket.join(&object.key);
        let read = match format {
            "parquet" => parquet_rows(&path),
            _ => json_lines(&path),
        };
        let read = read.with_context(|| format!("cannot read {}", object.key))?;
        ensure!(
            read.len() as u64 == object.rows,
            "{} holds {} rows, its manifest says {}",
            object.key,
            read.len(),
            object.rows
        );
        rows.extend(read);
    }
    Ok(rows)
}

fn parquet_rows(path: &Path) -> Result<Vec<Row>> {
    let reader = SerializedFileReader::new(fs::File::open(path)?)?;
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None)? {
        let Value::Object(row) = row?.to_json_value() else { continue };
        rows.push(row.into_iter().collect());
    }
    Ok(rows)
}

fn json_lines(path: &Path) -> Result<Vec<Row>> {
    let mut text = String::new();
    GzDecoder::new(fs::File::open(path)?).read_to_string(&mut text)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
