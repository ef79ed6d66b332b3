//! The manifest of an export batch: a pure function of the batch, its segments and its objects.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use wire::{Manifest, ManifestObject, version};

use crate::store::export_batches::ExportBatch;

/// The manifest of `batch`, whose members are `segments`, ascending.
#[must_use]
pub fn of(batch: &ExportBatch, segments: Vec<i64>, objects: Vec<ManifestObject>) -> Manifest {
    Manifest {
        manifest_version: version::MANIFEST,
        schema_version: version::ROW_SCHEMA,
        export_batch_id: batch.id,
        previous: batch.previous,
        created_at: rfc3339(batch.created_at),
        hour: rfc3339(batch.hour),
        segments,
        rows: batch.rows.cast_unsigned(),
        min_event_id: batch.min_event_id,
        max_event_id: batch.max_event_id,
        min_timestamp: rfc3339(batch.min_timestamp),
        max_timestamp: rfc3339(batch.max_timestamp),
        objects,
    }
}

/// The bytes that the bucket gets.
#[must_use]
pub fn to_bytes(manifest: &Manifest) -> Bytes {
    // Cannot fail: strings, numbers and lists of them.
    serde_json::to_vec_pretty(manifest).unwrap_or_default().into()
}

/// A time as manifests and JSON Lines write it: UTC, microseconds.
#[must_use]
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
pub(crate) mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::config::Format;

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
        }
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let object = ManifestObject {
            key: "k".to_owned(),
            format: "parquet".to_owned(),
            rows: 2,
            bytes: 3,
            sha256: "00".to_owned(),
        };
        let manifest = of(&batch(), vec![4, 7], vec![object]);
        assert_eq!(manifest.hour, "2026-11-22T09:00:00.000000Z");
        let back: Manifest = serde_json::from_slice(&to_bytes(&manifest)).expect("a manifest");
        assert_eq!(back, manifest);
    }
}
