//! The receipt that an export leaves in the bucket, after its objects: what is there, and how to prove it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One export batch in one bucket. An object that no manifest names is not part of the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`crate::version::MANIFEST`].
    pub manifest_version: u32,
    /// [`crate::version::ROW_SCHEMA`].
    pub schema_version: u32,
    /// Names the export batch; part of every key.
    pub export_batch_id: Uuid,
    /// The batch that was made before this one; absent for the first.
    pub previous: Option<Uuid>,
    /// When the batch was made, RFC 3339 in UTC.
    pub created_at: String,
    /// The hour of arrival that the rows belong to, RFC 3339 in UTC.
    pub hour: String,
    /// The segments, ascending: each is in exactly one export batch.
    pub segments: Vec<i64>,
    /// Rows in each object.
    pub rows: u64,
    /// The smallest event id.
    pub min_event_id: Uuid,
    /// The largest event id.
    pub max_event_id: Uuid,
    /// The earliest `timestamp`, RFC 3339 in UTC.
    pub min_timestamp: String,
    /// The latest `timestamp`, RFC 3339 in UTC.
    pub max_timestamp: String,
    /// The same rows in each format.
    pub objects: Vec<ManifestObject>,
}

/// One object of an export batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestObject {
    /// Its key in the bucket.
    pub key: String,
    /// `parquet` or `jsonl`.
    pub format: String,
    /// Rows in it.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}
