//! The manifest of an export batch in one bucket: a pure function of the batch, its segments, what the destination takes
//! of it, and its objects.

mod first;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::manifest::{Csv, Order, Outcomes, Repeats, Rewrite, Segments};
use wire::{Manifest, ManifestObject, Selection, version};

use super::objects::row::{self, ORDER};
use super::objects::{FORMULA_CHARACTERS, Rendition};
use crate::clock::rfc3339;
use crate::config::Format;
use crate::store::export_batches::ExportBatch;

/// What a manifest tells beside the batch itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The batch's segments, ascending.
    pub segments: Vec<i64>,
    /// What the destination takes.
    pub selection: Selection,
    /// Events that it leaves out.
    pub left_out: u64,
    /// Those of them that retention had dropped before.
    pub dropped: u64,
    /// What it has.
    pub objects: Vec<ManifestObject>,
    /// The generations of the batch after the first.
    pub rewrites: Vec<Rewrite>,
    /// The prefix of the export that this one repeats below another; none for the export itself.
    pub repeats: Option<String>,
}

impl Told {
    /// What was left out is what a rendition has left out.
    pub fn count(&mut self, rendition: &Rendition) {
        self.left_out = (rendition.left_out + rendition.dropped).cast_unsigned();
        self.dropped = rendition.dropped.cast_unsigned();
    }
}

/// The bytes that the bucket gets.
#[must_use]
pub fn bytes(batch: &ExportBatch, told: &Told) -> Bytes {
    let is_first = batch.rendering.is_none() && told.repeats.is_none() && told.rewrites.is_empty();
    if is_first && told.dropped == 0 { pretty(&first::of(batch, told)) } else { pretty(&of(batch, told)) }
}

fn pretty(manifest: &impl Serialize) -> Bytes {
    // Cannot fail: strings, numbers and lists of them.
    serde_json::to_vec_pretty(manifest).unwrap_or_default().into()
}

fn of(batch: &ExportBatch, told: &Told) -> Manifest {
    let rendering = batch.rendering();
    let accepted = batch.rows.cast_unsigned();
    let exported = accepted.saturating_sub(told.left_out);
    let csv = || Csv {
        formula_safe: rendering.csv_formula_safe,
        formula_characters: FORMULA_CHARACTERS.iter().collect(),
        null: "nothing".to_owned(),
        empty: "\"\"".to_owned(),
    };
    Manifest {
        manifest_version: version::MANIFEST,
        schema_version: version::ROW_SCHEMA,
        schema_id: row::schema_id(&told.selection, rendering.raw_event_data).to_owned(),
        export_batch_id: batch.id,
        previous: batch.previous,
        created_at: rfc3339(batch.created_at),
        hour: rfc3339(batch.hour),
        complete: !told.selection.is_partial() && told.dropped == 0,
        rows: exported,
        outcomes: Outcomes { accepted, exported, left_out: told.left_out, dropped: told.dropped },
        segments: Segments::of(&told.segments),
        min_event_id: batch.min_event_id,
        max_event_id: batch.max_event_id,
        min_timestamp: rfc3339(batch.min_timestamp),
        max_timestamp: rfc3339(batch.max_timestamp),
        order: Order {
            by: ORDER.map(str::to_owned).to_vec(),
            within: "row group".to_owned(),
            group_rows: rendering.group_rows,
        },
        csv: batch.formats.contains(&Format::Csv).then(csv),
        selection: (told.selection != Selection::default()).then(|| told.selection.clone()),
        generation: told.rewrites.last().map(|last| last.generation),
        rewrites: told.rewrites.clone(),
        repeats: told.repeats.as_ref().map(|prefix| Repeats { prefix: prefix.clone() }),
        objects: told.objects.clone(),
    }
}

