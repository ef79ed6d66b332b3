//! An erasure beside everything else: other erasures, what no bucket tells of, exports that are claimed, days that go.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use exporter::config::Format;
use exporter::export::hours::Hours;
use exporter::export::{Plan, claim};
use exporter::progress::Progress;
use exporter::status;
use exporter::store::Pools;
use exporter::store::export_batches::Reach;
use exporter::verify::{Depth, bucket_only};
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::time::timeout;

use super::{
    JANE, JOE, MAX, PATIENCE, config, contents, doomed, drop_days, dump, ensure_clean, ensure_gone, expire, export,
    forget, found, is_finished, resume, rows, store,
};
use crate::database::with_database;
use crate::proxy::{Fault, Proxy};
use crate::samples::{now, number};
use crate::storage::Storage;

#[tokio::test]
async fn what_no_bucket_tells_of_keeps_nothing_else_waiting() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = config(&storage);
        config.retention.days = 31;
        config.export.formats = vec![Format::Jsonl];
        for age in [29, 28] {
            for person in [JANE, MAX, JOE] {
                store(&pools, &person.batch(0..2, age)).await;
            }
            export(&pools, &config).await;
        }
        assert_eq!(drop_days(&pools, &config).await, 12);
        let of_joe = rows(&pools, &storage, JOE).await;
        let unreadable: String = id_of_first(&pools).await;
        let keys: Vec<_> =
            storage.keys("").into_iter().filter(|key| key.contains(&unreadable) && key.contains("format=")).collect();
        let kept: Vec<(String, Bytes)> =
            keys.into_iter().map(|key| (key.clone(), storage.get(&key).expect("there"))).collect();
        assert_eq!(kept.len(), 2, "one object in each bucket");
        for (key, _) in &kept {
            storage.put(key, "something else");
        }

        for person in [JANE, MAX] {
            let report = forget(&pools, &config, person).await;
            assert!(report.erasures.iter().all(|it| !it.finished && it.rows_buckets == 2), "{report:?}");
            let pending: Vec<_> = report.pending.iter().map(|it| (&it.destination, it.export_batch_id)).collect();
            assert_eq!(pending, [(&None, Some(unreadable.parse().expect("an id")))], "{report:?}");
            let reason = &report.pending[0].reason;
            assert!(reason.contains("client: ") && reason.contains("backup: "), "{reason}");
            let objects = contents(&storage);
            let left: BTreeSet<_> =
                found(&objects, person).into_iter().filter(|key| !key.contains(&unreadable)).collect();
            assert_eq!(left, BTreeSet::new());
        }
        let mut connection = pools.export.acquire().await.expect("connected");
        let later = now() + chrono::TimeDelta::days(3650);
        let status = status::examine(&mut connection, &config, later).await.expect("examined");
        drop(connection);
        let told = serde_json::to_string(&status.checks).expect("json");
        assert!(told.contains(&unreadable), "{told}");

        for (key, bytes) in kept {
            storage.put(&key, bytes);
        }
        let report = resume(&pools, &config).await;
        assert!(is_finished(&report) && report.erasures.len() == 2, "{report:?}");
        ensure_clean(&pools, &storage, &config).await;
        for person in [JANE, MAX] {
            assert_eq!(found(&dump(&pools).await, person), BTreeSet::new());
            assert_eq!(found(&contents(&storage), person), BTreeSet::new());
        }
        assert_eq!(rows(&pools, &storage, JOE).await, of_joe);
    })
    .await;
}

async fn id_of_first(pools: &Pools) -> String {
    sqlx::query_scalar("select id::text from export_batches order by number limit 1")
        .fetch_one(&pools.export)
        .await
        .expect("a batch")
}

