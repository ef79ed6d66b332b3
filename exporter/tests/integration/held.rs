//! What keeps an erasure from one export batch keeps it from no other.

use std::time::Duration;

use exporter::config::Config;
use exporter::erasure::visitor::Visitor;
use exporter::erasure::{self, Report};
use exporter::export::{Exporter, Order};
use exporter::progress::Progress;
use exporter::store::Pools;
use exporter::store::credentials::Author;
use tokio::time::timeout;
use uuid::Uuid;

use crate::database::with_database;
use crate::erasure::{JANE, JOE, store};
use crate::proxy::{Fault, Proxy};
use crate::storage::Storage;

const PATIENCE: Duration = Duration::from_mins(1);

fn exporter(pools: &Pools, config: &Config) -> Exporter {
    Exporter::new(pools.export.clone(), config, "test".to_owned())
}

pub(crate) async fn forget(pools: &Pools, config: &Config) -> Report {
    let exporter = exporter(pools, config);
    let author = Author { os_user: "tester".to_owned(), reason: "a ticket".to_owned() };
    let silent = Progress::silent();
    let forgetting = erasure::forget(&pools.export, &exporter, Visitor(JANE.visitor()), &author, &silent);
    timeout(PATIENCE, forgetting).await.expect("in time").expect("done")
}

pub(crate) async fn resume(pools: &Pools, config: &Config) -> Report {
    timeout(PATIENCE, erasure::go_on(&pools.export, &exporter(pools, config))).await.expect("in time").expect("done")
}

/// Exports two of her events and one of his as a batch of their own.
async fn export(pools: &Pools, config: &Config, n: u32) -> Uuid {
    store(pools, &JANE.batch(2 * n..2 * n + 2, 0)).await;
    store(pools, &JOE.batch(n..=n, 0)).await;
    let report = exporter(pools, config).run().await.expect("run");
    assert!(report.failures.is_empty(), "{report:?}");
    report.claimed[0].export_batch_id
}

/// The batches and destinations that are not done.
fn pending(report: &Report) -> Vec<(Option<&str>, Option<Uuid>)> {
    report.pending.iter().map(|it| (it.destination.as_deref(), it.export_batch_id)).collect()
}

#[tokio::test]
async fn an_object_that_is_held_otherwise_keeps_no_other_batch_from_being_written_again() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let config = proxy.config(&storage);
        let mut batches = Vec::new();
        for n in 0..3 {
            batches.push(export(&pools, &config, n).await);
        }
        proxy.fail(Fault::FlipByte, &format!("{}.parquet", batches[0]), 0, usize::MAX);
        let report = forget(&pools, &config).await;
        assert!(proxy.mend() > 0);
        assert_eq!(pending(&report), [(Some("client"), Some(batches[0]))], "{report:?}");
        assert!(report.pending[0].reason.contains("does not hold what was sent"), "{report:?}");
        assert!(report.erasures.iter().all(|it| !it.finished), "{report:?}");
        let report = resume(&pools, &config).await;
        assert!(report.pending.is_empty() && report.erasures.iter().all(|it| it.finished), "{report:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_only_in_buckets_is_not_taken_out_while_somebody_delivers_it() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = storage.config();
        config.destinations[1].required = false;
        store(&pools, &JANE.batch(0..2, 0)).await;
        store(&pools, &JOE.batch(0..1, 0)).await;
        let order = Order { destination: Some("client".to_owned()), ..Order::default() };
        let report = exporter(&pools, &config).run_now(&order, &Progress::silent()).await.expect("run");
        let batch = report.claimed[0].export_batch_id;
        for sql in [
            // As if the days of all rows were dropped, while a worker has them rendered for the other destination.
            "delete from events",
            "update segments set dropped_rows = rows",
            "update deliveries set lease_owner = 'another', lease_until = now() + interval '1 hour' \
             where destination = 'backup'",
        ] {
            sqlx::query(sql).execute(&pools.export).await.expect(sql);
        }
        let before: Vec<_> = storage.keys("").iter().map(|key| storage.get(key)).collect();
        let report = forget(&pools, &config).await;
        assert_eq!(pending(&report), [(None, Some(batch))], "{report:?}");
        assert!(report.pending[0].reason.ends_with("it is being delivered"), "{report:?}");
        assert_eq!(storage.keys("").iter().map(|key| storage.get(key)).collect::<Vec<_>>(), before);

        sqlx::query("update deliveries set lease_until = now() - interval '1 hour' where lease_until is not null")
            .execute(&pools.export)
            .await
            .expect("time passes");
        let report = resume(&pools, &config).await;
        assert!(report.pending.is_empty() && report.erasures.iter().all(|it| it.finished), "{report:?}");
        assert_ne!(storage.keys("").iter().map(|key| storage.get(key)).collect::<Vec<_>>(), before);
    })
    .await;
}
