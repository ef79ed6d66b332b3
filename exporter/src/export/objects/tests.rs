use std::io::Read;

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::basic::LogicalType;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use futures::StreamExt;
use proptest::prelude::*;
use serde_json::Value;

use super::row::{COLUMNS, Kind};
use super::*;
use crate::export::manifest::tests::rendering;

/// 2026-11-22 09:00:00.123 UTC.
const TIME: i64 = 1_795_338_000_123_000;

/// A row as `COPY` sends it, event `n` of segment `segment`.
fn row(n: u128, site: &str, time: i64, segment: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |value: Option<&[u8]>| {
        bytes.extend(value.map_or(-1, |value| i32::try_from(value.len()).expect("short")).to_be_bytes());
        bytes.extend(value.unwrap_or_default());
    };
    for (name, kind) in COLUMNS.into_iter().take(row::WIDTH) {
        match (name, kind) {
            ("event_id", _) => put(Some(Uuid::from_u128(n).as_bytes())),
            ("site_id", _) => put(Some(site.as_bytes())),
            ("timestamp", _) => put(Some(&(time - 946_684_800_000_000).to_be_bytes())),
            ("title", _) => put(Some("Ein Titel, zwei\nZeilen".as_bytes())),
            ("utm_source", _) => put(Some(b"=formula")),
            ("data", _) => put(Some(b"{\"price\":9007199254740993.10,\n \"x\": 1.50}")),
            ("redactions", _) => put(Some(b"{\"email\":1}")),
            (_, Kind::Id) => put(Some(Uuid::from_u128(7 + n % 5).as_bytes())),
            (_, Kind::Number) => put(Some(&5_i64.to_be_bytes())),
            (_, Kind::Time) => put(Some(&(TIME - 946_684_800_000_000 + 1).to_be_bytes())),
            (_, Kind::OptionalText) => put(None),
            (_, Kind::Text | Kind::Json) => put(Some(b"text")),
        }
    }
    put(Some(&segment.to_be_bytes()));
    bytes
}

fn stream(rows: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [&b"PGCOPY\n\xff\r\n\0"[..], &[0; 8]].concat();
    for row in rows {
        bytes.extend(i16::try_from(FIELDS).expect("few").to_be_bytes());
        bytes.extend(row);
    }
    bytes.extend((-1_i16).to_be_bytes());
    bytes
}

/// The objects of rows that come as `rows`, in all formats.
fn rendered_as(rows: &[Vec<u8>], selection: &Selection, rendering: &Rendering) -> Vec<Rendered> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    runtime.block_on(async {
        let (groups, filled) = mpsc::channel(1);
        let writing = {
            let (selection, rendering) = (selection.clone(), rendering.clone());
            tokio::task::spawn_blocking(move || encode::write(filled, &Format::ALL, &selection, &rendering))
        };
        let stream = futures::stream::iter([Ok(bytes::Bytes::from(stream(rows)))]);
        let (work, busy) = (Work::silent(), AtomicBool::new(false));
        let filling = Filling::new(rendering, groups, &work, &busy).await.expect("room");
        let read = take(stream, selection, filling).await.expect("read");
        assert_eq!(read.0 + read.1, i64::try_from(rows.len()).expect("few"));
        writing.await.expect("no panic").expect("written")
    })
}

fn rendered(rows: u128) -> Vec<Rendered> {
    let rows: Vec<_> = (0..rows).map(|n| row(n, "example.com", TIME, 1)).collect();
    rendered_as(&rows, &Selection::default(), &rendering())
}

fn of_format(objects: &[Rendered], format: Format) -> Vec<&Rendered> {
    objects.iter().filter(|object| object.format == format).collect()
}

fn ids(object: &Rendered) -> Vec<Uuid> {
    let ids = event_ids(object.format.name(), object.file.reader().expect("a file")).expect("readable");
    ids.collect::<Result<_, _>>().expect("readable")
}

fn unzipped(object: &Rendered) -> String {
    let mut text = String::new();
    let file = object.file.reader().expect("a file");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    text
}

