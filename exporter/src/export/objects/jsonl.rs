//! JSON Lines, gzip or zstd: an object a line, every column in it, `redactions` and `data` nested with their numbers to
//! the letter.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};

use arrow_array::RecordBatch;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::RenderError;
use super::back::Record;
use super::spool::{Spool, Spooled};
use super::text::{Column, columns, text_at, write_number, write_time};
use super::{GZIP_LEVEL, ZSTD_LEVEL};
use crate::config::Compression;

/// What a zstd frame begins with (RFC 8878, 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Rows whose lines are in memory at once: a batch has megabytes of them.
const ROWS: usize = 1024;

/// Writes lines. Neither header carries a time or a name, so that equal lines are equal bytes.
pub(super) struct Writer {
    out: Compressor,
    lines: Vec<u8>,
}

enum Compressor {
    Gzip(Box<GzEncoder<Spool>>),
    Zstd(Box<zstd::Encoder<'static, Spool>>),
}

impl Compressor {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(gzip) => gzip.write_all(bytes),
            Self::Zstd(zstd) => zstd.write_all(bytes),
        }
    }
}

impl Writer {
    pub(super) fn new(spool: Spool, compression: Compression) -> io::Result<Self> {
        let out = match compression {
            Compression::Gzip => Compressor::Gzip(Box::new(GzEncoder::new(spool, GZIP_LEVEL))),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(spool, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Compressor::Zstd(Box::new(encoder))
            }
        };
        Ok(Self { out, lines: Vec::new() })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        for from in (0..batch.num_rows()).step_by(ROWS) {
            let some = batch.slice(from, ROWS.min(batch.num_rows() - from));
            self.lines.clear();
            write_lines(&mut self.lines, &some)?;
            self.out.write_all(&self.lines)?;
        }
        Ok(())
    }

    /// Writes a line as it is.
    pub(super) fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        self.out.write_all(line)
    }

    pub(super) fn finish(self) -> io::Result<Spooled> {
        match self.out {
            Compressor::Gzip(gzip) => gzip.finish()?.finish(),
            Compressor::Zstd(zstd) => zstd.finish()?.finish(),
        }
    }
}

/// Adds the rows of `batch` to `lines`.
pub(super) fn write_lines(lines: &mut Vec<u8>, batch: &RecordBatch) -> Result<(), RenderError> {
    let columns = columns(batch)?;
    let mut names = Vec::new();
    for (at, field) in batch.schema_ref().fields().iter().enumerate() {
        let name = serde_json::to_string(field.name()).map_err(io::Error::from)?;
        names.push(format!("{}{name}:", if at == 0 { "{" } else { "," }));
    }
    for row in 0..batch.num_rows() {
        for (name, column) in names.iter().zip(&columns) {
            lines.extend_from_slice(name.as_bytes());
            match column {
                Column::Text(column) => match text_at(column, row) {
                    Some(text) => serde_json::to_writer(&mut *lines, text).map_err(io::Error::from)?,
                    None => lines.extend_from_slice(b"null"),
                },
                Column::Json(column) => {
                    let json = column.value(row).as_bytes();
                    let from = lines.len();
                    lines.extend_from_slice(json);
                    // A line end between two tokens is white space; inside a string JSON has none.
                    for byte in lines.iter_mut().skip(from).filter(|byte| matches!(byte, b'\n' | b'\r')) {
                        *byte = b' ';
                    }
                }
                Column::Number(column) => write_number(lines, column.value(row)),
                Column::Time(column) => {
                    lines.push(b'"');
                    write_time(lines, column.value(row));
                    lines.push(b'"');
                }
            }
        }
        lines.extend_from_slice(b"}\n");
    }
    Ok(())
}

/// The lines of a file, each with its line end.
fn lines(file: File) -> io::Result<impl Iterator<Item = io::Result<Vec<u8>>>> {
    let mut file = BufReader::new(file);
    let text: Box<dyn Read> = if file.fill_buf()?.starts_with(&ZSTD_MAGIC) {
        Box::new(zstd::Decoder::with_buffer(file)?)
    } else {
        Box::new(GzDecoder::new(file))
    };
    let mut text = BufReader::new(text);
    Ok(std::iter::from_fn(move || {
        let mut line = Vec::new();
        match text.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(Ok(line)),
            Err(error) => Some(Err(error)),
        }
    }))
}

/// The lines of a file with the values of the columns that have these names.
pub(super) fn records(file: File, names: Vec<String>) -> io::Result<impl Iterator<Item = io::Result<Record>>> {
    Ok(lines(file)?.map(move |line| {
        let bytes = line?;
        let values: HashMap<String, Box<RawValue>> = serde_json::from_slice(&bytes)?;
        let value = |name: &String| match values.get(name).map(|raw| raw.get()) {
            None | Some("null") => Ok(None),
            Some(raw) if raw.starts_with('"') => serde_json::from_str(raw).map(Some),
            Some(raw) => Ok(Some(raw.to_owned())),
        };
        let values = names.iter().map(value).collect::<Result<_, _>>()?;
        Ok(Record { bytes, values })
    }))
}

/// The ids in a file, in its order.
pub(super) fn event_ids(file: File) -> io::Result<impl Iterator<Item = io::Result<Uuid>>> {
    #[derive(Deserialize)]
    struct Line {
        event_id: Uuid,
    }
    Ok(lines(file)?.map(|line| Ok(serde_json::from_slice::<Line>(&line?)?.event_id)))
}
