//! Visitors who ask what is held of them, and to be forgotten: nothing of them is left anywhere, whoever dies in the middle,
//! and nothing of others is changed. Here is who they are, and how it is looked for them; the stories are below.

mod copied;
mod everywhere;
mod killed;
mod late;
mod together;

use std::collections::{BTreeSet, HashSet};
use std::io::Read;
use std::time::Duration;

use chrono::Days;
use exporter::config::{Config, Format};
use exporter::erasure::access::access;
use exporter::erasure::visitor::Visitor;
use exporter::erasure::{self, Report};
use exporter::export::Exporter;
use exporter::export::hours::Hours;
use exporter::progress::Progress;
use exporter::regular::{self, Turn};
use exporter::store::Pools;
use exporter::store::credentials::Author;
use exporter::verify::{self, Depth, Verdict, bucket_only, verify};
use flate2::read::GzDecoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPoolOptions;
use tokio::time::timeout;
use uuid::Uuid;
use wire::{ForwardBatch, Manifest};

use crate::samples::{NOW_MS, batch, deliver, event, id, now};
use crate::storage::Storage;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const PATIENCE: Duration = Duration::from_mins(1);

/// Somebody, with ids that occur nowhere else.
#[derive(Clone, Copy)]
pub(crate) struct Person(u128);

pub(crate) const JANE: Person = Person(0x1111);
pub(crate) const JOE: Person = Person(0x2222);
const MAX: Person = Person(0x7777);

impl Person {
    pub(crate) fn visitor(self) -> Uuid {
        Uuid::from_u128(0xa11c_e000_0000_4000_8000_0000_0000_0000 | self.0)
    }

    fn session(self) -> Uuid {
        Uuid::from_u128(0x5e55_1000_0000_4000_8000_0000_0000_0000 | self.0)
    }

    fn stream(self) -> Uuid {
        Uuid::from_u128(0x57ea_3000_0000_4000_8000_0000_0000_0000 | self.0)
    }

    /// A batch with the `numbers`th of the person's events, so many days old.
    pub(crate) fn batch(self, numbers: impl Iterator<Item = u32>, age: i64) -> ForwardBatch {
        let own = |n: u32| {
            let mut event = event(n);
            event.session_id = self.session();
            event.event.id = self.event(n, age);
            event
        };
        let batch_id = Uuid::from_u128(self.0 << 64 | u128::try_from(age).expect("positive"));
        ForwardBatch {
            batch_id,
            stream_id: self.stream(),
            visitor_id: self.visitor(),
            ..batch(numbers.map(own).collect())
        }
    }

    fn event(self, n: u32, age: i64) -> Uuid {
        let of_person = u32::try_from(self.0).expect("small") << 16;
        id(of_person + n, NOW_MS - age * DAY_MS)
    }

    /// What tells of the person, as texts and as bytes.
    fn traces(self) -> HashSet<Vec<u8>> {
        let events = (0..32).flat_map(|age| (0..20).map(move |n| self.event(n, age)));
        let ids = events.chain([self.visitor(), self.session(), self.stream()]);
        ids.flat_map(|id| [id.to_string().into_bytes(), id.simple().to_string().into_bytes(), id.as_bytes().to_vec()])
            .collect()
    }

    /// Whether any of `places` tells of the person: which do.
    pub(crate) fn found_in<'a>(self, places: impl Iterator<Item = (&'a str, &'a [u8])>) -> BTreeSet<&'a str> {
        let traces = self.traces();
        // Most places are passed over by a glance at one byte.
        let mut begins = [false; 256];
        for trace in &traces {
            begins[usize::from(trace[0])] = true;
        }
        let is_trace = |bytes: &[u8], length| bytes.get(..length).is_some_and(|bytes| traces.contains(bytes));
        let tells = |bytes: &[u8]| {
            (0..bytes.len()).any(|at| {
                begins[usize::from(bytes[at])] && [16, 32, 36].into_iter().any(|length| is_trace(&bytes[at..], length))
            })
        };
        places.filter(|(_, bytes)| tells(bytes)).map(|(place, _)| place).collect()
    }
}

