//! What Postgres does with the same rows when nothing is around it: inserts by `unnest` whose arguments are encoded
//! beforehand, and `COPY`. Each goes into an empty table like `events`: its columns, defaults and indexes, and one
//! partition.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, bail};
use futures::TryStreamExt;
use futures::future::try_join_all;
use sqlx::postgres::{PgArguments, PgPoolCopyExt, PgRow};
use sqlx::types::chrono::{DateTime, Utc};
use sqlx::{Arguments, AssertSqlSafe, Connection, Decode, Encode, Executor, PgConnection, PgPool, Postgres, Row, Type};
use uuid::Uuid;

use super::now;

const TABLE: &str = "drop table if exists bare;
    create table bare (like events including all) partition by range (event_id);
    create table bare_days partition of bare for values from (minvalue) to (maxvalue)";

/// The connections that plain inserts are made over.
pub(super) async fn connect(pool: &PgPool, connections: usize) -> Result<Vec<PgConnection>> {
    let options = pool.connect_options();
    Ok(try_join_all((0..connections).map(|_| PgConnection::connect_with(&options))).await?)
}

/// How long the `connections` take to insert the newest `rows` events again, so many `in_one` transaction.
pub(super) async fn insert(
    pool: &PgPool,
    connections: &mut Vec<PgConnection>,
    rows: u32,
    in_one: usize,
) -> Result<Duration> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select column_name::text, data_type::text from information_schema.columns
        where table_name = 'events' order by ordinal_position",
    )
    .fetch_all(pool)
    .await?;
    let names = columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let list = |each: &dyn Fn(usize, &str, &str) -> String| {
        let each = columns.iter().enumerate().map(|(at, (name, kind))| each(at, name, kind));
        each.collect::<Vec<_>>().join(", ")
    };
    let as_text = list(&|_, name, kind| if kind == "json" { format!("{name}::text") } else { name.to_owned() });
    let back = list(&|_, name, kind| format!("{name}::{kind}"));
    let arrays = list(&|at, _, kind| format!("${}::{}[]", at + 1, if kind == "json" { "text" } else { kind }));
    let insert = format!("insert into bare ({names}) select {back} from unnest({arrays}) as row ({names})");

    let stored = sqlx::query(AssertSqlSafe(format!("select {as_text} from {}", newest(rows)))).fetch_all(pool).await?;
    let mut parts = Vec::new();
    for part in stored.chunks(in_one) {
        parts.push(arguments(part, &columns)?);
    }
    drop(stored);
    pool.execute(TABLE).await?;
    // So that each knows the new table already, as the exporter's connections know theirs.
    let nothing = arguments(&[], &columns)?;
    try_join_all(
        connections
            .iter_mut()
            .map(|connection| sqlx::query_with(AssertSqlSafe(insert.clone()), nothing.clone()).execute(connection)),
    )
    .await?;

    let parts = Arc::new(Mutex::new(parts));
    let started = now();
    let inserting = connections.drain(..).map(|mut connection| {
        let (parts, insert) = (parts.clone(), insert.clone());
        tokio::spawn(async move {
            loop {
                let part = parts.lock().map_err(|_| anyhow::anyhow!("another connection failed"))?.pop();
                let Some(part) = part else { return anyhow::Ok(connection) };
                sqlx::query_with(AssertSqlSafe(insert.clone()), part).execute(&mut connection).await?;
            }
        })
    });
    let inserted = try_join_all(inserting).await?;
    let time = started.elapsed();
    *connections = inserted.into_iter().collect::<Result<_>>()?;
    Ok(time)
}

fn newest(rows: u32) -> String {
    format!("(select * from events order by id desc limit {rows}) as newest")
}

fn arguments(rows: &[PgRow], columns: &[(String, String)]) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for (at, (name, kind)) in columns.iter().enumerate() {
        match kind.as_str() {
            "uuid" => add::<Uuid>(&mut arguments, rows, at)?,
            "text" | "json" => add::<String>(&mut arguments, rows, at)?,
            "bigint" => add::<i64>(&mut arguments, rows, at)?,
            "timestamp with time zone" => add::<DateTime<Utc>>(&mut arguments, rows, at)?,
            other => bail!("{name} is of type {other}, which is not known here"),
        }
    }
    Ok(arguments)
}

fn add<T>(arguments: &mut PgArguments, rows: &[PgRow], at: usize) -> Result<()>
where
    T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    Vec<Option<T>>: for<'q> Encode<'q, Postgres> + Type<Postgres>,
{
    let values = rows.iter().map(|row| row.try_get::<Option<T>, _>(at)).collect::<Result<Vec<_>, _>>()?;
    arguments.add(values).map_err(|error| anyhow::anyhow!(error))
}

/// All events as `COPY` writes them, or the newest so many, and how long Postgres took to send them.
pub(super) async fn copy_out(pool: &PgPool, rows: Option<u32>) -> Result<(Vec<u8>, Duration)> {
    let source = rows.map_or_else(|| "events".to_owned(), newest);
    let started = now();
    let mut stream = pool.copy_out_raw(&format!("copy (select * from {source}) to stdout")).await?;
    let mut copied = Vec::new();
    while let Some(chunk) = stream.try_next().await? {
        copied.extend_from_slice(&chunk);
    }
    Ok((copied, started.elapsed()))
}

/// How long one connection takes to put the same rows in, in one transaction.
pub(super) async fn copy_in(pool: &PgPool, rows: &[u8]) -> Result<Duration> {
    pool.execute(TABLE).await?;
    let started = now();
    let mut copy = pool.copy_in_raw("copy bare from stdin").await?;
    for chunk in rows.chunks(1 << 20) {
        copy.send(chunk).await?;
    }
    copy.finish().await?;
    Ok(started.elapsed())
}
