//! How fast events go in and out, beside what Postgres does with the same rows in the same run.
//!
//! In: signed batches over HTTP until each is answered; beside inserts by `unnest` from as many connections, of 1,000 rows
//! each and of as many as a batch has, and `COPY … FROM STDIN`, with nothing around them. They take turns, a second or less
//! each, so that whatever else the machine does meets all alike. Out: `exporter export` to two buckets in two formats,
//! process start included; beside `COPY … TO STDOUT` of the same rows, thrown away.

mod body;
mod load;
mod plain;
mod soak;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use local_stack::exporter::{DESTINATIONS, Exporter, Settings};
use local_stack::postgres::{self, Postgres};
use local_stack::s3::S3;
use sqlx::{AssertSqlSafe, Executor, PgPool};
use uuid::Uuid;

use super::target::{self, Target};
use super::{median, quantile};
use crate::commands::leave::Leave;
use crate::commands::table;

/// Connections that batches come from, and that the plain inserts have.
const CONNECTIONS: usize = 64;
/// Connections that batches of one event come from, too: few of those are under way while a disk is waited for.
const MANY_CONNECTIONS: usize = 256;
const EVENTS_A_BATCH: u32 = 10;
/// What plain inserts are fastest with.
const ROWS_A_PLAIN_INSERT: usize = 1000;
/// The turns that a run's rows are divided into.
const TURNS: u32 = 5;
/// One-event batches are a part of the rows, lest they take all the time.
const ONES: u32 = 4;
/// How long an open loop lasts, in seconds.
const OPEN_SECONDS: f64 = 10.0;

#[derive(Args)]
pub(crate) struct Options {
    /// Rows to ingest and export.
    #[arg(long)]
    rows: u32,
    /// How often each way is measured.
    #[arg(long)]
    runs: u32,
    /// Instead of all that, ingest for so many minutes as fast as it goes, and watch the exporter's memory.
    #[arg(long)]
    minutes: Option<u32>,
}

/// What one run measured; rates are rows a second.
struct Run {
    tens: f64,
    ones: f64,
    ones_of_many: f64,
    unnest: f64,
    unnest_tens: f64,
    unnest_ones: f64,
    copy_in: f64,
    export: f64,
    copy_out: f64,
    /// Tens while an export goes on.
    beside_export: f64,
    /// Tens after that.
    alone_after: f64,
    /// Rows a second of that export.
    export_beside: f64,
    /// Milliseconds that 99 of 100 answers came within, at half of the rate of tens.
    p99: f64,
    bytes_a_row: f64,
    /// The same with every table that a row leaves something in.
    all_bytes_a_row: f64,
    peak_megabytes: f64,
}

/// Rows, and the time that they took.
#[derive(Clone, Copy, Default)]
struct Sum {
    rows: u32,
    time: Duration,
}

impl Sum {
    fn add(&mut self, rows: u32, time: Duration) {
        self.rows += rows;
        self.time += time;
    }

    fn rate(self) -> f64 {
        f64::from(self.rows) / self.time.as_secs_f64()
    }
}

pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("postgres");
    let mut server = Postgres::start(&data, &folder.path().join("postgres.log")).await?;
    let mut leave = Leave::listen()?;
    let measured = async {
        match options.minutes {
            Some(minutes) => soak::run(&server, folder.path(), minutes).await,
            None => measure_all(&server, folder.path(), options).await,
        }
    };
    let measured = tokio::select! {
        measured = measured => measured,
        () = leave.asked() => Err(anyhow::anyhow!("interrupted")),
    };
    server.stop().await?;
    postgres::remove_data(&data)?;
    measured?;
    Ok(ExitCode::SUCCESS)
}

async fn measure_all(server: &Postgres, folder: &Path, options: &Options) -> Result<()> {
    let mut runs = Vec::new();
    for number in 0..options.runs {
        let folder = folder.join(number.to_string());
        std::fs::create_dir(&folder)?;
        let run = measure(server, &folder, options.rows, number).await?;
        println!(
            "  run {} of {}: unnest {:.0} rows/s, ingest {:.2} of it in tens, {:.2} and {:.2} in ones",
            number + 1,
            options.runs,
            run.unnest,
            run.tens / run.unnest,
            run.ones / run.unnest,
            run.ones_of_many / run.unnest
        );
        runs.push(run);
    }
    print(&runs, options.rows);
    Ok(())
}

/// An exporter on a database and buckets of its own.
struct Stack {
    exporter: Exporter,
    pool: PgPool,
    _s3: S3,
}

