//! Objects at their keys. What was exported keeps its keys when it is written again, whatever an erasure has taken out: what
//! has no rows any more stays as an object without rows, since a key that may write need not be one that may delete.

use std::collections::HashSet;
use std::sync::Arc;

use wire::Selection;

use super::keys;
use super::objects::spool::{Shelf, Spooled};
use super::objects::{self, RenderError, Rendered, Rendition};
use crate::bucket::{Bucket, BucketError};
use crate::config::{Compression, Format};
use crate::store::deliveries::Object;
use crate::store::export_batches::ExportBatch;

/// An object and its bytes.
pub(super) struct Placed {
    pub(super) object: Object,
    bytes: Bytes,
}

enum Bytes {
    /// One of a rendition's files.
    Rendered(Arc<Rendition>, usize),
    Own(Spooled),
}

impl Placed {
    pub(super) fn own(object: Object, file: Spooled) -> Self {
        Self { object, bytes: Bytes::Own(file) }
    }

    pub(super) async fn put(&self, bucket: &Bucket, batch: &ExportBatch) -> Result<(), BucketError> {
        let file = match &self.bytes {
            Bytes::Own(file) => Some(file),
            Bytes::Rendered(rendition, at) => rendition.objects.get(*at).map(|rendered| &rendered.file),
        };
        match file {
            Some(file) => bucket.put_file(&self.object.key, content_type(batch, self.object.format), file).await,
            None => Ok(()),
        }
    }
}

/// Where the objects of a rendition go below `prefix`, in the order of the manifest, in a bucket that holds `recorded` of the
/// batch: the nth of a site takes the key of the nth that there was.
pub(super) fn place(
    prefix: &str,
    batch: &ExportBatch,
    rendition: &Arc<Rendition>,
    selection: &Selection,
    recorded: &[Object],
) -> Result<Vec<Placed>, RenderError> {
    let mut taken: HashSet<&str> = HashSet::new();
    let after = |format: Format| {
        let last = recorded.iter().filter(|it| it.format == format).map(|it| it.number).max();
        (format, last.map_or(0, |last| last + 1))
    };
    let mut beyond = Format::ALL.map(after);
    let mut placed = Vec::new();
    for (at, rendered) in rendition.objects.iter().enumerate() {
        let mut object = object(prefix, batch, rendered);
        let key = |number: i32| {
            let number = usize::try_from(number).unwrap_or_default();
            keys::object(prefix, batch, rendered.format, number, rendered.site.as_deref())
        };
        let is_its =
            |it: &&Object| it.format == rendered.format && !taken.contains(it.key.as_str()) && it.key == key(it.number);
        match recorded.iter().filter(is_its).min_by_key(|it| it.number) {
            Some(before) => {
                (object.key, object.number) = (before.key.clone(), before.number);
                taken.insert(&before.key);
            }
            None if recorded.is_empty() => {}
            None => {
                if let Some((_, number)) = beyond.iter_mut().find(|(format, _)| *format == rendered.format) {
                    (object.key, object.number) = (key(*number), *number);
                    *number += 1;
                }
            }
        }
        placed.push(Placed { object, bytes: Bytes::Rendered(rendition.clone(), at) });
    }
    let shelf = Shelf::new()?;
    for before in recorded.iter().filter(|it| !taken.contains(it.key.as_str())) {
        placed.push(empty(&shelf, batch, selection, before.format, before.number, before.key.clone())?);
    }
    sort(batch, &mut placed);
    Ok(placed)
}

/// An object without rows, on the `shelf`.
pub(super) fn empty(
    shelf: &Shelf,
    batch: &ExportBatch,
    selection: &Selection,
    format: Format,
    number: i32,
    key: String,
) -> Result<Placed, RenderError> {
    let file = objects::back::empty(shelf, format, selection, &batch.rendering())?;
    let (bytes, sha256) = (file.bytes, file.sha256.clone());
    let object = Object { key, format, number, rows: 0, bytes, sha256, event_ids: None, times: None };
    Ok(Placed::own(object, file))
}

/// Puts objects into the order of the manifest.
pub(super) fn sort(batch: &ExportBatch, placed: &mut [Placed]) {
    let position = |format: Format| batch.formats.iter().position(|it| *it == format);
    placed.sort_by(|a, b| {
        let key = |it: &Placed| (position(it.object.format), it.object.number);
        key(a).cmp(&key(b)).then_with(|| a.object.key.cmp(&b.object.key))
    });
}

/// An object as it is recorded, below `prefix`.
fn object(prefix: &str, batch: &ExportBatch, rendered: &Rendered) -> Object {
    let Rendered { format, number, site, rows, bounds, file } = rendered;
    Object {
        key: keys::object(prefix, batch, *format, *number, site.as_deref()),
        format: *format,
        number: i32::try_from(*number).unwrap_or(i32::MAX),
        rows: *rows,
        bytes: file.bytes,
        sha256: file.sha256.clone(),
        event_ids: Some(bounds.event_id),
        times: bounds.times(),
    }
}

/// The media type of an object.
fn content_type(batch: &ExportBatch, format: Format) -> &'static str {
    match (format, batch.rendering().jsonl_compression) {
        (Format::Parquet, _) => "application/vnd.apache.parquet",
        (Format::Jsonl, Compression::Zstd) => "application/zstd",
        (Format::Jsonl | Format::Csv, _) => "application/gzip",
    }
}
