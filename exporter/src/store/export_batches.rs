//! Export batches: written once, when their segments are claimed, and again only by an erasure.

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::types::Json;
use sqlx::{Decode, PgConnection, Postgres, Type};
use uuid::Uuid;

use crate::config::Format;
use crate::export::layout::Layout;
use crate::export::rendering::Rendering;

/// A set of whole segments of one hour of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of `export_batches`, explained there")]
pub struct ExportBatch {
    pub id: Uuid,
    pub previous: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub hour: DateTime<Utc>,
    pub rows: i64,
    pub min_event_id: Uuid,
    pub max_event_id: Uuid,
    pub min_timestamp: DateTime<Utc>,
    pub max_timestamp: DateTime<Utc>,
    pub formats: Vec<Format>,
    pub rendering: Option<Json<Rendering>>,
    pub generation: i32,
}

impl ExportBatch {
    /// How it is written and where to.
    #[must_use]
    pub fn rendering(&self) -> Rendering {
        self.rendering.as_ref().map(|recorded| recorded.0.clone()).unwrap_or_default()
    }
}

/// How far a claim reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What has arrived so far.
    Now,
    /// Hours that are over: what arrives late, in a transaction that began before the hour ended, makes another batch.
    FullHours,
}

/// Lets one transaction at a time add to the chain, until it ends.
pub async fn lock_chain(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"-- name: lock_export_chain
        select pg_advisory_xact_lock(hashtext('export_batches')) as "lock!: ()""#
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// Makes the oldest unclaimed segments of one hour an export batch, at the end of the chain, which must be locked. It holds
/// as many whole segments as `rows` rows have room for, and at least one; `None` when nothing is within `reach`.
pub async fn claim(
    connection: &mut PgConnection,
    reach: Reach,
    rows: i64,
    formats: &[Format],
    rendering: &Rendering,
) -> sqlx::Result<Option<ExportBatch>> {
    let names: Vec<_> = formats.iter().map(|format| format.name().to_owned()).collect();
    sqlx::query_as!(
        ExportBatch,
        r#"-- name: claim_export_batch
        with oldest as (
            select date_trunc('hour', ingested_at, 'UTC') as hour
            from segments
            where export_batch_id is null
                -- A minute's grace: the clock's turn of the hour is when transactions of the last hour still commit.
                and ($1 or ingested_at < date_trunc('hour', now() - interval '1 minute', 'UTC'))
            order by ingested_at, id
            limit 1
        ),
        -- One statement takes them and counts them: what commits meanwhile is in neither.
        candidates as (
            select segments.*, sum(rows::bigint) over (order by ingested_at, id) ::bigint as rows_so_far
            from segments, oldest
            where export_batch_id is null and ingested_at >= hour and ingested_at < hour + interval '1 hour'
        ),
        members as materialized (
            select * from candidates where rows_so_far <= greatest($2::bigint, (select min(rows_so_far) from candidates))
        ),
        batch as (
            insert into export_batches (
                previous, hour, rows, min_event_id, max_event_id, min_timestamp, max_timestamp, formats, rendering
            )
            select
                (select id from export_batches order by number desc limit 1),
                hour,
                (select sum(rows) from members),
                (select min_event_id from members order by min_event_id limit 1),
                (select max_event_id from members order by max_event_id desc limit 1),
                (select min(min_timestamp) from members),
                (select max(max_timestamp) from members),
                $3,
                $4
            from oldest
            returning *
        ),
        assigned as (
            update segments set export_batch_id = batch.id from batch where segments.id in (select id from members)
        )
        select
            id, previous, created_at, hour, rows, min_event_id, max_event_id, min_timestamp, max_timestamp,
            formats as "formats: Vec<Format>", rendering as "rendering: Json<Rendering>", generation
        from batch"#,
        reach == Reach::Now,
        rows,
        &names,
        Json(rendering) as _,
    )
    .fetch_optional(connection)
    .await
}

/// A batch by its id.
pub async fn get(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<ExportBatch> {
    sqlx::query_as!(
        ExportBatch,
        r#"-- name: get_export_batch
        select
            id, previous, created_at, hour, rows, min_event_id, max_event_id, min_timestamp, max_timestamp,
            formats as "formats: Vec<Format>", rendering as "rendering: Json<Rendering>", generation
        from export_batches where id = $1"#,
        id,
    )
    .fetch_one(connection)
    .await
}

/// Every batch, in the order of the chain.
pub async fn all(connection: &mut PgConnection) -> sqlx::Result<Vec<ExportBatch>> {
    sqlx::query_as!(
        ExportBatch,
        r#"-- name: all_export_batches
        select
            id, previous, created_at, hour, rows, min_event_id, max_event_id, min_timestamp, max_timestamp,
            formats as "formats: Vec<Format>", rendering as "rendering: Json<Rendering>", generation
        from export_batches order by number"#,
    )
    .fetch_all(connection)
    .await
}

/// The layouts that batches have.
pub async fn layouts(connection: &mut PgConnection) -> sqlx::Result<Vec<Layout>> {
    let recorded = sqlx::query_scalar!(
        r#"-- name: layouts_of_export_batches
        select distinct rendering as "rendering: Json<Rendering>" from export_batches"#
    )
    .fetch_all(connection)
    .await?;
    Ok(recorded.into_iter().map(|it| it.map(|it| it.0).unwrap_or_default().layout).collect())
}

/// Keeps two deliveries of a batch from finishing at the same moment, each unaware of the other.
pub async fn lock(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "-- name: lock_export_batch
        select id from export_batches where id = $1 for update",
        id,
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

impl Type<Postgres> for Format {
    fn type_info() -> PgTypeInfo {
        <&str as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for Format {
    fn array_type_info() -> PgTypeInfo {
        <&str as PgHasArrayType>::array_type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Format {
    fn decode(value: PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        let name = <&str as Decode<Postgres>>::decode(value)?;
        Format::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| "no format of this name".into())
    }
}
