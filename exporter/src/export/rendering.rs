//! How the objects of an export batch are written and where to: recorded with the batch, so that no later setting, and no
//! later version's other measure, changes what it is.

use serde::{Deserialize, Serialize};

use super::layout::Layout;
use crate::config::{Compression, Export};

/// Recorded with each batch as `export_batches.rendering`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendering {
    /// The folders of its objects.
    pub layout: Layout,
    /// How JSON Lines are compressed.
    pub jsonl_compression: Compression,
    /// Whether CSV is guarded against formulas.
    pub csv_formula_safe: bool,
    /// Whether each row ends with the whole event as one JSON object. Not recorded where it does not, as before there was such
    /// a thing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raw_event_data: bool,
    /// Rows after which a group of ordered rows ends, a row group of Parquet.
    pub group_rows: u64,
    /// Bytes, as the database sends rows, after which a group ends although it has fewer rows.
    pub group_bytes: u64,
    /// Rows after which an object ends.
    pub object_rows: u64,
}

impl Rendering {
    /// As it is set now.
    #[must_use]
    pub fn new(export: &Export) -> Self {
        Self {
            layout: export.layout.clone(),
            jsonl_compression: export.jsonl_compression,
            csv_formula_safe: export.csv_formula_safe,
            raw_event_data: export.raw_event_data,
            // What DuckDB and Athena scan best, and two of them fit into memory.
            group_rows: 120_000,
            group_bytes: 64 << 20,
            // Some 200 MB of Parquet: the size that readers of buckets ask for.
            object_rows: 3_000_000,
        }
    }
}

/// That of batches of the first version, which recorded none.
impl Default for Rendering {
    fn default() -> Self {
        Self {
            layout: Layout::new("events/format={format}/date={date}/hour={hour}"),
            jsonl_compression: Compression::Gzip,
            csv_formula_safe: true,
            raw_event_data: false,
            group_rows: 120_000,
            group_bytes: 64 << 20,
            object_rows: u64::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A batch is rendered by what is recorded with it, and one that is recorded by this version may be by an earlier one.
    #[test]
    fn what_was_recorded_before_there_was_a_raw_event_has_none() {
        let recorded = serde_json::to_value(Rendering::default()).expect("json");
        assert_eq!(recorded.get("raw_event_data"), None);
        let read: Rendering = serde_json::from_value(recorded).expect("a rendering");
        assert_eq!(read, Rendering::default());
        let with_raw = Rendering { raw_event_data: true, ..Rendering::default() };
        assert_eq!(serde_json::to_value(&with_raw).expect("json").get("raw_event_data"), Some(&json!(true)));
    }
}
