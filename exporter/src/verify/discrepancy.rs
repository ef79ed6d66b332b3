//! What can be wrong with a bucket.

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

/// A difference between a bucket and the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Discrepancy {
    /// The destination it was found in.
    pub destination: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
}

/// The kinds of discrepancy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// An exported batch has no manifest.
    MissingManifest {
        /// Where it should be.
        key: String,
    },
    /// A manifest has other bytes than were written.
    ManifestDiffers {
        /// Its key.
        key: String,
        /// The fields that differ; empty when it is no manifest at all, or differs in white space alone.
        fields: Vec<String>,
    },
    /// An object of an exported batch is gone.
    MissingObject {
        /// Where it should be.
        key: String,
    },
    /// An object has other bytes than were exported.
    ObjectDiffers {
        /// Its key.
        key: String,
        /// The length that was exported.
        expected_bytes: u64,
        /// The length that is there.
        found_bytes: u64,
    },
    /// An object cannot be read back.
    ObjectUnreadable {
        /// Its key.
        key: String,
        /// Why.
        reason: String,
    },
    /// An object has another number of rows than were exported.
    RowsDiffer {
        /// Its key.
        key: String,
        /// Rows that were exported.
        expected: u64,
        /// Rows that are there.
        found: u64,
    },
    /// An object holds other events than the database.
    RowIdsDiffer {
        /// Its key.
        key: String,
        /// How many events of the database are not in the object.
        missing: usize,
        /// How many events of the object are not in the database, or are there twice.
        unexpected: usize,
    },
    /// An object that belongs to no export batch.
    StrayObject {
        /// Its key.
        key: String,
    },
    /// A manifest that belongs to no export batch.
    StrayManifest {
        /// Its key.
        key: String,
    },
    /// Segments are marked exported, and the destination, which is required, has no manifest that names them.
    ExportedSegmentsMissing {
        /// The segments, ascending.
        segments: Vec<i64>,
        /// Its export batch.
        export_batch_id: Uuid,
    },
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.destination)?;
        match &self.kind {
            Kind::MissingManifest { key } => write!(formatter, "missing manifest {key}"),
            Kind::ManifestDiffers { key, fields } if fields.is_empty() => {
                write!(formatter, "manifest {key} is not what was written")
            }
            Kind::ManifestDiffers { key, fields } => {
                write!(formatter, "manifest {key} differs in {}", fields.join(", "))
            }
            Kind::MissingObject { key } => write!(formatter, "missing object {key}"),
            Kind::ObjectDiffers { key, expected_bytes, found_bytes } => {
                write!(
                    formatter,
                    "object {key} has other content: {expected_bytes} bytes exported, {found_bytes} found"
                )
            }
            Kind::ObjectUnreadable { key, reason } => write!(formatter, "object {key} cannot be read: {reason}"),
            Kind::RowsDiffer { key, expected, found } => {
                write!(formatter, "object {key} has {found} rows instead of {expected}")
            }
            Kind::RowIdsDiffer { key, missing, unexpected } => {
                write!(formatter, "object {key} lacks {missing} events of the database and holds {unexpected} others")
            }
            Kind::StrayObject { key } => write!(formatter, "stray object {key}"),
            Kind::StrayManifest { key } => write!(formatter, "stray manifest {key}"),
            Kind::ExportedSegmentsMissing { segments, export_batch_id } => {
                write!(formatter, "{} segment(s) of {export_batch_id} are marked exported and not here", segments.len())
            }
        }
    }
}
