//! Somebody is told what is held of them, and forgotten: in Postgres, in every bucket and format, and for good.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::Days;
use exporter::config::{Config, Format};
use exporter::erasure;
use exporter::erasure::access::plan;
use exporter::erasure::visitor::Visitor;
use exporter::export::Order;
use exporter::export::hours::Hours;
use exporter::export::layout::Layout;
use exporter::progress::Progress;
use exporter::store::losses;
use tokio::time::timeout;
use wire::{ForwardBatch, Reason};

use super::{
    JANE, JOE, PATIENCE, Person, config, contents, doomed, drop_days, dump, ensure_clean, ensure_gone, expire, export,
    exporter, forget, found, is_finished, lines, manifests, measure, resume, rows, store, verdict,
};
use crate::database::with_database;
use crate::proxy::{Fault, Proxy};
use crate::samples::{deliver, now, number};
use crate::storage::Storage;

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
        ensure_clean(&pools, &storage, &config).await;
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
        ensure_clean(&pools, &storage, &config).await;

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
    let cases = [
        (Format::ALL.to_vec(), false),
        (vec![Format::Jsonl], false),
        (vec![Format::Csv], false),
        (Format::ALL.to_vec(), true),
        (vec![Format::Jsonl], true),
    ];
    for (formats, raw_event_data) in cases {
        with_database(async |pools| {
            let storage = Storage::start().await;
            let mut config = config(&storage);
            config.export.formats = formats.clone();
            config.export.raw_event_data = raw_event_data;
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
            let has_raw = contents(&storage).iter().any(|(_, read)| {
                let tells = |line: &str| line.contains("raw_event_data") && line.contains("shop.example.com");
                String::from_utf8_lossy(read).lines().any(tells)
            });
            assert_eq!(has_raw, raw_event_data && formats.contains(&Format::Jsonl));
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
            ensure_clean(&pools, &storage, &config).await;
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
        ensure_clean(&pools, &storage, &config).await;
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
        ensure_clean(&pools, &storage, &config).await;
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
        ensure_clean(&pools, &storage, &config).await;
        assert_eq!((storage.keys(""), rows(&pools, &storage, JOE).await), (keys, of_joe));
        // And so do they when they are written again.
        let everything = Order { hours: Hours { from: "2000-01-01".parse().ok(), to: None }, ..Order::default() };
        let again = exporter(&pools, &config).run_now(&everything, &Progress::silent()).await.expect("run");
        assert!(again.failures.is_empty(), "{again:?}");
        ensure_clean(&pools, &storage, &config).await;
    })
    .await;
}
