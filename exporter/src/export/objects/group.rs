//! Groups of rows: as many as fit into memory, put into order there, and turned into Arrow batches.
//!
//! Rows come segment by segment, and within a segment as the database finds them. A group ends with the segment that
//! fills it, so that which rows it holds, and by the order the bytes made of it, depend on nothing but the rows.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::copy::{CopyError, Tuple, fields};
use super::row::{COLUMNS, Kind, RAW, WIDTH};
use super::{RenderError, raw};

/// Fields of a tuple: the columns, and the segment.
pub(super) const FIELDS: usize = WIDTH + 1;
/// Rows of one Arrow batch. Fixed: it decides where pages of Parquet may end.
pub(super) const BATCH_ROWS: usize = 8 * 1024;
/// From Unix's epoch to Postgres's, in microseconds.
const EPOCH: i64 = 946_684_800_000_000;

const EVENT_ID: usize = 0;
const EVENT_TYPE: usize = 1;
const SITE_ID: usize = 2;
const VISITOR_ID: usize = 3;
const TIMESTAMP: usize = 7;
const SEGMENT: usize = WIDTH;

/// What is looked at in a row before its columns are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    /// Its id.
    pub event_id: Uuid,
    /// Its type.
    pub event_type: &'a str,
    /// Its site.
    pub site_id: &'a str,
    /// Its visitor.
    pub visitor_id: Uuid,
    /// Its time, Unix microseconds.
    pub timestamp: i64,
    /// Its segment.
    pub segment: i64,
}

impl<'a> Head<'a> {
    /// Of a tuple.
    pub(super) fn of(tuple: &Tuple<'a, FIELDS>) -> Result<Self, RenderError> {
        let field = |at: usize| tuple.fields.get(at).copied().flatten();
        Ok(Self {
            event_id: uuid(field(EVENT_ID))?,
            event_type: text(field(EVENT_TYPE))?,
            site_id: text(field(SITE_ID))?,
            visitor_id: uuid(field(VISITOR_ID))?,
            timestamp: time(field(TIMESTAMP))?,
            segment: number(field(SEGMENT))?,
        })
    }
}

/// The smallest and the largest of what a set of rows holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Event ids.
    pub event_id: (Uuid, Uuid),
    /// Times, Unix microseconds.
    pub timestamp: (i64, i64),
}

impl Bounds {
    /// Of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            event_id: (self.event_id.0.min(other.event_id.0), self.event_id.1.max(other.event_id.1)),
            timestamp: (self.timestamp.0.min(other.timestamp.0), self.timestamp.1.max(other.timestamp.1)),
        }
    }

    /// The earliest and the latest time.
    #[must_use]
    pub fn times(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let time = DateTime::from_timestamp_micros;
        Some((time(self.timestamp.0)?, time(self.timestamp.1)?))
    }
}

/// Rows as the database sent them, and where each is.
#[derive(Debug, Default)]
pub(super) struct Group {
    bytes: Vec<u8>,
    rows: Vec<Row>,
    bounds: Option<Bounds>,
}

#[derive(Debug)]
struct Row {
    place: Range<usize>,
    site: Range<usize>,
    timestamp: i64,
    event_id: Uuid,
}

impl Group {
    /// Adds a row.
    pub(super) fn push(&mut self, tuple: &Tuple<'_, FIELDS>, head: &Head<'_>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(tuple.bytes);
        // The site stands after the id and the type, each after its length.
        let site = start + 4 + 16 + 4 + head.event_type.len() + 4;
        self.rows.push(Row {
            place: start..self.bytes.len(),
            site: site..site + head.site_id.len(),
            timestamp: head.timestamp,
            event_id: head.event_id,
        });
        let bounds = Bounds { event_id: (head.event_id, head.event_id), timestamp: (head.timestamp, head.timestamp) };
        self.bounds = Some(self.bounds.map_or(bounds, |before| before.with(bounds)));
    }

    /// How many rows.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How long all rows are together.
    #[must_use]
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// What the rows lie between; nothing when there are none.
    #[must_use]
    pub(super) fn bounds(&self) -> Option<Bounds> {
        self.bounds
    }

