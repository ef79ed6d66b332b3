//! Whole runs and verdicts, against buckets in memory.

use std::io::Write;
use std::time::Duration;

use chrono::TimeDelta;
use exporter::bucket::Bucket;
use exporter::config::{Config, Format};
use exporter::export::layout::Layout;
use exporter::export::objects::spool::Spool;
use exporter::export::{Exporter, Plan, claim};
use exporter::progress::Progress;
use exporter::store::export_batches::Reach;
use exporter::store::verifications::{self, Verification};
use exporter::store::{Pools, operator, segments};
use exporter::verify::{Order, Verdict, verify};
use sqlx::PgConnection;
use tokio::time::timeout;

use crate::database::with_database;
use crate::samples::{batch, deliver, event, now, number, plan};
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
    verify(&pools.export, config, &Order::default(), &Progress::silent()).await.expect("the database answers")
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
        claim(&pools.export, &plan(&["old"]), Reach::Now).await.expect("claimed").expect("something");
        let mut connection = pools.export.acquire().await.expect("connected");
        segments::mark_exported(&mut connection, None, &config.required_names()).await.expect("asked");
        assert_eq!(number(&pools, EXPORTED).await, 0);
        let before = verdict(&pools, &config).await;
        assert_eq!(told(&before), Vec::<String>::new());
        assert!(before.checked.iter().all(|it| it.pending == 1), "{before:?}");
        let status = operator::destination_status(&mut connection, "client", now(), None).await.expect("asked");
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
        let plan = Plan { formats: vec![Format::Jsonl], ..Plan::of(&config) };
        claim(&pools.export, &plan, Reach::Now).await.expect("claimed").expect("something");
        exporter(&pools, &config).run().await.expect("run");
        let objects = storage.keys("example-events/format=");
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
        claim(&pools.export, &Plan::of(&config), Reach::Now).await.expect("claimed").expect("something");

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
        let mut config = storage.config();
        config.export.schedule = "15m".parse().expect("a period");
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
        storage.put("example-events-backup/evothesis/format=stray", "nobody's");
        // A port that nobody listens on.
        config.destinations[0].endpoint = Some("http://127.0.0.1:1".to_owned());
        let verdict = verdict(&pools, &config).await;
        assert_eq!(verdict.unreachable.iter().map(|it| it.destination.as_str()).collect::<Vec<_>>(), ["client"]);
        assert_eq!(told(&verdict), ["backup: stray object evothesis/format=stray"]);
    })
    .await;
}

#[tokio::test]
async fn the_next_comparison_is_due_by_the_destination_that_was_compared_longest_ago() {
    with_database(async |pools| {
        let mut connection = pools.export.acquire().await.expect("connected");
        let compared = |kind: &str, hours: i64| Verification {
            kind: kind.to_owned(),
            verified_at: now() - TimeDelta::hours(hours),
            export_batches: 0,
            objects: 0,
            rows: 0,
            discrepancies: 0,
            findings: Vec::new(),
            unreachable: None,
        };
        let configured = ["client".to_owned(), "backup".to_owned()];
        let last = async |connection: &mut PgConnection| {
            verifications::last(connection, "head", &configured).await.expect("asked")
        };
        assert_eq!(last(&mut connection).await, None);
        for (destination, kind, hours, expected) in [
            // `backup` never was, but by another kind; and one that is gone from the settings counts for nothing.
            ("client", "head", 30, None),
            ("backup", "full", 20, None),
            ("gone", "head", 90, None),
            ("backup", "head", 10, Some(30)),
            // Compared alone, it keeps no other from being compared in its time.
            ("backup", "head", 1, Some(30)),
            ("client", "head", 0, Some(1)),
        ] {
            verifications::record(&mut connection, destination, &compared(kind, hours)).await.expect("recorded");
            let expected = expected.map(|hours| now() - TimeDelta::hours(hours));
            assert_eq!(last(&mut connection).await, expected, "{destination} {kind} {hours}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_regular_run_leaves_the_running_hour_alone() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = storage.config();
        ingest(&pools, 0).await;
        let report = exporter(&pools, &config).run_only("client").await.expect("run");
        assert_eq!((report.claimed.len(), report.failures.len()), (0, 0), "{report:?}");
        assert_eq!(storage.keys(""), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_part_says_so_and_the_whole_has_the_same_bytes_everywhere() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = storage.config();
        config.export.layout = Layout::new("format={format}/site={site}");
        let mut part = config.destinations[0].clone();
        part.name = "part".to_owned();
        part.prefix = "part/".to_owned();
        part.required = false;
        part.select.sites = vec!["other.example".to_owned()];
        config.destinations.push(part);
        ingest(&pools, 0).await;
        let mut other = batch(vec![event(1), event(2)]);
        other.site_id = "other.example".to_owned();
        deliver(&pools, &other).await.expect("stored");

        let report = exporter(&pools, &config).run().await.expect("run");
        assert!(report.failures.is_empty(), "{report:?}");
        assert_eq!(number(&pools, EXPORTED).await, 2);
        let after = verdict(&pools, &config).await;
        assert_eq!(told(&after), Vec::<String>::new());
        assert_eq!(after.checked.iter().map(|it| it.rows).collect::<Vec<_>>(), [3, 3, 2]);

        let whole = storage.keys("example-events/format=");
        assert_eq!(whole.len(), 4);
        for key in &whole {
            let backup = key.replace("example-events/", "example-events-backup/evothesis/");
            assert_eq!(storage.get(key), storage.get(&backup), "{key}");
        }
        assert_eq!(storage.keys("example-events/part/format=").len(), 2);
        let manifest = |folder: &str| -> wire::Manifest {
            serde_json::from_slice(&storage.get(&storage.keys(folder)[0]).expect("there")).expect("a manifest")
        };
        let (whole, part) = (manifest("example-events/manifests/"), manifest("example-events/part/manifests/"));
        assert!(whole.complete && whole.selection.is_none() && !part.complete);
        assert_eq!((part.rows, part.outcomes.left_out, part.outcomes.accepted), (2, 1, 3));
        assert_eq!(part.selection.expect("recorded").sites, ["other.example"]);
        assert_eq!(whole.objects.iter().map(|it| it.rows).sum::<u64>(), 6);
    })
    .await;
}

#[tokio::test]
async fn a_large_object_goes_in_parts_and_nothing_is_left_behind() {
    let storage = Storage::start().await;
    let destination = &storage.config().destinations[0];
    let keys = destination.keys().expect("set");
    let bucket = Bucket::new(destination, keys.for_sdk("settings"));
    // 40 MiB that repeat nowhere near a part's length
    let bytes: Vec<u8> = (0..40 << 20).map(|n: u32| (n / 7 % 251) as u8).collect();
    let mut spool = Spool::new().expect("a file");
    spool.write_all(&bytes).expect("written");
    let file = spool.finish().expect("written");
    storage.leave_upload("example-events/large");
    bucket.put_file("large", "application/gzip", &file).await.expect("put");
    assert_eq!(storage.get("example-events/large").expect("there"), bytes);
    assert_eq!(storage.uploads(), 0);
    let back = bucket.download("large").await.expect("asked").expect("there");
    assert_eq!((back.bytes, back.sha256), (file.bytes, file.sha256.clone()));

    // A part that is refused ends the upload.
    storage.refuse("partNumber=2");
    bucket.put_file("refused", "application/gzip", &file).await.expect_err("refused");
    assert_eq!(storage.uploads(), 0);
    assert_eq!(storage.keys("example-events/refused"), Vec::<String>::new());
}
