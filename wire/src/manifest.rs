//! The receipt that an export leaves in the bucket, after its objects: what is there, and how to prove it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One export batch in one bucket. An object that no manifest names is not part of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`crate::version::MANIFEST`].
    pub manifest_version: u32,
    /// [`crate::version::ROW_SCHEMA`].
    pub schema_version: u32,
    /// [`crate::version::ROW_SCHEMA_ID`], or [`crate::version::ROW_SCHEMA_WITH_RAW_ID`]; also in the metadata of each Parquet
    /// file.
    pub schema_id: String,
    /// Names the export batch; part of every key.
    pub export_batch_id: Uuid,
    /// The batch that was made before this one; absent for the first. Followed from the newest batch, it leads to each.
    pub previous: Option<Uuid>,
    /// When the batch was made, RFC 3339 in UTC.
    pub created_at: String,
    /// The hour of arrival that the rows belong to, RFC 3339 in UTC.
    pub hour: String,
    /// Whether every event of the batch is in this bucket with every column. `selection` and `outcomes` say what was left out.
    pub complete: bool,
    /// Rows that this bucket has of the batch: those of all objects of one format together.
    pub rows: u64,
    /// What became of the batch's events.
    pub outcomes: Outcomes,
    /// The segments that the batch is made of.
    pub segments: Segments,
    /// The smallest event id of the batch.
    pub min_event_id: Uuid,
    /// The largest event id of the batch.
    pub max_event_id: Uuid,
    /// The earliest `timestamp` of the batch, RFC 3339 in UTC.
    pub min_timestamp: String,
    /// The latest `timestamp` of the batch, RFC 3339 in UTC.
    pub max_timestamp: String,
    /// How the rows are ordered.
    pub order: Order,
    /// How CSV is written; absent when the batch has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<Csv>,
    /// What the destination takes and renames; absent when it takes everything as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selection>,
    /// How often the batch's content was decided on; absent for the first time, which is the export. A later generation has
    /// the key of the one before, and takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// Why there is more than one generation, the earliest reason first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewrites: Vec<Rewrite>,
    /// What this repeats below a prefix of its own; absent in the export itself. Whoever reads both has every row twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
    /// The same rows in each format. None when the destination has none of the batch's events.
    pub objects: Vec<ManifestObject>,
}

/// What became of the events of an export batch: `accepted` is the sum of the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Events that were stored, each once. Duplicates and refused events belong to no segment and so to no batch.
    pub accepted: u64,
    /// Events in the objects.
    pub exported: u64,
    /// Events that are not: those that the destination's selection leaves out, and `dropped`.
    pub left_out: u64,
    /// Of those left out, how many the exporter no longer had when it exported the batch to this bucket: their days were over
    /// there. Absent where it had all.
    #[serde(default, skip_serializing_if = "is_none")]
    pub dropped: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_none(number: &u64) -> bool {
    *number == 0
}

/// Segments, each of which is in exactly one export batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segments {
    /// How many.
    pub count: u64,
    /// Their ids, ascending: the first and the last of each run without a gap.
    pub ranges: Vec<[i64; 2]>,
}

impl Segments {
    /// Of ascending ids.
    #[must_use]
    pub fn of(ids: &[i64]) -> Self {
        let mut ranges: Vec<[i64; 2]> = Vec::new();
        for &id in ids {
            match ranges.last_mut() {
                Some([_, last]) if last.checked_add(1) == Some(id) => *last = id,
                _ => ranges.push([id, id]),
            }
        }
        Self { count: ids.len() as u64, ranges }
    }

    /// Whether `id` is among them.
    #[must_use]
    pub fn contains(&self, id: i64) -> bool {
        self.ranges.iter().any(|[first, last]| (*first..=*last).contains(&id))
    }
}

/// The export that is repeated below another prefix: all of it, or the batches of some hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeats {
    /// The prefix of the export; empty for none.
    pub prefix: String,
}

/// A generation after the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewrite {
    /// Which one it made: 2 or more.
    pub generation: u32,
    /// `erasure`: a visitor asked to be forgotten.
    pub reason: String,
    /// The request, as the installation knows it. Random: it says nothing of the visitor.
    pub request: Uuid,
    /// When it was decided on, RFC 3339 in UTC.
    pub at: String,
    /// Rows that the batch has fewer since.
    pub rows_removed: u64,
}

/// How rows are ordered in the objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The columns, the most important one first; texts compare by their bytes.
    pub by: Vec<String>,
    /// What is ordered in itself: a `row group` of Parquet, and the run of lines in JSON Lines and CSV that has the same
    /// rows. One follows another as events arrived, or, where objects are per site, site by site.
    pub within: String,
    /// Rows after which a group ends, with the segment that reaches them. It ends earlier where rows are long.
    pub group_rows: u64,
}

/// How CSV is written (RFC 4180, a header line, CRLF, UTF-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Csv {
    /// Whether texts that a spreadsheet would take for a formula begin with an apostrophe more than they have: those whose
    /// first character after any apostrophes is one of `formula_characters`. Without that one apostrophe they are exact.
    pub formula_safe: bool,
    /// See `formula_safe`.
    pub formula_characters: String,
    /// How a missing value is written.
    pub null: String,
    /// How an empty text is written.
    pub empty: String,
}

/// What a destination takes of the events, and under which names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The only sites; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
    /// The only event types; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub event_types: Vec<String>,
    /// The only columns; empty for all. `raw_event_data` is there where it is named here, or where no column is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Columns that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_columns: Vec<String>,
    /// The visitors whose events are taken, of every 10,000; absent for all. A visitor is in the sample when the first 8
    /// bytes of SHA-256 of the visitor id as text, as a big-endian number modulo 10,000, are less than this: the same
    /// visitors at every destination, and a larger sample holds a smaller one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitors_per_10000: Option<u32>,
    /// New names of columns, by their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
}

impl Selection {
    /// Whether it leaves out events or columns. Other names leave out nothing.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        let Self { sites, event_types, columns, without_columns, visitors_per_10000, rename: _ } = self;
        ![sites, event_types, columns, without_columns].iter().all(|list| list.is_empty())
            || visitors_per_10000.is_some()
    }
}

/// One object of an export batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestObject {
    /// Its key in the bucket.
    pub key: String,
    /// `parquet`, `jsonl` or `csv`.
    pub format: String,
    /// Rows in it.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// The smallest event id in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_event_id: Option<Uuid>,
    /// The largest event id in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_event_id: Option<Uuid>,
    /// The earliest `timestamp` in it, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_timestamp: Option<String>,
    /// The latest `timestamp` in it, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_timestamp: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_told_by_runs() {
        let segments = Segments::of(&[1, 2, 3, 7, 9, 10]);
        assert_eq!(segments, Segments { count: 6, ranges: vec![[1, 3], [7, 7], [9, 10]] });
        for id in 0..12 {
            assert_eq!(segments.contains(id), [1, 2, 3, 7, 9, 10].contains(&id), "{id}");
        }
        assert_eq!(Segments::of(&[]), Segments { count: 0, ranges: vec![] });
        assert_eq!(Segments::of(&[i64::MAX]).ranges, [[i64::MAX, i64::MAX]]);
    }

    #[test]
    fn other_names_leave_out_nothing() {
        let rename = BTreeMap::from([("url".to_owned(), "address".to_owned())]);
        assert!(!Selection { rename, ..Selection::default() }.is_partial());
        assert!(Selection { visitors_per_10000: Some(10_000), ..Selection::default() }.is_partial());
        assert!(Selection { without_columns: vec!["url".to_owned()], ..Selection::default() }.is_partial());
    }
}
