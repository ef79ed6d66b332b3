//! Proves a bucket by itself, for whoever has no database: the chain of manifests, every object that they name, and each
//! event once.
//!
//! What a bucket cannot tell is how much there should be: whoever takes away the newest batch with its manifest leaves no
//! trace. The newest batch is named, to be compared with what is known elsewhere.
//!
//! What cannot be read hides nothing of what can: it is listed, and the rest is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::{fmt, io};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::manifest::{Repeats, Segments};
use wire::{ManifestObject, Selection};

use super::chain::{self, Link};
use super::diff::{self, FoundObject};
use super::discrepancy::{Discrepancy, Kind};
use super::ids::{Fingerprint, Ids};
use super::load::blocking;
use super::{Depth, load};
use crate::bucket::{Bucket, BucketError};
use crate::config::Destination;
use crate::credentials::Sources;
use crate::export::hours::Hours;
use crate::export::{keys, manifest};
use crate::progress::Progress;

/// Requests that may fail one after the other. A storage that fails once more is taken to be gone.
const FAILURES: usize = 3;

/// What was compared, and what was found.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Manifests all of whose objects were looked at.
    pub manifests: usize,
    /// Objects looked at.
    pub objects: usize,
    /// Rows that these manifests name, those of one format.
    pub rows: u64,
    /// The last batches of the chain: one, unless something is wrong. Compare it with what you know from elsewhere. None when
    /// a manifest could not be read.
    pub newest: Vec<Newest>,
    /// What batches that are not whole leave out.
    pub partial: Vec<Partial>,
    /// The prefixes of the exports that are repeated here.
    pub repeats: BTreeSet<String>,
    /// Everything that is not as it should be, as far as could be seen.
    pub discrepancies: Vec<Discrepancy>,
    /// What could not be read. Empty when the comparison came to its end.
    pub unread: Vec<Unread>,
}

/// What could not be read.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// The key, or the prefix that was to be listed; absent where it is more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(formatter, "could not read {key}: {}", self.reason),
            None => formatter.write_str(&self.reason),
        }
    }
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
    /// Those of them that the exporter no longer had when this bucket was new to it, or did not answer.
    pub dropped: u64,
}

/// Why a comparison ends before its end.
#[derive(Debug, thiserror::Error)]
enum Stop {
    /// The storage is gone.
    #[error("nothing more was asked of the storage, which failed {FAILURES} times in a row")]
    Gone,
    /// The disk of this machine.
    #[error("nothing more was compared: a temporary file cannot be used: {0}")]
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

/// A comparison under way.
struct Comparison<'a> {
    bucket: Bucket,
    prefix: &'a str,
    depth: Depth,
    hours: Hours,
    verdict: Verdict,
    kinds: Vec<Kind>,
    /// Requests that have failed since the last one that did not.
    failures: usize,
}

/// What is seen of a batch in one format.
#[derive(Default)]
struct Seen {
    /// All events of the format, those of other batches too.
    ids: Ids,
    print: Fingerprint,
    /// The smallest and the largest id of an object.
    bounds: Option<(Uuid, Uuid)>,
}

impl Seen {
    fn put(&mut self, id: Uuid) -> io::Result<()> {
        self.print.add(id);
        self.bounds = Some(self.bounds.map_or((id, id), |(min, max)| (min.min(id), max.max(id))));
        self.ids.add(id)
    }
}

/// Compares what is below the destination's prefix with itself, as far as it can be read.
pub async fn verify(destination: &Destination, depth: Depth, hours: Hours, progress: &Progress) -> Verdict {
    let mut comparison = Comparison {
        bucket: Bucket::new(destination, Sources::without_database().of(destination)),
        prefix: &destination.prefix,
        depth,
        hours,
        verdict: Verdict::default(),
        kinds: Vec::new(),
        failures: 0,
    };
    let stopped = comparison.run(&destination.bucket, progress).await.err();
    let Comparison { mut verdict, kinds, .. } = comparison;
    verdict.unread.extend(stopped.map(|stop| Unread { key: None, reason: stop.to_string() }));
    verdict.discrepancies = diff::in_destination(&destination.bucket, None, kinds);
    verdict
}