/// The segments that a manifest found in a bucket names, of whichever version it is; none when it is no manifest.
#[must_use]
pub fn named_segments(manifest: &Value) -> Segments {
    let Some(named) = manifest.get("segments") else { return Segments::of(&[]) };
    match Vec::<i64>::deserialize(named) {
        Ok(first_version) => Segments::of(&first_version),
        Err(_) => Segments::deserialize(named).unwrap_or(Segments::of(&[])),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;
    use sqlx::types::Json;
    use uuid::Uuid;

    use super::*;
    use crate::export::rendering::Rendering;

    /// As batches have it by default.
    pub(crate) fn rendering() -> Rendering {
        let layout = crate::export::layout::Layout::new("format={format}/date={date}/hour={hour}");
        Rendering { layout, object_rows: 3_000_000, ..Rendering::default() }
    }

    /// An export batch of the hour 2026-11-22 09:00.
    pub(crate) fn batch() -> ExportBatch {
        let time = |text: &str| text.parse().expect("a time");
        ExportBatch {
            id: Uuid::from_u128(0xb),
            previous: Some(Uuid::from_u128(0xa)),
            created_at: time("2026-11-22T10:00:01.5Z"),
            hour: time("2026-11-22T09:00:00Z"),
            rows: 2,
            min_event_id: Uuid::from_u128(1),
            max_event_id: Uuid::from_u128(2),
            min_timestamp: time("2026-11-22T08:59:59.123Z"),
            max_timestamp: time("2026-11-22T09:10:00Z"),
            formats: Format::ALL.to_vec(),
            rendering: Some(Json(rendering())),
            generation: 1,
        }
    }

    /// What a bucket with `objects` is told.
    pub(crate) fn told(segments: Vec<i64>, objects: Vec<ManifestObject>) -> Told {
        let selection = Selection::default();
        Told { segments, selection, left_out: 0, dropped: 0, objects, rewrites: vec![], repeats: None }
    }

    fn object() -> ManifestObject {
        ManifestObject {
            key: "k".to_owned(),
            format: "parquet".to_owned(),
            rows: 2,
            bytes: 3,
            sha256: "00".to_owned(),
            min_event_id: Some(Uuid::from_u128(1)),
            max_event_id: Some(Uuid::from_u128(2)),
            min_timestamp: Some("2026-11-22T08:59:59.123000Z".to_owned()),
            max_timestamp: Some("2026-11-22T09:10:00.000000Z".to_owned()),
        }
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let told = told(vec![4, 7], vec![object()]);
        let bytes = bytes(&batch(), &told);
        let back: Manifest = serde_json::from_slice(&bytes).expect("a manifest");
        assert_eq!(back, of(&batch(), &told));
        assert_eq!((back.hour.as_str(), back.complete), ("2026-11-22T09:00:00.000000Z", true));
        assert!(named_segments(&serde_json::from_slice(&bytes).expect("json")).contains(7));
    }

    #[test]
    fn a_part_never_passes_for_the_whole() {
        let selection = Selection { sites: vec!["a".to_owned()], ..Selection::default() };
        let told = Told { selection: selection.clone(), left_out: 1, ..told(vec![4], vec![]) };
        let manifest = of(&batch(), &told);
        assert_eq!((manifest.complete, manifest.rows, manifest.selection), (false, 1, Some(selection)));
        assert_eq!(manifest.outcomes, Outcomes { accepted: 2, exported: 1, left_out: 1, dropped: 0 });
    }

    #[test]
    fn a_row_with_the_raw_event_has_a_name_of_its_own() {
        let rendering = Rendering { raw_event_data: true, ..rendering() };
        let batch = ExportBatch { rendering: Some(Json(rendering)), ..batch() };
        let selection = Selection { without_columns: vec!["url".to_owned()], ..Selection::default() };
        let without = Told { selection, ..told(vec![4], vec![]) };
        for (told, id) in [(told(vec![4], vec![]), version::ROW_SCHEMA_WITH_RAW_ID), (without, version::ROW_SCHEMA_ID)]
        {
            let manifest = of(&batch, &told);
            assert_eq!((manifest.schema_id.as_str(), manifest.schema_version), (id, version::ROW_SCHEMA));
        }
    }

    #[test]
    fn what_was_dropped_before_is_told_and_what_was_not_changes_no_byte() {
        let whole = told(vec![4], vec![object()]);
        assert!(!String::from_utf8_lossy(&bytes(&batch(), &whole)).contains("dropped"));
        let told = Told { left_out: 2, dropped: 2, ..told(vec![4], vec![]) };
        for rendering in [batch().rendering, None] {
            let written = bytes(&ExportBatch { rendering, ..batch() }, &told);
            let back: Manifest = serde_json::from_slice(&written).expect("a manifest");
            assert_eq!((back.complete, back.rows, back.selection, back.objects), (false, 0, None, vec![]));
            assert_eq!(back.outcomes, Outcomes { accepted: 2, exported: 0, left_out: 2, dropped: 2 });
        }
    }

    #[test]
    fn a_batch_of_the_first_version_keeps_its_manifest() {
        let batch = ExportBatch { rendering: None, formats: vec![Format::Parquet], ..batch() };
        let written: Value = serde_json::from_slice(&bytes(&batch, &told(vec![4, 7], vec![object()]))).expect("json");
        let expected = json!({
            "manifest_version": 1, "schema_version": 1, "export_batch_id": batch.id, "previous": batch.previous,
            "created_at": "2026-11-22T10:00:01.500000Z", "hour": "2026-11-22T09:00:00.000000Z", "segments": [4, 7],
            "rows": 2, "min_event_id": batch.min_event_id, "max_event_id": batch.max_event_id,
            "min_timestamp": "2026-11-22T08:59:59.123000Z", "max_timestamp": "2026-11-22T09:10:00.000000Z",
            "objects": [{ "key": "k", "format": "parquet", "rows": 2, "bytes": 3, "sha256": "00" }],
        });
        assert_eq!(written, expected);
        assert_eq!(named_segments(&written), Segments::of(&[4, 7]));
        assert_eq!(named_segments(&json!("no manifest")), Segments::of(&[]));
    }
}
