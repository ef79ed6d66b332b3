//! The comparison. Values in, discrepancies out.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;
use wire::ManifestObject;
use wire::manifest::Segments;

use super::discrepancy::{Discrepancy, Kind};
use super::ids::Difference;
use crate::config::Destination;
use crate::export::keys;
use crate::export::manifest::{self, Told};
use crate::store::export_batches::ExportBatch;

/// What a bucket must hold of an exported delivery.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The batch.
    pub export_batch_id: Uuid,
    /// Where the manifest must be.
    pub manifest_key: String,
    /// What it must be, to the byte.
    pub manifest: Bytes,
    /// What it must tell.
    pub told: Told,
    /// Rows of the batch.
    pub batch_rows: u64,
    /// How many of them retention has dropped.
    pub dropped_rows: u64,
    /// The segments that are marked exported.
    pub exported_segments: Vec<i64>,
}

impl Expected {
    /// Rows of the objects of one format.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.batch_rows.saturating_sub(self.told.left_out)
    }
}

/// What a bucket holds of it.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its bytes; absent when there is none.
    pub manifest: Option<Bytes>,
    /// The objects that are there, by key.
    pub objects: BTreeMap<String, FoundObject>,
    /// How the events in all objects of a format differ from those in the database, by format; none where an object is
    /// missing or cannot be read, which hides nothing else, and where nobody looked.
    pub differences: BTreeMap<String, Difference>,
}

/// An object, downloaded or described by the storage.
#[derive(Clone, Debug)]
pub struct FoundObject {
    /// Its length.
    pub bytes: u64,
    /// Its hash, where it is known.
    pub sha256: Option<String>,
    /// How many events are in it, or why they cannot be read; none when nobody looked.
    pub rows: Option<Result<u64, String>>,
}

/// What may be in a bucket.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Objects that it was checked to hold, and all manifests.
    pub keys: BTreeSet<String>,
    /// Export batches that are on their way: some of their objects may be there already.
    pub pending: Vec<Uuid>,
}

/// All keys of a bucket that are ours.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Where layouts put objects.
    pub objects: Vec<String>,
    /// Below `manifests/`.
    pub manifests: Vec<String>,
}

/// Compares an exported delivery with what the bucket holds of it.
#[must_use]
pub fn delivery(destination: &str, expected: &Expected, found: &Found) -> Vec<Discrepancy> {
    let mut kinds = compare_manifest(expected, found);
    kinds.extend(expected.told.objects.iter().flat_map(|object| match found.objects.get(&object.key) {
        Some(found) => compare_object(object, found),
        None => vec![Kind::MissingObject { key: object.key.clone() }],
    }));
    let formats: BTreeSet<_> = expected.told.objects.iter().map(|object| object.format.as_str()).collect();
    kinds.extend(formats.into_iter().filter_map(|format| compare_ids(format, expected, found)));
    in_destination(destination, Some(expected.export_batch_id), kinds)
}

fn compare_manifest(expected: &Expected, found: &Found) -> Vec<Kind> {
    let key = expected.manifest_key.clone();
    let (mut kinds, named) = match &found.manifest {
        None => (vec![Kind::MissingManifest { key }], Segments::of(&[])),
        Some(bytes) if *bytes == expected.manifest => (Vec::new(), Segments::of(&expected.told.segments)),
        Some(bytes) => {
            let found: Value = serde_json::from_slice(bytes).unwrap_or_default();
            let written: Value = serde_json::from_slice(&expected.manifest).unwrap_or_default();
            let fields = differing_fields(&written, &found);
            (vec![Kind::ManifestDiffers { key, fields }], manifest::named_segments(&found))
        }
    };
    let missing = expected.exported_segments.iter().filter(|segment| !named.contains(**segment)).copied();
    kinds.extend(segments_missing(missing.collect(), expected.export_batch_id));
    kinds
}