fn author() -> Author {
    Author { os_user: "tester".to_owned(), reason: "a ticket".to_owned() }
}

fn config(storage: &Storage) -> Config {
    let mut config = storage.config();
    config.export.formats = Format::ALL.to_vec();
    config
}

fn exporter(pools: &Pools, config: &Config) -> Exporter {
    Exporter::new(pools.export.clone(), config, "test".to_owned())
}

pub(crate) async fn export(pools: &Pools, config: &Config) {
    let report = timeout(PATIENCE, exporter(pools, config).run()).await.expect("in time").expect("run");
    assert!(report.failures.is_empty(), "{report:?}");
}

pub(crate) async fn store(pools: &Pools, batch: &ForwardBatch) {
    let answer = deliver(pools, batch).await.expect("stored");
    assert_eq!(answer.accepted as usize, batch.events.len(), "{answer:?}");
}

async fn forget(pools: &Pools, config: &Config, person: Person) -> Report {
    let exporter = exporter(pools, config);
    let (author, silent) = (author(), Progress::silent());
    let forgetting = erasure::forget(&pools.export, &exporter, Visitor(person.visitor()), &author, &silent);
    timeout(PATIENCE, Box::pin(forgetting)).await.expect("in time").expect("done")
}

async fn resume(pools: &Pools, config: &Config) -> Report {
    let exporter = exporter(pools, config);
    timeout(PATIENCE, erasure::go_on(&pools.export, &exporter)).await.expect("in time").expect("done")
}

fn is_finished(report: &Report) -> bool {
    report.pending.is_empty() && report.erasures.iter().all(|it| it.finished)
}

async fn lines(pools: &Pools, config: &Config, person: Person) -> Vec<String> {
    let mut out = Vec::new();
    let exporter = exporter(pools, config);
    let held =
        access(&pools.export, &exporter, Visitor(person.visitor()), &author(), &mut out, &Progress::silent()).await;
    assert_eq!(held.expect("told").unreachable, Vec::<String>::new());
    String::from_utf8(out).expect("text").lines().map(str::to_owned).collect()
}

/// Every row of every table, as text.
async fn dump(pools: &Pools) -> Vec<(String, Vec<u8>)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
    )
    .fetch_all(&pools.export)
    .await
    .expect("the catalogue");
    let mut dumped = Vec::new();
    for table in tables {
        let sql = format!("select coalesce(string_agg(it::text, '\n'), '') from {table} as it");
        let text: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&pools.export).await.expect("its rows");
        dumped.push((table, text.into_bytes()));
    }
    dumped
}

/// Every object as it is and as it reads.
fn contents(storage: &Storage) -> Vec<(String, Vec<u8>)> {
    let mut contents = Vec::new();
    for key in storage.keys("") {
        let bytes = storage.get(&key).expect("there");
        let mut read = Vec::new();
        if bytes.starts_with(&GZIP) {
            GzDecoder::new(&bytes[..]).read_to_end(&mut read).expect("gzip");
        } else if bytes.starts_with(b"PAR1") {
            for batch in
                ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).expect("parquet").build().expect("rows")
            {
                read.extend(format!("{:?}", batch.expect("a batch").columns()).into_bytes());
            }
        }
        contents.push((key.clone(), bytes.to_vec()));
        contents.push((key, read));
    }
    contents
}

/// Where there is a trace of a person.
fn found(places: &[(String, Vec<u8>)], person: Person) -> BTreeSet<&str> {
    person.found_in(places.iter().map(|(place, bytes)| (place.as_str(), &bytes[..])))
}

