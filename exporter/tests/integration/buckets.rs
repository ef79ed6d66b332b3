//! Whole runs and verdicts, against buckets in memory.

use std::time::Duration;

use exporter::config::{Config, Format};
use exporter::export::{Exporter, claim};
use exporter::store::{Pools, operator, segments};
use exporter::verify::{Verdict, verify};
use tokio::time::timeout;

use crate::database::with_database;
use crate::samples::{batch, deliver, event, number};
use crate::storage::Storage;

const EXPORTED: &str = "select count(*) from segments where exported_at is not null";
/// Longer than anything here takes that is not stuck.
const PATIENCE: Duration = Duration::from_secs(20);

fn exporter(pools: &Pools, config: &Config) -> Exporter {
    Exporter::new(pools.export.clone(), config, "test".to_owned())
}

async fn ingest(pools: &Pools, n: u32) {
    deliver(pools, &batch(vec![event(n)])).await.expect("stored");
}

async fn verdict(pools: &Pools, config: &Config) -> Verdict {
    verify(&pools.export, config).await.expect("the database answers")
}

fn told(verdict: &Verdict) -> Vec<String> {
    verdict.discrepancies.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_run_fills_both_buckets_and_they_verify() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = storage.config();
        ingest(&pools, 0).await;
        assert_eq!(verdict(&pools, &config).await.unclaimed_rows, 1);
        let report = exporter(&pools, &config).run().await.expect("run");
        assert_eq!((report.objects.len(), report.failures.len()), (4, 0), "{report:?}");
        assert_eq!(number(&pools, EXPORTED).await, 1);
        let after = verdict(&pools, &config).await;
        assert_eq!(told(&after), Vec::<String>::new());
        assert_eq!(after.checked.iter().map(|it| (it.objects, it.rows)).collect::<Vec<_>>(), [(2, 1), (2, 1)]);
        assert_eq!(after.unclaimed_rows, 0);
    })
    .await;
}

#[tokio::test]
async fn a_destination_without_a_delivery_holds_nothing() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = storage.config();
        ingest(&pools, 0).await;
        // Claimed under another configuration, whose destinations are gone.
        claim(&pools.export, &["old".to_owned()], &Format::ALL).await.expect("claimed").expect("something");
        let mut connection = pools.export.acquire().await.expect("connected");
        segments::mark_exported(&mut connection, None, &config.required_names()).await.expect("asked");
        assert_eq!(number(&pools, EXPORTED).await, 0);
        let before = verdict(&pools, &config).await;
        assert_eq!(told(&before), Vec::<String>::new());
        assert!(before.checked.iter().all(|it| it.pending == 1), "{before:?}");
        let status = operator::destination_status(&mut connection, "client").await.expect("asked");
        assert_eq!(status.pending_rows, 1);

        sqlx::query("update segments set exported_at = now()").execute(&mut *connection).await.expect("a lie");
        assert_eq!(told(&verdict(&pools, &config).await).len(), 2);
        sqlx::query("update segments set exported_at = null").execute(&mut *connection).await.expect("taken back");
        drop(connection);

        exporter(&pools, &config).run().await.expect("run");
        assert_eq!(number(&pools, EXPORTED).await, 1);
        let after = verdict(&pools, &config).await;
        assert_eq!(told(&after), Vec::<String>::new());
        assert!(after.checked.iter().all(|it| (it.pending, it.rows) == (0, 1)), "{after:?}");
    })
    .await;
}

#[tokio::test]
async fn a_batch_keeps_the_formats_that_it_was_claimed_with() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = storage.config();
        ingest(&pools, 0).await;
        claim(&pools.export, &config.destination_names(), &[Format::Jsonl]).await.expect("claimed").expect("something");
        exporter(&pools, &config).run().await.expect("run");
        let objects = storage.keys("example-events/events/");
        assert!(matches!(&objects[..], [only] if only.ends_with(".jsonl.gz")), "{objects:?}");
        assert_eq!(told(&verdict(&pools, &config).await), Vec::<String>::new());

        let stray = objects[0].replace("format=jsonl", "format=parquet").replace(".jsonl.gz", ".parquet");
        storage.put(&stray, "of another configuration");
        let expected = format!("client: stray object {}", stray.trim_start_matches("example-events/"));
        assert_eq!(told(&verdict(&pools, &config).await), [expected]);
    })
    .await;
}

#[tokio::test]
async fn an_export_that_finishes_meanwhile_is_no_discrepancy() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = storage.config();
        let exporter = exporter(&pools, &config);
        ingest(&pools, 0).await;
        exporter.run().await.expect("run");
        ingest(&pools, 1).await;
        claim(&pools.export, &config.destination_names(), &Format::ALL).await.expect("claimed").expect("something");

        let first = storage.keys("example-events/manifests/").remove(0);
        storage.hold(&format!("GET /{first}").replace('=', "%3D"));
        let verifying = tokio::spawn({
            let (pools, config) = (pools.clone(), config.clone());
            async move { verdict(&pools, &config).await }
        });
        // While the first batch is looked at, the second one is delivered and marked.
        timeout(PATIENCE, storage.held()).await.expect("in time");
        timeout(PATIENCE, exporter.run()).await.expect("in time").expect("run");
        assert_eq!(number(&pools, EXPORTED).await, 2);
        storage.release();
        let verdict = verifying.await.expect("verified");
        assert_eq!(told(&verdict), Vec::<String>::new());
        assert_eq!(verdict.checked[0].export_batches, 2);
    })
    .await;
}

#[tokio::test]
async fn a_slow_destination_does_not_keep_the_other_from_what_is_new() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = storage.config();
        let exporter = std::sync::Arc::new(exporter(&pools, &config));
        ingest(&pools, 0).await;
        storage.hold("PUT /example-events-backup/");
        let slow = tokio::spawn({
            let exporter = exporter.clone();
            async move { exporter.run().await.expect("run") }
        });
        storage.held().await;
        ingest(&pools, 1).await;
        timeout(PATIENCE, exporter.run_only("client")).await.expect("in time").expect("run");
        assert_eq!(storage.keys("example-events/manifests/").len(), 2);
        assert_eq!(storage.keys("example-events-backup/"), Vec::<String>::new());
        assert_eq!(number(&pools, EXPORTED).await, 0);
        storage.release();
        let report = slow.await.expect("ran");
        // The run that held the destination brings it what came in since.
        assert!(report.failures.is_empty(), "{report:?}");
        assert_eq!(storage.keys("example-events-backup/").len(), 6);
        assert_eq!(number(&pools, EXPORTED).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_hides_no_other() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = storage.config();
        ingest(&pools, 0).await;
        exporter(&pools, &config).run().await.expect("run");
        storage.put("example-events-backup/evothesis/events/stray", "nobody's");
        // A port that nobody listens on.
        config.destinations[0].endpoint = Some("http://127.0.0.1:1".to_owned());
        let verdict = verdict(&pools, &config).await;
        assert_eq!(verdict.unreachable.iter().map(|it| it.destination.as_str()).collect::<Vec<_>>(), ["client"]);
        assert_eq!(told(&verdict), ["backup: stray object evothesis/events/stray"]);
    })
    .await;
}
