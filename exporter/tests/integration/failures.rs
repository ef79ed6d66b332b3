//! Exports to storages that fail: how it ends, what is tried again when, and that all of it is there in the end, once.

use std::collections::BTreeSet;
use std::time::Duration;

use exporter::config::{Config, Format};
use exporter::export::hours::Hours;
use exporter::export::{Exporter, Order, Plan, Report, claim};
use exporter::progress::Progress;
use exporter::store::export_batches::Reach;
use exporter::store::{Pools, operator, tries};
use exporter::verify::{self, Depth, bucket_only, verify};
use tokio::process::Command;
use tokio::time::timeout;

use crate::crashes::{self, ingest as ingest_large};
use crate::database::{self, with_database};
use crate::proxy::{Fault, Kind, Proxy};
use crate::samples::{batch, deliver, event, now, number};
use crate::storage::Storage;
use crate::visitors::settings;

/// Longer than the waits of a run may be together.
const PATIENCE: Duration = Duration::from_mins(1);

fn exporter(pools: &Pools, config: &Config) -> Exporter {
    Exporter::new(pools.export.clone(), config, "test".to_owned())
}

async fn ingest(pools: &Pools, n: u32) {
    deliver(pools, &batch(vec![event(n)])).await.expect("stored");
}

async fn run(exporter: &Exporter) -> Report {
    timeout(PATIENCE, exporter.run()).await.expect("a bounded wait").expect("run")
}

/// Nothing is wrong with either bucket, seen from both sides and by itself.
async fn ensure_clean(pools: &Pools, storage: &Storage, batches: usize) {
    let config = storage.config();
    for depth in [Depth::Head, Depth::Full] {
        let order = verify::Order { depth, ..verify::Order::default() };
        let verdict = verify(&pools.export, &config, &order, &Progress::silent()).await.expect("the database answers");
        let told: Vec<_> = verdict.discrepancies.iter().map(ToString::to_string).collect();
        assert_eq!((told, verdict.unreachable.len()), (Vec::new(), 0));
        assert!(verdict.checked.iter().all(|it| (it.export_batches, it.pending) == (batches, 0)), "{verdict:?}");
    }
    for destination in &config.destinations {
        let verdict = bucket_only::verify(destination, Depth::Full, Hours::default(), &Progress::silent()).await;
        let told: Vec<_> = verdict.discrepancies.iter().map(ToString::to_string).collect();
        assert_eq!((told, verdict.manifests, verdict.unread), (Vec::new(), batches, Vec::new()));
    }
}

#[tokio::test]
async fn every_fault_ends_in_a_clear_state_and_leaves_each_row_once() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let config = proxy.config(&storage);
        let many = usize::MAX;
        // The fault, what it befalls, how often, and the code that it is known by; none where a second try hides it.
        let cases = [
            (Fault::Refuse(500, "InternalError"), "PUT", many, Some(("InternalError", true))),
            (Fault::Refuse(503, "SlowDown"), "PUT", many, Some(("SlowDown", true))),
            (Fault::Refuse(403, "AccessDenied"), "PUT", many, Some(("AccessDenied", true))),
            (Fault::Refuse(403, "InvalidAccessKeyId"), "", many, Some(("InvalidAccessKeyId", true))),
            (Fault::Refuse(403, "SignatureDoesNotMatch"), "", many, Some(("SignatureDoesNotMatch", true))),
            (Fault::Refuse(403, "RequestTimeTooSkewed"), "", many, Some(("RequestTimeTooSkewed", true))),
            (Fault::Refuse(404, "NoSuchBucket"), "PUT", many, Some(("NoSuchBucket", true))),
            (Fault::Refuse(301, "PermanentRedirect"), "", many, Some(("PermanentRedirect", true))),
            (Fault::Hang, "PUT", many, Some(("", true))),
            (Fault::Hang, "GET", many, Some(("", true))),
            (Fault::ResetAfter(100), "PUT", many, Some(("", true))),
            (Fault::ResetAfter(100), ".jsonl", many, Some(("", false))),
            (Fault::LoseAnswer, "PUT", 1, None),
            (Fault::LoseAnswer, "PUT", many, Some(("", true))),
            (Fault::ErrorInside, ".parquet", 1, None),
            (Fault::ErrorInside, "PUT", many, Some(("InternalError", true))),
            (Fault::FlipByte, ".parquet", 1, Some(("NotHeld", false))),
            (Fault::Truncate, "GET", many, Some(("", true))),
            (Fault::Slow, ".parquet", many, Some(("", false))),
        ];
        for (done, (fault, of, times, expected)) in cases.into_iter().enumerate() {
            ingest(&pools, u32::try_from(done).expect("few")).await;
            proxy.fail(fault, of, 0, times);
            let report = run(&exporter(&pools, &config)).await;
            assert!(proxy.mend() > 0, "{fault:?} befell nothing");
            let failed: Vec<_> = report.failures.iter().map(|it| (it.destination.as_str(), it.code.as_str())).collect();
            let codes: Vec<_> = expected.into_iter().map(|(code, _)| ("client", code)).collect();
            assert_eq!(failed, codes, "{fault:?} of {of}: {report:?}");
            let mut connection = pools.export.acquire().await.expect("connected");
            let status = operator::destination_status(&mut connection, "client", now(), None).await.expect("asked");
            let waits = status.waits.as_ref().map(|it| it.wait.code.as_str());
            let own: Vec<_> = status.failures.iter().map(|it| it.failures).collect();
            match expected {
                None => assert_eq!((waits, own.len(), status.pending_batches), (None, 0, 0)),
                // What concerns the whole destination takes no try of the batch.
                Some((code, true)) => assert_eq!((waits, own), (Some(code), vec![0]), "{fault:?} of {of}"),
                Some((_, false)) => assert_eq!((waits, own), (None, vec![1]), "{fault:?} of {of}"),
            }
            assert!(status.failures.iter().all(|it| !it.remedy.is_empty()));
            let report = run(&exporter(&pools, &config)).await;
            assert_eq!(report.failures.len(), 0, "{fault:?}: {report:?}");
            let status = operator::destination_status(&mut connection, "client", now(), None).await.expect("asked");
            assert!(status.waits.is_none() && status.failures.is_empty() && status.pending_rows == 0, "{status:?}");
            ensure_clean(&pools, &storage, done + 1).await;
        }
    })
    .await;
}

