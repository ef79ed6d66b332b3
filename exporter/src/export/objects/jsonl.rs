//! JSON Lines, gzip or zstd: an object a line, every column in it, `redactions` and `data` nested with their numbers to
//! the letter.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};

use arrow_array::RecordBatch;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize;
use uuid::Uuid;

use super::RenderError;
use super::spool::{Spool, Spooled};
use super::text::{Column, columns, text_at, write_number, write_time};
use super::{GZIP_LEVEL, ZSTD_LEVEL};
use crate::config::Compression;

/// What a zstd frame begins with (RFC 8878, 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Writes lines. Neither header carries a time or a name, so that equal lines are equal bytes.
pub(super) struct Writer {
    out: Compressor,
    lines: Vec<u8>,
}

enum Compressor {
    Gzip(Box<GzEncoder<Spool>>),
    Zstd(Box<zstd::Encoder<'static, Spool>>),
}

impl Writer {
    pub(super) fn new(compression: Compression) -> io::Result<Self> {
        let out = match compression {
            Compression::Gzip => Compressor::Gzip(Box::new(GzEncoder::new(Spool::new()?, GZIP_LEVEL))),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(Spool::new()?, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Compressor::Zstd(Box::new(encoder))
            }
        };
        Ok(Self { out, lines: Vec::new() })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        let columns = columns(batch)?;
        let mut names = Vec::new();
        for (at, field) in batch.schema_ref().fields().iter().enumerate() {
            let name = serde_json::to_string(field.name()).map_err(io::Error::from)?;
            names.push(format!("{}{name}:", if at == 0 { "{" } else { "," }));
        }
        self.lines.clear();
        for row in 0..batch.num_rows() {
            for (name, column) in names.iter().zip(&columns) {
                self.lines.extend_from_slice(name.as_bytes());
                match column {
                    Column::Text(column) => match text_at(column, row) {
                        Some(text) => serde_json::to_writer(&mut self.lines, text).map_err(io::Error::from)?,
                        None => self.lines.extend_from_slice(b"null"),
                    },
                    Column::Json(column) => {
                        let json = column.value(row).as_bytes();
                        let from = self.lines.len();
                        self.lines.extend_from_slice(json);
                        // A line end between two tokens is white space; inside a string JSON has none.
                        for byte in self.lines.iter_mut().skip(from).filter(|byte| matches!(byte, b'\n' | b'\r')) {
                            *byte = b' ';
                        }
                    }
                    Column::Number(column) => write_number(&mut self.lines, column.value(row)),
                    Column::Time(column) => {
                        self.lines.push(b'"');
                        write_time(&mut self.lines, column.value(row));
                        self.lines.push(b'"');
                    }
                }
            }
            self.lines.extend_from_slice(b"}\n");
        }
        match &mut self.out {
            Compressor::Gzip(gzip) => gzip.write_all(&self.lines)?,
            Compressor::Zstd(zstd) => zstd.write_all(&self.lines)?,
        }
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<Spooled> {
        match self.out {
            Compressor::Gzip(gzip) => gzip.finish()?.finish(),
            Compressor::Zstd(zstd) => zstd.finish()?.finish(),
        }
    }
}

pub(super) fn event_ids(file: File) -> io::Result<Vec<Uuid>> {
    #[derive(Deserialize)]
    struct Line {
        event_id: Uuid,
    }
    let mut file = BufReader::new(file);
    let text: Box<dyn Read> = if file.fill_buf()?.starts_with(&ZSTD_MAGIC) {
        Box::new(zstd::Decoder::with_buffer(file)?)
    } else {
        Box::new(GzDecoder::new(file))
    };
    BufReader::new(text).lines().map(|line| Ok(serde_json::from_str::<Line>(&line?)?.event_id)).collect()
}
