//! JSON Lines, gzipped: an object a line, every column in it, `redactions` and `data` nested with their numbers to the
//! letter.

use std::io::{self, BufRead, BufReader, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize;
use uuid::Uuid;

use super::row::{COLUMNS, Cell, cells};
use crate::export::manifest::rfc3339;
use crate::store::exported_rows::ExportedRow;

/// Writes lines. The gzip header carries no time and no name, so that equal lines are equal bytes.
pub(super) struct Writer {
    gzip: GzEncoder<Vec<u8>>,
    line: Vec<u8>,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { gzip: GzEncoder::new(Vec::new(), Compression::default()), line: Vec::new() }
    }

    pub(super) fn write(&mut self, row: &ExportedRow) -> io::Result<()> {
        self.line.clear();
        for ((name, _), cell) in COLUMNS.iter().zip(cells(row)) {
            self.line.push(if self.line.is_empty() { b'{' } else { b',' });
            serde_json::to_writer(&mut self.line, name)?;
            self.line.push(b':');
            match cell {
                Cell::Id(id) => serde_json::to_writer(&mut self.line, &id)?,
                Cell::Text(text) => serde_json::to_writer(&mut self.line, text)?,
                Cell::OptionalText(text) => serde_json::to_writer(&mut self.line, &text)?,
                // A line end between two tokens is white space; inside a string JSON has none.
                Cell::Json(json) => {
                    self.line.extend(json.bytes().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { b }));
                }
                Cell::Number(number) => serde_json::to_writer(&mut self.line, &number)?,
                Cell::Time(time) => serde_json::to_writer(&mut self.line, &rfc3339(time))?,
            }
        }
        self.line.extend(b"}\n");
        self.gzip.write_all(&self.line)
    }

    pub(super) fn finish(self) -> io::Result<Bytes> {
        Ok(self.gzip.finish()?.into())
    }
}

pub(super) fn event_ids(body: &[u8]) -> io::Result<Vec<Uuid>> {
    #[derive(Deserialize)]
    struct Line {
        event_id: Uuid,
    }
    BufReader::new(GzDecoder::new(body))
        .lines()
        .map(|line| Ok(serde_json::from_str::<Line>(&line?)?.event_id))
        .collect()
}