/// Returns once somebody waits for `table`.
async fn await_waiting(connection: &mut PgConnection, table: &str) {
    let waiting = "select count(*) from pg_locks where not granted and relation = $1::text::regclass";
    let wait = timeout(PATIENCE, async {
        while sqlx::query_scalar::<_, i64>(waiting).bind(table).fetch_one(&mut *connection).await.expect("asked") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    wait.await.expect("in time");
}

#[tokio::test]
async fn exports_are_claimed_while_a_visitor_is_looked_for() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = config(&storage);
        store(&pools, &JANE.batch(0..3, 0)).await;
        store(&pools, &JOE.batch(0..3, 0)).await;
        let mut inserting = pools.operator.begin().await.expect("begun");
        sqlx::query("lock table segments in row exclusive mode").execute(&mut *inserting).await.expect("locked");
        let claiming = async {
            await_waiting(&mut inserting, "segments").await;
            let mut slow = pools.operator.begin().await.expect("begun");
            sqlx::query("lock table events in access exclusive mode").execute(&mut *slow).await.expect("locked");
            inserting.rollback().await.expect("released");
            await_waiting(&mut slow, "events").await;
            let plan = Plan::of(&config);
            let claimed = timeout(Duration::from_secs(3), claim(&pools.export, &plan, Reach::Now)).await;
            slow.rollback().await.expect("released");
            claimed.expect("in time").expect("claimed").expect("a batch")
        };
        let (report, batch) = tokio::join!(forget(&pools, &config, JANE), claiming);
        // What was claimed meanwhile is without them all the same.
        assert!(report.erasures.iter().all(|it| it.finished && it.rows_database == 3), "{report:?}");
        let sql = format!("select rows from export_batches where id = '{}' and generation = 2", batch.id);
        assert_eq!(sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).fetch_one(&pools.export).await.expect("one"), 3);
        export(&pools, &config).await;
        ensure_gone(&pools, &storage).await;
        ensure_clean(&pools, &storage, &config).await;
    })
    .await;
}

#[tokio::test]
async fn an_export_that_never_ends_leaves_nothing() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = config(&storage);
        config.retention.days = 31;
        config.destinations[1].required = false;
        store(&pools, &JANE.batch(0..3, 29)).await;
        store(&pools, &JOE.batch(0..3, 29)).await;
        // Gone when all is there and nothing is marked, until the rows are no longer here.
        storage.hold("GET /example-events-backup/evothesis/manifests");
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
        assert_eq!(drop_days(&pools, &config).await, 6);
        assert!(!found(&contents(&storage), JANE).is_empty());
        // It waits for the export, which takes her out of what an attempt has left.
        let report = forget(&pools, &config, JANE).await;
        assert!(!is_finished(&report), "{report:?}");
        export(&pools, &config).await;
        let report = resume(&pools, &config).await;
        assert!(is_finished(&report), "{report:?}");
        ensure_gone(&pools, &storage).await;
        let backup =
            bucket_only::verify(&config.destinations[1], Depth::Full, Hours::default(), &Progress::silent()).await;
        assert_eq!((backup.discrepancies.len(), backup.rows), (0, 0), "{backup:?}");
    })
    .await;
}

#[tokio::test]
async fn a_day_is_kept_until_required_buckets_are_clean() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let mut config = proxy.config(&storage);
        config.retention.days = 31;
        store(&pools, &JANE.batch(0..3, 29)).await;
        store(&pools, &JOE.batch(0..3, 29)).await;
        export(&pools, &config).await;
        // Gone half-way, what was written again is of other rows than what was not.
        proxy.fail(Fault::Refuse(503, "SlowDown"), "", 0, usize::MAX);
        assert!(!is_finished(&forget(&pools, &config, JANE).await));
        assert_eq!(drop_days(&pools, &config).await, 0);
        assert_eq!(number(&pools, "select count(*) from events").await, 3);
        proxy.mend();
        assert!(is_finished(&timeout(PATIENCE, resume(&pools, &config)).await.expect("in time")));
        assert_eq!(drop_days(&pools, &config).await, 3);
        ensure_gone(&pools, &storage).await;
        ensure_clean(&pools, &storage, &config).await;
    })
    .await;
}
