//! An exporter that is gone at every request of an export, and at every step in the database: the next one leaves each row
//! once, the same bytes in both buckets, and nothing half done.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use exporter::config::{Config, Format, Size};
use exporter::export::hours::Hours;
use exporter::export::{Exporter, Order, Plan, claim};
use exporter::progress::Progress;
use exporter::store::Pools;
use exporter::store::export_batches::Reach;
use exporter::verify::{self, Depth, bucket_only, verify};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgPoolOptions;
use tokio::time::timeout;
use wire::ForwardedEvent;

use crate::database::with_database;
use crate::proxy::{Fault, Proxy};
use crate::samples::{batch, deliver, event, number};
use crate::storage::Storage;

const PATIENCE: Duration = Duration::from_mins(1);
/// Of a batch.
const EVENTS: u32 = 30;

/// An event as large as events may be, that nothing compresses.
fn large(n: u32) -> ForwardedEvent {
    let noise: Vec<u8> =
        (0..90_u32).flat_map(|block| Sha256::digest([n.to_be_bytes(), block.to_be_bytes()].concat())).collect();
    let mut event = event(n);
    event.event.data =
        RawValue::from_string(format!(r#"{{"noise": "{}"}}"#, BASE64_STANDARD.encode(noise))).expect("json");
    event
}

/// Some 90 KB of rows, so that an object of any format goes in two parts.
pub(crate) async fn ingest(pools: &Pools, round: u32) {
    let events = (0..EVENTS).map(|n| large(round * EVENTS + n)).collect();
    deliver(pools, &batch(events)).await.expect("stored");
}

pub(crate) fn config(proxy: &Proxy, storage: &Storage, formats: &[Format]) -> Config {
    let mut config = proxy.config(storage);
    config.export.formats = formats.to_vec();
    for destination in &mut config.destinations {
        destination.part_size = Size::of_kibibytes(64);
        destination.timeout = "20s".parse().expect("a period");
    }
    config
}

fn exporter(pools: &Pools, config: &Config) -> Exporter {
    Exporter::new(pools.export.clone(), config, "test".to_owned())
}

/// An exporter with connections of its own, which go with it.
fn doomed(pools: &Pools, config: &Config) -> Exporter {
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with((*pools.export.connect_options()).clone());
    Exporter::new(pool, config, "doomed".to_owned())
}

/// Time passes, and another exporter takes over and leaves nothing half done.
async fn recover(pools: &Pools, storage: &Storage, config: &Config) {
    sqlx::query(
        "update deliveries set lease_until = clock_timestamp() - interval '1 second' where lease_until is not null",
    )
    .execute(&pools.export)
    .await
    .expect("time passes");
    let report = timeout(PATIENCE, exporter(pools, config).run()).await.expect("bounded").expect("run");
    assert!(report.failures.is_empty(), "{report:?}");
    assert_eq!(storage.uploads(), 0, "an upload is left behind");
    assert_eq!(number(pools, "select count(*) from deliveries where exported_at is null").await, 0, "{report:?}");
}

/// Each of so many batches is in both buckets, whole and alike. What is there once is not written again, so one look at the end
/// is enough.
async fn ensure_clean(pools: &Pools, storage: &Storage, config: &Config, batches: usize) {
    let verdict =
        verify(&pools.export, config, &verify::Order::default(), &Progress::silent()).await.expect("answered");
    assert!(verdict.discrepancies.is_empty() && verdict.unreachable.is_empty(), "{verdict:?}");
    assert!(verdict.checked.iter().all(|it| (it.export_batches, it.pending) == (batches, 0)), "{verdict:?}");
    for key in storage.keys("example-events/format=") {
        let backup = key.replace("example-events/", "example-events-backup/evothesis/");
        assert!(storage.get(&key) == storage.get(&backup), "{key} has other bytes in the other bucket");
    }
}

#[tokio::test]
async fn whichever_request_an_exporter_is_gone_at_the_next_one_leaves_each_row_once() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let config = config(&proxy, &storage, &Format::ALL);
        let (mut round, mut kinds) = (0, 0);
        // Before the storage has done what was asked, and after it.
        for fault in [Fault::Hang, Fault::HangAfter] {
            for at in 0.. {
                ingest(&pools, round).await;
                round += 1;
                proxy.fail(fault, "", at, usize::MAX);
                let run = {
                    let exporter = doomed(&pools, &config);
                    let order = Order { destination: Some("client".to_owned()), ..Order::default() };
                    tokio::spawn(async move { exporter.run_now(&order, &Progress::silent()).await })
                };
                let is_stuck = tokio::select! {
                    () = proxy.failed() => true,
                    () = async { while !run.is_finished() { tokio::time::sleep(Duration::from_millis(5)).await } } => false,
                };
                // As a process that is killed: nothing is cleaned up.
                run.abort();
                let _ = run.await;
                proxy.mend();
                recover(&pools, &storage, &config).await;
                if !is_stuck {
                    break;
                }
                kinds += 1;
            }
        }
        // Of each of three objects list, create, two parts, complete; manifest; read each object, read the manifest: each
        // before and after.
        assert_eq!(kinds, 2 * (3 * 5 + 1 + 3 + 1));
        ensure_clean(&pools, &storage, &config, round as usize).await;
        let alone = bucket_only::verify(&config.destinations[0], Depth::Full, Hours::default(), &Progress::silent()).await;
        assert_eq!((alone.discrepancies.len(), alone.rows), (0, u64::from(round * EVENTS)), "{:?}", alone.discrepancies);
    })
    .await;
}

