//! Export batches: written once, when their segments are claimed.

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::{Decode, PgConnection, Postgres, Type};
use uuid::Uuid;

use crate::config::Format;

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
}

/// What a new export batch holds.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `export_batches`, explained there")]
pub struct Contents {
    pub hour: DateTime<Utc>,
    pub rows: i64,
    pub min_event_id: Uuid,
    pub max_event_id: Uuid,
    pub min_timestamp: DateTime<Utc>,
    pub max_timestamp: DateTime<Utc>,
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

/// Adds a batch to the end of the chain, which must be locked.
pub async fn create(
    connection: &mut PgConnection,
    contents: &Contents,
    formats: &[Format],
) -> sqlx::Result<ExportBatch> {
    let names: Vec<_> = formats.iter().map(|format| format.name().to_owned()).collect();
    sqlx::query_as!(
        ExportBatch,
        r#"-- name: create_export_batch
        insert into export_batches (
            previous, hour, rows, min_event_id, max_event_id, min_timestamp, max_timestamp, formats
        )
        values (
            (select id from export_batches order by number desc limit 1), $1, $2, $3, $4, $5, $6, $7
        )
        returning
            id, previous, created_at, hour, rows, min_event_id, max_event_id, min_timestamp, max_timestamp,
            formats as "formats: Vec<Format>""#,
        contents.hour,
        contents.rows,
        contents.min_event_id,
        contents.max_event_id,
        contents.min_timestamp,
        contents.max_timestamp,
        &names,
    )
    .fetch_one(connection)
    .await
}

/// A batch by its id.
pub async fn get(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<ExportBatch> {
    sqlx::query_as!(
        ExportBatch,
        r#"-- name: get_export_batch
        select
            id, previous, created_at, hour, rows, min_event_id, max_event_id, min_timestamp, max_timestamp,
            formats as "formats: Vec<Format>"
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
            formats as "formats: Vec<Format>"
        from export_batches order by number"#,
    )
    .fetch_all(connection)
    .await
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
