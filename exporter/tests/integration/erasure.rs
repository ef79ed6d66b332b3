//! Visitors who ask what is held of them, and to be forgotten: nothing of them is left anywhere, whoever dies in the middle,
//! and nothing of others is changed.

use std::collections::{BTreeSet, HashSet};
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use chrono::Days;
use exporter::config::{Config, Format};
use exporter::erasure::access::{access, plan};
use exporter::erasure::visitor::Visitor;
use exporter::erasure::{self, Report};
use exporter::export::hours::Hours;
use exporter::export::layout::Layout;
use exporter::export::{Exporter, Order};
use exporter::progress::Progress;
use exporter::regular::{self, Turn};
use exporter::store::credentials::Author;
use exporter::store::{Pools, losses};
use exporter::verify::{self, Depth, Verdict, bucket_only, verify};
use flate2::read::GzDecoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPoolOptions;
use tokio::time::timeout;
use uuid::Uuid;
use wire::{ForwardBatch, Manifest, Reason};

use crate::database::with_database;
use crate::proxy::{Fault, Proxy};
use crate::samples::{NOW_MS, batch, deliver, event, id, now, number};
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
    timeout(PATIENCE, forgetting).await.expect("in time").expect("done")
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

async fn ensure_clean(pools: &Pools, storage: &Storage) {
    let config = storage.config();
    let verdict = verdict(pools, &config).await;
    let told: Vec<_> = verdict.discrepancies.iter().map(ToString::to_string).collect();
    assert_eq!((told, verdict.unreachable.len()), (Vec::new(), 0));
    assert!(verdict.checked.iter().all(|it| (it.erasing, it.pending) == (0, 0)), "{verdict:?}");
    for destination in &config.destinations {
        let alone = bucket_only::verify(destination, Depth::Full, Hours::default(), &Progress::silent()).await;
        let told: Vec<_> = alone.discrepancies.iter().map(ToString::to_string).collect();
        assert_eq!(told, Vec::<String>::new());
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

#[tokio::test]
async fn inserts_go_on_while_an_erasure_waits_for_a_slow_one() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = config(&storage);
        store(&pools, &JANE.batch(0..3, 0)).await;
        let mut slow = pools.operator.begin().await.expect("begun");
        sqlx::query("lock table segments in row exclusive mode").execute(&mut *slow).await.expect("locked");
        let storing = async {
            for n in 10..16 {
                // An ingest that has to wait longer answers that it could not store.
                timeout(Duration::from_secs(3), store(&pools, &JOE.batch(n..=n, i64::from(n)))).await.expect("in time");
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            slow.commit().await.expect("committed");
        };
        let (report, ()) = tokio::join!(forget(&pools, &config, JANE), storing);
        assert!(report.erasures.iter().all(|it| it.finished && it.rows_database == 3), "{report:?}");
    })
    .await;
}

