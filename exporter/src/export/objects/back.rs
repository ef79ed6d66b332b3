//! Reading objects back, for those who want to know what is held of them, or want it gone: rows that are no longer in the
//! database are in objects alone.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::coalesce::BatchCoalescer;
use arrow_select::filter::filter_record_batch;
use chrono::DateTime;
use uuid::Uuid;
use wire::Selection;

use super::encode::Writer;
use super::group::{BATCH_ROWS, Bounds};
use super::row::{COLUMNS, Kind, WIDTH};
use super::spool::{Shelf, Spooled};
use super::{RenderError, csv, jsonl, parquet, row};
use crate::config::Format;
use crate::export::rendering::Rendering;

/// A record of a text format.
pub(super) struct Record {
    /// As it is written, with its line end.
    pub(super) bytes: Vec<u8>,
    /// The values of its columns; `None` where there is none. Times, numbers and JSON as they are written.
    pub(super) values: Vec<Option<String>>,
}

/// What an object has of a visitor, and what else.
#[derive(Debug, Default)]
pub struct Found {
    /// The visitor's.
    pub rows: Vec<FoundRow>,
    /// How many others there are.
    pub others: u64,
    /// What the others lie between.
    pub bounds: Option<Bounds>,
}

/// A row of a visitor.
#[derive(Debug)]
pub struct FoundRow {
    /// The event.
    pub event_id: Uuid,
    /// Its page load.
    pub stream_id: Uuid,
    /// All of it as a line of JSON, under the columns' own names.
    pub line: Vec<u8>,
}

/// An object without some of its rows.
#[derive(Debug)]
pub struct Remaining {
    /// Its rows.
    pub rows: u64,
    /// What they lie between; nothing when there are none, or when times were not exported.
    pub bounds: Option<Bounds>,
    /// Its bytes.
    pub file: Spooled,
}

/// The columns of an object that are needed to tell its rows apart, as positions in it.
struct Places {
    event_id: usize,
    visitor_id: Option<usize>,
    stream_id: Option<usize>,
    timestamp: Option<usize>,
}

impl Places {
    fn of(selection: &Selection, rendering: &Rendering) -> Self {
        let columns = row::columns(selection, rendering.raw_event_data);
        let place = |name: &str| columns.iter().position(|(at, _)| COLUMNS.get(*at).is_some_and(|it| it.0 == name));
        Self {
            event_id: place("event_id").unwrap_or_default(),
            visitor_id: place("visitor_id"),
            stream_id: place("stream_id"),
            timestamp: place("timestamp"),
        }
    }
}

/// What an object of a whole export has of `visitor`, as if what is `gone` were not in it any more. `None` when a glance
/// says that it has nothing.
///
/// # Errors
/// When it cannot be read.
pub fn look(
    format: Format,
    file: File,
    selection: &Selection,
    rendering: &Rendering,
    visitor: Uuid,
    gone: &BTreeSet<Uuid>,
) -> Result<Option<Found>, RenderError> {
    let places = Places::of(selection, rendering);
    let (Some(visitor_at), Some(stream_at)) = (places.visitor_id, places.stream_id) else { return Ok(None) };
    let visitor = visitor.hyphenated().to_string();
    if format == Format::Parquet && gone.is_empty() && !parquet::may_hold(&file, visitor_at, &visitor)? {
        return Ok(None);
    }
    let mut found = Found::default();
    match format {
        Format::Parquet => {
            // Whole exports have all columns, perhaps under other names.
            let schema = row::schema(&Selection::default(), rendering.raw_event_data);
            for group in parquet::groups(file, schema)? {
                for batch in group? {
                    let visitors = texts(&batch, visitor_at);
                    let is_theirs: Vec<_> = visitors.iter().map(|it| *it == visitor).collect();
                    let mut is_no_other = is_theirs.clone();
                    for (id, is_no_other) in texts(&batch, places.event_id).into_iter().zip(&mut is_no_other) {
                        *is_no_other |= gone.contains(&uuid(Some(id))?);
                    }
                    found.count(&batch, &places, &is_no_other)?;
                    let theirs = filter_record_batch(&batch, &BooleanArray::from(is_theirs))?;
                    for ((event_id, line), stream_id) in lines(&theirs)?.into_iter().zip(texts(&theirs, stream_at)) {
                        found.rows.push(FoundRow { event_id, stream_id: uuid(Some(stream_id))?, line });
                    }
                }
            }
        }
        Format::Jsonl | Format::Csv => {
            for record in records(format, file, selection, rendering)?.1 {
                let record = record?;
                let value = |at: usize| record.values.get(at).and_then(Option::as_deref);
                let event_id = uuid(value(places.event_id))?;
                if value(visitor_at) == Some(&visitor) {
                    let line = line(&record.values)?;
                    found.rows.push(FoundRow { event_id, stream_id: uuid(value(stream_at))?, line });
                } else if !gone.contains(&event_id) {
                    found.others += 1;
                    let bounds = bounds(event_id, time(places.timestamp.and_then(value))?);
                    found.bounds = with(found.bounds, bounds);
                }
            }
        }
    }
    Ok(Some(found))
}

