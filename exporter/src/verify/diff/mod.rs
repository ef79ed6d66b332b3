//! The comparison. Values in, discrepancies out.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use wire::{Manifest, ManifestObject};

use super::discrepancy::{Discrepancy, Kind};
use crate::config::Destination;
use crate::export::manifest;
use crate::store::export_batches::ExportBatch;

/// What a bucket must hold of an exported delivery.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Where the manifest must be.
    pub manifest_key: String,
    /// What it must say.
    pub manifest: Manifest,
    /// The events in the database, ascending.
    pub ids: Vec<Uuid>,
    /// How many others it had, until retention dropped their days.
    pub dropped_rows: u64,
    /// The segments that are marked exported.
    pub exported_segments: Vec<i64>,
}

/// What a bucket holds of it.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its bytes; absent when there is none.
    pub manifest: Option<Bytes>,
    /// The objects that are there, by key.
    pub objects: BTreeMap<String, FoundObject>,
}

/// An object, downloaded.
#[derive(Clone, Debug)]
pub struct FoundObject {
    /// Its length.
    pub bytes: u64,
    /// Its hash.
    pub sha256: String,
    /// The events in it, or why they cannot be read.
    pub ids: Result<Vec<Uuid>, String>,
}

/// All keys of a bucket that are ours.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Below `events/`.
    pub objects: Vec<String>,
    /// Below `manifests/`.
    pub manifests: Vec<String>,
}

/// Compares an exported delivery with what the bucket holds of it.
#[must_use]
pub fn delivery(destination: &str, expected: &Expected, found: &Found) -> Vec<Discrepancy> {
    let mut kinds = compare_manifest(expected, found);
    kinds.extend(expected.manifest.objects.iter().flat_map(|object| match found.objects.get(&object.key) {
        Some(found) => compare_object(object, expected, found),
        None => vec![Kind::MissingObject { key: object.key.clone() }],
    }));
    in_destination(destination, kinds)
}

fn compare_manifest(expected: &Expected, found: &Found) -> Vec<Kind> {
    let key = expected.manifest_key.clone();
    let (mut kinds, named) = match &found.manifest {
        None => (vec![Kind::MissingManifest { key }], Vec::new()),
        Some(bytes) if *bytes == manifest::to_bytes(&expected.manifest) => {
            (Vec::new(), expected.manifest.segments.clone())
        }
        Some(bytes) => {
            let found: Value = serde_json::from_slice(bytes).unwrap_or_default();
            let fields = differing_fields(&expected.manifest, &found);
            let segments = found.get("segments").and_then(|segments| Vec::deserialize(segments).ok());
            (vec![Kind::ManifestDiffers { key, fields }], segments.unwrap_or_default())
        }
    };
    let missing = expected.exported_segments.iter().filter(|segment| !named.contains(segment)).copied();
    kinds.extend(segments_missing(missing.collect(), expected.manifest.export_batch_id));
    kinds
}

fn segments_missing(segments: Vec<i64>, export_batch_id: Uuid) -> Option<Kind> {
    (!segments.is_empty()).then_some(Kind::ExportedSegmentsMissing { segments, export_batch_id })
}

/// The fields that are other than they must be, or too many. None when `found` is no object at all.
fn differing_fields(expected: &Manifest, found: &Value) -> Vec<String> {
    let (Ok(Value::Object(expected)), Value::Object(found)) = (serde_json::to_value(expected), found) else {
        return Vec::new();
    };
    let names: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    names.into_iter().filter(|name| expected.get(*name) != found.get(*name)).cloned().collect()
}

fn compare_object(object: &ManifestObject, expected: &Expected, found: &FoundObject) -> Vec<Kind> {
    let key = || object.key.clone();
    let mut kinds = Vec::new();
    if (found.bytes, &found.sha256) != (object.bytes, &object.sha256) {
        kinds.push(Kind::ObjectDiffers { key: key(), expected_bytes: object.bytes, found_bytes: found.bytes });
    }
    match &found.ids {
        Err(reason) => kinds.push(Kind::ObjectUnreadable { key: key(), reason: reason.clone() }),
        Ok(found) => {
            if found.len() as u64 != object.rows {
                kinds.push(Kind::RowsDiffer { key: key(), expected: object.rows, found: found.len() as u64 });
            }
            let (missing, unexpected) = difference(&expected.ids, found);
            // Those that were dropped here are there, so many and no more.
            if missing > 0 || unexpected as u64 != expected.dropped_rows {
                kinds.push(Kind::RowIdsDiffer { key: key(), missing, unexpected });
            }
        }
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
    in_destination(&destination.name, missing.into_iter().collect())
}

/// Keys in the bucket that are not among `known`: those of every export batch, delivered or not.
#[must_use]
pub fn strays(destination: &str, listing: &Listing, known: &BTreeSet<String>) -> Vec<Discrepancy> {
    let strays = |keys: &[String], kind: fn(String) -> Kind| {
        keys.iter().filter(|key| !known.contains(*key)).cloned().map(kind).collect::<Vec<_>>()
    };
    let mut kinds = strays(&listing.objects, |key| Kind::StrayObject { key });
    kinds.extend(strays(&listing.manifests, |key| Kind::StrayManifest { key }));
    in_destination(destination, kinds)
}

fn in_destination(destination: &str, kinds: Vec<Kind>) -> Vec<Discrepancy> {
    kinds.into_iter().map(|kind| Discrepancy { destination: destination.to_owned(), kind }).collect()
}

#[cfg(test)]
mod tests;
