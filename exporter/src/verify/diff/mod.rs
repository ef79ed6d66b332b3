//! The comparison. Values in, discrepancies out.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;
use wire::ManifestObject;
use wire::manifest::Segments;

use super::discrepancy::{Discrepancy, Kind};
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
    /// The events of the batch in the database, ascending.
    pub ids: Vec<Uuid>,
    /// How many others it had, until retention dropped their days.
    pub dropped_rows: u64,
    /// The segments that are marked exported.
    pub exported_segments: Vec<i64>,
}

impl Expected {
    /// Rows of the objects of one format.
    #[must_use]
    pub fn rows(&self) -> u64 {
        (self.ids.len() as u64 + self.dropped_rows).saturating_sub(self.told.left_out)
    }
}

/// What a bucket holds of it.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its bytes; absent when there is none.
    pub manifest: Option<Bytes>,
    /// The objects that are there, by key.
    pub objects: BTreeMap<String, FoundObject>,
}

/// An object, downloaded or described by the storage.
#[derive(Clone, Debug)]
pub struct FoundObject {
    /// Its length.
    pub bytes: u64,
    /// Its hash, where it is known.
    pub sha256: Option<String>,
    /// The events in it, or why they cannot be read; none when nobody looked.
    pub ids: Option<Result<Vec<Uuid>, String>>,
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

/// The events in all objects of a format, which are together those of the batch but for what the destination leaves out.
/// Objects that are missing or cannot be read are found already, and hide nothing else.
fn compare_ids(format: &str, expected: &Expected, found: &Found) -> Option<Kind> {
    let objects: Vec<_> = expected.told.objects.iter().filter(|object| object.format == format).collect();
    let mut ids = Vec::new();
    for object in &objects {
        ids.extend(found.objects.get(&object.key)?.ids.as_ref()?.as_ref().ok()?.iter().copied());
    }
    let (missing, unexpected) = difference(&expected.ids, &ids);
    let key = objects.first()?.key.clone();
    // What was left out is in no list, and neither is which events retention has dropped here: both are numbers, which an
    // event that is left out and dropped is part of twice.
    let (left_out, dropped) = (expected.told.left_out, expected.dropped_rows);
    let (absent, surplus) = (missing as u64, unexpected as u64);
    let fits = absent <= left_out && surplus <= dropped && left_out - absent + surplus == dropped;
    (!fits).then_some(Kind::RowIdsDiffer { key, missing, unexpected })
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
    match &found.ids {
        Some(Err(reason)) => kinds.push(Kind::ObjectUnreadable { key: key(), reason: reason.clone() }),
        Some(Ok(found)) if found.len() as u64 != expected.rows => {
            kinds.push(Kind::RowsDiffer { key: key(), expected: expected.rows, found: found.len() as u64 });
        }
        Some(Ok(_)) | None => {}
    }
    kinds
}

/// How many of the ascending `expected` are not in `found`, and how many of `found` have no partner in `expected`.
fn difference(expected: &[Uuid], found: &[Uuid]) -> (usize, usize) {
    let mut found = found.to_vec();
    found.sort_unstable();
    let (mut left, mut right) = (expected.iter().peekable(), found.iter().peekable());
    let (mut missing, mut unexpected) = (0, 0);
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some(left), Some(right)) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return (missing, unexpected),
        };
        missing += usize::from(order == Ordering::Less);
        unexpected += usize::from(order == Ordering::Greater);
        if order != Ordering::Greater {
            left.next();
        }
        if order != Ordering::Less {
            right.next();
        }
    }
}

/// A batch that is not delivered yet is no discrepancy, unless its segments are marked exported although the destination is required.
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