#[tokio::test]
async fn whichever_step_in_the_database_an_exporter_is_gone_at_the_next_one_goes_on() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let config = config(&proxy, &storage, &[Format::Jsonl]);
        // What each step needs, and waits for while somebody else has it: claiming, leasing, rendering, marking.
        let steps = [
            ("export_batches", false, false),
            ("deliveries", false, false),
            ("deliveries", true, false),
            ("events", true, false),
            ("objects", true, true),
        ];
        // Killed, and cut off in a process that goes on with the same connections.
        let ways = [doomed, exporter].into_iter().flat_map(|way| steps.map(|step| (way, step)));
        for (round, (way, (table, is_claimed, is_late))) in ways.enumerate() {
            ingest(&pools, 1000 + u32::try_from(round).expect("few")).await;
            if is_claimed {
                claim(&pools.export, &Plan::of(&config), Reach::Now).await.expect("claimed").expect("something");
            }
            let mut lock = pools.operator.begin().await.expect("connected");
            let sql = format!("lock table {table} in access exclusive mode");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *lock).await.expect("locked");
            let run = {
                let exporter = way(&pools, &config);
                let order = Order { destination: Some("client".to_owned()), ..Order::default() };
                tokio::spawn(async move { exporter.run_now(&order, &Progress::silent()).await })
            };
            let waiting = "select count(*) from pg_locks
            where not granted and database = (select oid from pg_database where datname = current_database())";
            timeout(PATIENCE, async {
                while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *lock).await.expect("asked") == 0 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            })
            .await
            .expect("it gets there");
            if is_late {
                assert!(storage.keys("example-events/manifests/").len() > round, "it is not at its last step");
            }
            run.abort();
            let _ = run.await;
            lock.rollback().await.expect("released");
            // The server ends what nobody waits for any more.
            tokio::time::sleep(Duration::from_millis(200)).await;
            recover(&pools, &storage, &config).await;
            ensure_clean(&pools, &storage, &config, round + 1).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_upload_whose_end_is_acknowledged_with_an_error_inside_has_not_ended() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let config = config(&proxy, &storage, &[Format::Jsonl]);
        for (round, times, codes) in [(0, 1, &[][..]), (1, usize::MAX, &["InternalError"])] {
            ingest(&pools, 2000 + round).await;
            proxy.fail(Fault::ErrorInside, "?uploadId=", 0, times);
            let report = timeout(PATIENCE, exporter(&pools, &config).run()).await.expect("bounded").expect("run");
            assert!(proxy.mend() > 0, "it befell nothing");
            assert_eq!(report.failures.iter().map(|it| it.code.as_str()).collect::<Vec<_>>(), codes);
            recover(&pools, &storage, &config).await;
            ensure_clean(&pools, &storage, &config, round as usize + 1).await;
        }
    })
    .await;
}