#[tokio::test]
async fn nothing_of_a_visitor_is_left_anywhere_and_others_are_as_they_were() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = config(&storage);
        store(&pools, &JANE.batch(0..3, 0)).await;
        store(&pools, &JOE.batch(0..3, 0)).await;
        export(&pools, &config).await;
        // A batch of nobody else's, and one that is not exported yet.
        store(&pools, &JANE.batch(3..5, 1)).await;
        export(&pools, &config).await;
        let mut dropping = JANE.batch(5..6, 2);
        dropping.dropped = 4;
        store(&pools, &dropping).await;
        store(&pools, &JOE.batch(5..7, 2)).await;
        measure(&pools).await;

        let (tables, objects) = (dump(&pools).await, contents(&storage));
        for place in ["segments", "export_batches", "objects", "site_visitors", "stream_days", "pixel_drops"] {
            assert!(found(&tables, JANE).contains(place), "{place}: {:?}", found(&tables, JANE));
        }
        assert_eq!(
            found(&objects, JANE).len(),
            storage.keys("").len(),
            "every object and every manifest has some of hers"
        );
        let of_joe = rows(&pools, &storage, JOE).await;
        assert_eq!(of_joe.len(), 5 + 3 * 2 * 2);
        let loss = "select sum(events + missing)::bigint from losses";
        let measured = number(&pools, loss).await;
        assert_eq!(lines(&pools, &config, JANE).await.len(), 6);
        let planned =
            plan(&pools.export, &exporter(&pools, &config), Visitor(JANE.visitor()), &Progress::silent()).await;
        let planned = planned.expect("planned");
        assert_eq!(
            (planned.rows_database, planned.rows_buckets, planned.export_batches.len()),
            (6, 0, 2),
            "{planned:?}"
        );
        assert_eq!(number(&pools, "select count(*) from erasures").await, 0, "a plan changes nothing");

        let report = forget(&pools, &config, JANE).await;
        assert!(is_finished(&report), "{report:?}");
        assert_eq!((report.erasures[0].rows_database, report.objects), (6, 12), "{report:?}");
        ensure_gone(&pools, &storage).await;
        ensure_clean(&pools, &storage).await;
        assert_eq!(rows(&pools, &storage, JOE).await, of_joe);
        for (manifest, (rows, removed)) in manifests(&storage, "example-events/manifests/").iter().zip([(3, 3), (0, 2)])
        {
            let told = (manifest.rows, manifest.generation, manifest.rewrites[0].rows_removed);
            assert_eq!(told, (rows, Some(2), removed), "{manifest:?}");
            assert_eq!(manifest.rewrites[0].reason, "erasure");
        }
        let hash = &report.erasures[0].visitor_hash;
        let in_buckets =
            contents(&storage).iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(hash.as_str()));
        assert!(!in_buckets, "the hash stays here");

        // Figures stay, and what writes again brings nothing back.
        let mut connection = pools.export.acquire().await.expect("connected");
        for age in 0..3 {
            losses::sum_up(&mut connection, now().date_naive() - Days::new(age)).await.expect("summed");
        }
        drop(connection);
        assert_eq!(number(&pools, loss).await, measured);
        let everything = Order { hours: Hours { from: "2000-01-01".parse().ok(), to: None }, ..Order::default() };
        let again = exporter(&pools, &config).run_now(&everything, &Progress::silent()).await.expect("run");
        assert!(again.failures.is_empty(), "{again:?}");
        ensure_gone(&pools, &storage).await;
        ensure_clean(&pools, &storage).await;

        // Nor does what is delivered again, or comes late.
        let mut late = JANE.batch(0..9, 0);
        late.dropped = 7;
        let answer = deliver(&pools, &late).await.expect("answered");
        assert_eq!((answer.accepted, answer.duplicates, answer.refused.len()), (0, 0, 9), "{answer:?}");
        assert!(answer.refused.iter().all(|it| it.reason == Reason::Erased), "{answer:?}");
        assert_eq!(number(&pools, "select sum(events)::bigint from outcomes where outcome = 'erased'").await, 9);
        assert_eq!(deliver(&pools, &JOE.batch(0..3, 0)).await.expect("answered").duplicates, 3);
        measure(&pools).await;
        export(&pools, &config).await;
        ensure_gone(&pools, &storage).await;

        // Once more finds nothing, and is recorded all the same.
        let report = forget(&pools, &config, JANE).await;
        assert!(is_finished(&report) && report.objects == 0 && report.erasures[0].rows_database == 0, "{report:?}");
        assert_eq!(lines(&pools, &config, JANE).await, Vec::<String>::new());
        assert_eq!(rows(&pools, &storage, JOE).await.len(), of_joe.len() + 2 * 2 * 2);
        ensure_gone(&pools, &storage).await;
        let actions: Vec<String> = sqlx::query_scalar("select action from visitor_requests order by id")
            .fetch_all(&pools.export)
            .await
            .expect("recorded");
        assert_eq!(actions, ["access", "forget", "finished", "forget", "finished", "access"]);
        let change = sqlx::query("delete from visitor_requests").execute(&pools.export).await;
        assert!(change.is_err(), "the record is only added to");
    })
    .await;
}

/// A third destination that takes a part, under other names, and nothing by which visitors are told apart.
fn with_a_part(config: &mut Config) {
    let mut part = config.destinations[0].clone();
    "part".clone_into(&mut part.name);
    "part/".clone_into(&mut part.prefix);
    part.required = false;
    part.select.without_columns = vec!["visitor_id".to_owned(), "timestamp".to_owned()];
    part.select.rename.insert("stream_id".to_owned(), "page_load".to_owned());
    config.destinations.push(part);
}

