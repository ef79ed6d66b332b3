//! Rendering the rows of an export batch in one read of the database: rows are put into groups as they come, and each
//! group is turned into Arrow batches and written in every format at once, on other threads than the reading.
//!
//! The bytes are a pure function of the rows, of what is recorded with the batch and the delivery, and of the libraries
//! that write them: rendered at any time by any worker of one version, a batch gives the same objects. Memory is bounded
//! by the two groups that are there at once, however many rows there are.

pub mod back;
pub mod copy;
mod csv;
mod encode;
mod group;
mod jsonl;
mod pace;
mod parquet;
mod raw;
pub mod row;
pub mod spool;
mod text;

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use flate2::Compression as GzipLevel;
use futures::{Stream, TryStreamExt};
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;
use uuid::Uuid;
use wire::Selection;

use self::copy::{Copy, CopyError};
pub use self::csv::FORMULA_CHARACTERS;
pub use self::encode::Rendered;
pub use self::group::Bounds;
use self::group::{FIELDS, Group, Head};
use self::pace::Pace;
use super::rendering::Rendering;
use super::selection;
use crate::config::Format;
use crate::progress::Work;
use crate::store::export_batches::ExportBatch;
use crate::store::exported_rows;

/// What the fastest levels that still compress well are; fixed, since they decide over bytes.
const GZIP_LEVEL: GzipLevel = GzipLevel::new(2);
/// See [`GZIP_LEVEL`].
const ZSTD_LEVEL: i32 = 3;
/// One that is being read and one that is being written.
const GROUPS: usize = 2;

