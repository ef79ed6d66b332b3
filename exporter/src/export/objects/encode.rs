//! Writing groups of rows in every format at once: one thread puts a group into order and columns, and one thread for
//! each format writes them.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tokio::sync::mpsc;
use wire::Selection;

use super::group::Bounds;
use super::spool::{Shelf, Spooled};
use super::{Filled, RenderError, csv, jsonl, parquet, row};
use crate::config::Format;
use crate::export::rendering::Rendering;

/// Batches that wait for a writer: little, since the groups that they are made of are in memory too.
const WAITING: usize = 2;

/// An object, ready to be put.
#[derive(Debug)]
pub struct Rendered {
    /// Its format.
    pub format: Format,
    /// Its position among the objects of its format.
    pub number: usize,
    /// The only site in it, where the layout has objects for each.
    pub site: Option<String>,
    /// Its rows.
    pub rows: u64,
    /// What the rows lie between.
    pub bounds: Bounds,
    /// Its bytes.
    pub file: Spooled,
}

/// What a writer is told.
#[derive(Clone)]
enum Step {
    Rows(RecordBatch),
    EndOfGroup,
    EndOfObject,
}

/// An object of which all formats know.
struct Described {
    site: Option<String>,
    rows: u64,
    bounds: Bounds,
}

/// A writer of one object.
pub(super) enum Writer {
    Parquet(Box<parquet::Writer>),
    Jsonl(jsonl::Writer),
    Csv(Box<csv::Writer>),
}

impl Writer {
    /// Of rows whose schema is `schema`, behind what is on the `shelf`.
    pub(super) fn new(
        shelf: &Shelf,
        format: Format,
        schema: &SchemaRef,
        selection: &Selection,
        rendering: &Rendering,
    ) -> Result<Self, RenderError> {
        let spool = shelf.begin()?;
        Ok(match format {
            Format::Parquet => {
                let with_raw = rendering.raw_event_data;
                Self::Parquet(Box::new(parquet::Writer::new(spool, schema.clone(), selection, with_raw)?))
            }
            Format::Jsonl => Self::Jsonl(jsonl::Writer::new(spool, rendering.jsonl_compression)?),
            Format::Csv => Self::Csv(Box::new(csv::Writer::new(spool, rendering.csv_formula_safe))),
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), RenderError> {
        match self {
            Self::Parquet(writer) => writer.write(batch),
            Self::Jsonl(writer) => writer.write(batch),
            Self::Csv(writer) => writer.write(batch),
        }
    }

    fn end_group(&mut self) -> Result<(), RenderError> {
        match self {
            Self::Parquet(writer) => writer.end_group(),
            Self::Jsonl(_) | Self::Csv(_) => Ok(()),
        }
    }

    pub(super) fn finish(self) -> Result<Spooled, RenderError> {
        match self {
            Self::Parquet(writer) => writer.finish(),
            Self::Jsonl(writer) => Ok(writer.finish()?),
            Self::Csv(writer) => Ok(writer.finish()?),
        }
    }
}

/// Writes all groups that come, and gives the objects when no more do. Nothing of them is left where it fails.
pub(super) fn write(
    mut filled: mpsc::Receiver<Filled>,
    formats: &[Format],
    selection: &Selection,
    rendering: &Rendering,
) -> Result<Vec<Rendered>, RenderError> {
    let schema = row::schema(selection, rendering.raw_event_data);
    let columns: Vec<_> = row::columns(selection, rendering.raw_event_data).into_iter().map(|(at, _)| at).collect();
    thread::scope(|scope| {
        let mut writers = Vec::new();
        for &format in formats {
            let (steps, taken) = sync_channel(WAITING);
            let new = {
                let schema = schema.clone();
                move |shelf: &Shelf| Writer::new(shelf, format, &schema, selection, rendering)
            };
            writers.push((format, steps, scope.spawn(move || write_objects(&taken, new))));
        }
        let steps: Vec<_> = writers.iter().map(|(_, steps, _)| steps.clone()).collect();
        let described = feed(&mut filled, &steps, &columns, &schema);
        drop(steps);
        let mut objects = Vec::new();
        let mut failure = None;
        for (format, steps, written) in writers {
            // No more comes: the writer ends.
            drop(steps);
            match written.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
                Ok(files) => objects.push((format, files)),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        let described = described?;
        let of_format = |(format, files): (Format, Vec<Spooled>)| {
            let numbered = files.into_iter().zip(&described).enumerate();
            numbered
                .map(|(number, (file, it))| Rendered {
                    format,
                    number,
                    site: it.site.clone(),
                    rows: it.rows,
                    bounds: it.bounds,
                    file,
                })
                .collect::<Vec<_>>()
        };
        Ok(objects.into_iter().flat_map(of_format).collect())
    })
}

fn feed(
    filled: &mut mpsc::Receiver<Filled>,
    writers: &[SyncSender<Step>],
    columns: &[usize],
    schema: &SchemaRef,
) -> Result<Vec<Described>, RenderError> {
    let tell = |step: &Step| {
        let told = writers.iter().try_for_each(|writer| writer.send(step.clone()));
        told.map_err(|_| RenderError::Stopped)
    };
    let mut described = Vec::new();
    let mut object: Option<Described> = None;
    while let Some(Filled { mut group, site, ends_object, room }) = filled.blocking_recv() {
        group.sort();
        for batch in group.batches(columns, schema) {
            tell(&Step::Rows(batch?))?;
        }
        if let Some(bounds) = group.bounds() {
            let (rows, before) = (group.len() as u64, object.take());
            object = Some(Described {
                site,
                rows: rows + before.as_ref().map_or(0, |it| it.rows),
                bounds: before.map_or(bounds, |it| it.bounds.with(bounds)),
            });
        }
        drop((group, room));
        tell(&Step::EndOfGroup)?;
        if ends_object {
            tell(&Step::EndOfObject)?;
            described.extend(object.take());
        }
    }
    Ok(described)
}

fn write_objects(
    steps: &Receiver<Step>,
    new: impl Fn(&Shelf) -> Result<Writer, RenderError>,
) -> Result<Vec<Spooled>, RenderError> {
    let shelf = Shelf::new()?;
    let mut files = Vec::new();
    let mut open: Option<Writer> = None;
    while let Ok(step) = steps.recv() {
        let mut writer = match open.take() {
            Some(writer) => writer,
            None => new(&shelf)?,
        };
        match step {
            Step::Rows(batch) => writer.write(&batch)?,
            Step::EndOfGroup => writer.end_group()?,
            Step::EndOfObject => {
                files.push(writer.finish()?);
                continue;
            }
        }
        open = Some(writer);
    }
    Ok(files)
}