#[test]
fn equal_rows_are_equal_bytes() {
    let hashes = || rendered(5000).into_iter().map(|object| object.file.sha256).collect::<Vec<_>>();
    assert_eq!(hashes(), hashes());
}

/// Bytes that other versions of this program have delivered. Where a library's update changes them, what a worker of the
/// old version left half done differs from what one of the new version puts: let deliveries end before such an update.
#[test]
fn the_bytes_are_those_of_the_last_version() {
    let hashes: Vec<_> = rendered(5000).into_iter().map(|object| object.file.sha256).collect();
    assert_eq!(
        hashes,
        [
            "a07ffa4162d329785315d6e13ccc10ebc2d3468a3f05d4443a0a4418e3eb595a",
            "b73ce0d94f44e0e7e14424043637e9db3e8a2d257e99954c8c456ab72b3bf562",
            "a2f22c7ea002a423d829ca4be45cd379efdc07adcda908c487369b54063574e1"
        ]
    );
}

#[test]
fn all_formats_hold_the_same_ids_in_the_same_order() {
    let expected: Vec<_> = (0..5000).map(Uuid::from_u128).collect();
    for object in rendered(5000) {
        assert_eq!(ids(&object), expected, "{:?}", object.format);
        assert_eq!((object.rows, object.number), (5000, 0));
        assert_eq!(object.bounds.event_id, (Uuid::from_u128(0), Uuid::from_u128(4999)));
        assert_eq!(object.bounds.timestamp, (TIME, TIME));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// How the database happens to find the rows of a segment must not be seen in the bytes.
    #[test]
    fn the_order_within_segments_changes_nothing(
        rows in prop::collection::vec((0..3i64, 0..4i64, "[ab]"), 1..40), seed in any::<u64>(), by_site in any::<bool>()
    ) {
        let template = if by_site { "e/site={site}" } else { "e" };
        let rendering = Rendering { group_rows: 5, object_rows: 12, layout: crate::export::layout::Layout::new(template), ..rendering() };
        let mut rows: Vec<_> = rows.into_iter().zip(0u128..).map(|((segment, time, site), n)| (segment, time, site, n)).collect();
        let order = |rows: &mut Vec<(i64, i64, String, u128)>, by: &dyn Fn(u128) -> u128| {
            rows.sort_by_key(|(segment, _, site, n)| (by_site.then(|| site.clone()), *segment, by(*n)));
        };
        let render = |rows: &[(i64, i64, String, u128)]| {
            let rows: Vec<_> = rows.iter().map(|(segment, time, site, n)| row(*n, site, TIME + time, *segment)).collect();
            rendered_as(&rows, &Selection::default(), &rendering)
        };
        order(&mut rows, &|n| n);
        let one = render(&rows);
        order(&mut rows, &|n| n.wrapping_mul(u128::from(seed | 1)) % 1009);
        let other = render(&rows);
        let hashes = |objects: &[Rendered]| objects.iter().map(|it| it.file.sha256.clone()).collect::<Vec<_>>();
        prop_assert_eq!(hashes(&one), hashes(&other));
        // Every row is in each format once, and no object of a layout by site has two sites.
        for format in Format::ALL {
            let mut all: Vec<_> = of_format(&one, format).into_iter().flat_map(ids).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..rows.len() as u128).map(Uuid::from_u128).collect::<Vec<_>>());
        }
        prop_assert!(one.iter().all(|object| object.site.is_some() == by_site));
    }
}

