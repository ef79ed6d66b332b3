//! What fails, and when it is tried again: deliveries of one batch, which become dead letters after the last try, and whole
//! destinations, which wait for as long as it takes.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::deliveries::Lease;

/// The longest pause of a delivery, in seconds.
const LONGEST_OF_DELIVERY: f64 = 3600.0;
/// The longest pause of a destination, in seconds: short, since it goes on by itself when all is well again.
const LONGEST_OF_DESTINATION: f64 = 300.0;

/// A destination that takes nothing now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wait {
    /// When it failed first.
    pub since: DateTime<Utc>,
    /// How often in a row.
    pub failures: i32,
    /// When it is tried again.
    pub retry_at: DateTime<Utc>,
    /// When it failed last.
    pub failed_at: DateTime<Utc>,
    /// What kind of failure it was: see [`crate::refusal`].
    pub code: String,
    /// Why, as the storage said it.
    pub reason: String,
}

/// A delivery that is tried again only when somebody says so, or that was one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Where it should go.
    pub destination: String,
    /// The export batch.
    pub export_batch_id: Uuid,
    /// The hour of arrival of its rows.
    pub hour: DateTime<Utc>,
    /// Its rows.
    pub rows: i64,
}

/// Writes down that a delivery failed for a reason of its own, with a pause that doubles from `pause` seconds on, and gives
/// the lease back. `Some(true)` when that was the last of `tries`, `None` when the lease is lost.
pub async fn fail(
    connection: &mut PgConnection,
    lease: &Lease,
    code: &str,
    reason: &str,
    tries: u32,
    pause: u32,
) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!(
        r#"-- name: fail_delivery
        update deliveries
        set lease_owner = null,
            lease_until = null,
            last_error = $5,
            last_error_at = now(),
            last_error_code = $4,
            failures = failures + 1,
            retry_at = now() + make_interval(secs => least($7 * power(2, least(failures, 30)), $8)),
            dead_since = case when failures + 1 >= $6 then coalesce(dead_since, now()) end
        where export_batch_id = $1 and destination = $2 and epoch = $3 and exported_at is null
        returning dead_since is not null as "is_dead!""#,
        lease.export_batch_id,
        lease.destination,
        lease.epoch,
        code,
        reason,
        i32::try_from(tries).unwrap_or(i32::MAX),
        f64::from(pause),
        LONGEST_OF_DELIVERY,
    )
    .fetch_optional(connection)
    .await
}

/// Writes down that a destination takes nothing, with a pause that doubles from `pause` seconds on; returns how often in a
/// row that is.
pub async fn make_wait(
    connection: &mut PgConnection,
    destination: &str,
    code: &str,
    reason: &str,
    pause: u32,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "-- name: make_destination_wait
        insert into destination_waits (destination, failures, retry_at, code, reason)
        values ($1, 1, now() + make_interval(secs => least($4::double precision, $5)), $2, $3)
        on conflict (destination) do update set
            failures = least(destination_waits.failures + 1, 1000000),
            retry_at = now() + make_interval(secs => least($4 * power(2, least(destination_waits.failures, 30)), $5)),
            failed_at = now(),
            code = excluded.code,
            reason = excluded.reason
        returning failures",
        destination,
        code,
        reason,
        f64::from(pause),
        LONGEST_OF_DESTINATION,
    )
    .fetch_one(connection)
    .await
}

/// Ends a wait, and says whether there was one.
pub async fn end_wait(connection: &mut PgConnection, destination: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "-- name: end_destination_wait
        delete from destination_waits where destination = $1",
        destination,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether `destination` waits, and for what.
pub async fn wait(connection: &mut PgConnection, destination: &str) -> sqlx::Result<Option<Wait>> {
    sqlx::query_as!(
        Wait,
        "-- name: destination_wait
        select since, failures, retry_at, failed_at, code, reason from destination_waits where destination = $1",
        destination,
    )
    .fetch_optional(connection)
    .await
}

/// In how many seconds something of `destination` that failed is to be tried again; `None` when nothing is.
pub async fn next_retry(connection: &mut PgConnection, destination: &str) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        r#"-- name: next_retry
        with pending as (
            select greatest(retry_at, lease_until) as at
            from deliveries
            where destination = $1
                and exported_at is null
                and dead_since is null
        )
        select extract(epoch from greatest(
            min(pending.at),
            (select retry_at from destination_waits where destination = $1)
        ) - now())::double precision as "seconds"
        from pending
        having count(*) > 0"#,
        destination,
    )
    .fetch_optional(connection)
    .await
    .map(Option::flatten)
}

/// Makes dead letters ordinary again, with all their tries: those of one destination or of all, of one batch or of all.
/// Returns those that were some.
pub async fn revive(
    connection: &mut PgConnection,
    destination: Option<&str>,
    export_batch_id: Option<Uuid>,
) -> sqlx::Result<Vec<DeadLetter>> {
    sqlx::query_as!(
        DeadLetter,
        r#"-- name: revive_dead_letters
        with revived as (
            update deliveries
            set failures = 0, retry_at = null, dead_since = null
            where dead_since is not null
                and exported_at is null
                and ($1::text is null or destination = $1)
                and ($2::uuid is null or export_batch_id = $2)
            returning destination, export_batch_id
        )
        select destination as "destination!", revived.export_batch_id as "export_batch_id!", hour as "hour!", rows as "rows!"
        from revived
        join export_batches on export_batches.id = revived.export_batch_id
        order by destination, number"#,
        destination,
        export_batch_id,
    )
    .fetch_all(connection)
    .await
}
