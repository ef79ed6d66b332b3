//! Rendering the rows of an export batch. The bytes are a pure function of the rows, the batch's formats and the
//! libraries that write them: the same batch, rendered at any time by any worker of one version, gives the same objects.

mod jsonl;
mod parquet;
pub mod row;

use bytes::Bytes;
use futures::TryStreamExt;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::config::Format;
use crate::store::export_batches::ExportBatch;
use crate::store::exported_rows::{self, ExportedRow};

/// An object, ready to be put.
#[derive(Debug)]
pub struct Rendered {
    /// Its format.
    pub format: Format,
    /// Its bytes.
    pub body: Bytes,
}

/// Why rows could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The database.
    #[error("cannot read the rows: {0}")]
    Store(#[from] sqlx::Error),
    /// The segments promised other rows than there are.
    #[error("the segments promise {expected} rows, the database holds {found}")]
    Rows {
        /// What the segments say.
        expected: i64,
        /// What is there.
        found: i64,
    },
    /// The Parquet writer.
    #[error("cannot write parquet: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// The Arrow arrays for it.
    #[error("cannot write parquet: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// The JSON Lines writer.
    #[error("cannot write json lines: {0}")]
    Jsonl(#[from] std::io::Error),
}

/// A writer of one format.
enum Writer {
    Parquet(Box<parquet::Writer>),
    Jsonl(jsonl::Writer),
}

impl Writer {
    fn new(format: Format) -> Result<Self, RenderError> {
        Ok(match format {
            Format::Parquet => Self::Parquet(Box::new(parquet::Writer::new()?)),
            Format::Jsonl => Self::Jsonl(jsonl::Writer::new()),
        })
    }

    fn write(&mut self, row: &ExportedRow) -> Result<(), RenderError> {
        match self {
            Self::Parquet(writer) => writer.write(row),
            Self::Jsonl(writer) => Ok(writer.write(row)?),
        }
    }

    fn finish(self) -> Result<Bytes, RenderError> {
        match self {
            Self::Parquet(writer) => writer.finish(),
            Self::Jsonl(writer) => Ok(writer.finish()?),
        }
    }
}

/// Renders `batch` in each of its formats, in one pass over its rows.
pub async fn render(connection: &mut PgConnection, batch: &ExportBatch) -> Result<Vec<Rendered>, RenderError> {
    let mut writers = batch.formats.iter().map(|&format| Writer::new(format)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = exported_rows::of_batch(connection, batch);
    let mut found = 0;
    while let Some(row) = rows.try_next().await? {
        found += 1;
        for writer in &mut writers {
            writer.write(&row)?;
        }
    }
    if found != batch.rows {
        return Err(RenderError::Rows { expected: batch.rows, found });
    }
    let finished = writers.into_iter().zip(&batch.formats);
    finished.map(|(writer, &format)| Ok(Rendered { format, body: writer.finish()? })).collect()
}

/// An object that cannot be read back.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// The event ids in an object, in its order: how `verify` looks inside.
pub fn event_ids(format: &str, body: Bytes) -> Result<Vec<Uuid>, Unreadable> {
    match format {
        "parquet" => parquet::event_ids(body).map_err(|error| Unreadable(error.to_string())),
        "jsonl" => jsonl::event_ids(&body).map_err(|error| Unreadable(error.to_string())),
        other => Err(Unreadable(format!("unknown format {other}"))),
    }
}

#[cfg(test)]
mod tests;