impl Comparison<'_> {
    async fn run(&mut self, name: &str, progress: &Progress) -> Result<(), Stop> {
        let manifests = self.manifests().await?;
        let is_whole = self.verdict.unread.is_empty();
        let links: Vec<_> = manifests.iter().map(link).collect();
        let is_part = manifests.iter().any(|it| it.read.repeats.is_some());
        self.kinds.extend(chain::check(&links, is_part || !is_whole));
        let meant: Vec<_> = manifests.iter().filter(|it| in_range(it, self.hours)).collect();
        self.verdict.partial = partial(&meant);
        self.verdict.repeats =
            meant.iter().filter_map(|it| it.read.repeats.as_ref()).map(|it| it.prefix.clone()).collect();
        if is_whole {
            self.verdict.newest = newest(&manifests);
            self.strays(&manifests).await?;
        } else {
            let reason = "not every manifest was read: what is missing among them, what is stray, and which batch is the \
                newest cannot be told";
            self.verdict.unread.push(Unread { key: None, reason: reason.to_owned() });
        }
        let work = progress.begin(name, meant.iter().map(|it| it.read.rows).sum());
        let mut ids = BTreeMap::new();
        let compared = async {
            for it in meant {
                self.kinds.extend(sums(it));
                let unread = self.verdict.unread.len();
                self.objects(it, &mut ids).await?;
                if self.verdict.unread.len() == unread {
                    self.verdict.manifests += 1;
                    self.verdict.rows += it.read.rows;
                }
                work.advance(it.read.rows);
            }
            Ok(())
        };
        let compared = compared.await;
        for (format, ids) in ids {
            if let (events, Some(first)) = blocking(move || ids.sorted()?.repeated()).await? {
                self.kinds.push(Kind::EventsTwice { format, events, first });
            }
        }
        compared
    }

    /// An answer of the storage; `None` where it has failed.
    fn heard<T>(&mut self, answer: Result<T, BucketError>) -> Result<Option<T>, Stop> {
        match answer {
            Ok(answer) => {
                self.failures = 0;
                Ok(Some(answer))
            }
            Err(BucketError { key, reason, .. }) => {
                self.verdict.unread.push(Unread { key: Some(key), reason });
                self.failures += 1;
                if self.failures < FAILURES { Ok(None) } else { Err(Stop::Gone) }
            }
        }
    }

    async fn manifests(&mut self) -> Result<Vec<Placed>, Stop> {
        let mut manifests = Vec::new();
        let listed = self.bucket.list(&format!("{}{}", self.prefix, keys::MANIFESTS)).await;
        for key in self.heard(listed)?.unwrap_or_default() {
            let answer = self.bucket.get(&key).await;
            let Some(Some(bytes)) = self.heard(answer)? else { continue };
            let segments = || manifest::named_segments(&serde_json::from_slice(&bytes).unwrap_or_default());
            match serde_json::from_slice::<Read>(&bytes) {
                Ok(read) => manifests.push(Placed { key, segments: segments(), read }),
                // The message quotes what is in a bucket: line and column must do.
                Err(error) => {
                    let reason = format!("line {}, column {}", error.line(), error.column());
                    self.kinds.push(Kind::ManifestUnreadable { key, reason });
                }
            }
        }
        manifests.sort_by(|a, b| (&a.read.hour, &a.key).cmp(&(&b.read.hour, &b.key)));
        Ok(manifests)
    }

    /// The objects of a manifest, beside what it says of them.
    async fn objects(&mut self, it: &Placed, ids: &mut BTreeMap<String, Ids>) -> Result<(), Stop> {
        // By format; none where an object is missing or cannot be read, which is found already.
        let mut prints: BTreeMap<&str, Option<Fingerprint>> = BTreeMap::new();
        for object in &it.read.objects {
            let print = prints.entry(&object.format).or_insert_with(|| Some(Fingerprint::default()));
            let before = print.take();
            if self.depth == Depth::Head {
                let described = load::described(&self.bucket, object).await;
                if let Some(described) = self.heard(described)? {
                    self.add(object, described.as_ref());
                }
                continue;
            }
            let file = self.bucket.download(&object.key).await;
            let Some(file) = self.heard(file)? else { continue };
            let Some(file) = file else {
                self.add(object, None);
                continue;
            };
            let seen = Seen {
                ids: ids.remove(&object.format).unwrap_or_default(),
                print: before.unwrap_or_default(),
                bounds: None,
            };
            let (found, seen) = load::read(file, &object.format, seen, Seen::put).await?;
            ids.insert(object.format.clone(), seen.ids);
            self.add(object, Some(&found));
            if !matches!(found.rows, Some(Ok(_))) {
                continue;
            }
            *print = before.map(|_| seen.print);
            let (smallest, largest) = seen.bounds.unzip();
            if object.min_event_id.is_some_and(|id| smallest != Some(id))
                || object.max_event_id.is_some_and(|id| largest != Some(id))
            {
                self.kinds.push(Kind::BoundsDiffer { key: object.key.clone() });
            }
        }
        let known: Vec<_> = prints.iter().filter_map(|(format, print)| Some((*format, (*print)?))).collect();
        if known.iter().zip(known.iter().skip(1)).any(|(a, b)| a.1 != b.1) {
            let formats = known.iter().map(|(format, _)| (*format).to_owned()).collect();
            self.kinds.push(Kind::FormatsDiffer { key: it.key.clone(), formats });
        }
        Ok(())
    }

    /// An object that was looked at, beside what its manifest says of it.
    fn add(&mut self, object: &ManifestObject, found: Option<&FoundObject>) {
        self.verdict.objects += 1;
        match found {
            Some(found) => self.kinds.extend(diff::compare_object(object, found)),
            None => self.kinds.push(Kind::MissingObject { key: object.key.clone() }),
        }
    }

    /// Objects that no manifest names, in the folders where others are.
    async fn strays(&mut self, manifests: &[Placed]) -> Result<(), Stop> {
        let prefix = self.prefix;
        let named: BTreeSet<_> =
            manifests.iter().flat_map(|it| &it.read.objects).map(|object| object.key.as_str()).collect();
        let folder =
            |key: &&str| key.strip_prefix(prefix)?.split_once('/').map(|(folder, _)| format!("{prefix}{folder}/"));
        let folders: BTreeSet<_> = named.iter().filter_map(folder).collect();
        for folder in folders {
            let listed = self.bucket.list(&folder).await;
            for key in self.heard(listed)?.unwrap_or_default() {
                let is_meant = keys::hour(&key).is_none_or(|hour| self.hours.contains(hour));
                if is_meant && !named.contains(key.as_str()) {
                    self.kinds.push(Kind::StrayObject { key });
                }
            }
        }
        Ok(())
    }
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
        let (left_out, dropped) = it.read.outcomes.as_ref().map_or((0, 0), |it| (it.left_out, it.dropped));
        match partial.iter_mut().find(|known| known.selection == selection) {
            Some(known) => {
                known.export_batches += 1;
                known.left_out += left_out;
                known.dropped += dropped;
            }
            None => partial.push(Partial { selection, export_batches: 1, left_out, dropped }),
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