#[tokio::test]
async fn storages_of_other_kinds_take_the_same_run() {
    for kind in [Kind::Sparse, Kind::OddTags] {
        with_database(async |pools| {
            let storage = Storage::start().await;
            let proxy = Proxy::start(&storage).await;
            proxy.imitate(kind);
            ingest_large(&pools, 0).await;
            let config = crashes::config(&proxy, &storage, &Format::ALL);
            let report = run(&exporter(&pools, &config)).await;
            assert!(report.failures.is_empty(), "{kind:?}: {report:?}");
            let part = config.destinations[0].part_size.bytes().unsigned_abs();
            assert!(report.objects.iter().all(|it| it.bytes > part), "all go in parts: {report:?}");
            for depth in [Depth::Head, Depth::Full] {
                let order = verify::Order { depth, ..verify::Order::default() };
                let verdict = verify(&pools.export, &config, &order, &Progress::silent()).await.expect("answered");
                assert!(verdict.discrepancies.is_empty() && verdict.unreachable.is_empty(), "{kind:?}: {verdict:?}");
            }
            ensure_clean(&pools, &storage, 1).await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_batch_that_keeps_failing_becomes_a_dead_letter_and_holds_up_no_other() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let mut config = proxy.config(&storage);
        config.export.tries = 3;
        ingest(&pools, 0).await;
        let exporter = exporter(&pools, &config);
        let order = Order { destination: Some("backup".to_owned()), ..Order::default() };
        let first = exporter.run_now(&order, &Progress::silent()).await.expect("run");
        let poisoned = first.claimed[0].export_batch_id;
        ingest(&pools, 1).await;
        // Every write of the first batch is refused, by a code that says nothing of the destination.
        proxy.fail(Fault::Refuse(400, "InvalidDigest"), &format!("{poisoned}"), 0, usize::MAX);
        let report = run(&exporter).await;
        let codes: Vec<_> = report.failures.iter().map(|it| (it.code.as_str(), it.is_dead)).collect();
        assert_eq!(codes, [("InvalidDigest", false)]);
        assert_eq!(report.objects.iter().filter(|it| it.destination == "client").count(), 2, "{report:?}");

        // A regular run leaves it alone until its pause is over.
        assert!(exporter.run_only("client").await.expect("run").failures.is_empty());
        let mut connection = pools.export.acquire().await.expect("connected");
        let pause = tries::next_retry(&mut connection, "client").await.expect("asked").expect("something");
        assert!((0.0..1.0).contains(&pause), "{pause}");
        for (is_dead, pause) in [(false, 2.0), (true, 4.0)] {
            let report = run(&exporter).await;
            assert_eq!(report.failures.iter().map(|it| it.is_dead).collect::<Vec<_>>(), [is_dead]);
            let next = tries::next_retry(&mut connection, "client").await.expect("asked");
            // Each pause is twice the last; a dead letter has none.
            assert_eq!(next.map(|next| next > pause - 1.0), (!is_dead).then_some(true), "{next:?}");
        }
        proxy.mend();
        assert!(run(&exporter).await.failures.is_empty());
        let status = operator::destination_status(&mut connection, "client", now(), None).await.expect("asked");
        assert_eq!((status.dead_letters, status.pending_batches, status.failures[0].is_dead), (1, 1, true));
        assert_eq!(number(&pools, "select count(*) from segments where exported_at is null").await, 1);

        assert!(tries::revive(&mut connection, Some("backup"), None).await.expect("asked").is_empty());
        let revived = tries::revive(&mut connection, None, Some(poisoned)).await.expect("asked");
        assert_eq!(revived.iter().map(|it| it.destination.as_str()).collect::<Vec<_>>(), ["client"]);
        assert!(run(&exporter).await.failures.is_empty());
        ensure_clean(&pools, &storage, 2).await;
    })
    .await;
}

#[tokio::test]
async fn the_command_names_what_is_pending_and_not_its_to_deliver() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let name: String =
            sqlx::query_scalar("select current_database()::text").fetch_one(&pools.export).await.expect("a name");
        let settings = settings(folder.path(), &database::url(&name), &storage, &storage.address().to_string());
        let run = async |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_exporter"));
            let output = command.arg("export").args(arguments).arg("--config").arg(&settings).output().await;
            let output = output.expect("started");
            (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        ingest(&pools, 0).await;
        claim(&pools.export, &Plan::of(&storage.config()), Reach::Now).await.expect("claimed").expect("something");
        // Another exporter delivers it to one, and the other has refused it for good.
        sqlx::raw_sql(
            "update deliveries set lease_owner = 'other', lease_until = now() + interval '1 hour', epoch = 1, attempts = 1
            where destination = 'client';
            update deliveries set dead_since = now(), failures = 8, attempts = 8 where destination = 'backup'",
        )
        .execute(&pools.export)
        .await
        .expect("set");
        let (code, said) = run(&[]).await;
        assert!(said.contains("client: 1 batch(es) pending; another exporter is delivering"), "{said}");
        let dead = "backup: 1 batch(es) pending, 1 of them dead letter(s), which only `exporter export retry \
                    --destination backup` tries again";
        assert!(said.contains(dead) && !said.contains("nothing to export"), "{said}");
        assert_eq!(code, Some(1), "a dead letter is left");
        let (code, said) = run(&["--destination", "client"]).await;
        assert!(code == Some(0) && said.contains("pending") && !said.contains("nothing to export"), "{said}");
        let (_, said) = run(&["--json"]).await;
        let answer: serde_json::Value = serde_json::from_str(&said).expect("json");
        assert_eq!((&answer["pending"][1]["dead_letters"], &answer["claimed"]), (&1.into(), &serde_json::json!([])));

        sqlx::query("update deliveries set lease_owner = null, lease_until = null")
            .execute(&pools.export)
            .await
            .expect("set");
        let (code, said) = run(&["retry"]).await;
        assert!(code == Some(0) && said.contains("client\t") && !said.contains("pending"), "{said}");
        let (code, said) = run(&[]).await;
        assert!(code == Some(0) && said.contains("nothing to export") && !said.contains("pending"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn an_object_that_is_held_otherwise_holds_up_its_own_batch_alone() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let config = proxy.config(&storage);
        ingest(&pools, 0).await;
        let exporter = exporter(&pools, &config);
        let order = Order { destination: Some("backup".to_owned()), ..Order::default() };
        let first = exporter.run_now(&order, &Progress::silent()).await.expect("run");
        let held_otherwise = first.claimed[0].export_batch_id;
        ingest(&pools, 1).await;
        ingest(&pools, 2).await;
        proxy.fail(Fault::FlipByte, &format!("{held_otherwise}.parquet"), 0, usize::MAX);
        let report = run(&exporter).await;
        let failed: Vec<_> = report.failures.iter().map(|it| (it.code.as_str(), it.export_batch_id)).collect();
        assert_eq!(failed, [("NotHeld", Some(held_otherwise))]);
        let others = report.objects.iter().filter(|it| it.destination == "client").count();
        assert!(others > 0, "the other batches wait for it: {report:?}");
        let mut connection = pools.export.acquire().await.expect("connected");
        assert_eq!(tries::wait(&mut connection, "client").await.expect("asked"), None);
        let status = operator::destination_status(&mut connection, "client", now(), None).await.expect("asked");
        assert_eq!((status.pending_batches, status.failures.len()), (1, 1), "{status:?}");
        proxy.mend();
        assert!(run(&exporter).await.failures.is_empty());
        ensure_clean(&pools, &storage, 2).await;
    })
    .await;
}

#[tokio::test]
async fn a_destination_that_is_down_for_long_waits_and_holds_up_no_other() {
    const BATCHES: usize = 60;
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = storage.config();
        config.export.tries = 2;
        for n in 0..BATCHES {
            ingest(&pools, u32::try_from(n).expect("few")).await;
        }
        sqlx::query("update segments set ingested_at = ingested_at - make_interval(hours => id::int)")
            .execute(&pools.export)
            .await
            .expect("spread over the hours");
        let good = config.destinations[0].endpoint.replace("http://127.0.0.1:1".to_owned());
        let down = exporter(&pools, &config);
        for _ in 0..3 {
            down.run().await.expect("run");
        }
        assert_eq!(storage.keys("example-events-backup/").len(), BATCHES * 3);
        assert_eq!(number(&pools, "select coalesce(sum(failures), 0)::bigint from deliveries").await, 0);
        // One try a run told that nothing else would do.
        let attempts = "select sum(attempts)::bigint from deliveries where destination = 'client'";
        assert_eq!(number(&pools, attempts).await, 3);
        let mut connection = pools.export.acquire().await.expect("connected");
        let wait = tries::wait(&mut connection, "client").await.expect("asked").expect("it waits");
        assert_eq!((wait.failures, wait.code.as_str()), (3, ""));
        down.run_only("client").await.expect("run");
        assert_eq!(number(&pools, attempts).await, 3, "a regular run does not hammer");
        config.destinations[0].endpoint = good;
        run(&exporter(&pools, &config)).await;
        ensure_clean(&pools, &storage, BATCHES).await;
        assert_eq!(tries::wait(&mut connection, "client").await.expect("asked"), None);
    })
    .await;
}

