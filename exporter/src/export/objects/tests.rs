use std::io::Read;

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::basic::LogicalType;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use serde_json::Value;

use super::row::{COLUMNS, Cell, Kind, cells};
use super::*;

fn row(n: u128) -> ExportedRow {
    let time = |text: &str| text.parse().expect("a time");
    ExportedRow {
        event_id: Uuid::from_u128(n),
        event_type: "click".to_owned(),
        site_id: "example.com".to_owned(),
        visitor_id: Uuid::from_u128(2),
        session_id: Uuid::from_u128(3),
        stream_id: Uuid::from_u128(4),
        seq: 5,
        timestamp: time("2026-11-22T09:00:00.123Z"),
        sent_at: time("2026-11-22T09:00:01Z"),
        received_at: time("2026-11-22T09:00:02Z"),
        url: "https://example.com/\"quoted\"".to_owned(),
        path: "/".to_owned(),
        title: "Ein Titel, zwei\nZeilen".to_owned(),
        referrer: String::new(),
        channel: "direct".to_owned(),
        platform: String::new(),
        utm_source: Some("=formula".to_owned()),
        utm_medium: None,
        utm_campaign: None,
        utm_term: None,
        utm_content: None,
        utm_id: None,
        country: Some("DE".to_owned()),
        region: None,
        user_agent: "agent".to_owned(),
        browser: "Firefox".to_owned(),
        os: "Linux".to_owned(),
        device: "desktop".to_owned(),
        bot: None,
        ip_address: Some("203.0.113.0".to_owned()),
        consent: "unknown".to_owned(),
        redactions: "{\"email\":1}".to_owned(),
        data: "{\"price\":9007199254740993.10,\n \"x\": 1.50}".to_owned(),
        ingested_at: time("2026-11-22T09:00:03.000001Z"),
        t: 1200,
        session_number: 2,
        session_start: time("2026-11-22T08:59:00Z"),
        edge_version: "0.1.0".to_owned(),
    }
}

fn rendered(format: Format, rows: u128) -> Bytes {
    let mut writer = Writer::new(format).expect("a writer");
    for n in 0..rows {
        writer.write(&row(n)).expect("written");
    }
    writer.finish().expect("finished")
}

#[test]
fn every_cell_is_of_its_columns_kind() {
    for ((name, kind), cell) in COLUMNS.iter().zip(cells(&row(1))) {
        let fits = match cell {
            Cell::Id(_) | Cell::Text(_) => Kind::Text,
            Cell::OptionalText(_) => Kind::OptionalText,
            Cell::Json(_) => Kind::Json,
            Cell::Number(_) => Kind::Number,
            Cell::Time(_) => Kind::Time,
        };
        assert_eq!(fits, *kind, "{name}");
    }
}

#[test]
fn equal_rows_are_equal_bytes() {
    for format in [Format::Parquet, Format::Jsonl] {
        assert_eq!(rendered(format, 5000), rendered(format, 5000), "{format:?}");
    }
}

/// Bytes that other versions of this program have delivered. Where a library's update changes them, what a worker of the
/// old version left half done differs from what one of the new version puts: let deliveries end before such an update.
#[test]
fn the_bytes_are_those_of_the_last_version() {
    let hashes = [Format::Parquet, Format::Jsonl].map(|format| crate::bucket::sha256(&rendered(format, 5000)));
    assert_eq!(
        hashes,
        [
            "1f29c7a21f48e90bc92e6c42fa555b309a7e8b0a80f387e1baa385addc2dd13c",
            "10cca208954545473f5006f598a0c88bf2807480e1ddd5734b4f0b901bd8a859",
        ]
    );
}

#[test]
fn both_formats_hold_the_same_ids_in_the_same_order() {
    let expected: Vec<_> = (0..5000).map(Uuid::from_u128).collect();
    for format in [Format::Parquet, Format::Jsonl] {
        assert_eq!(event_ids(format.name(), rendered(format, 5000)).expect("readable"), expected, "{format:?}");
    }
}

#[test]
fn a_json_line_holds_every_column_and_every_digit() {
    let mut text = String::new();
    flate2::read::GzDecoder::new(&rendered(Format::Jsonl, 1)[..]).read_to_string(&mut text).expect("gzip");
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("\"data\":{\"price\":9007199254740993.10,  \"x\": 1.50}"), "{text}");
    let line: Value = serde_json::from_str(&text).expect("json");
    let names: Vec<_> = COLUMNS.iter().map(|column| column.0).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(line.as_object().expect("object").keys().collect::<Vec<_>>(), sorted);
    assert_eq!(line["timestamp"], "2026-11-22T09:00:00.123000Z");
    assert_eq!(line["title"], "Ein Titel, zwei\nZeilen");
    assert_eq!(line["redactions"]["email"], 1);
    assert_eq!(line["utm_medium"], Value::Null);
}

#[test]
fn parquet_holds_typed_columns_with_field_ids() {
    let body = rendered(Format::Parquet, 1);
    let file = SerializedFileReader::new(body.clone()).expect("parquet");
    let metadata = file.metadata().file_metadata();
    assert_eq!(metadata.created_by(), Some("evothesis"));
    for (index, ((name, kind), column)) in COLUMNS.iter().zip(metadata.schema_descr().columns()).enumerate() {
        assert_eq!(column.name(), *name);
        assert_eq!(column.self_type().get_basic_info().id(), i32::try_from(index + 1).expect("small"), "{name}");
        let is_time = matches!(column.logical_type_ref(), Some(LogicalType::Timestamp(_)));
        assert_eq!(is_time, *kind == Kind::Time, "{name}");
    }
    let batch = ParquetRecordBatchReaderBuilder::try_new(body)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .expect("readable")
        .next()
        .expect("one batch")
        .expect("readable");
    let column = |name: &str| batch.column_by_name(name).expect(name).clone();
    assert_eq!(column("ingested_at").as_primitive::<TimestampMicrosecondType>().value(0), 1_795_338_003_000_001);
    assert_eq!(column("data").as_string::<i32>().value(0), row(0).data);
    assert!(column("utm_medium").is_null(0));
}