impl Stack {
    async fn start(server: &Postgres, folder: &Path, number: u32) -> Result<Self> {
        let database = postgres::ensure_database(&server.url("postgres"), &format!("bench_{number}")).await?;
        let s3 = S3::start(&folder.join("s3"), &DESTINATIONS).await?;
        let settings = Settings { database: &database, s3: s3.address(), every: "1d" };
        let exporter = Exporter::start(&settings, folder, &folder.join("exporter.log")).await?;
        Ok(Self { exporter, pool: PgPool::connect(&database).await?, _s3: s3 })
    }

    /// How long `connections` take to send `rows` in batches of so many `events`.
    async fn ingest(&self, number: u32, rows: u32, events: u32, connections: usize) -> Result<Duration> {
        let requests = load::requests(&bodies(number, rows / events, events)?)?;
        load::closed(self.exporter.ingest(), &requests, connections).await
    }

    /// What is ingested in tens, of `rows` at most, until an export of all that is stored ends; after that a fifth as many; and
    /// what is exported.
    async fn ingest_beside_export(&self, number: u32, rows: u32) -> Result<[Sum; 3]> {
        let mut bodies = bodies(number, rows / EVENTS_A_BATCH / TURNS * (TURNS + 1), EVENTS_A_BATCH)?;
        let after = load::requests(&bodies.split_off((rows / EVENTS_A_BATCH) as usize))?;
        let requests = load::requests(&bodies)?;
        drop(bodies);
        self.pool
            .execute(
                "delete from objects;
                delete from deliveries;
                update segments set export_batch_id = null, exported_at = null;
                delete from export_batches",
            )
            .await?;
        let stored = stored(&self.pool).await?;
        // The objects are there already, and are put once more.
        let export = async {
            let begun = now();
            (self.exporter.run(&["export"]).await, begun.elapsed())
        };
        let (sent, time, exported) = load::beside(self.exporter.ingest(), &requests, CONNECTIONS, export).await?;
        let (exported, export_time) = exported;
        let exported = exported?;
        ensure!(exported.status.success(), "exporter export: {}", String::from_utf8_lossy(&exported.stderr));
        let [mut beside, mut alone, mut export] = [Sum::default(); 3];
        export.add(u32::try_from(stored)?, export_time);
        beside.add(sent * EVENTS_A_BATCH, time);
        // The same tables with the same rows in them.
        let time = load::closed(self.exporter.ingest(), &after, CONNECTIONS).await?;
        alone.add(u32::try_from(after.len())? * EVENTS_A_BATCH, time);
        Ok([beside, alone, export])
    }
}

/// So many `batches` of run `number`.
fn bodies(number: u32, batches: u32, events: u32) -> Result<Vec<(Uuid, String)>> {
    (0..batches).map(|n| body::body(n, number, events)).collect()
}

async fn measure(server: &Postgres, folder: &Path, rows: u32, number: u32) -> Result<Run> {
    let mut stack = Stack::start(server, folder, number).await?;
    let pool = stack.pool.clone();
    let mut connections = plain::connect(&pool, CONNECTIONS).await?;

    let [mut tens, mut ones, mut ones_of_many, mut copy_in] = [Sum::default(); 4];
    let [mut unnest, mut unnest_tens, mut unnest_ones] = [Sum::default(); 3];
    let (rows, few) = (rows / TURNS, rows / TURNS / ONES);
    for turn in 0..=TURNS {
        if turn == 1 {
            // The first turn is for caches and statements to be made.
            [tens, ones, ones_of_many, copy_in] = [Sum::default(); 4];
            [unnest, unnest_tens, unnest_ones] = [Sum::default(); 3];
        }
        tens.add(rows, stack.ingest(number, rows, EVENTS_A_BATCH, CONNECTIONS).await?);
        unnest.add(rows, plain::insert(&pool, &mut connections, rows, ROWS_A_PLAIN_INSERT).await?);
        ones.add(few, stack.ingest(number, few, 1, CONNECTIONS).await?);
        unnest_tens.add(rows, plain::insert(&pool, &mut connections, rows, EVENTS_A_BATCH as usize).await?);
        ones_of_many.add(few, stack.ingest(number, few, 1, MANY_CONNECTIONS).await?);
        unnest_ones.add(few, plain::insert(&pool, &mut connections, few, 1).await?);
        copy_in.add(rows, plain::copy_in(&pool, &plain::copy_out(&pool, Some(rows)).await?.0).await?);
    }
    drop(connections);
    let stored = stored(&pool).await?;
    let sent = (rows / EVENTS_A_BATCH * EVENTS_A_BATCH + 2 * few) * (TURNS + 1);
    ensure!(stored == i64::from(sent), "{stored} rows are stored of {sent}");
    let bytes = bytes_of(&pool, "select inhrelid from pg_inherits where inhparent = 'events'::regclass").await?;
    pool.execute("drop table bare").await?;
    let all_bytes =
        bytes_of(&pool, "select oid from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
            .await?;

    let mut copy_out = Sum::default();
    copy_out.add(sent, plain::copy_out(&pool, None).await?.1);
    let started = now();
    let exported = stack.exporter.run(&["export"]).await?;
    let mut export = Sum::default();
    export.add(sent, started.elapsed());
    ensure!(exported.status.success(), "exporter export: {}", String::from_utf8_lossy(&exported.stderr));

    let half = tens.rate() / 2.0 / f64::from(EVENTS_A_BATCH);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of batches")]
    let open = load::requests(&bodies(number, (half * OPEN_SECONDS) as u32, EVENTS_A_BATCH)?)?;
    let p99 = quantile(load::open(stack.exporter.ingest(), &open, half).await?, 0.99) * 1000.0;

    let [beside_export, alone_after, export_beside] =
        stack.ingest_beside_export(number, rows * TURNS).await?.map(Sum::rate);
    let peak_megabytes = stack.exporter.peak_memory().context("the exporter's memory is not known")? / 1e6;
    stack.exporter.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "a size")]
    let [bytes_a_row, all_bytes_a_row] = [bytes, all_bytes].map(|bytes| bytes as f64 / f64::from(sent));
    Ok(Run {
        tens: tens.rate(),
        ones: ones.rate(),
        ones_of_many: ones_of_many.rate(),
        unnest: unnest.rate(),
        unnest_tens: unnest_tens.rate(),
        unnest_ones: unnest_ones.rate(),
        copy_in: copy_in.rate(),
        export: export.rate(),
        copy_out: copy_out.rate(),
        beside_export,
        alone_after,
        export_beside,
        p99,
        bytes_a_row,
        all_bytes_a_row,
        peak_megabytes,
    })
}