/// Why rows could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The database.
    #[error("cannot read the rows: {0}")]
    Store(#[from] sqlx::Error),
    /// What the database sent.
    #[error("cannot read the rows: {0}")]
    Copy(#[from] CopyError),
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
    /// The Arrow arrays.
    #[error("cannot put rows into columns: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// A column of no type that is exported.
    #[error("column {0} has a type that cannot be written")]
    Column(String),
    /// The disk.
    #[error("cannot write a temporary file: {0}")]
    Spool(#[from] std::io::Error),
    /// A thread that writes is gone.
    #[error("writing stopped")]
    Stopped,
}

/// A batch, rendered for destinations of one selection.
#[derive(Debug)]
pub struct Rendition {
    /// The objects: format by format in the batch's order, each numbered from 0.
    pub objects: Vec<Rendered>,
    /// Rows in the objects of each format.
    pub rows: i64,
    /// Rows that the selection leaves out.
    pub left_out: i64,
    /// Rows that retention had dropped: the others are all here.
    pub dropped: i64,
}

/// What goes from the reading to the writing.
#[derive(Debug)]
struct Filled {
    group: Group,
    /// For layouts that have objects for each site.
    site: Option<String>,
    /// Whether an object ends with it.
    ends_object: bool,
    /// Given back when the group is written, and another one may be filled.
    room: tokio::sync::OwnedSemaphorePermit,
}

/// Renders `batch` in each of its formats. `work` advances with each group of rows.
pub async fn render(
    pool: &PgPool,
    batch: &ExportBatch,
    selection: &Selection,
    work: &Work,
) -> Result<Rendition, RenderError> {
    let mut connection = pool.acquire().await?;
    // A `COPY` that is cut off ends with its connection: the pool would read all of it.
    connection.close_on_drop();
    let rendering = batch.rendering();
    let (groups, filled) = mpsc::channel(1);
    let writing = {
        let (formats, selection, rendering) = (batch.formats.clone(), selection.clone(), rendering.clone());
        tokio::task::spawn_blocking(move || encode::write(filled, &formats, &selection, &rendering))
    };
    let busy = AtomicBool::new(false);
    let filling = Filling::new(&rendering, groups, work, &busy).await?;
    let read = tokio::select! {
        read = read(&mut connection, batch, selection, filling) => read,
        never = pace::watch(pool, &busy) => never,
    };
    // The writers know best why nobody takes the groups any more.
    let objects = match writing.await {
        Ok(written) => written,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    let (rows, left_out, dropped) = match (read, &objects) {
        (Err(RenderError::Stopped), Err(_)) => (0, 0, 0),
        (read, _) => read?,
    };
    let objects = objects?;
    let (expected, found) = (batch.rows - dropped, rows + left_out);
    if found != expected {
        return Err(RenderError::Rows { expected, found });
    }
    Ok(Rendition { objects, rows, left_out, dropped })
}

/// Reads all rows into groups, and says how many it took and left, and how many were dropped before.
async fn read(
    connection: &mut PgConnection,
    batch: &ExportBatch,
    selection: &Selection,
    filling: Filling<'_>,
) -> Result<(i64, i64, i64), RenderError> {
    let mut transaction = connection.begin().await?;
    let dropped = exported_rows::keep(&mut transaction, batch).await?;
    let stream = exported_rows::copy_of_batch(&mut transaction, batch, filling.by_site).await?;
    let (rows, left_out) = take(stream, selection, filling).await?;
    transaction.rollback().await?;
    Ok((rows, left_out, dropped))
}

async fn take(
    mut stream: impl Stream<Item = sqlx::Result<Bytes>> + Unpin,
    selection: &Selection,
    mut filling: Filling<'_>,
) -> Result<(i64, i64), RenderError> {
    let mut copy = Copy::<FIELDS>::default();
    let (mut rows, mut left_out) = (0, 0);
    while let Some(bytes) = stream.try_next().await? {
        copy.push(&bytes);
        while let Some(tuple) = copy.tuple()? {
            if let Some(rest) = filling.pace.after_row() {
                sleep(rest).await;
            }
            let head = Head::of(&tuple)?;
            if !selection::takes(selection, head.site_id, head.event_type, head.visitor_id) {
                left_out += 1;
                continue;
            }
            rows += 1;
            if filling.ends_before(&head) {
                filling.hand_over(&head).await?;
            }
            filling.push(&tuple, &head);
        }
    }
    if !copy.is_complete() {
        return Err(CopyError("a stream that breaks off").into());
    }
    filling.end().await?;
    Ok((rows, left_out))
}

/// The rows of `visitor` in the database, each as a line of JSON: the event, and the line.
///
/// # Errors
/// When they cannot be read.
pub async fn lines_of_visitor(
    connection: &mut PgConnection,
    visitor: Uuid,
) -> Result<Vec<(Uuid, Vec<u8>)>, RenderError> {
    let mut transaction = connection.begin().await?;
    let mut stream = exported_rows::copy_of_visitor(&mut transaction, visitor).await?;
    let mut copy = Copy::<FIELDS>::default();
    let mut group = Group::default();
    while let Some(bytes) = stream.try_next().await? {
        copy.push(&bytes);
        while let Some(tuple) = copy.tuple()? {
            group.push(&tuple, &Head::of(&tuple)?);
        }
    }
    if !copy.is_complete() {
        return Err(CopyError("a stream that breaks off").into());
    }
    drop(stream);
    transaction.rollback().await?;
    group.sort();
    let everything = Selection::default();
    let (schema, columns) = (row::schema(&everything, false), (0..row::WIDTH).collect::<Vec<_>>());
    let mut lines = Vec::new();
    for batch in group.batches(&columns, &schema) {
        lines.extend(back::lines(&batch?)?);
    }
    Ok(lines)
}

/// The group that is being filled.
struct Filling<'a> {
    rendering: &'a Rendering,
    by_site: bool,
    groups: mpsc::Sender<Filled>,
    rooms: Arc<Semaphore>,
    room: Option<tokio::sync::OwnedSemaphorePermit>,
    group: Group,
    site: Option<String>,
    segment: i64,
    /// Rows of the object in groups that were handed over.
    object_rows: u64,
    work: &'a Work,
    pace: Pace<'a>,
}

impl<'a> Filling<'a> {
    async fn new(
        rendering: &'a Rendering,
        groups: mpsc::Sender<Filled>,
        work: &'a Work,
        busy: &'a AtomicBool,
    ) -> Result<Self, RenderError> {
        let rooms = Arc::new(Semaphore::new(GROUPS));
        let room = rooms.clone().acquire_owned().await.map_err(|_| RenderError::Stopped)?;
        Ok(Self {
            rendering,
            by_site: rendering.layout.is_by_site(),
            groups,
            rooms,
            room: Some(room),
            group: Group::default(),
            site: None,
            segment: 0,
            object_rows: 0,
            work,
            pace: Pace::new(busy),
        })
    }

    fn push(&mut self, tuple: &copy::Tuple<'_, FIELDS>, head: &Head<'_>) {
        if self.by_site && self.site.as_deref() != Some(head.site_id) {
            self.site = Some(head.site_id.to_owned());
        }
        self.segment = head.segment;
        self.group.push(tuple, head);
    }

    fn is_other_site(&self, head: &Head<'_>) -> bool {
        self.by_site && self.site.as_deref() != Some(head.site_id)
    }

    /// Whether a row belongs into the next group. A segment is never cut: its rows come in no order.
    fn ends_before(&self, head: &Head<'_>) -> bool {
        let is_full = self.group.len() as u64 >= self.rendering.group_rows
            || self.group.bytes() as u64 >= self.rendering.group_bytes;
        !self.group.is_empty() && ((is_full && head.segment != self.segment) || self.is_other_site(head))
    }

    async fn hand_over(&mut self, next: &Head<'_>) -> Result<(), RenderError> {
        let rows = self.object_rows + self.group.len() as u64;
        let ends_object = rows >= self.rendering.object_rows || self.is_other_site(next);
        self.send(ends_object).await?;
        self.object_rows = if ends_object { 0 } else { rows };
        self.room = Some(self.rooms.clone().acquire_owned().await.map_err(|_| RenderError::Stopped)?);
        Ok(())
    }

    async fn send(&mut self, ends_object: bool) -> Result<(), RenderError> {
        let room = self.room.take().ok_or(RenderError::Stopped)?;
        let group = std::mem::take(&mut self.group);
        let rows = group.len() as u64;
        let filled = Filled { group, site: self.site.clone(), ends_object, room };
        self.groups.send(filled).await.map_err(|_| RenderError::Stopped)?;
        self.work.advance(rows);
        Ok(())
    }

    async fn end(mut self) -> Result<(), RenderError> {
        if self.group.is_empty() { Ok(()) } else { self.send(true).await }
    }
}

/// Why an object cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no Parquet, or other Parquet.
    #[error(transparent)]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// It is no text of its format.
    #[error(transparent)]
    Text(#[from] std::io::Error),
    /// Nobody knows its format.
    #[error("unknown format {0}")]
    Format(String),
}

/// The ids of an object, until one cannot be read.
pub type EventIds = Box<dyn Iterator<Item = Result<Uuid, Unreadable>>>;

/// The event ids in an object, in its order: how `verify` looks inside.
///
/// # Errors
/// When it is no object of that format.
pub fn event_ids(format: &str, file: File) -> Result<EventIds, Unreadable> {
    Ok(match Format::ALL.into_iter().find(|known| known.name() == format) {
        Some(Format::Parquet) => Box::new(parquet::event_ids(file)?.map(|id| Ok(id?))),
        Some(Format::Jsonl) => Box::new(jsonl::event_ids(file)?.map(|id| Ok(id?))),
        Some(Format::Csv) => Box::new(csv::event_ids(file)?.map(|id| Ok(id?))),
        None => return Err(Unreadable::Format(format.to_owned())),
    })
}

#[cfg(test)]
mod tests;