#[tokio::test]
async fn rows_that_only_buckets_have_are_told_and_taken_out() {
    for formats in [Format::ALL.to_vec(), vec![Format::Jsonl], vec![Format::Csv]] {
        with_database(async |pools| {
            let storage = Storage::start().await;
            let mut config = config(&storage);
            config.export.formats = formats.clone();
            config.retention.days = 31;
            with_a_part(&mut config);
            // A batch whose rows go all but some, and one that is nobody else's.
            let mut mixed = JANE.batch(0..2, 29);
            mixed.events.extend(JANE.batch(2..4, 0).events);
            store(&pools, &mixed).await;
            store(&pools, &JOE.batch(0..3, 29)).await;
            store(&pools, &JOE.batch(3..4, 0)).await;
            export(&pools, &config).await;
            store(&pools, &JANE.batch(4..5, 28)).await;
            export(&pools, &config).await;
            let before = lines(&pools, &config, JANE).await;
            assert_eq!(drop_days(&pools, &config).await, 6);

            let sorted = |mut lines: Vec<String>| {
                lines.sort();
                lines
            };
            assert_eq!(sorted(lines(&pools, &config, JANE).await), sorted(before), "{formats:?}");
            let plan =
                plan(&pools.export, &exporter(&pools, &config), Visitor(JANE.visitor()), &Progress::silent()).await;
            let plan = plan.expect("planned");
            assert_eq!((plan.rows_database, plan.rows_buckets, plan.export_batches.len()), (2, 3, 2), "{plan:?}");
            let of_joe = rows(&pools, &storage, JOE).await;

            let report = forget(&pools, &config, JANE).await;
            assert!(is_finished(&report), "{report:?}");
            let done = &report.erasures[0];
            assert_eq!((done.rows_database, done.rows_buckets), (2, 3), "{formats:?}: {report:?}");
            ensure_gone(&pools, &storage).await;
            ensure_clean(&pools, &storage).await;
            let verdict = verdict(&pools, &config).await;
            assert_eq!(verdict.discrepancies, [], "{formats:?}");
            assert_eq!(rows(&pools, &storage, JOE).await, of_joe);
            let of_part = manifests(&storage, "example-events/part/manifests/");
            assert_eq!(
                of_part.iter().map(|it| (it.rows, it.generation)).collect::<Vec<_>>(),
                [(4, Some(2)), (0, Some(2))]
            );
            // Nobody else asks: nothing is written again.
            let report = forget(&pools, &config, Person(0x3333)).await;
            assert!(is_finished(&report) && report.objects == 0, "{report:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_bucket_that_is_down_is_cleaned_when_it_is_up_again() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let config = proxy.config(&storage);
        store(&pools, &JANE.batch(0..3, 0)).await;
        store(&pools, &JOE.batch(0..3, 0)).await;
        export(&pools, &config).await;
        proxy.fail(Fault::Refuse(503, "SlowDown"), "", 0, usize::MAX);
        let report = forget(&pools, &config, JANE).await;
        assert!(!is_finished(&report));
        let of = |it: &erasure::Pending| it.destination.clone();
        assert_eq!(report.pending.iter().map(of).collect::<Vec<_>>(), [Some("client".to_owned())], "{report:?}");
        let objects = contents(&storage);
        assert!(found(&objects, JANE).iter().all(|key| key.starts_with("example-events/")));
        proxy.mend();
        // It still has what was erased: no discrepancy, and nothing that a backfill may touch.
        let verdict = verdict(&pools, &config).await;
        assert_eq!((verdict.discrepancies.len(), verdict.checked[0].erasing, verdict.checked[1].erasing), (0, 1, 0));
        let everything = Order { hours: Hours { from: "2000-01-01".parse().ok(), to: None }, ..Order::default() };
        let again = exporter(&pools, &config).run_now(&everything, &Progress::silent()).await.expect("run");
        assert_eq!(again.failures.iter().map(|it| it.code.as_str()).collect::<Vec<_>>(), ["Erasing"], "{again:?}");

        let report = resume(&pools, &config).await;
        assert!(is_finished(&report), "{report:?}");
        ensure_gone(&pools, &storage).await;
        ensure_clean(&pools, &storage).await;
        assert_eq!(resume(&pools, &config).await.erasures.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_export_under_way_is_waited_for_and_one_that_died_leaves_nothing() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = config(&storage);
        store(&pools, &JANE.batch(0..3, 0)).await;
        store(&pools, &JOE.batch(0..3, 0)).await;
        storage.hold("PUT /example-events/manifests");
        let under_way = tokio::spawn({
            let exporter = exporter(&pools, &config);
            async move { exporter.run().await.expect("run") }
        });
        timeout(PATIENCE, storage.held()).await.expect("in time");
        let forgetting = tokio::spawn({
            let (pools, config) = (pools.clone(), config.clone());
            async move { forget(&pools, &config, JANE).await }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!forgetting.is_finished() && number(&pools, "select count(*) from events").await == 6);
        storage.release();
        under_way.await.expect("ran");
        assert!(is_finished(&forgetting.await.expect("ran")));
        ensure_gone(&pools, &storage).await;

        // One that died before its manifest, of an hour with nobody else in it.
        let late = Person(0x4444);
        store(&pools, &late.batch(0..3, 0)).await;
        storage.hold("PUT /example-events/manifests");
        let doomed = tokio::spawn({
            let exporter = doomed(&pools, &config);
            async move { exporter.run().await }
        });
        timeout(PATIENCE, storage.held()).await.expect("in time");
        while number(&pools, "select count(*) from deliveries where exported_at is null").await > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        doomed.abort();
        let _ = doomed.await;
        storage.release();
        expire(&pools).await;
        assert!(found(&contents(&storage), late).len() >= 3);
        let report = forget(&pools, &config, late).await;
        assert!(!is_finished(&report), "its objects are still there: {report:?}");
        export(&pools, &config).await;
        let report = resume(&pools, &config).await;
        assert!(is_finished(&report), "{report:?}");
        assert_eq!(found(&contents(&storage), late), BTreeSet::new());
        assert_eq!(found(&dump(&pools).await, late), BTreeSet::new());
        ensure_clean(&pools, &storage).await;
    })
    .await;
}

#[tokio::test]
async fn objects_of_other_sites_keep_their_keys() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = config(&storage);
        config.export.layout = Layout::new("format={format}/site={site}");
        for (site, person) in [("a.example", JOE), ("b.example", JANE), ("c.example", JOE)] {
            let numbers = if site == "c.example" { 3..5 } else { 0..2 };
            let batch = ForwardBatch { site_id: site.to_owned(), ..person.batch(numbers, 0) };
            store(&pools, &batch).await;
        }
        export(&pools, &config).await;
        let (keys, of_joe) = (storage.keys(""), rows(&pools, &storage, JOE).await);
        assert!(is_finished(&forget(&pools, &config, JANE).await));
        ensure_gone(&pools, &storage).await;
        ensure_clean(&pools, &storage).await;
        assert_eq!((storage.keys(""), rows(&pools, &storage, JOE).await), (keys, of_joe));
        // And so do they when they are written again.
        let everything = Order { hours: Hours { from: "2000-01-01".parse().ok(), to: None }, ..Order::default() };
        let again = exporter(&pools, &config).run_now(&everything, &Progress::silent()).await.expect("run");
        assert!(again.failures.is_empty(), "{again:?}");
        ensure_clean(&pools, &storage).await;
    })
    .await;
}

/// An exporter with connections of its own, which go with it.
fn doomed(pools: &Pools, config: &Config) -> Exporter {
    Exporter::new(own_pool(pools), config, "doomed".to_owned())
}

fn own_pool(pools: &Pools) -> sqlx::PgPool {
    PgPoolOptions::new().max_connections(4).connect_lazy_with((*pools.export.connect_options()).clone())
}

/// Time passes.
async fn expire(pools: &Pools) {
    sqlx::query(
        "update deliveries set lease_until = clock_timestamp() - interval '1 second' where lease_until is not null",
    )
    .execute(&pools.export)
    .await
    .expect("time passes");
}

/// Somebody who forgets, and is gone in the middle.
fn doomed_forgetting(pools: &Pools, config: &Config, person: Person) -> tokio::task::JoinHandle<bool> {
    let (pool, exporter) = (own_pool(pools), doomed(pools, config));
    tokio::spawn(async move {
        let visitor = Visitor(person.visitor());
        erasure::forget(&pool, &exporter, visitor, &author(), &Progress::silent()).await.is_ok()
    })
}

async fn recover(pools: &Pools, storage: &Arc<Storage>, config: &Config, person: Person) {
    let report = resume(pools, config).await;
    assert!(is_finished(&report), "{report:?}");
    assert_eq!(storage.uploads(), 0, "an upload is left behind");
    assert_eq!(found(&dump(pools).await, person), BTreeSet::new(), "in the database");
    assert_eq!(found(&contents(storage), person), BTreeSet::new(), "in the buckets");
    ensure_clean(pools, storage).await;
}

/// Rows of somebody and of others that are half here, half only in buckets.
async fn prepare(pools: &Pools, config: &Config, person: Person, round: u32) {
    let both = |it: Person, n: u32| {
        let mut both = it.batch(n..=n, 0);
        both.events.extend(it.batch(n + 1..=n + 1, 29).events);
        both
    };
    store(pools, &both(JOE, 2 * round)).await;
    store(pools, &both(person, 0)).await;
    export(pools, config).await;
    assert_eq!(drop_days(pools, config).await, 2);
}

#[tokio::test]
async fn whichever_request_it_is_gone_at_the_next_one_finishes() {
    let mut kinds = 0;
    for fault in [Fault::Hang, Fault::HangAfter] {
        for at in 0.. {
            let mut is_stuck = false;
            with_database(async |pools| {
                let storage = Storage::start().await;
                let proxy = Proxy::start(&storage).await;
                let mut config = proxy.config(&storage);
                config.retention.days = 31;
                config.export.formats = vec![Format::Parquet];
                for destination in &mut config.destinations {
                    destination.timeout = "20s".parse().expect("a period");
                }
                prepare(&pools, &config, JANE, 0).await;
                proxy.fail(fault, "", at, usize::MAX);
                let run = doomed_forgetting(&pools, &config, JANE);
                is_stuck = tokio::select! {
                    () = proxy.failed() => true,
                    () = async { while !run.is_finished() { tokio::time::sleep(Duration::from_millis(5)).await } } => false,
                };
                // As a process that is killed: nothing is cleaned up.
                run.abort();
                let _ = run.await;
                proxy.mend();
                recover(&pools, &storage, &config, JANE).await;
            })
            .await;
            if !is_stuck {
                break;
            }
            kinds += 1;
        }
    }
    // Look, read the object, put it and the manifest, read both: each before and after.
    assert_eq!(kinds, 2 * 6);
}

#[tokio::test]
async fn whichever_step_in_the_database_it_is_gone_at_the_next_one_finishes() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = config(&storage);
        config.retention.days = 31;
        // What each step needs, and waits for while somebody else has it: refusing, beginning, waiting for inserts, deleting,
        // making generations, noting what is gone, writing down what a bucket holds.
        let steps = [
            ("erased_visitors", "share"),
            ("erasures", "share"),
            ("segments", "row exclusive"),
            ("events", "share"),
            ("rewrites", "share"),
            ("erasure_events", "share"),
            ("objects", "share"),
        ];
        for (round, (table, mode)) in (0..).zip(steps) {
            let person = Person(0x6000 + u128::from(round));
            prepare(&pools, &config, person, round).await;
            let mut lock = pools.operator.begin().await.expect("connected");
            let sql = format!("lock table {table} in {mode} mode");
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *lock).await.expect("locked");
            let run = doomed_forgetting(&pools, &config, person);
            let waiting = "select count(*) from pg_locks where not granted";
            let wait = timeout(PATIENCE, async {
                while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *lock).await.expect("asked") == 0 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
            wait.await.unwrap_or_else(|_| panic!("{table} is never waited for"));
            run.abort();
            let _ = run.await;
            lock.rollback().await.expect("released");
            // The server ends what nobody waits for any more.
            tokio::time::sleep(Duration::from_millis(300)).await;
            if number(&pools, "select count(*) from erasures where finished_at is null").await == 0 {
                assert!(is_finished(&forget(&pools, &config, person).await), "{table}");
            }
            recover(&pools, &storage, &config, person).await;
        }
    })
    .await;
}