#[tokio::test]
async fn a_backfill_writes_the_same_objects_or_a_set_of_its_own() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = storage.config();
        for n in 0..3 {
            ingest(&pools, n).await;
        }
        sqlx::query(
            "update segments set ingested_at = '2026-11-20T00:30Z'::timestamptz + make_interval(days => id::int)",
        )
        .execute(&pools.export)
        .await
        .expect("on three days");
        let exporter = exporter(&pools, &config);
        run(&exporter).await;
        let before: BTreeSet<_> = storage.keys("").into_iter().map(|key| (storage.get(&key), key)).collect();
        let hours = |from: &str, to: &str| Hours { from: from.parse().ok(), to: to.parse().ok() };
        let day = hours("2026-11-22", "2026-11-23");
        for key in storage.keys("example-events/").iter().filter(|key| key.contains("date=2026-11-22")) {
            storage.delete(key);
        }
        let order = Order { hours: day, ..Order::default() };
        let report = exporter.run_now(&order, &Progress::silent()).await.expect("run");
        assert_eq!((report.objects.len(), report.failures.len(), report.claimed.len()), (4, 0, 0), "{report:?}");
        let after: BTreeSet<_> = storage.keys("").into_iter().map(|key| (storage.get(&key), key)).collect();
        assert_eq!(after, before);

        let order = |to_prefix: &str| Order {
            destination: Some("client".to_owned()),
            hours: hours("2026-11-22", "2026-11-25"),
            to_prefix: Some(to_prefix.to_owned()),
        };
        for taken in ["format=parquet/", "manifests/x/", "probe/", "", "a", "../"] {
            let refused = exporter.run_now(&order(taken), &Progress::silent()).await;
            assert!(refused.is_err(), "{taken}");
        }
        let report = exporter.run_now(&order("again/"), &Progress::silent()).await.expect("run");
        assert_eq!((report.objects.len(), report.failures.len()), (4, 0), "{report:?}");
        ensure_clean(&pools, &storage, 3).await;
        let mut copy = config.destinations[0].clone();
        copy.prefix = "again/".to_owned();
        let verdict = bucket_only::verify(&copy, Depth::Full, Hours::default(), &Progress::silent()).await;
        assert_eq!((verdict.manifests, verdict.rows, verdict.discrepancies.len()), (2, 2, 0), "{verdict:?}");
        assert_eq!(verdict.repeats.iter().collect::<Vec<_>>(), [""]);

        sqlx::query("update segments set dropped_rows = 1 where ingested_at < '2026-11-22'")
            .execute(&pools.export)
            .await
            .expect("as if its day were dropped");
        let order = Order { hours: hours("2026-11-20", "2026-11-23"), ..Order::default() };
        let report = exporter.run_now(&order, &Progress::silent()).await.expect("run");
        let reasons: Vec<_> = report.failures.iter().map(|it| (it.code.as_str(), it.reason.as_str())).collect();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        let is_true = |reason: &str| {
            reason.starts_with("1 of the 1 row(s) of export batch ")
                && reason.contains("2026-11-21")
                && reason.ends_with("nothing was overwritten")
        };
        assert!(reasons.iter().all(|it| it.0 == "Dropped" && is_true(it.1)), "{reasons:?}");
        assert_eq!((report.objects.len(), report.dropped.len()), (4, 0), "the others are written again");
    })
    .await;
}
