//! Proves a bucket by itself, for whoever has no database: the chain of manifests, every object that they name, and each
//! event once.
//!
//! What a bucket cannot tell is how much there should be: whoever takes away the newest batch with its manifest leaves no
//! trace. The newest batch is named, to be compared with what is known elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::manifest::{Repeats, Segments};
use wire::{ManifestObject, Selection};

use super::chain::{self, Link};
use super::diff::{self, FoundObject};
use super::discrepancy::{Discrepancy, Kind};
use super::ids::{Fingerprint, Ids};
use super::{Depth, load};
use crate::bucket::{Bucket, BucketError};
use crate::config::Destination;
use crate::credentials::Sources;
use crate::export::hours::Hours;
use crate::export::{keys, manifest};
use crate::progress::Progress;

/// What was compared, and what was found.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Manifests.
    pub manifests: usize,
    /// Objects looked at.
    pub objects: usize,
    /// Rows that the manifests name, those of one format.
    pub rows: u64,
    /// The last batches of the chain: one, unless something is wrong. Compare it with what you know from elsewhere.
    pub newest: Vec<Newest>,
    /// What batches that are not whole leave out.
    pub partial: Vec<Partial>,
    /// The prefixes of the exports that are repeated here.
    pub repeats: BTreeSet<String>,
    /// Everything that is not as it should be.
    pub discrepancies: Vec<Discrepancy>,
}

/// The end of the chain.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Newest {
    /// The batch.
    pub export_batch_id: Uuid,
    /// The hour of arrival of its rows.
    pub hour: String,
}

/// Batches that are not whole.
#[derive(Debug, PartialEq, Serialize)]
pub struct Partial {
    /// What is taken.
    pub selection: Selection,
    /// How many batches.
    pub export_batches: usize,
    /// Events that they leave out.
    pub left_out: u64,
}

