//! What the last comparison of each bucket with the database came to.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// The last comparison of a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verification {
    /// `head`: by what the storage says of its objects; `full`: by reading all of them.
    pub kind: String,
    /// When it ended.
    pub verified_at: DateTime<Utc>,
    /// Batches that were compared.
    pub export_batches: i64,
    /// Objects that were compared.
    pub objects: i64,
    /// Rows that the database says they hold.
    pub rows: i64,
    /// How much was not as it should be.
    pub discrepancies: i64,
    /// The first of it, as people read it.
    pub findings: Vec<String>,
    /// Why it did not come to its end; absent when it did.
    pub unreachable: Option<String>,
}

/// Writes down what a comparison of the whole of `destination` came to, in place of the last one of its kind.
pub async fn record(connection: &mut PgConnection, destination: &str, it: &Verification) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: record_verification
        insert into verifications
            (destination, kind, verified_at, export_batches, objects, rows, discrepancies, findings, unreachable)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (destination, kind) do update set
            verified_at = excluded.verified_at,
            export_batches = excluded.export_batches,
            objects = excluded.objects,
            rows = excluded.rows,
            discrepancies = excluded.discrepancies,
            findings = excluded.findings,
            unreachable = excluded.unreachable",
        destination,
        it.kind,
        it.verified_at,
        it.export_batches,
        it.objects,
        it.rows,
        it.discrepancies,
        &it.findings,
        it.unreachable,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The last comparisons of `destination`, the latest first.
pub async fn of(connection: &mut PgConnection, destination: &str) -> sqlx::Result<Vec<Verification>> {
    sqlx::query_as!(
        Verification,
        "-- name: verifications_of_destination
        select kind, verified_at, export_batches, objects, rows, discrepancies, findings, unreachable
        from verifications
        where destination = $1
        order by verified_at desc",
        destination,
    )
    .fetch_all(connection)
    .await
}

/// Since when each of `destinations` was compared in this `kind`; `None` when one never was.
pub async fn last(
    connection: &mut PgConnection,
    kind: &str,
    destinations: &[String],
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "-- name: last_verification
        select case when bool_and(verified_at is not null) then min(verified_at) end
        from (
            select max(verified_at) as verified_at
            from unnest($2::text[]) as configured (destination)
            left join verifications on verifications.destination = configured.destination and kind = $1
            group by configured.destination
        ) as last",
        kind,
        destinations,
    )
    .fetch_one(connection)
    .await
}

/// Takes the right to compare regularly, until the connection ends. `false` while another exporter has it.
pub async fn lock(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"-- name: lock_verification
        select pg_try_advisory_lock(hashtext('verify regularly')) as "is_mine!""#
    )
    .fetch_one(connection)
    .await
}