/// The rows of a batch of all columns, each as a line of JSON: the event, and the line. It has no `raw_event_data`, which
/// would tell all of it twice.
pub(super) fn lines(batch: &RecordBatch) -> Result<Vec<(Uuid, Vec<u8>)>, RenderError> {
    let batch = &batch.project(&(0..WIDTH).collect::<Vec<_>>())?;
    let ids = texts(batch, 0);
    let line = |(at, id): (usize, &str)| {
        let mut line = Vec::new();
        jsonl::write_lines(&mut line, &batch.slice(at, 1))?;
        Ok((uuid(Some(id))?, line))
    };
    ids.into_iter().enumerate().map(line).collect()
}

/// An object without the rows of `events`, on the `shelf`. Of what stays, each row group is as it was, and lines are to the byte. The same
/// rows taken out twice are the same bytes.
///
/// # Errors
/// When it cannot be read, or the disk takes no more.
pub fn without(
    shelf: &Shelf,
    format: Format,
    file: File,
    selection: &Selection,
    rendering: &Rendering,
    events: &BTreeSet<Uuid>,
) -> Result<Remaining, RenderError> {
    let places = Places::of(selection, rendering);
    let schema = row::schema(selection, rendering.raw_event_data);
    let mut left = Found::default();
    let mut writer = Writer::new(shelf, format, &schema, selection, rendering)?;
    match &mut writer {
        Writer::Parquet(out) => {
            for group in parquet::groups(file, schema.clone())? {
                // Pages end by the batches that are written: they are as large as those of an export.
                let mut batches = BatchCoalescer::new(schema.clone(), BATCH_ROWS);
                for batch in group? {
                    let mut is_gone = Vec::new();
                    for id in texts(&batch, places.event_id) {
                        is_gone.push(events.contains(&uuid(Some(id))?));
                    }
                    left.count(&batch, &places, &is_gone)?;
                    let stays = is_gone.iter().map(|is_gone| !is_gone).collect::<Vec<_>>();
                    batches.push_batch(filter_record_batch(&batch, &BooleanArray::from(stays))?)?;
                }
                batches.finish_buffered_batch()?;
                while let Some(batch) = batches.next_completed_batch() {
                    out.write(&batch)?;
                }
                out.end_group()?;
            }
        }
        Writer::Jsonl(_) | Writer::Csv(_) => {
            let (header, records) = records(format, file, selection, rendering)?;
            if let Writer::Csv(out) = &mut writer {
                out.write_record(&header)?;
            }
            for record in records {
                let record = record?;
                let value = |at: usize| record.values.get(at).and_then(Option::as_deref);
                let event_id = uuid(value(places.event_id))?;
                if events.contains(&event_id) {
                    continue;
                }
                left.others += 1;
                left.bounds = with(left.bounds, bounds(event_id, time(places.timestamp.and_then(value))?));
                match &mut writer {
                    Writer::Jsonl(out) => out.write_line(&record.bytes)?,
                    Writer::Csv(out) => out.write_record(&record.bytes)?,
                    Writer::Parquet(_) => {}
                }
            }
        }
    }
    Ok(Remaining { rows: left.others, bounds: left.bounds, file: writer.finish()? })
}

