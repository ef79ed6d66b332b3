//! What can be wrong with a bucket.

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

/// A difference between a bucket and the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Discrepancy {
    /// The destination it was found in.
    pub destination: String,
    /// The export batch that it belongs to; absent for what belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_batch_id: Option<Uuid>,
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
        missing: u64,
        /// How many events of the object are not in the database, or are there twice.
        unexpected: u64,
        /// One that is not in the object, where that can be told.
        #[serde(skip_serializing_if = "Option::is_none")]
        first_missing: Option<Uuid>,
        /// One that is not in the database or there twice, where that can be told.
        #[serde(skip_serializing_if = "Option::is_none")]
        first_unexpected: Option<Uuid>,
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
        #[serde(rename = "of_export_batch")]
        export_batch_id: Uuid,
    },
    /// What lies among the manifests is none.
    ManifestUnreadable {
        /// Its key.
        key: String,
        /// Why.
        reason: String,
    },
    /// A manifest lies where that of another batch belongs.
    ManifestMisplaced {
        /// Its key.
        key: String,
        /// The batch that it names.
        names: Uuid,
    },
    /// A batch was made after another one whose manifest is not there.
    ChainGap {
        /// The key of the manifest that names it.
        key: String,
        /// The batch that is not there, or not yet.
        previous: Uuid,
    },
    /// Several batches follow the same one, or several are the first.
    ChainForks {
        /// What they follow; absent for the first.
        previous: Option<Uuid>,
        /// The keys of their manifests.
        keys: Vec<String>,
    },
    /// Batches follow one another in a circle.
    ChainCircles {
        /// The key of one manifest of it.
        key: String,
    },
    /// Two batches name the same segments, whose rows are there twice.
    SegmentsTwice {
        /// The key of one manifest.
        key: String,
        /// The key of the other.
        other: String,
    },
    /// The objects of a format have other rows, together, than the manifest says.
    SumDiffers {
        /// The manifest's key.
        key: String,
        /// The format.
        format: String,
        /// What the manifest says.
        expected: u64,
        /// What its objects come to.
        found: u64,
    },
    /// An object holds events beyond the smallest and largest id that the manifest names.
    BoundsDiffer {
        /// Its key.
        key: String,
    },
    /// The objects of a batch hold other events in one format than in another.
    FormatsDiffer {
        /// The manifest's key.
        key: String,
        /// The formats.
        formats: Vec<String>,
    },
    /// Events are there more than once among all objects of a format.
    EventsTwice {
        /// The format.
        format: String,
        /// How many.
        events: u64,
        /// One of them.
        first: Uuid,
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
            Kind::RowIdsDiffer { key, missing, unexpected, first_missing, first_unexpected } => {
                let one = |id: &Option<Uuid>| id.map(|id| format!(" (one is {id})")).unwrap_or_default();
                let (one_missing, one_unexpected) = (one(first_missing), one(first_unexpected));
                write!(
                    formatter,
                    "object {key} lacks {missing} events of the database{one_missing} and holds {unexpected} others{one_unexpected}"
                )
            }
            Kind::StrayObject { key } => write!(formatter, "stray object {key}"),
            Kind::StrayManifest { key } => write!(formatter, "stray manifest {key}"),
            Kind::ManifestUnreadable { key, reason } => write!(formatter, "{key} is no manifest: {reason}"),
            Kind::ManifestMisplaced { key, names } => write!(formatter, "manifest {key} is that of batch {names}"),
            Kind::ChainGap { key, previous } => {
                write!(formatter, "batch {previous} is not here, or not yet: {key} was made after it")
            }
            Kind::ChainForks { previous: Some(previous), keys } => {
                write!(formatter, "the chain forks after {previous}: {}", keys.join(", "))
            }
            Kind::ChainForks { previous: None, keys } => {
                write!(formatter, "there is more than one first batch: {}", keys.join(", "))
            }
            Kind::ChainCircles { key } => write!(formatter, "the chain of {key} goes in a circle"),
            Kind::SegmentsTwice { key, other } => write!(formatter, "{key} and {other} name the same segments"),
            Kind::SumDiffers { key, format, expected, found } => {
                write!(formatter, "manifest {key} says {expected} rows, its objects in {format} come to {found}")
            }
            Kind::BoundsDiffer { key } => {
                write!(formatter, "object {key} holds events beyond the ids that its manifest names")
            }
            Kind::FormatsDiffer { key, formats } => {
                write!(formatter, "the objects of {key} hold other events in {}", formats.join(" than in "))
            }
            Kind::EventsTwice { format, events, first } => {
                write!(formatter, "{events} event(s) are there more than once in {format}, one is {first}")
            }
            Kind::ExportedSegmentsMissing { segments, export_batch_id } => {
                write!(formatter, "{} segment(s) of {export_batch_id} are marked exported and not here", segments.len())
            }
        }
    }
}