/// What the tables with the `oids` take, indexes included.
async fn bytes_of(pool: &PgPool, oids: &str) -> Result<i64> {
    let sql = format!("select sum(pg_total_relation_size(oid))::bigint from ({oids}) as tables (oid)");
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await?)
}

async fn stored(pool: &PgPool) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from events").fetch_one(pool).await?)
}

fn print(runs: &[Run], rows: u32) {
    let row = |what: &str, rate: fn(&Run) -> f64, baseline: &str, of: fn(&Run) -> f64| {
        let ratio = median(runs.iter().map(|run| rate(run) / of(run)));
        let (rate, of) = (median(runs.iter().map(rate)), median(runs.iter().map(of)));
        vec![what.to_owned(), format!("{rate:.0}"), baseline.to_owned(), format!("{of:.0}"), format!("{ratio:.2}")]
    };
    let of_many = format!("the same, {MANY_CONNECTIONS} connections");
    let unnest = format!("unnest by {ROWS_A_PLAIN_INSERT}");
    println!(
        "\n{rows} rows in {TURNS} turns, {CONNECTIONS} connections, medians of {} runs; the ratio is taken run by run",
        runs.len()
    );
    table::print(
        &["way", "rows/s", "baseline", "rows/s", "ratio"],
        &[
            row("ingest, ten events a batch", |run| run.tens, &unnest, |run| run.unnest),
            row("", |run| run.tens, "COPY FROM STDIN", |run| run.copy_in),
            row("", |run| run.tens, "unnest by 10", |run| run.unnest_tens),
            row("ingest, one event a batch", |run| run.ones, &unnest, |run| run.unnest),
            row("", |run| run.ones, "unnest by 10", |run| run.unnest_tens),
            row("", |run| run.ones, "unnest by 1", |run| run.unnest_ones),
            row(&of_many, |run| run.ones_of_many, "unnest by 10", |run| run.unnest_tens),
            row("export", |run| run.export, "COPY TO STDOUT", |run| run.copy_out),
            row("ingest beside an export", |run| run.beside_export, "ingest after it", |run| run.alone_after),
            row("the export beside it", |run| run.export_beside, "export", |run| run.export),
        ],
    );
    println!("\nwith all other tables, a row takes {:.0} bytes", median(runs.iter().map(|run| run.all_bytes_a_row)));
    let of = |figure: fn(&Run) -> f64| median(runs.iter().map(figure));
    target::print(&[
        Target::at_least("tens, of unnest by 10", 0.5, of(|run| run.tens / run.unnest_tens)),
        Target::at_least("ones, of unnest by 10", 0.25, of(|run| run.ones / run.unnest_tens)),
        Target::at_most("99 of 100 answers at half rate, ms", 100.0, of(|run| run.p99)),
        Target::at_most("memory, MB", 200.0, of(|run| run.peak_megabytes)),
        Target::at_most("bytes of disk a row, with indexes", 1200.0, of(|run| run.bytes_a_row)),
        Target::at_least("ingest beside an export, of alone", 0.7, of(|run| run.beside_export / run.alone_after)),
    ]);
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "events must lie in the window that the exporter accepts")]
fn unix_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
