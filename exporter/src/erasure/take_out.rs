//! The database's part of an erasure: the rows are found while everything goes on, and deleted when nobody delivers them.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::Instant;
use uuid::Uuid;

use super::{EraseError, pause};
use crate::store::erased_rows::OfSegment;
use crate::store::erasures::{self, Erasure};
use crate::store::{erased_rows, export_batches};

/// Deletes the rows here, and makes a new generation of every batch that had some.
pub(super) async fn take_out(
    connection: &mut PgConnection,
    erasure: &Erasure,
    landing: Duration,
) -> Result<(), EraseError> {
    let Some(visitor_id) = erasure.visitor_id else { return Ok(()) };
    let begun = Instant::now();
    // Inserts that began before the refusal was to be seen.
    while !await_inserts(connection).await? {
        pause(begun).await?;
    }
    // No more come, so this takes its time while exports and inserts go on.
    let mut transaction = connection.begin().await?;
    let found = erased_rows::find(&mut transaction, visitor_id).await?;
    transaction.rollback().await?;
    let begun = Instant::now();
    while !delete(connection, erasure.id, visitor_id, &found, landing).await? {
        // Somebody delivers one of the batches, with the rows that it had, or died over it.
        pause(begun).await?;
    }
    Ok(())
}

/// `false` while one takes long.
async fn await_inserts(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let mut transaction = connection.begin().await?;
    let are_done = erasures::await_inserts(&mut transaction).await?;
    transaction.rollback().await?;
    Ok(are_done)
}

/// Deletes what was `found`. `false`, and nothing was changed, while one of the batches is delivered.
async fn delete(
    connection: &mut PgConnection,
    erasure_id: Uuid,
    visitor_id: Uuid,
    found: &[OfSegment],
    landing: Duration,
) -> sqlx::Result<bool> {
    let mut transaction = connection.begin().await?;
    // A claim counts rows before it takes them.
    export_batches::lock_chain(&mut transaction).await?;
    let segments: Vec<_> = found.iter().map(|it| it.segment_id).collect();
    let batch_of = erased_rows::batches_of(&mut transaction, &segments).await?;
    let mut of_batches: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for it in found {
        if let Some(batch) = batch_of.get(&it.segment_id) {
            of_batches.entry(*batch).or_default().extend(&it.event_ids);
        }
    }
    let batches: Vec<_> = of_batches.keys().copied().collect();
    if !erased_rows::lock_batches(&mut transaction, &batches, &segments, landing).await? {
        transaction.rollback().await?;
        return Ok(false);
    }
    let events: Vec<_> = found.iter().flat_map(|it| it.event_ids.iter().copied()).collect();
    erased_rows::delete(&mut transaction, &events).await?;
    erased_rows::end_leases(&mut transaction, &batches).await?;
    erased_rows::shrink_segments(&mut transaction, found).await?;
    for (batch, events) in of_batches {
        erased_rows::shrink_batch(&mut transaction, erasure_id, batch, &events).await?;
    }
    let streams: Vec<_> = found.iter().flat_map(|it| it.stream_ids.iter().copied()).collect();
    erased_rows::unlink(&mut transaction, visitor_id, &streams).await?;
    let rows = events.len();
    erasures::note_taken_out(&mut transaction, erasure_id, i64::try_from(rows).unwrap_or(i64::MAX)).await?;
    transaction.commit().await?;
    tracing::info!(%erasure_id, rows, "rows of a visitor were deleted");
    Ok(true)
}