#[test]
fn groups_are_sorted_and_objects_end_where_they_are_full() {
    let rendering = Rendering { group_rows: 3, object_rows: 4, ..rendering() };
    // five segments of two rows, each with a late one of another site
    let rows: Vec<_> = (0..5)
        .flat_map(|n: u8| {
            let (number, segment) = (u128::from(n), i64::from(n));
            [row(10 + number, "b", TIME - segment, segment), row(number, "a", TIME + segment, segment)]
        })
        .collect();
    let objects = rendered_as(&rows, &Selection::default(), &rendering);
    for format in Format::ALL {
        let objects = of_format(&objects, format);
        let numbers: Vec<_> =
            objects.iter().map(|object| ids(object).iter().map(Uuid::as_u128).collect::<Vec<_>>()).collect();
        // A group has two segments of two rows: it ends with the one that fills it.
        assert_eq!(numbers, [vec![0, 1, 11, 10], vec![2, 3, 13, 12], vec![4, 14]], "{format:?}");
        assert_eq!(objects.iter().map(|object| object.number).collect::<Vec<_>>(), [0, 1, 2]);
    }
}

#[test]
fn progress_is_told_while_the_rows_of_a_batch_come() {
    let rendering = Rendering { group_rows: 2, ..rendering() };
    let rows: Vec<_> = (0..10).map(|n| row(n, "a", TIME, i64::try_from(n).expect("small"))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let told = runtime.block_on(async {
        let (groups, mut filled) = mpsc::channel(1);
        tokio::spawn(async move { while filled.recv().await.is_some() {} });
        let (work, mut told) = (Work::silent(), Vec::new());
        // As the network cuts it: how far it is when a piece is asked for.
        let pieces: Vec<_> = stream(&rows).chunks(1000).map(|piece| Ok(Bytes::from(piece.to_vec()))).collect();
        let pieces = futures::stream::iter(pieces).inspect(|_| told.push(work.done()));
        let busy = AtomicBool::new(false);
        let filling = Filling::new(&rendering, groups, &work, &busy).await.expect("room");
        take(pieces, &Selection::default(), filling).await.expect("read");
        told.push(work.done());
        told
    });
    assert!(told.iter().any(|rows| (1..10).contains(rows)) && told.is_sorted(), "{told:?}");
    assert_eq!(told.last(), Some(&10));
}

#[test]
fn long_rows_make_smaller_groups() {
    let rendering = Rendering { group_bytes: 1, ..rendering() };
    let rows: Vec<_> = (0..3).map(|n| row(n, "a", TIME, i64::try_from(n).expect("small"))).collect();
    let objects = rendered_as(&rows, &Selection::default(), &rendering);
    let file = SerializedFileReader::new(of_format(&objects, Format::Parquet)[0].file.reader().expect("a file"));
    assert_eq!(file.expect("parquet").num_row_groups(), 3);
}

#[test]
fn a_selection_leaves_out_and_renames() {
    let selection = Selection {
        sites: vec!["a".to_owned()],
        columns: ["event_id", "url", "data", "title"].map(str::to_owned).to_vec(),
        rename: std::collections::BTreeMap::from([("url".to_owned(), "address".to_owned())]),
        ..Selection::default()
    };
    let rows = [row(1, "a", TIME, 1), row(2, "b", TIME, 1)];
    let objects = rendered_as(&rows, &selection, &rendering());
    assert!(objects.iter().all(|object| ids(object) == [Uuid::from_u128(1)]));
    let line: Value = serde_json::from_str(&unzipped(of_format(&objects, Format::Jsonl)[0])).expect("json");
    let names: Vec<_> = line.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(names, ["address", "data", "event_id", "title"]);
    assert!(unzipped(of_format(&objects, Format::Csv)[0]).starts_with("event_id,address,title,data\r\n"));
    let file = SerializedFileReader::new(of_format(&objects, Format::Parquet)[0].file.reader().expect("a file"));
    let file = file.expect("parquet");
    // A field keeps its id whatever its name is.
    let ids: Vec<_> = file
        .metadata()
        .file_metadata()
        .schema_descr()
        .columns()
        .iter()
        .map(|it| it.self_type().get_basic_info().id())
        .collect();
    assert_eq!(ids, [1, 11, 13, 33]);
}

#[test]
fn nothing_taken_is_no_object() {
    let selection = Selection { event_types: vec!["none".to_owned()], ..Selection::default() };
    assert_eq!(rendered_as(&[row(1, "a", TIME, 1)], &selection, &rendering()).len(), 0);
}

#[test]
fn a_json_line_holds_every_column_and_every_digit() {
    let text = unzipped(of_format(&rendered(1), Format::Jsonl)[0]);
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("\"data\":{\"price\":9007199254740993.10,  \"x\": 1.50}"), "{text}");
    let line: Value = serde_json::from_str(&text).expect("json");
    let mut names: Vec<_> = COLUMNS.iter().take(row::WIDTH).map(|column| column.0).collect();
    names.sort_unstable();
    assert_eq!(line.as_object().expect("object").keys().collect::<Vec<_>>(), names);
    assert_eq!(line["timestamp"], "2026-11-22T09:00:00.123000Z");
    assert_eq!(line["title"], "Ein Titel, zwei\nZeilen");
    assert_eq!(line["redactions"]["email"], 1);
    assert_eq!(line["utm_medium"], Value::Null);
}