/// An object without rows, on the `shelf`, which readers can read all the same.
///
/// # Errors
/// When the disk takes no more.
pub fn empty(
    shelf: &Shelf,
    format: Format,
    selection: &Selection,
    rendering: &Rendering,
) -> Result<Spooled, RenderError> {
    let schema = row::schema(selection, rendering.raw_event_data);
    let mut writer = Writer::new(shelf, format, &schema, selection, rendering)?;
    writer.write(&RecordBatch::new_empty(schema))?;
    writer.finish()
}

impl Found {
    /// Counts the rows that are not marked.
    fn count(&mut self, batch: &RecordBatch, places: &Places, is_marked: &[bool]) -> Result<(), RenderError> {
        let ids = texts(batch, places.event_id);
        let times =
            places.timestamp.and_then(|at| batch.columns().get(at)?.as_primitive_opt::<TimestampMicrosecondType>());
        for (at, id) in ids.into_iter().enumerate().filter(|(at, _)| is_marked.get(*at) == Some(&false)) {
            self.others += 1;
            self.bounds = with(self.bounds, bounds(uuid(Some(id))?, times.map(|times| times.value(at))));
        }
        Ok(())
    }
}

type Records = Box<dyn Iterator<Item = io::Result<Record>>>;

/// The header and the records of a text.
fn records(format: Format, file: File, selection: &Selection, rendering: &Rendering) -> io::Result<(Vec<u8>, Records)> {
    if format == Format::Csv {
        let (header, records) = csv::records(file, rendering.csv_formula_safe)?;
        return Ok((header, Box::new(records)));
    }
    let names = row::columns(selection, rendering.raw_event_data).into_iter().map(|(_, name)| name).collect();
    Ok((Vec::new(), Box::new(jsonl::records(file, names)?)))
}

/// A line of JSON with all columns, as [`lines`] makes it.
fn line(values: &[Option<String>]) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    for ((name, kind), value) in COLUMNS.iter().take(WIDTH).zip(values) {
        line.extend_from_slice(if line.is_empty() { b"{\"" } else { b",\"" });
        line.extend_from_slice(name.as_bytes());
        line.extend_from_slice(b"\":");
        match (kind, value) {
            (_, None) => line.extend_from_slice(b"null"),
            (Kind::Json | Kind::Number, Some(value)) => {
                // As written, but on one line: CSV has JSON to the letter.
                line.extend(value.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
            }
            (_, Some(value)) => serde_json::to_writer(&mut line, value)?,
        }
    }
    line.extend_from_slice(b"}\n");
    Ok(line)
}

fn texts(batch: &RecordBatch, at: usize) -> Vec<&str> {
    let column = batch.columns().get(at).and_then(|column| column.as_string_opt::<i32>());
    column.map(|column| column.iter().map(Option::unwrap_or_default).collect()).unwrap_or_default()
}

fn uuid(text: Option<&str>) -> io::Result<Uuid> {
    let id = text.and_then(|text| text.parse().ok());
    id.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an id is no UUID"))
}

fn time(text: Option<&str>) -> io::Result<Option<i64>> {
    let parse = |text: &str| DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_micros());
    text.map(parse).transpose().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a time is none"))
}

fn bounds(event_id: Uuid, time: Option<i64>) -> Option<Bounds> {
    time.map(|time| Bounds { event_id: (event_id, event_id), timestamp: (time, time) })
}

fn with(known: Option<Bounds>, more: Option<Bounds>) -> Option<Bounds> {
    match (known, more) {
        (Some(known), Some(more)) => Some(known.with(more)),
        (known, more) => known.or(more),
    }
}