/// The events in all objects of a format are together those of the batch, but for what the destination leaves out.
fn compare_ids(format: &str, expected: &Expected, found: &Found) -> Option<Kind> {
    let Difference { missing, unexpected, first_missing, first_unexpected } = *found.differences.get(format)?;
    let key = expected.told.objects.iter().find(|object| object.format == format)?.key.clone();
    // What never came is in neither. What else was left out is in no list, and neither is which events retention has dropped
    // since: both are numbers, which an event that is left out and dropped is part of twice.
    let never_came = expected.told.dropped;
    let left_out = expected.told.left_out.saturating_sub(never_came);
    let dropped = expected.dropped_rows.saturating_sub(never_came);
    let fits = missing <= left_out && unexpected <= dropped && left_out - missing + unexpected == dropped;
    // Nor can one of them be told from one that should be there, or should not.
    let first_missing = first_missing.filter(|_| left_out == 0);
    let first_unexpected = first_unexpected.filter(|_| dropped == 0);
    (!fits).then_some(Kind::RowIdsDiffer { key, missing, unexpected, first_missing, first_unexpected })
}

fn segments_missing(segments: Vec<i64>, export_batch_id: Uuid) -> Option<Kind> {
    (!segments.is_empty()).then_some(Kind::ExportedSegmentsMissing { segments, export_batch_id })
}

/// The fields that are other than they must be, or too many. None when `found` is no object at all.
fn differing_fields(written: &Value, found: &Value) -> Vec<String> {
    let (Value::Object(written), Value::Object(found)) = (written, found) else { return Vec::new() };
    let names: BTreeSet<_> = written.keys().chain(found.keys()).collect();
    names.into_iter().filter(|name| written.get(*name) != found.get(*name)).cloned().collect()
}

/// An object beside what a manifest says of it.
pub(super) fn compare_object(expected: &ManifestObject, found: &FoundObject) -> Vec<Kind> {
    let key = || expected.key.clone();
    let mut kinds = Vec::new();
    if found.bytes != expected.bytes || found.sha256.as_ref().is_some_and(|it| *it != expected.sha256) {
        kinds.push(Kind::ObjectDiffers { key: key(), expected_bytes: expected.bytes, found_bytes: found.bytes });
    }
    match &found.rows {
        Some(Err(reason)) => kinds.push(Kind::ObjectUnreadable { key: key(), reason: reason.clone() }),
        Some(Ok(found)) if *found != expected.rows => {
            kinds.push(Kind::RowsDiffer { key: key(), expected: expected.rows, found: *found });
        }
        Some(Ok(_)) | None => {}
    }
    kinds
}

/// A batch that is not delivered yet is no discrepancy, unless its segments are marked exported although the destination is
/// required, and no other holds it.
#[must_use]
pub fn pending(destination: &Destination, batch: &ExportBatch, exported_segments: Vec<i64>) -> Vec<Discrepancy> {
    if !destination.required {
        return Vec::new();
    }
    let missing = segments_missing(exported_segments, batch.id);
    in_destination(&destination.name, Some(batch.id), missing.into_iter().collect())
}

/// Keys in the bucket that are not `known`.
#[must_use]
pub fn strays(destination: &str, listing: &Listing, known: &Known) -> Vec<Discrepancy> {
    let is_known = |key: &String| known.keys.contains(key) || known.pending.iter().any(|id| keys::is_of(key, *id));
    let strays = |keys: &[String], kind: fn(String) -> Kind| {
        keys.iter().filter(|key| !is_known(key)).cloned().map(kind).collect::<Vec<_>>()
    };
    let mut kinds = strays(&listing.objects, |key| Kind::StrayObject { key });
    kinds.extend(strays(&listing.manifests, |key| Kind::StrayManifest { key }));
    in_destination(destination, None, kinds)
}

/// Discrepancies of a destination.
pub(super) fn in_destination(destination: &str, export_batch_id: Option<Uuid>, kinds: Vec<Kind>) -> Vec<Discrepancy> {
    let discrepancy = |kind| Discrepancy { destination: destination.to_owned(), export_batch_id, kind };
    kinds.into_iter().map(discrepancy).collect()
}

#[cfg(test)]
mod tests;
