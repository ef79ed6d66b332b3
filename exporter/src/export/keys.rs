//! Where an export batch is in a bucket. Keys are made of the prefix, what is recorded with the batch, and its id.

use chrono::{DateTime, NaiveDate, Utc};

use super::layout::Place;
use super::rendering::Rendering;
use crate::config::{Compression, Format};
use crate::store::export_batches::ExportBatch;

/// Below the prefix: every manifest.
pub const MANIFESTS: &str = "manifests/";

/// The key of a batch's object: the `number`th of its `format`, with rows of `site` alone where the layout has objects for
/// each.
#[must_use]
pub fn object(prefix: &str, batch: &ExportBatch, format: Format, number: usize, site: Option<&str>) -> String {
    let rendering = batch.rendering();
    let place = Place { format: format.name(), hour: batch.hour, site: site.unwrap_or_default() };
    let number = if number == 0 { String::new() } else { format!("-{number}") };
    format!("{prefix}{}{}{number}.{}", rendering.layout.folders(&place), batch.id, ending(format, &rendering))
}

/// The key of a batch's manifest.
#[must_use]
pub fn manifest(prefix: &str, batch: &ExportBatch) -> String {
    format!("{prefix}{MANIFESTS}{}/{}.json", batch.hour.format("date=%Y-%m-%d/hour=%H"), batch.id)
}

/// Whether `key` has the name of an object or a manifest of the batch `id`.
#[must_use]
pub fn is_of(key: &str, id: uuid::Uuid) -> bool {
    key.rsplit('/').next().is_some_and(|name| name.starts_with(&id.to_string()))
}

/// The format of the object at `key`; `None` when its name has none.
#[must_use]
pub fn format(key: &str) -> Option<Format> {
    let (_, ending) = key.rsplit('/').next()?.split_once('.')?;
    Format::ALL.into_iter().find(|format| ending.split('.').next() == Some(format.name()))
}

/// Which of the objects of its format the one at `key` is.
#[must_use]
pub fn number(key: &str, id: uuid::Uuid) -> Option<i32> {
    let (name, _) = key.rsplit('/').next()?.split_once('.')?;
    let number = name.strip_prefix(&id.to_string())?;
    if number.is_empty() { Some(0) } else { number.strip_prefix('-')?.parse().ok() }
}

/// The hour that a key names by `date=` and `hour=`; `None` when it does not.
#[must_use]
pub fn hour(key: &str) -> Option<DateTime<Utc>> {
    let folder = |name: &str| key.split('/').find_map(|folder| folder.strip_prefix(name));
    let day: NaiveDate = folder("date=")?.parse().ok()?;
    Some(day.and_hms_opt(folder("hour=")?.parse().ok()?, 0, 0)?.and_utc())
}

fn ending(format: Format, rendering: &Rendering) -> &'static str {
    match (format, rendering.jsonl_compression) {
        (Format::Parquet, _) => "parquet",
        (Format::Jsonl, Compression::Gzip) => "jsonl.gz",
        (Format::Jsonl, Compression::Zstd) => "jsonl.zst",
        (Format::Csv, _) => "csv.gz",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::layout::Layout;
    use crate::export::manifest::tests::{batch, rendering};

    #[test]
    fn keys_are_what_readers_rely_on() {
        let batch = batch();
        let id = batch.id;
        for (format, number, key) in [
            (Format::Parquet, 0, format!("a/format=parquet/date=2026-11-22/hour=09/{id}.parquet")),
            (Format::Jsonl, 1, format!("a/format=jsonl/date=2026-11-22/hour=09/{id}-1.jsonl.gz")),
            (Format::Csv, 12, format!("a/format=csv/date=2026-11-22/hour=09/{id}-12.csv.gz")),
        ] {
            assert_eq!(object("a/", &batch, format, number, None), key);
            assert!(is_of(&key, id) && !is_of(&key, uuid::Uuid::nil()));
            assert_eq!(super::number(&key, id), i32::try_from(number).ok());
        }
        assert_eq!(manifest("a/", &batch), format!("a/manifests/date=2026-11-22/hour=09/{id}.json"));
        assert!(is_of(&manifest("", &batch), id));
        assert_eq!(hour(&manifest("a/", &batch)), Some(batch.hour));
        assert_eq!(hour("events/2026/11/x"), None);
    }

    #[test]
    fn a_batch_of_the_first_version_keeps_its_keys() {
        let batch = ExportBatch { rendering: None, ..batch() };
        let key = format!("events/format=jsonl/date=2026-11-22/hour=09/{}.jsonl.gz", batch.id);
        assert_eq!(object("", &batch, Format::Jsonl, 0, None), key);
    }

    #[test]
    fn a_layout_by_site_has_a_folder_for_each() {
        let rendering = crate::export::rendering::Rendering { layout: Layout::new("e/site={site}"), ..rendering() };
        let batch = ExportBatch { rendering: Some(sqlx::types::Json(rendering)), ..batch() };
        let key = object("", &batch, Format::Csv, 3, Some("a b"));
        assert_eq!(key, format!("e/site=a%20b/{}-3.csv.gz", batch.id));
    }
}
