//! Making export batches: whole segments of one hour of arrival, each in exactly one batch, the batches in one chain.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sqlx::PgPool;

use crate::config::Format;
use crate::store::deliveries;
use crate::store::export_batches::{self, Contents, ExportBatch};
use crate::store::segments::{self, Segment};

/// Segments looked at for one batch.
const SEGMENTS: i64 = 10_000;
/// A batch is closed before it grows past this, so that rendering it fits in memory. Never splits a segment.
const ROWS: i64 = 100_000;

/// Claims the oldest unclaimed segments of one hour as an export batch to be delivered to `destinations` in `formats`;
/// `None` when there are none.
pub async fn claim(pool: &PgPool, destinations: &[String], formats: &[Format]) -> sqlx::Result<Option<ExportBatch>> {
    let mut transaction = pool.begin().await?;
    export_batches::lock_chain(&mut transaction).await?;
    let unclaimed = segments::lock_unclaimed(&mut transaction, SEGMENTS).await?;
    let members = first_batch(&unclaimed);
    let Some(contents) = contents(members) else { return Ok(None) };
    let batch = export_batches::create(&mut transaction, &contents, formats).await?;
    let ids: Vec<_> = members.iter().map(|segment| segment.id).collect();
    segments::assign(&mut transaction, batch.id, &ids).await?;
    deliveries::create(&mut transaction, batch.id, destinations).await?;
    transaction.commit().await?;
    Ok(Some(batch))
}

/// The leading segments that share the first one's hour and stay within [`ROWS`]; at least one.
fn first_batch(segments: &[Segment]) -> &[Segment] {
    let Some(first) = segments.first() else { return segments };
    let mut rows = 0;
    let length = segments.iter().take_while(|segment| {
        rows += i64::from(segment.rows);
        hour(segment.ingested_at) == hour(first.ingested_at) && rows <= ROWS
    });
    &segments[..length.count().max(1)]
}

fn contents(segments: &[Segment]) -> Option<Contents> {
    Some(Contents {
        hour: hour(segments.first()?.ingested_at),
        rows: segments.iter().map(|segment| i64::from(segment.rows)).sum(),
        min_event_id: segments.iter().map(|segment| segment.min_event_id).min()?,
        max_event_id: segments.iter().map(|segment| segment.max_event_id).max()?,
        min_timestamp: segments.iter().map(|segment| segment.min_timestamp).min()?,
        max_timestamp: segments.iter().map(|segment| segment.max_timestamp).max()?,
    })
}

fn hour(time: DateTime<Utc>) -> DateTime<Utc> {
    // Truncation fails only for times that nanoseconds in 64 bits cannot hold, centuries away.
    time.duration_trunc(TimeDelta::hours(1)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn segment(at: &str, rows: i32) -> Segment {
        let ingested_at = at.parse().expect("a time");
        Segment {
            id: 1,
            ingested_at,
            rows,
            min_event_id: Uuid::from_u128(u128::from(rows.unsigned_abs())),
            max_event_id: Uuid::from_u128(u128::from(rows.unsigned_abs())),
            min_timestamp: ingested_at,
            max_timestamp: ingested_at,
        }
    }

    #[test]
    fn a_batch_ends_with_the_hour() {
        let segments =
            ["2026-11-22T09:59:59Z", "2026-11-22T09:59:59.999999Z", "2026-11-22T10:00:00Z"].map(|at| segment(at, 1));
        assert_eq!(first_batch(&segments).len(), 2);
        assert_eq!(contents(&segments[2..]).expect("one").hour.to_rfc3339(), "2026-11-22T10:00:00+00:00");
    }

    #[test]
    fn a_batch_is_bounded_and_never_splits_a_segment() {
        let segments = [60_000, 40_000, 1].map(|rows| segment("2026-11-22T09:00:00Z", rows));
        assert_eq!(first_batch(&segments).len(), 2);
        assert_eq!(contents(first_batch(&segments)).expect("two").rows, 100_000);
        assert_eq!(first_batch(&[segment("2026-11-22T09:00:00Z", 200_000)]).len(), 1);
        assert!(first_batch(&[]).is_empty());
    }
}
