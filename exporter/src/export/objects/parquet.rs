//! Parquet: typed columns with field ids, times as UTC microseconds, zstd, dictionaries for strings that repeat.

use std::fs::File;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::{ArrowError, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaDataReader, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use uuid::Uuid;
use wire::version;

use super::group::BATCH_ROWS;
use super::row::{self, COLUMNS, Kind, ORDER};
use super::spool::{Spool, Spooled};
use super::{RenderError, ZSTD_LEVEL};

/// Named in every file instead of the library's version, which says nothing to a reader. An update of the library may
/// still change bytes; the tests hold a hash that tells.
const CREATED_BY: &str = "evothesis";
/// Unlike each other in every row: a dictionary would be tried in vain.
const UNIQUE: [&str; 3] = ["event_id", "data", "raw_event_data"];
/// What people look for one of, spread over all row groups. `event_id` is time-ordered: its statistics tell as much.
const LOOKED_FOR: [&str; 2] = ["visitor_id", "session_id"];
/// JSON has no useful smallest and largest value.
const WITHOUT_STATISTICS: [&str; 3] = ["redactions", "data", "raw_event_data"];
/// How much of a long text statistics keep.
const STATISTICS_BYTES: usize = 64;
/// Rows of a page at most: what a reader skips by the page index.
const PAGE_ROWS: usize = 20_000;
/// How often a bloom filter says yes in error.
const FALSE_POSITIVES: f64 = 0.01;

/// Writes rows.
pub(super) struct Writer {
    file: ArrowWriter<Spool>,
}

fn properties(selection: &wire::Selection, with_raw: bool) -> Result<WriterProperties, ParquetError> {
    let columns = row::columns(selection, with_raw);
    let position = |name: &str| columns.iter().position(|(at, _)| COLUMNS.get(*at).is_some_and(|it| it.0 == name));
    let path =
        |name: &str| position(name).and_then(|at| columns.get(at)).map(|(_, name)| ColumnPath::from(name.as_str()));
    // A file without the first of them is not sorted by the second.
    let sorting = ORDER.into_iter().map_while(position).filter_map(|at| i32::try_from(at).ok());
    let sorting = sorting.map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false });
    let metadata = [
        ("evothesis.schema_id", row::schema_id(selection, with_raw).to_owned()),
        ("evothesis.schema_version", version::ROW_SCHEMA.to_string()),
        ("evothesis.complete", (!selection.is_partial()).to_string()),
    ];
    let mut properties = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        // Groups end where we say, by `end_group`.
        .set_max_row_group_row_count(None)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_statistics_truncate_length(Some(STATISTICS_BYTES))
        .set_column_index_truncate_length(Some(STATISTICS_BYTES))
        .set_key_value_metadata(Some(metadata.map(|(key, value)| KeyValue::new(key.to_owned(), value)).to_vec()))
        .set_sorting_columns(Some(sorting.collect()));
    for path in UNIQUE.into_iter().filter_map(path) {
        properties = properties.set_column_dictionary_enabled(path, false);
    }
    for path in COLUMNS.iter().filter(|(_, kind)| *kind == Kind::Time).filter_map(|(name, _)| path(name)) {
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    for path in LOOKED_FOR.into_iter().filter_map(path) {
        properties = properties
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path, FALSE_POSITIVES);
    }
    for path in WITHOUT_STATISTICS.into_iter().filter_map(path) {
        properties = properties.set_column_statistics_enabled(path, EnabledStatistics::None);
    }
    Ok(properties.build())
}

impl Writer {
    pub(super) fn new(
        spool: Spool,
        schema: SchemaRef,
        selection: &wire::Selection,
        with_raw: bool,
    ) -> Result<Self, RenderError> {
        // Arrow's own copy of the schema says nothing more, and its bytes are not ours to keep the same.
        let properties = properties(selection, with_raw)?;
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        Ok(Self { file: ArrowWriter::try_new_with_options(spool, schema, options)? })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        Ok(self.file.write(batch)?)
    }

    pub(super) fn end_group(&mut self) -> Result<(), RenderError> {
        Ok(self.file.flush()?)
    }

    pub(super) fn finish(self) -> Result<Spooled, RenderError> {
        Ok(self.file.into_inner()?.finish()?)
    }
}

/// Whether one of the row groups may have rows with `value` in the column at `at`: not where its bloom filter says no.
pub(super) fn may_hold(file: &File, at: usize, value: &str) -> Result<bool, ParquetError> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(file)?;
    for group in metadata.row_groups() {
        let filter = group.columns().get(at).map(|column| Sbbf::read_from_column_chunk(column, file)).transpose()?;
        if filter.flatten().is_none_or(|filter| filter.check(value)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The rows of a file, row group by row group, in batches whose columns are those of `schema`, whatever their names.
pub(super) fn groups(
    file: File,
    schema: SchemaRef,
) -> Result<impl Iterator<Item = Result<Vec<RecordBatch>, ParquetError>>, ParquetError> {
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
    Ok((0..metadata.metadata().num_row_groups()).map(move |group| {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file.try_clone()?, metadata.clone());
        let reader = builder.with_row_groups(vec![group]).with_batch_size(BATCH_ROWS).build()?;
        reader.map(|batch| Ok(RecordBatch::try_new(schema.clone(), batch?.columns().to_vec())?)).collect()
    }))
}

/// The ids in a file, in its order.
pub(super) fn event_ids(file: File) -> Result<impl Iterator<Item = Result<Uuid, ParquetError>>, ParquetError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let only_ids = ProjectionMask::columns(builder.parquet_schema(), ["event_id"]);
    let of_batch = |batch: Result<RecordBatch, ArrowError>| -> Result<Vec<Uuid>, ParquetError> {
        let batch = batch?;
        let column = batch.column_by_name("event_id").and_then(|column| column.as_string_opt::<i32>());
        let column = column.ok_or_else(|| ParquetError::General("no column event_id of strings".to_owned()))?;
        let id = |text: &str| text.parse().map_err(|error: uuid::Error| ParquetError::General(error.to_string()));
        column.iter().flatten().map(id).collect()
    };
    Ok(builder.with_projection(only_ids).build()?.flat_map(move |batch| match of_batch(batch) {
        Ok(ids) => ids.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }))
}