/// What text objects and the database have of a person, to the letter, sorted.
async fn rows(pools: &Pools, storage: &Storage, person: Person) -> Vec<String> {
    let needle = person.visitor().to_string();
    let sql = "select it::text from events as it where visitor_id = $1";
    let mut rows: Vec<String> =
        sqlx::query_scalar(sql).bind(person.visitor()).fetch_all(&pools.export).await.expect("rows");
    for (key, bytes) in contents(storage).into_iter().filter(|(key, _)| !key.contains("format=parquet")) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        rows.extend(text.lines().filter(|line| line.contains(&needle)).map(|line| format!("{key}: {line}")));
    }
    rows.sort();
    rows
}

async fn verdict(pools: &Pools, config: &Config) -> Verdict {
    verify(&pools.export, config, &verify::Order::default(), &Progress::silent()).await.expect("answered")
}

async fn ensure_clean(pools: &Pools, storage: &Storage, config: &Config) {
    let verdict = verdict(pools, config).await;
    let told: Vec<_> = verdict.discrepancies.iter().map(ToString::to_string).collect();
    assert_eq!((told, verdict.unreachable.len()), (Vec::new(), 0));
    assert!(verdict.checked.iter().all(|it| (it.erasing, it.pending) == (0, 0)), "{verdict:?}");
    for destination in &config.destinations {
        let alone = bucket_only::verify(destination, Depth::Full, Hours::default(), &Progress::silent()).await;
        let told: Vec<_> = alone.discrepancies.iter().map(ToString::to_string).collect();
        assert_eq!(told, Vec::<String>::new());
    }
    if config.destinations.len() == 1 {
        return;
    }
    for key in storage.keys("example-events/format=") {
        let backup = key.replace("example-events/", "example-events-backup/evothesis/");
        assert!(storage.get(&key) == storage.get(&backup), "{key} has other bytes in the other bucket");
    }
}

async fn ensure_gone(pools: &Pools, storage: &Storage) {
    let (tables, objects) = (dump(pools).await, contents(storage));
    assert_eq!(found(&tables, JANE), BTreeSet::new(), "in the database");
    assert_eq!(found(&objects, JANE), BTreeSet::new(), "in the buckets");
    assert!(!found(&objects, JOE).is_empty() && found(&tables, JOE).contains("site_visitors"), "the search is blind");
}

fn manifests(storage: &Storage, folder: &str) -> Vec<Manifest> {
    let keys = storage.keys(folder);
    let read = |key: &String| serde_json::from_slice(&storage.get(key).expect("there")).expect("a manifest");
    let mut manifests: Vec<Manifest> = keys.iter().map(read).collect();
    manifests.sort_by(|a, b| a.created_at.cmp(&b.created_at));
    manifests
}

async fn turn(pools: &Pools) -> Turn {
    loop {
        // The last one's connection may still be closing.
        match Turn::take(&pools.export).await.expect("asked") {
            Some(turn) => return turn,
            None => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn measure(pools: &Pools) {
    regular::measure(turn(pools).await.connection()).await.expect("measured");
}

/// Drops what is 28 days old or older, and says how many rows that were.
async fn drop_days(pools: &Pools, config: &Config) -> i64 {
    measure(pools).await;
    let mut turn = turn(pools).await;
    loop {
        match regular::drop_days(turn.connection(), config, now() + Days::new(4)).await.expect("dropped") {
            Some(days) => return days.iter().filter_map(|it| it.dropped_rows).sum(),
            None => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// An exporter with connections of its own, which go with it.
fn doomed(pools: &Pools, config: &Config) -> Exporter {
    Exporter::new(own_pool(pools), config, "doomed".to_owned())
}

fn own_pool(pools: &Pools) -> sqlx::PgPool {
    PgPoolOptions::new().max_connections(4).connect_lazy_with((*pools.export.connect_options()).clone())
}

/// Time passes, long enough for everything to have landed.
async fn expire(pools: &Pools) {
    sqlx::query(
        "update deliveries set lease_until = clock_timestamp() - interval '1 hour' where lease_until is not null",
    )
    .execute(&pools.export)
    .await
    .expect("time passes");
}
