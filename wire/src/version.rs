//! Versions of what is on the wire. A change that old readers cannot take raises one of them.

/// The version of `/collect` and `/ingest` bodies, their field `v`. Fields may be added within a version, never renamed,
/// retyped or removed.
pub const WIRE: u32 = 1;

/// The version of the exported row and of its column order, named in every manifest.
pub const ROW_SCHEMA: u32 = 1;

/// The name of that row and version, in every manifest and in the metadata of every Parquet file.
pub const ROW_SCHEMA_ID: &str = "evothesis.event-row.1";

/// The name of that row with `raw_event_data` after its last column.
pub const ROW_SCHEMA_WITH_RAW_ID: &str = "evothesis.event-row.1+raw_event_data";

/// The version of the manifest itself. Manifests of version 1 list every segment and know neither selection nor CSV.
pub const MANIFEST: u32 = 2;
