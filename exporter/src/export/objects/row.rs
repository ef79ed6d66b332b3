//! The exported row: its columns and their order, once for all formats.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use wire::{Selection, version};

/// How many columns the database has.
pub const WIDTH: usize = 38;
/// The position of `raw_event_data`, which is made of the others.
pub const RAW: usize = WIDTH;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A UUID, written as text: no other form is read as the same by every tool.
    Id,
    /// A text that is always there.
    Text,
    /// A text that may be missing.
    OptionalText,
    /// JSON: nested in JSON Lines, a string in Parquet.
    Json,
    /// A whole number.
    Number,
    /// A time, UTC, microseconds.
    Time,
}

/// The columns in order (`wire::version::ROW_SCHEMA`). New ones go to the end; none is ever moved or removed. The last one is
/// there by a setting alone.
pub const COLUMNS: [(&str, Kind); WIDTH + 1] = [
    ("event_id", Kind::Id),
    ("event_type", Kind::Text),
    ("site_id", Kind::Text),
    ("visitor_id", Kind::Id),
    ("session_id", Kind::Id),
    ("stream_id", Kind::Id),
    ("seq", Kind::Number),
    ("timestamp", Kind::Time),
    ("sent_at", Kind::Time),
    ("received_at", Kind::Time),
    ("url", Kind::Text),
    ("path", Kind::Text),
    ("title", Kind::Text),
    ("referrer", Kind::Text),
    ("channel", Kind::Text),
    ("platform", Kind::Text),
    ("utm_source", Kind::OptionalText),
    ("utm_medium", Kind::OptionalText),
    ("utm_campaign", Kind::OptionalText),
    ("utm_term", Kind::OptionalText),
    ("utm_content", Kind::OptionalText),
    ("utm_id", Kind::OptionalText),
    ("country", Kind::OptionalText),
    ("region", Kind::OptionalText),
    ("user_agent", Kind::Text),
    ("browser", Kind::Text),
    ("os", Kind::Text),
    ("device", Kind::Text),
    ("bot", Kind::OptionalText),
    ("ip_address", Kind::OptionalText),
    ("consent", Kind::Text),
    ("redactions", Kind::Json),
    ("data", Kind::Json),
    ("ingested_at", Kind::Time),
    ("t", Kind::Number),
    ("session_number", Kind::Number),
    ("session_start", Kind::Time),
    ("edge_version", Kind::Text),
    ("raw_event_data", Kind::Json),
];

/// The columns that are taken, as positions in [`COLUMNS`], and the names they get. `with_raw`: whether there is
/// `raw_event_data` to take.
#[must_use]
pub fn columns(selection: &Selection, with_raw: bool) -> Vec<(usize, String)> {
    let taken = |(at, name): (usize, &str)| {
        if at == RAW {
            return with_raw && takes_raw(selection);
        }
        (selection.columns.is_empty() || selection.columns.iter().any(|it| it == name))
            && !selection.without_columns.iter().any(|it| it == name)
    };
    let named = |name: &str| selection.rename.get(name).cloned().unwrap_or_else(|| name.to_owned());
    let columns = COLUMNS.iter().enumerate().filter(|(at, column)| taken((*at, column.0)));
    columns.map(|(at, column)| (at, named(column.0))).collect()
}

/// Whether `selection` takes `raw_event_data`, which holds all columns under their own names: where it leaves none out, and
/// where somebody has named it.
fn takes_raw(selection: &Selection) -> bool {
    let name = COLUMNS.get(RAW).map_or("", |column| column.0);
    selection.without_columns.is_empty()
        && (selection.columns.is_empty() || selection.columns.iter().any(|it| it == name))
}

/// What manifests and files of Parquet call the row.
#[must_use]
pub fn schema_id(selection: &Selection, with_raw: bool) -> &'static str {
    if with_raw && takes_raw(selection) { version::ROW_SCHEMA_WITH_RAW_ID } else { version::ROW_SCHEMA_ID }
}

/// The Arrow schema of the columns that `selection` takes. A field's id is its place in [`COLUMNS`], from 1, whatever its
/// name is and whatever else is taken.
#[must_use]
pub fn schema(selection: &Selection, with_raw: bool) -> SchemaRef {
    let field = |(at, name): (usize, String)| {
        let kind = COLUMNS.get(at).map_or(Kind::Text, |column| column.1);
        let data_type = match kind {
            Kind::Id | Kind::Text | Kind::OptionalText | Kind::Json => DataType::Utf8,
            Kind::Number => DataType::Int64,
            Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        };
        let mut metadata = HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), (at + 1).to_string())]);
        if kind == Kind::Json {
            metadata.insert(JSON.to_owned(), "true".to_owned());
        }
        Field::new(name, data_type, kind == Kind::OptionalText).with_metadata(metadata)
    };
    Arc::new(Schema::new(columns(selection, with_raw).into_iter().map(field).collect::<Vec<_>>()))
}

/// Whether a column holds JSON, to the letter.
#[must_use]
pub fn is_json(field: &Field) -> bool {
    field.metadata().contains_key(JSON)
}

/// In the metadata of a column that holds JSON.
const JSON: &str = "evothesis.json";

/// The order of rows within a group.
pub const ORDER: [&str; 3] = ["site_id", "timestamp", "event_id"];
