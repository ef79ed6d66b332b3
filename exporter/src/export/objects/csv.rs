//! CSV, gzip: RFC 4180 with a header line, CRLF and UTF-8. Texts are always in quotes, numbers and times never; a missing
//! value is nothing between two commas, an empty text is `""`.

use std::fs::File;
use std::io::{self, Write};

use arrow_array::RecordBatch;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use uuid::Uuid;

use super::back::Record;
use super::spool::{Spool, Spooled};
use super::text::{Column, columns, text_at, write_number, write_time};
use super::{GZIP_LEVEL, RenderError};

/// What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"; ASVS 5, 1.2.10): full-width forms too,
/// and what may be dropped before one.
pub const FORMULA_CHARACTERS: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
/// Keeps a text from being a formula.
const GUARD: char = '\'';
/// Bytes of records that are in memory at once: a batch has megabytes of them.
const PIECE: usize = 1 << 20;

/// Writes records.
pub(super) struct Writer {
    out: GzEncoder<Spool>,
    records: Vec<u8>,
    is_safe: bool,
    has_header: bool,
}

impl Writer {
    pub(super) fn new(spool: Spool, formula_safe: bool) -> Self {
        let out = GzEncoder::new(spool, GZIP_LEVEL);
        Self { out, records: Vec::new(), is_safe: formula_safe, has_header: false }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        let columns = columns(batch)?;
        self.records.clear();
        if !self.has_header {
            // Names need no quotes: they are of letters, digits and _.
            let names: Vec<_> = batch.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
            self.records.extend_from_slice(names.join(",").as_bytes());
            self.records.extend_from_slice(b"\r\n");
            self.has_header = true;
        }
        for row in 0..batch.num_rows() {
            for (at, column) in columns.iter().enumerate() {
                if at > 0 {
                    self.records.push(b',');
                }
                match column {
                    Column::Text(column) | Column::Json(column) => {
                        if let Some(text) = text_at(column, row) {
                            write_text(&mut self.records, text, self.is_safe);
                        }
                    }
                    Column::Number(column) => write_number(&mut self.records, column.value(row)),
                    Column::Time(column) => write_time(&mut self.records, column.value(row)),
                }
            }
            self.records.extend_from_slice(b"\r\n");
            if self.records.len() >= PIECE {
                self.out.write_all(&self.records)?;
                self.records.clear();
            }
        }
        Ok(self.out.write_all(&self.records)?)
    }

    /// Writes a record as it is, or the header.
    pub(super) fn write_record(&mut self, record: &[u8]) -> io::Result<()> {
        self.has_header = true;
        self.out.write_all(record)
    }

    pub(super) fn finish(self) -> io::Result<Spooled> {
        self.out.finish()?.finish()
    }
}

fn write_text(out: &mut Vec<u8>, text: &str, is_safe: bool) {
    out.push(b'"');
    if is_safe && needs_guard(text) {
        out.push(b'\'');
    }
    let mut parts = text.split('"');
    out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        out.extend_from_slice(b"\"\"");
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}

/// Whether a text would be a formula, or would be taken for one that was guarded: one apostrophe less is always exact.
fn needs_guard(text: &str) -> bool {
    text.trim_start_matches(GUARD).starts_with(FORMULA_CHARACTERS)
}

/// The ids in a file, in its order: the first column, whose values hold neither commas nor quotes.
pub(super) fn event_ids(file: File) -> io::Result<impl Iterator<Item = io::Result<Uuid>>> {
    let broken = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason.to_owned());
    let mut records = Records::new(io::BufReader::new(GzDecoder::new(file)));
    if records.first_field()?.as_deref() != Some("event_id") {
        return Err(broken("the first column is not event_id"));
    }
    let id = move |field: String| field.parse().map_err(|_| broken("an event_id is no UUID"));
    Ok(std::iter::from_fn(move || records.first_field().transpose().map(|field| field.and_then(id))))
}

/// Reads records, as far as finding the first field of each takes.
struct Records<R> {
    input: R,
}

impl<R: io::BufRead> Records<R> {
    fn new(input: R) -> Self {
        Self { input }
    }

    /// The first field of the next record, without quotes; `None` at the end. The rest of the record is skipped.
    fn first_field(&mut self) -> io::Result<Option<String>> {
        let Some(record) = self.record()? else { return Ok(None) };
        let field = record.split(|byte| matches!(byte, b',' | b'\r' | b'\n')).next().unwrap_or_default();
        Ok(Some(String::from_utf8_lossy(field).trim_matches('"').to_owned()))
    }