#[test]
fn the_raw_event_is_the_last_column_and_holds_the_others() {
    let rendering = Rendering { raw_event_data: true, ..rendering() };
    let objects = rendered_as(&[row(1, "a", TIME, 1)], &Selection::default(), &rendering);
    let text = unzipped(of_format(&objects, Format::Jsonl)[0]);
    assert_eq!(text.matches("{\"price\":9007199254740993.10,  \"x\": 1.50}").count(), 2, "{text}");
    assert!(text.contains("\"edge_version\":\"text\",\"raw_event_data\":{\"event_id\":"), "{text}");
    let mut line: serde_json::Map<String, Value> = serde_json::from_str(&text).expect("json");
    let event = line.remove("raw_event_data").expect("there");
    line.remove("ingested_at").expect("there");
    assert_eq!(event, Value::Object(line));
    let records = unzipped(of_format(&objects, Format::Csv)[0]);
    assert!(records.split("\r\n").next().is_some_and(|header| header.ends_with(",edge_version,raw_event_data")));
    let file = SerializedFileReader::new(of_format(&objects, Format::Parquet)[0].file.reader().expect("a file"));
    let file = file.expect("parquet");
    let metadata = file.metadata().file_metadata();
    let last = metadata.schema_descr().columns().last().expect("columns").clone();
    assert_eq!((last.name(), last.self_type().get_basic_info().id()), ("raw_event_data", 39));
    let schema_id = metadata.key_value_metadata().expect("some").iter().find(|it| it.key == "evothesis.schema_id");
    assert_eq!(schema_id.and_then(|it| it.value.as_deref()), Some(wire::version::ROW_SCHEMA_WITH_RAW_ID));

    // What leaves a column out does not get it back that way.
    let selection = Selection { without_columns: vec!["ip_address".to_owned()], ..Selection::default() };
    let objects = rendered_as(&[row(1, "a", TIME, 1)], &selection, &rendering);
    assert!(!unzipped(of_format(&objects, Format::Jsonl)[0]).contains("raw_event_data"));
}

#[test]
fn zstd_lines_hold_the_same() {
    let rendering = Rendering { jsonl_compression: crate::config::Compression::Zstd, ..rendering() };
    let objects = rendered_as(&[row(3, "a", TIME, 1)], &Selection::default(), &rendering);
    assert_eq!(ids(of_format(&objects, Format::Jsonl)[0]), [Uuid::from_u128(3)]);
}

#[test]
fn csv_tells_null_from_empty_and_guards_formulas() {
    let text = |formula_safe| {
        let rendering = Rendering { csv_formula_safe: formula_safe, ..rendering() };
        let objects = rendered_as(&[row(3, "", TIME, 1)], &Selection::default(), &rendering);
        unzipped(of_format(&objects, Format::Csv)[0])
    };
    let record = text(true).split_once("\r\n").expect("a header").1.to_owned();
    let begins = format!("\"{}\",\"text\",\"\",", Uuid::from_u128(3));
    assert!(record.starts_with(&begins), "{record}");
    assert!(record.contains(",\"'=formula\",,,"), "{record}");
    assert!(record.ends_with("\"text\"\r\n"), "{record}");
    assert!(text(false).contains(",\"=formula\",,,"));
}

