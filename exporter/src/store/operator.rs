//! What the operator asks: is it alive, how much is there, how far is each bucket.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::tries::{self, Wait};
use super::verifications::{self, Verification};
use crate::refusal::{self, Refusal};

/// How far a destination is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DestinationStatus {
    /// Its name.
    pub destination: String,
    /// Rows here that the destination does not hold yet, those of no export batch included.
    pub pending_rows: i64,
    /// Export batches that it does not hold yet, dead letters included.
    pub pending_batches: i64,
    /// Age of the oldest of those rows.
    pub lag_seconds: i64,
    /// Export batches that are tried again only when somebody says so.
    pub dead_letters: i64,
    /// When it last was verified to hold an export batch.
    pub last_success: Option<DateTime<Utc>>,
    /// When it takes nothing, whatever the batch: since when, why and what to do.
    pub waits: Option<Waits>,
    /// Deliveries whose last attempt failed, dead letters and the latest first, at most ten.
    pub failures: Vec<DeliveryFailure>,
    /// When `serve` exports next by schedule; absent when it never does.
    pub next_run: Option<DateTime<Utc>>,
    /// The last comparisons with the database, the latest first.
    pub verified: Vec<Verification>,
    /// Export batches that a comparison found it not to hold as they were exported, and that were not repaired since. While it
    /// is required, retention keeps their rows.
    pub doubted_batches: i64,
}

/// Why a destination takes nothing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Waits {
    /// Since when, and until when.
    #[serde(flatten)]
    pub wait: Wait,
    /// What the code means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// A delivery whose last attempt failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryFailure {
    /// What could not be delivered.
    pub export_batch_id: uuid::Uuid,
    /// How often it was tried.
    pub attempts: i32,
    /// How often it failed for a reason of its own.
    pub failures: i32,
    /// When it failed last.
    pub failed_at: DateTime<Utc>,
    /// What kind of failure it was: see [`crate::refusal`].
    pub code: String,
    /// Why, as the storage said it.
    pub reason: String,
    /// What the code means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Whether it is a dead letter.
    pub is_dead: bool,
    /// When it is tried again by itself; absent for the next run, and for dead letters.
    pub retry_at: Option<DateTime<Utc>>,
}

/// Ok when the database answers.
pub async fn ping(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query_scalar!(
        r#"-- name: ping
        select 1 as "one!""#
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// How many events are stored. Read from the segments, so it costs the same however many there are in each.
pub async fn count_events(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"-- name: count_events
        select coalesce(sum(rows - dropped_rows), 0)::bigint as "rows!" from segments"#
    )
    .fetch_one(connection)
    .await
}

/// How far `destination` is at `now`, and when its next run is.
pub async fn destination_status(
    connection: &mut PgConnection,
    destination: &str,
    now: DateTime<Utc>,
    next_run: Option<DateTime<Utc>>,
) -> sqlx::Result<DestinationStatus> {
    let totals = sqlx::query!(
        r#"-- name: destination_totals
        with unclaimed as (
            select coalesce(sum(rows), 0)::bigint as rows, min(ingested_at) as oldest
            from segments where export_batch_id is null
        ),
        waiting as (
            select
                coalesce(sum(rows - dropped), 0)::bigint as rows,
                count(*) as batches,
                min(hour) filter (where rows > dropped) as oldest
            from (
                select rows, hour, export_batch_dropped_rows(id) as dropped
                from export_batches
                where not exists (
                    select from deliveries
                    where export_batch_id = export_batches.id and destination = $1 and exported_at is not null
                )
            ) as batch
        )
        select
            (unclaimed.rows + waiting.rows) as "pending_rows!",
            waiting.batches as "pending_batches!",
            least(unclaimed.oldest, waiting.oldest) as oldest,
            (
                select count(*) from deliveries
                where destination = $1 and exported_at is null and dead_since is not null
            ) as "dead_letters!",
            (
                select count(*) from deliveries where destination = $1 and doubted_at is not null
            ) as "doubted_batches!",
            (select max(exported_at) from deliveries where destination = $1) as last_success
        from unclaimed, waiting"#,
        destination,
    )
    .fetch_one(&mut *connection)
    .await?;
    let wait = tries::wait(connection, destination).await?.map(|wait| {
        let Refusal { meaning, remedy, .. } = refusal::of(&wait.code);
        Waits { wait, meaning, remedy }
    });
    Ok(DestinationStatus {
        destination: destination.to_owned(),
        pending_rows: totals.pending_rows,
        pending_batches: totals.pending_batches,
        lag_seconds: totals.oldest.map_or(0, |oldest| (now - oldest).num_seconds().max(0)),
        dead_letters: totals.dead_letters,
        last_success: totals.last_success,
        waits: wait,
        failures: failures(connection, destination).await?,
        next_run,
        verified: verifications::of(connection, destination).await?,
        doubted_batches: totals.doubted_batches,
    })
}

async fn failures(connection: &mut PgConnection, destination: &str) -> sqlx::Result<Vec<DeliveryFailure>> {
    let rows = sqlx::query!(
        r#"-- name: destination_failures
        select
            export_batch_id, attempts, failures, last_error_at as "failed_at!", last_error as "reason!",
            coalesce(last_error_code, '') as "code!", dead_since is not null as "is_dead!", retry_at
        from deliveries
        where destination = $1 and exported_at is null and last_error is not null and last_error_at is not null
        order by dead_since is null, last_error_at desc
        limit 10"#,
        destination,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let Refusal { meaning, remedy, .. } = refusal::of(&row.code);
            DeliveryFailure {
                export_batch_id: row.export_batch_id,
                attempts: row.attempts,
                failures: row.failures,
                failed_at: row.failed_at,
                code: row.code,
                reason: row.reason,
                meaning,
                remedy,
                is_dead: row.is_dead,
                retry_at: row.retry_at.filter(|_| !row.is_dead),
            }
        })
        .collect())
}