    /// The next record, with its line end.
    fn record(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (mut record, mut quotes) = (Vec::new(), 0);
        loop {
            let read = self.input.read_until(b'\n', &mut record)?;
            // Inside quotes a line end is text; a quote in a text is two, which change nothing here.
            quotes += record.iter().skip(record.len() - read).map(|byte| usize::from(*byte == b'"')).sum::<usize>();
            let is_whole = quotes.is_multiple_of(2);
            if record.is_empty() {
                return Ok(None);
            }
            if is_whole || read == 0 {
                return Ok(Some(record));
            }
        }
    }
}

/// The header of a file as it is, and its records with all of their values.
pub(super) fn records(file: File, is_safe: bool) -> io::Result<(Vec<u8>, impl Iterator<Item = io::Result<Record>>)> {
    let mut records = Records::new(io::BufReader::new(GzDecoder::new(file)));
    let header = records.record()?.unwrap_or_default();
    let records = std::iter::from_fn(move || records.record().transpose())
        .map(move |bytes| bytes.map(|bytes| Record { values: fields(&bytes, is_safe), bytes }));
    Ok((header, records))
}

/// The fields of a record: `None` for nothing, texts without quotes and guard.
fn fields(record: &[u8], is_safe: bool) -> Vec<Option<String>> {
    let text = String::from_utf8_lossy(record);
    let mut rest = text.strip_suffix("\r\n").unwrap_or(&text);
    let mut fields = Vec::new();
    loop {
        let (field, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let (field, after) = unquoted(quoted);
            let is_guarded = is_safe && field.starts_with(GUARD) && needs_guard(&field);
            (Some(if is_guarded { field.chars().skip(1).collect() } else { field }), after)
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let (field, after) = rest.split_at(end);
            (Some(field.to_owned()).filter(|field| !field.is_empty()), after)
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return fields,
        }
    }
}

/// A text up to its closing quote, and what follows that.
fn unquoted(text: &str) -> (String, &str) {
    let (mut field, mut rest) = (String::new(), text);
    loop {
        let end = rest.find('"').unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        field.push_str(part);
        match after.strip_prefix("\"\"") {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return (field, after.strip_prefix('"').unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str, is_safe: bool) -> String {
        let mut out = Vec::new();
        write_text(&mut out, text, is_safe);
        String::from_utf8(out).expect("utf-8")
    }

    #[test]
    fn a_formula_is_guarded_and_nothing_else_is_changed() {
        for (text, safe) in [
            ("=cmd()", "\"'=cmd()\""),
            ("-5", "\"'-5\""),
            ("\t=1", "\"'\t=1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("'=1", "\"''=1\""),
            ("it's", "\"it's\""),
            ("'quoted'", "\"'quoted'\""),
            ("a=1", "\"a=1\""),
            ("", "\"\""),
            ("say \"hi\",\r\nplease", "\"say \"\"hi\"\",\r\nplease\""),
        ] {
            assert_eq!(written(text, true), safe);
        }
        assert_eq!(written("=cmd()", false), "\"=cmd()\"");
    }

    proptest! {
        #[test]
        fn no_text_is_a_formula_and_each_can_be_had_back(text in "['=+@\t\r\na\u{ff0d}\"-]{0,6}") {
            let field = written(&text, true);
            let read = field[1..field.len() - 1].replace("\"\"", "\"");
            prop_assert!(!read.starts_with(FORMULA_CHARACTERS));
            // what docs/reading-your-data.md tells readers to do
            let guarded = read.starts_with('\'') && read.trim_start_matches('\'').starts_with(FORMULA_CHARACTERS);
            prop_assert_eq!(if guarded { &read[1..] } else { &read[..] }, &text);
            let record = format!("{field},,1,{field}\r\n");
            let expected = [Some(text.clone()), None, Some("1".to_owned()), Some(text)];
            prop_assert_eq!(fields(record.as_bytes(), true), expected);
        }

        #[test]
        fn first_fields_are_found_whatever_follows(texts in prop::collection::vec("[\"\r\n,a]{0,6}", 0..5)) {
            let mut file = b"event_id,x\r\n".to_vec();
            for (at, text) in texts.iter().enumerate() {
                file.extend(format!("\"{at}\",").into_bytes());
                write_text(&mut file, text, true);
                file.extend(b",\r\n");
            }
            let mut records = Records::new(&file[..]);
            let mut found = Vec::new();
            while let Some(field) = records.first_field().expect("readable") {
                found.push(field);
            }
            let expected: Vec<_> = (0..texts.len()).map(|at| at.to_string()).collect();
            prop_assert_eq!((found[0].as_str(), &found[1..]), ("event_id", &expected[..]));
        }
    }
}