    /// Puts the rows in order: by site, time and id.
    pub(super) fn sort(&mut self) {
        let bytes = &self.bytes;
        let key = |row: &Row| (bytes.get(row.site.clone()).unwrap_or_default(), row.timestamp, row.event_id);
        self.rows.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    }

    /// The rows as Arrow batches of the columns at `columns`, whose schema is `schema`.
    pub(super) fn batches<'a>(
        &'a self,
        columns: &'a [usize],
        schema: &'a SchemaRef,
    ) -> impl Iterator<Item = Result<RecordBatch, RenderError>> + 'a {
        self.rows.chunks(BATCH_ROWS).map(move |rows| {
            let kind = |at: &usize| COLUMNS.get(*at).map_or(Kind::Text, |column| column.1);
            let mut builders: Vec<_> =
                columns.iter().map(|at| (*at, kind(at), Builder::new(kind(at), rows.len()))).collect();
            let mut event = Vec::new();
            for row in rows {
                let values = fields::<FIELDS>(self.bytes.get(row.place.clone()).unwrap_or_default());
                for (at, kind, builder) in &mut builders {
                    if *at == RAW {
                        raw::write(&mut event, &values)?;
                        builder.append(*kind, Some(event.as_slice()))?;
                    } else {
                        builder.append(*kind, values.get(*at).copied().flatten())?;
                    }
                }
            }
            let arrays = builders.into_iter().map(|(_, _, builder)| builder.finish()).collect();
            Ok(RecordBatch::try_new(schema.clone(), arrays)?)
        })
    }
}

enum Builder {
    Text(StringBuilder),
    Number(Int64Builder),
    Time(TimestampMicrosecondBuilder),
}

impl Builder {
    fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Id | Kind::Text | Kind::OptionalText | Kind::Json => {
                Self::Text(StringBuilder::with_capacity(rows, 0))
            }
            Kind::Number => Self::Number(Int64Builder::with_capacity(rows)),
            Kind::Time => Self::Time(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC")),
        }
    }

    fn append(&mut self, kind: Kind, value: Option<&[u8]>) -> Result<(), RenderError> {
        match self {
            Self::Text(column) if kind == Kind::Id => {
                column.append_value(uuid(value)?.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
            }
            Self::Text(column) if kind == Kind::OptionalText && value.is_none() => column.append_null(),
            Self::Text(column) => column.append_value(text(value)?),
            Self::Number(column) => column.append_value(number(value)?),
            Self::Time(column) => column.append_value(time(value)?),
        }
        Ok(())
    }

    fn finish(mut self) -> ArrayRef {
        match &mut self {
            Self::Text(column) => {
                let mut texts = column.finish();
                // They grew by doubling, and several batches of them are in memory at once.
                texts.shrink_to_fit();
                Arc::new(texts)
            }
            Self::Number(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
        }
    }
}

fn value<const LENGTH: usize>(value: Option<&[u8]>) -> Result<[u8; LENGTH], RenderError> {
    let value = value.ok_or(CopyError("a null where none may be"))?;
    Ok(value.try_into().map_err(|_| CopyError("a value of another type"))?)
}

pub(super) fn uuid(field: Option<&[u8]>) -> Result<Uuid, RenderError> {
    Ok(Uuid::from_bytes(value(field)?))
}

pub(super) fn number(field: Option<&[u8]>) -> Result<i64, RenderError> {
    Ok(i64::from_be_bytes(value(field)?))
}

pub(super) fn text(field: Option<&[u8]>) -> Result<&str, RenderError> {
    let bytes = field.ok_or(CopyError("a null where none may be"))?;
    Ok(std::str::from_utf8(bytes).map_err(|_| CopyError("a text that is not UTF-8"))?)
}

/// Postgres's `infinity` is the largest number there is: it has no time here and is refused, as ingest does.
pub(super) fn time(field: Option<&[u8]>) -> Result<i64, RenderError> {
    let micros = number(field)?.checked_add(EPOCH).filter(|micros| DateTime::from_timestamp_micros(*micros).is_some());
    Ok(micros.ok_or(CopyError("a time out of range"))?)
}