/// Why a bucket could not be compared to its end.
#[derive(Debug, thiserror::Error)]
pub enum BucketOnlyError {
    /// The bucket did not answer.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The disk.
    #[error("cannot write a temporary file: {0}")]
    Disk(#[from] io::Error),
}

/// A manifest of whichever version, as much of it as can be proved.
#[derive(Debug, Deserialize)]
struct Read {
    export_batch_id: Uuid,
    previous: Option<Uuid>,
    hour: String,
    #[serde(default = "whole")]
    complete: bool,
    rows: u64,
    #[serde(default)]
    outcomes: Option<wire::manifest::Outcomes>,
    #[serde(default)]
    selection: Option<Selection>,
    #[serde(default)]
    repeats: Option<Repeats>,
    objects: Vec<ManifestObject>,
}

/// The first version knew no parts.
fn whole() -> bool {
    true
}

/// A manifest at its key.
#[derive(Debug)]
struct Placed {
    key: String,
    read: Read,
    segments: Segments,
}

/// Compares what is below the destination's prefix with itself.
///
/// # Errors
/// When the bucket does not answer, or the disk takes no more.
pub async fn verify(
    destination: &Destination,
    depth: Depth,
    hours: Hours,
    progress: &Progress,
) -> Result<Verdict, BucketOnlyError> {
    let bucket = Bucket::new(destination, Sources::without_database().of(destination));
    let mut verdict = Verdict::default();
    let mut kinds = Vec::new();
    let manifests = manifests(&bucket, &destination.prefix, &mut kinds).await?;
    let links: Vec<_> = manifests.iter().map(link).collect();
    let is_part = manifests.iter().any(|it| it.read.repeats.is_some());
    kinds.extend(chain::check(&links, is_part));
    let meant: Vec<_> = manifests.iter().filter(|it| in_range(it, hours)).collect();
    verdict.manifests = meant.len();
    verdict.newest = newest(&manifests);
    verdict.partial = partial(&meant);
    verdict.repeats = meant.iter().filter_map(|it| it.read.repeats.as_ref()).map(|it| it.prefix.clone()).collect();
    kinds.extend(strays(&bucket, &destination.prefix, &manifests, hours).await?);

    let work = progress.begin(&destination.bucket, meant.iter().map(|it| it.read.rows).sum());
    let mut ids: BTreeMap<String, Ids> = BTreeMap::new();
    for it in meant {
        verdict.rows += it.read.rows;
        verdict.objects += it.read.objects.len();
        kinds.extend(sums(it));
        kinds.extend(objects(&bucket, it, depth, &mut ids).await?);
        work.advance(it.read.rows);
    }
    for (format, ids) in ids {
        if let (events, Some(first)) =
            tokio::task::spawn_blocking(move || ids.repeated()).await.map_err(io::Error::other)??
        {
            kinds.push(Kind::EventsTwice { format, events, first });
        }
    }
    verdict.discrepancies = diff::in_destination(&destination.bucket, None, kinds);
    Ok(verdict)
}

async fn manifests(bucket: &Bucket, prefix: &str, kinds: &mut Vec<Kind>) -> Result<Vec<Placed>, BucketOnlyError> {
    let mut manifests = Vec::new();
    for key in bucket.list(&format!("{prefix}{}", keys::MANIFESTS)).await? {
        let Some(bytes) = bucket.get(&key).await? else { continue };
        let segments = || manifest::named_segments(&serde_json::from_slice(&bytes).unwrap_or_default());
        match serde_json::from_slice::<Read>(&bytes) {
            Ok(read) => manifests.push(Placed { key, segments: segments(), read }),
            // The message quotes what is in a bucket: line and column must do.
            Err(error) => {
                let reason = format!("line {}, column {}", error.line(), error.column());
                kinds.push(Kind::ManifestUnreadable { key, reason });
            }
        }
    }
    manifests.sort_by(|a, b| (&a.read.hour, &a.key).cmp(&(&b.read.hour, &b.key)));
    Ok(manifests)
}

fn link(it: &Placed) -> Link {
    let Read { export_batch_id, previous, .. } = it.read;
    Link { key: it.key.clone(), export_batch_id, previous, segments: it.segments.clone() }
}

fn in_range(it: &Placed, hours: Hours) -> bool {
    it.read.hour.parse::<DateTime<Utc>>().map_or(true, |hour| hours.contains(hour))
}

/// The batches that none was made after.
fn newest(manifests: &[Placed]) -> Vec<Newest> {
    let followed: BTreeSet<_> = manifests.iter().filter_map(|it| it.read.previous).collect();
    let last = manifests.iter().filter(|it| !followed.contains(&it.read.export_batch_id));
    last.map(|it| Newest { export_batch_id: it.read.export_batch_id, hour: it.read.hour.clone() }).collect()
}

fn partial(manifests: &[&Placed]) -> Vec<Partial> {
    let mut partial: Vec<Partial> = Vec::new();
    for it in manifests.iter().filter(|it| !it.read.complete) {
        let selection = it.read.selection.clone().unwrap_or_default();
        let left_out = it.read.outcomes.as_ref().map_or(0, |outcomes| outcomes.left_out);
        match partial.iter_mut().find(|known| known.selection == selection) {
            Some(known) => {
                known.export_batches += 1;
                known.left_out += left_out;
            }
            None => partial.push(Partial { selection, export_batches: 1, left_out }),
        }
    }
    partial
}

/// What a manifest says, beside itself.
fn sums(it: &Placed) -> Vec<Kind> {
    let mut formats: BTreeMap<&str, u64> = BTreeMap::new();
    for object in &it.read.objects {
        *formats.entry(&object.format).or_default() += object.rows;
    }
    let differs = |(format, found): (&str, u64)| {
        let (key, expected) = (it.key.clone(), it.read.rows);
        (found != expected).then(|| Kind::SumDiffers { key, format: format.to_owned(), expected, found })
    };
    let mut kinds: Vec<_> = formats.into_iter().filter_map(differs).collect();
    if it.read.objects.is_empty() && it.read.rows > 0 {
        let (key, expected) = (it.key.clone(), it.read.rows);
        kinds.push(Kind::SumDiffers { key, format: "any format".to_owned(), expected, found: 0 });
    }
    if let Some(outcomes) = &it.read.outcomes
        && (outcomes.exported != it.read.rows
            || outcomes.exported.checked_add(outcomes.left_out) != Some(outcomes.accepted))
    {
        let (key, expected) = (it.key.clone(), outcomes.accepted.saturating_sub(outcomes.left_out));
        kinds.push(Kind::SumDiffers { key, format: "outcomes".to_owned(), expected, found: it.read.rows });
    }
    kinds
}

/// The objects of a manifest, beside what it says of them.
async fn objects(
    bucket: &Bucket,
    it: &Placed,
    depth: Depth,
    ids: &mut BTreeMap<String, Ids>,
) -> Result<Vec<Kind>, BucketOnlyError> {
    let mut kinds = Vec::new();
    // By format; none where an object is missing or cannot be read, which is found already.
    let mut prints: BTreeMap<&str, Option<Fingerprint>> = BTreeMap::new();
    for object in &it.read.objects {
        let print = prints.entry(&object.format).or_insert_with(|| Some(Fingerprint::default()));
        let Some(found) = load::object_in(bucket, object, depth).await? else {
            *print = None;
            kinds.push(Kind::MissingObject { key: object.key.clone() });
            continue;
        };
        kinds.extend(diff::compare_object(object, &found));
        let FoundObject { ids: Some(Ok(found)), .. } = found else {
            *print = None;
            continue;
        };
        let (smallest, largest) = (found.iter().min(), found.iter().max());
        if object.min_event_id.is_some_and(|id| smallest != Some(&id))
            || object.max_event_id.is_some_and(|id| largest != Some(&id))
        {
            kinds.push(Kind::BoundsDiffer { key: object.key.clone() });
        }
        if let Some(print) = print {
            print.add(&found);
        }
        if !ids.contains_key(&object.format) {
            ids.insert(object.format.clone(), Ids::new()?);
        }
        if let Some(ids) = ids.get_mut(&object.format) {
            ids.add(&found)?;
        }
    }
    let known: Vec<_> = prints.iter().filter_map(|(format, print)| Some((*format, (*print)?))).collect();
    if known.iter().zip(known.iter().skip(1)).any(|(a, b)| a.1 != b.1) {
        let formats = known.iter().map(|(format, _)| (*format).to_owned()).collect();
        kinds.push(Kind::FormatsDiffer { key: it.key.clone(), formats });
    }
    Ok(kinds)
}

/// Objects that no manifest names, in the folders where others are.
async fn strays(
    bucket: &Bucket,
    prefix: &str,
    manifests: &[Placed],
    hours: Hours,
) -> Result<Vec<Kind>, BucketOnlyError> {
    let named: BTreeSet<_> =
        manifests.iter().flat_map(|it| &it.read.objects).map(|object| object.key.as_str()).collect();
    let folder = |key: &&str| key.strip_prefix(prefix)?.split_once('/').map(|(folder, _)| format!("{prefix}{folder}/"));
    let folders: BTreeSet<_> = named.iter().filter_map(folder).collect();
    let mut kinds = Vec::new();
    for folder in folders {
        for key in bucket.list(&folder).await? {
            let is_meant = keys::hour(&key).is_none_or(|hour| hours.contains(hour));
            if is_meant && !named.contains(key.as_str()) {
                kinds.push(Kind::StrayObject { key });
            }
        }
    }
    Ok(kinds)
}