#[test]
fn parquet_holds_typed_columns_with_field_ids() {
    let objects = rendered(3);
    let object = of_format(&objects, Format::Parquet)[0];
    let file = SerializedFileReader::new(object.file.reader().expect("a file")).expect("parquet");
    let metadata = file.metadata().file_metadata();
    assert_eq!(metadata.created_by(), Some("evothesis"));
    let schema_id = metadata.key_value_metadata().expect("some").iter().find(|it| it.key == "evothesis.schema_id");
    assert_eq!(schema_id.and_then(|it| it.value.as_deref()), Some(wire::version::ROW_SCHEMA_ID));
    for (index, ((name, kind), column)) in COLUMNS.iter().zip(metadata.schema_descr().columns()).enumerate() {
        assert_eq!(column.name(), *name);
        assert_eq!(column.self_type().get_basic_info().id(), i32::try_from(index + 1).expect("small"), "{name}");
        let is_time = matches!(column.logical_type_ref(), Some(LogicalType::Timestamp(_)));
        assert_eq!(is_time, *kind == Kind::Time, "{name}");
    }
    let group = file.metadata().row_group(0);
    let sorted: Vec<_> = group.sorting_columns().expect("declared").iter().map(|it| it.column_idx).collect();
    assert_eq!(sorted, [2, 7, 0]);
    assert!(group.column(3).bloom_filter_offset().is_some() && group.column(0).bloom_filter_offset().is_none());
    assert!(group.columns().iter().all(|column| column.offset_index_offset().is_some()));
    let batch = ParquetRecordBatchReaderBuilder::try_new(object.file.reader().expect("a file"))
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .expect("readable")
        .next()
        .expect("one batch")
        .expect("readable");
    let column = |name: &str| batch.column_by_name(name).expect(name).clone();
    assert_eq!(column("timestamp").as_primitive::<TimestampMicrosecondType>().value(0), TIME);
    assert_eq!(column("ingested_at").as_primitive::<TimestampMicrosecondType>().value(0), TIME + 1);
    assert_eq!(column("data").as_string::<i32>().value(0), "{\"price\":9007199254740993.10,\n \"x\": 1.50}");
    assert!(column("utm_medium").is_null(0));
}

#[test]
fn values_of_another_type_are_refused() {
    let broken = |at: usize, value: &[u8]| {
        let mut fields: Vec<Vec<u8>> = copy::fields::<FIELDS>(&row(1, "a", TIME, 1))
            .into_iter()
            .map(|field| {
                field.map_or_else(
                    || (-1_i32).to_be_bytes().to_vec(),
                    |it| [&i32::try_from(it.len()).expect("short").to_be_bytes()[..], it].concat(),
                )
            })
            .collect();
        fields[at] = [&i32::try_from(value.len()).expect("short").to_be_bytes()[..], value].concat();
        let bytes = fields.concat();
        let tuple = copy::Tuple { bytes: &bytes, fields: copy::fields::<FIELDS>(&bytes) };
        let head = Head::of(&tuple)?;
        let mut group = Group::default();
        group.push(&tuple, &head);
        let columns: Vec<_> = (0..COLUMNS.len()).collect();
        let schema = row::schema(&Selection::default(), true);
        let batches = group.batches(&columns, &schema).collect::<Result<Vec<_>, RenderError>>();
        batches.map(|batches| batches.len())
    };
    assert!(matches!(broken(1, b"click"), Ok(1)));
    for (at, value) in [
        (0, &b"short"[..]),
        (1, b"\xff"),
        (7, b"1"),
        (7, &i64::MAX.to_be_bytes()),
        (6, b"12"),
        (10, b"\xff"),
        (33, &i64::MIN.to_be_bytes()),
    ] {
        assert!(broken(at, value).is_err(), "column {at}");
    }
}
