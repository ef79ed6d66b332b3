//! Where things are in a bucket. A key is made of the prefix, the hour of arrival and the export batch's id, never of
//! anything that a visitor sent.

use crate::config::Format;
use crate::store::export_batches::ExportBatch;

/// Below the prefix: every object.
pub const OBJECTS: &str = "events/";
/// Below the prefix: every manifest.
pub const MANIFESTS: &str = "manifests/";

/// The key of a batch's object in `format`.
#[must_use]
pub fn object(prefix: &str, format: Format, batch: &ExportBatch) -> String {
    let (name, ending) = match format {
        Format::Parquet => ("parquet", "parquet"),
        Format::Jsonl => ("jsonl", "jsonl.gz"),
    };
    format!("{prefix}{OBJECTS}format={name}/{}/{}.{ending}", hour(batch), batch.id)
}

/// The key of a batch's manifest.
#[must_use]
pub fn manifest(prefix: &str, batch: &ExportBatch) -> String {
    format!("{prefix}{MANIFESTS}{}/{}.json", hour(batch), batch.id)
}

fn hour(batch: &ExportBatch) -> impl std::fmt::Display {
    batch.hour.format("date=%Y-%m-%d/hour=%H")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::manifest::tests::batch;

    #[test]
    fn keys_are_what_readers_rely_on() {
        let id = batch().id;
        assert_eq!(
            object("", Format::Parquet, &batch()),
            format!("events/format=parquet/date=2026-11-22/hour=09/{id}.parquet")
        );
        assert_eq!(
            object("a/", Format::Jsonl, &batch()),
            format!("a/events/format=jsonl/date=2026-11-22/hour=09/{id}.jsonl.gz")
        );
        assert_eq!(manifest("a/", &batch()), format!("a/manifests/date=2026-11-22/hour=09/{id}.json"));
    }
}
