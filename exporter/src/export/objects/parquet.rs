//! Parquet: typed columns with field ids, times as UTC microseconds, zstd, dictionaries for strings that repeat.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use uuid::Uuid;

use super::RenderError;
use super::row::{COLUMNS, Cell, Kind, cells};
use crate::store::exported_rows::ExportedRow;

/// Named in every file instead of the library's version, which says nothing to a reader. An update of the library may
/// still change bytes; the tests hold a hash that tells.
const CREATED_BY: &str = "evothesis";
/// Rows handed to the writer at once. Fixed: it decides where pages end.
const BATCH_ROWS: usize = 4096;
/// Rows in a row group.
const GROUP_ROWS: usize = 64 * 1024;

/// Writes rows.
pub(super) struct Writer {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    file: ArrowWriter<Vec<u8>>,
}

enum Column {
    Text(StringBuilder),
    Number(Int64Builder),
    Time(TimestampMicrosecondBuilder),
}

impl Column {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text | Kind::OptionalText | Kind::Json => Self::Text(StringBuilder::new()),
            Kind::Number => Self::Number(Int64Builder::new()),
            Kind::Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        }
    }

    fn append(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Self::Text(column), Cell::Id(id)) => {
                column.append_value(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
            }
            (Self::Text(column), Cell::Text(text) | Cell::Json(text)) => column.append_value(text),
            (Self::Text(column), Cell::OptionalText(text)) => column.append_option(text),
            (Self::Number(column), Cell::Number(number)) => column.append_value(number),
            (Self::Time(column), Cell::Time(time)) => column.append_value(time.timestamp_micros()),
            // `COLUMNS` and `cells` agree, as a test sees to; where they did not, the array would be too short to write.
            _ => {}
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(column) => Arc::new(column.finish()),
            Self::Number(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
        }
    }
}

fn schema() -> SchemaRef {
    let field = |(index, &(name, kind)): (usize, &(&str, Kind))| {
        let data_type = match kind {
            Kind::Text | Kind::OptionalText | Kind::Json => DataType::Utf8,
            Kind::Number => DataType::Int64,
            Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        };
        let id = (PARQUET_FIELD_ID_META_KEY.to_owned(), (index + 1).to_string());
        Field::new(name, data_type, kind == Kind::OptionalText).with_metadata([id])
    };
    Arc::new(Schema::new(COLUMNS.iter().enumerate().map(field).collect::<Vec<_>>()))
}

fn properties() -> Result<WriterProperties, ParquetError> {
    let position =
        |name: &str| COLUMNS.iter().position(|column| column.0 == name).and_then(|it| i32::try_from(it).ok());
    let sorting = ["site_id", "timestamp", "event_id"]
        .into_iter()
        .filter_map(position)
        .map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false })
        .collect();
    let mut properties = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_sorting_columns(Some(sorting));
    for unique in ["event_id", "data"] {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(unique), false);
    }
    Ok(properties.build())
}

impl Writer {
    pub(super) fn new() -> Result<Self, RenderError> {
        let schema = schema();
        let file = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties()?))?;
        Ok(Self { schema, columns: COLUMNS.iter().map(|&(_, kind)| Column::new(kind)).collect(), rows: 0, file })
    }

    pub(super) fn write(&mut self, row: &ExportedRow) -> Result<(), RenderError> {
        for (column, cell) in self.columns.iter_mut().zip(cells(row)) {
            column.append(cell);
        }
        self.rows += 1;
        if self.rows == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), RenderError> {
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        self.file.write(&RecordBatch::try_new(self.schema.clone(), arrays)?)?;
        self.rows = 0;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Bytes, RenderError> {
        if self.rows > 0 {
            self.flush()?;
        }
        Ok(self.file.into_inner()?.into())
    }
}

pub(super) fn event_ids(body: Bytes) -> Result<Vec<Uuid>, ParquetError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(body)?;
    let only_ids = ProjectionMask::columns(builder.parquet_schema(), ["event_id"]);
    let mut ids = Vec::new();
    for batch in builder.with_projection(only_ids).build()? {
        let batch = batch?;
        let column = batch.column_by_name("event_id").and_then(|column| column.as_string_opt::<i32>());
        let column = column.ok_or_else(|| ParquetError::General("no column event_id of strings".to_owned()))?;
        for text in column.iter().flatten() {
            ids.push(text.parse().map_err(|error: uuid::Error| ParquetError::General(error.to_string()))?);
        }
    }
    Ok(ids)
}
