//! `raw_event_data`: an event as one JSON object, made of its columns as the view `events_log` makes it of them. Times are
//! written as in every other column, and JSON to the letter.

use std::io;

use uuid::Uuid;

use super::RenderError;
use super::group::{FIELDS, number, text, time, uuid};
use super::row::{COLUMNS, Kind, WIDTH};
use super::text::{write_number, write_time};

/// When the event was stored is no part of it.
const NOT_OF_THE_EVENT: &str = "ingested_at";

/// Writes the event of a tuple's `fields`, in the place of whatever was in `out`.
pub(super) fn write(out: &mut Vec<u8>, fields: &[Option<&[u8]>; FIELDS]) -> Result<(), RenderError> {
    out.clear();
    for ((name, kind), field) in
        COLUMNS.iter().take(WIDTH).zip(fields).filter(|((name, _), _)| *name != NOT_OF_THE_EVENT)
    {
        out.extend_from_slice(if out.is_empty() { b"{\"" } else { b",\"" });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        match kind {
            Kind::OptionalText if field.is_none() => out.extend_from_slice(b"null"),
            Kind::Text | Kind::OptionalText => {
                serde_json::to_writer(&mut *out, text(*field)?).map_err(io::Error::from)?;
            }
            Kind::Json => out.extend_from_slice(text(*field)?.as_bytes()),
            Kind::Number => write_number(out, number(*field)?),
            Kind::Id => {
                out.push(b'"');
                let mut buffer = Uuid::encode_buffer();
                out.extend_from_slice(uuid(*field)?.hyphenated().encode_lower(&mut buffer).as_bytes());
                out.push(b'"');
            }
            Kind::Time => {
                out.push(b'"');
                write_time(out, time(*field)?);
                out.push(b'"');
            }
        }
    }
    out.push(b'}');
    Ok(())
}
