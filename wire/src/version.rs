//! Versions of what is on the wire. A change that old readers cannot take raises one of them.

/// The version of `/collect` and `/ingest` bodies, their field `v`. Fields may be added within a version, never renamed,
/// retyped or removed.
pub const WIRE: u32 = 1;

/// The version of the exported row and of its column order, named in every manifest.
pub const ROW_SCHEMA: u32 = 1;

/// The version of the manifest itself.
pub const MANIFEST: u32 = 1;
