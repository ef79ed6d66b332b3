//! Manifests of version 1, which buckets hold of batches of the first version: their bytes must stay what they are.

use serde::Serialize;
use uuid::Uuid;
use wire::version;

use super::Told;
use crate::clock::rfc3339;
use crate::store::export_batches::ExportBatch;

#[derive(Serialize)]
pub(super) struct Manifest<'a> {
    #[serde(rename = "manifest_version")]
    version: u32,
    schema_version: u32,
    export_batch_id: Uuid,
    previous: Option<Uuid>,
    created_at: String,
    hour: String,
    segments: &'a [i64],
    rows: i64,
    min_event_id: Uuid,
    max_event_id: Uuid,
    min_timestamp: String,
    max_timestamp: String,
    objects: Vec<Object<'a>>,
}

#[derive(Serialize)]
struct Object<'a> {
    key: &'a str,
    format: &'a str,
    rows: u64,
    bytes: u64,
    sha256: &'a str,
}

pub(super) fn of<'a>(batch: &ExportBatch, told: &'a Told) -> Manifest<'a> {
    let object = |it: &'a wire::ManifestObject| Object {
        key: &it.key,
        format: &it.format,
        rows: it.rows,
        bytes: it.bytes,
        sha256: &it.sha256,
    };
    Manifest {
        version: 1,
        schema_version: version::ROW_SCHEMA,
        export_batch_id: batch.id,
        previous: batch.previous,
        created_at: rfc3339(batch.created_at),
        hour: rfc3339(batch.hour),
        segments: &told.segments,
        rows: batch.rows,
        min_event_id: batch.min_event_id,
        max_event_id: batch.max_event_id,
        min_timestamp: rfc3339(batch.min_timestamp),
        max_timestamp: rfc3339(batch.max_timestamp),
        objects: told.objects.iter().map(object).collect(),
    }
}
