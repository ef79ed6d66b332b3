//! Batches of which retention has dropped rows: whoever did not have them by then gets what is still here, and is told so.

use std::time::Duration;

use exporter::config::{Config, Format};
use exporter::export::hours::Hours;
use exporter::export::{Dropped, Order, Plan, Report, claim};
use exporter::progress::Progress;
use exporter::store::export_batches::Reach;
use exporter::store::{Pools, backlog, deliveries, export_batches, exported_rows, operator, tries};
use exporter::verify::{Depth, Order as Look, Verdict, bucket_only, repair, verify};
use sqlx::Connection;
use tokio::time::timeout;
use wire::Manifest;

use crate::database::with_database;
use crate::erasure::{JANE, JOE, store};
use crate::proxy::{Fault, Proxy};
use crate::retention::{after, day, discrepancies, dropped, exporter, held, ingest, keeping, run};
use crate::samples::{now, number};
use crate::storage::Storage;

const CLIENT: &str = "example-events/";
const BACKUP: &str = "example-events-backup/evothesis/";
const MANY: usize = usize::MAX;

/// Without the second destination, as it was for months.
fn alone(config: &Config) -> Config {
    let mut alone = config.clone();
    alone.destinations.truncate(1);
    alone
}

/// With a second destination that nothing waits for.
fn optional(config: &Config) -> Config {
    let mut optional = config.clone();
    optional.destinations[1].required = false;
    optional
}

fn unreachable(config: &Config) -> Config {
    let mut unreachable = config.clone();
    unreachable.destinations[1].endpoint = Some("http://127.0.0.1:1".to_owned());
    unreachable
}

async fn export(pools: &Pools, config: &Config) -> Report {
    let report = exporter(pools, config).run().await.expect("run");
    assert!(report.failures.is_empty(), "{report:?}");
    report
}

async fn look(pools: &Pools, config: &Config) -> Verdict {
    verify(&pools.export, config, &Look::default(), &Progress::silent()).await.expect("the database answers")
}

/// What the bucket of the second destination proves by itself.
async fn ensure_proved(config: &Config) -> bucket_only::Verdict {
    let verdict =
        bucket_only::verify(&config.destinations[1], Depth::Full, Hours::default(), &Progress::silent()).await;
    assert_eq!((&verdict.discrepancies[..], &verdict.unread[..]), (&[][..], &[][..]), "{verdict:?}");
    assert_eq!(verdict.newest.len(), 1, "one chain: {verdict:?}");
    verdict
}

/// In the order of the chain.
fn manifests(storage: &Storage, folder: &str) -> Vec<Manifest> {
    let keys = storage.keys(&format!("{folder}manifests/"));
    let read = |key: &String| serde_json::from_slice(&storage.get(key).expect("there")).expect("a manifest");
    let mut manifests: Vec<Manifest> = keys.iter().map(read).collect();
    manifests.sort_by(|a, b| a.created_at.cmp(&b.created_at));
    manifests
}

fn told(manifests: &[Manifest]) -> Vec<(bool, u64, u64, u64)> {
    manifests.iter().map(|it| (it.complete, it.rows, it.outcomes.left_out, it.outcomes.dropped)).collect()
}

fn bytes(storage: &Storage, folder: &str) -> Vec<(String, Vec<u8>)> {
    storage.keys(folder).into_iter().map(|key| (key.clone(), storage.get(&key).expect("there").to_vec())).collect()
}

fn left_out(export_batches: usize, rows: u64) -> Vec<Dropped> {
    vec![Dropped { destination: "backup".to_owned(), export_batches, rows }]
}

async fn repaired(pools: &Pools, config: &Config) -> Vec<String> {
    let verdict = look(pools, config).await;
    assert!(!verdict.discrepancies.is_empty());
    let repairs = repair(&pools.export, &exporter(pools, config), &verdict).await.expect("the database answers");
    repairs.into_iter().map(|it| it.refused.unwrap_or_default()).collect()
}

#[tokio::test]
async fn a_required_destination_that_is_new_gets_what_is_still_here_and_pins_no_day() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        // All of the first batch is gone, and of the second what came from before midnight.
        ingest(&pools, 0, &[29]).await;
        export(&pools, &alone(&config)).await;
        ingest(&pools, 10, &[29, 28, 0]).await;
        export(&pools, &alone(&config)).await;
        ingest(&pools, 20, &[0]).await;
        export(&pools, &alone(&config)).await;
        assert_eq!(dropped(&run(&pools, &alone(&config), after(29)).await), [(day(29), 2)]);

        // It has got nothing yet: that is to come, and nothing is wrong with its bucket.
        let verdict = look(&pools, &config).await;
        assert_eq!(verdict.discrepancies, []);
        assert_eq!(verdict.checked.iter().map(|it| it.pending).collect::<Vec<_>>(), [0, 3]);
        assert_eq!(held(&run(&pools, &config, after(28)).await), [(day(28), vec!["not verifiedbackup".to_owned()])]);
        let failed = exporter(&pools, &unreachable(&config)).run().await.expect("run");
        assert_eq!(failed.failures.len(), 1, "{failed:?}");
        // What waits is what will come.
        let mut connection = pools.operator.acquire().await.expect("connected");
        assert_eq!(deliveries::pending_rows(&mut connection, "backup").await.expect("asked"), 3);
        let backlogs = backlog::of(&mut connection, &config.destination_names()).await.expect("asked");
        assert_eq!((backlogs[1].pending_rows, backlogs[1].never_got_rows), (3, 2));
        let status = operator::destination_status(&mut connection, "backup", now(), None).await.expect("asked");
        assert_eq!((status.pending_rows, status.pending_batches), (3, 3));

        let report = export(&pools, &config).await;
        assert_eq!((report.objects.len(), &report.dropped), (4, &left_out(2, 2)));
        assert_eq!(deliveries::pending_rows(&mut connection, "backup").await.expect("asked"), 0);
        assert_eq!(tries::next_retry(&mut connection, "backup").await.expect("asked"), None);
        let backlogs = backlog::of(&mut connection, &config.destination_names()).await.expect("asked");
        let behind = backlogs.iter().map(|it| (it.pending_rows, it.never_got_rows, it.oldest)).collect::<Vec<_>>();
        assert_eq!(behind, [(0, 0, None), (0, 2, None)]);
        drop(connection);
        assert_eq!(
            told(&manifests(&storage, BACKUP)),
            [(false, 0, 1, 1), (false, 2, 1, 1), (true, 1, 0, 0)],
            "what is not here is named"
        );
        assert_eq!(told(&manifests(&storage, CLIENT)), [(true, 1, 0, 0), (true, 3, 0, 0), (true, 1, 0, 0)]);

        // Proved from both sides, and the day goes.
        let verdict = look(&pools, &config).await;
        assert_eq!(verdict.discrepancies, []);
        assert_eq!(verdict.checked.iter().map(|it| (it.never_got, it.pending)).collect::<Vec<_>>(), [(0, 0), (2, 0)]);
        let verdict = ensure_proved(&config).await;
        let partial: Vec<_> = verdict.partial.iter().map(|it| (it.export_batches, it.left_out, it.dropped)).collect();
        assert_eq!((verdict.manifests, verdict.rows, partial), (3, 3, vec![(2, 2, 2)]));
        assert_eq!(dropped(&run(&pools, &config, after(28)).await), [(day(28), 1)]);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        assert_eq!(dropped(&run(&pools, &config, after(0)).await), [(day(0), 2)]);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        assert!(export(&pools, &config).await.objects.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_late_event_costs_a_bucket_that_was_down_itself_alone() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = optional(&keeping(&storage, 31));
        ingest(&pools, 0, &[29, 0, 0]).await;
        exporter(&pools, &unreachable(&config)).run().await.expect("run");
        ingest(&pools, 10, &[0]).await;
        exporter(&pools, &unreachable(&config)).run().await.expect("run");
        assert_eq!(dropped(&run(&pools, &config, after(29)).await), [(day(29), 1)]);
        assert_eq!(export(&pools, &config).await.dropped, left_out(1, 1));
        assert_eq!(told(&manifests(&storage, BACKUP)), [(false, 2, 1, 1), (true, 1, 0, 0)]);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        ensure_proved(&config).await;

        // What has all of the batch is left alone by a backfill, which goes on with the others.
        let before = (bytes(&storage, CLIENT), bytes(&storage, BACKUP));
        let hours = Hours { from: "2026-01-01".parse().ok(), to: None };
        let order = Order { hours, ..Order::default() };
        let report = exporter(&pools, &config).run_now(&order, &Progress::silent()).await.expect("run");
        let failures: Vec<_> = report.failures.iter().map(|it| (it.destination.as_str(), it.code.as_str())).collect();
        assert_eq!(failures, [("client", "Dropped")]);
        assert!(report.failures[0].reason.starts_with("1 of the 3 row(s) of export batch "), "{report:?}");
        assert_eq!(report.objects.len(), 6, "{report:?}");
        assert_eq!((bytes(&storage, CLIENT), bytes(&storage, BACKUP)), before);

        // A set of its own has what is here, and says what is not.
        let order = Order { to_prefix: Some("copy/".to_owned()), destination: Some("client".to_owned()), ..order };
        let report = exporter(&pools, &config).run_now(&order, &Progress::silent()).await.expect("run");
        assert!(report.failures.is_empty(), "{report:?}");
        let is_told = Dropped { destination: "client".to_owned(), export_batches: 1, rows: 1 };
        assert_eq!((report.objects.len(), report.dropped), (4, vec![is_told]));
        assert_eq!(told(&manifests(&storage, "example-events/copy/")), [(false, 2, 1, 1), (true, 1, 0, 0)]);

        // What it got is repaired to the byte: the same rows are still here.
        let (key, was) = before.1.iter().find(|(key, _)| key.contains("format=jsonl")).expect("an object");
        storage.delete(key).expect("there");
        assert_eq!(repaired(&pools, &config).await, [""]);
        assert_eq!(storage.get(key).as_deref(), Some(&was[..]));
        // What had more than is here is not replaced by less.
        let key = format!("{CLIENT}{}", manifests(&storage, CLIENT)[0].objects[0].key);
        storage.delete(&key).expect("there");
        let said = repaired(&pools, &config).await;
        assert!(said[0].starts_with("1 of the 3 row(s)") && said[0].contains("from a version that"), "{said:?}");
        assert_eq!(storage.get(&key), None);
    })
    .await;
}

#[tokio::test]
async fn what_is_lost_and_no_longer_here_is_to_be_copied_and_only_the_manifest_is_written() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29, 0]).await;
        export(&pools, &config).await;
        assert_eq!(dropped(&run(&pools, &config, after(29)).await), [(day(29), 1)]);
        let before = bytes(&storage, CLIENT);
        for (key, _) in &before {
            storage.delete(key).expect("there");
        }
        let said = repaired(&pools, &config).await;
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("1 of the 2 row(s) of export batch "), "{said:?}");
        assert!(said[0].contains("copy the objects that it lost from backup, which has all of the batch"), "{said:?}");
        assert_eq!(storage.keys(CLIENT), Vec::<String>::new());
        for (key, _) in before.iter().filter(|(key, _)| !key.contains("manifests/")) {
            storage.put(key, storage.get(&key.replace(CLIENT, BACKUP)).expect("there"));
        }
        assert_eq!(repaired(&pools, &config).await, [""]);
        assert_eq!(bytes(&storage, CLIENT), before);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
    })
    .await;
}

/// A batch of two objects of a segment each, and a second bucket behind a proxy.
async fn divided(pools: &Pools, proxy: &Proxy, storage: &Storage) -> Config {
    let mut config = optional(&keeping(storage, 31));
    config.export.formats = vec![Format::Jsonl];
    config.destinations[1].endpoint = Some(proxy.address());
    ingest(pools, 0, &[29]).await;
    ingest(pools, 10, &[28, 0]).await;
    let mut plan = Plan::of(&config);
    (plan.rendering.object_rows, plan.rendering.group_rows) = (1, 1);
    claim(&pools.export, &plan, Reach::Now).await.expect("claimed").expect("something");
    config
}

#[tokio::test]
async fn an_attempt_before_the_day_was_dropped_leaves_no_row_twice() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let config = divided(&pools, &proxy, &storage).await;
        // Objects are there, and no manifest.
        proxy.fail(Fault::Refuse(403, "AccessDenied"), "manifests", 0, MANY);
        let report = exporter(&pools, &config).run().await.expect("run");
        assert_eq!(report.failures.len(), 1, "{report:?}");
        proxy.mend();
        assert_eq!(storage.keys(&format!("{BACKUP}format=jsonl/")).len(), 2);
        assert_eq!(dropped(&run(&pools, &config, after(29)).await), [(day(29), 1)]);
        proxy.fail(Fault::Refuse(403, "AccessDenied"), "manifests", 0, MANY);
        let report = exporter(&pools, &config).run().await.expect("run");
        assert_eq!(report.failures.len(), 1, "{report:?}");
        proxy.mend();
        // And another day goes.
        assert_eq!(dropped(&run(&pools, &config, after(28)).await), [(day(28), 1)]);
        assert_eq!(export(&pools, &config).await.dropped, left_out(1, 2));
        assert_eq!(told(&manifests(&storage, BACKUP)), [(false, 1, 2, 2)]);
        let verdict = ensure_proved(&config).await;
        assert_eq!((verdict.objects, verdict.rows), (2, 1), "{verdict:?}");
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn what_was_put_in_full_before_the_day_was_dropped_is_not_replaced_by_less() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let config = divided(&pools, &proxy, &storage).await;
        // All was put, and reading it back failed.
        proxy.fail(Fault::Refuse(403, "AccessDenied"), "GET", 0, MANY);
        let report = exporter(&pools, &config).run().await.expect("run");
        assert_eq!(report.failures.len(), 1, "{report:?}");
        proxy.mend();
        let before = bytes(&storage, BACKUP);
        assert_eq!(dropped(&run(&pools, &config, after(29)).await), [(day(29), 1)]);
        let report = export(&pools, &config).await;
        assert_eq!((report.objects.len(), report.dropped.len()), (2, 0), "{report:?}");
        assert_eq!(bytes(&storage, BACKUP), before);
        assert_eq!(told(&manifests(&storage, BACKUP)), [(true, 3, 0, 0)]);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        ensure_proved(&config).await;
    })
    .await;
}

#[tokio::test]
async fn no_day_is_dropped_while_its_rows_are_read() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29]).await;
        export(&pools, &config).await;
        let mut reading = pools.export.acquire().await.expect("connected");
        let batch = export_batches::all(&mut reading).await.expect("asked").remove(0);
        let mut transaction = reading.begin().await.expect("begun");
        assert_eq!(exported_rows::keep(&mut transaction, &batch).await.expect("kept"), 0);
        // It waits for whoever reads, and keeps nobody else from it.
        let mut dropping = tokio::spawn({
            let (pools, config) = (pools.clone(), config.clone());
            async move { run(&pools, &config, after(29)).await }
        });
        assert!(timeout(Duration::from_secs(1), &mut dropping).await.is_err(), "dropped while it is read");
        assert_eq!(number(&pools, "select count(*) from events").await, 1);
        let mut other = pools.export.acquire().await.expect("connected");
        let mut second = other.begin().await.expect("begun");
        assert_eq!(exported_rows::keep(&mut second, &batch).await.expect("kept"), 0);
        second.rollback().await.expect("ended");
        transaction.rollback().await.expect("ended");
        let verdicts = timeout(Duration::from_secs(20), dropping).await.expect("in time").expect("ran");
        assert_eq!(dropped(&verdicts), [(day(29), 1)]);
        let mut transaction = reading.begin().await.expect("begun");
        assert_eq!(exported_rows::keep(&mut transaction, &batch).await.expect("kept"), 1);
    })
    .await;
}

#[tokio::test]
async fn an_erasure_that_finds_more_in_a_bucket_brings_those_up_to_date_that_came_in_between() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let mut config = keeping(&storage, 31);
        config.destinations[0].endpoint = Some(proxy.address());
        store(&pools, &JANE.batch(0..2, 29)).await;
        store(&pools, &JANE.batch(2..3, 0)).await;
        store(&pools, &JOE.batch(0..1, 29)).await;
        store(&pools, &JOE.batch(1..2, 0)).await;
        export(&pools, &alone(&config)).await;
        assert_eq!(dropped(&run(&pools, &alone(&config), after(29)).await), [(day(29), 3)]);
        // Her row here is deleted; nobody tells what the bucket has of her.
        proxy.fail(Fault::Refuse(403, "AccessDenied"), "", 0, MANY);
        let report = crate::held::forget(&pools, &alone(&config)).await;
        assert!(report.erasures.iter().all(|it| !it.finished), "{report:?}");
        // Meanwhile the new destination gets what is left here.
        let report = exporter(&pools, &config).run().await.expect("run");
        assert!(report.failures.iter().all(|it| it.destination == "client"), "{report:?}");
        assert_eq!(told(&manifests(&storage, BACKUP)), [(false, 1, 3, 3)]);
        proxy.mend();
        let report = crate::held::resume(&pools, &config).await;
        assert!(report.pending.is_empty() && report.erasures.iter().all(|it| it.finished), "{report:?}");
        assert_eq!(told(&manifests(&storage, BACKUP)), [(false, 1, 1, 1)]);
        assert_eq!(told(&manifests(&storage, CLIENT)), [(true, 2, 0, 0)]);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        ensure_proved(&config).await;
        assert_eq!(number(&pools, "select count(*) from events").await, 1);
    })
    .await;
}

#[tokio::test]
async fn one_segment_stands_for_a_batch_that_is_gone_and_says_the_same() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        for n in 0..4 {
            ingest(&pools, n * 10, &[29]).await;
        }
        export(&pools, &alone(&config)).await;
        // A row of this one stays.
        ingest(&pools, 50, &[29]).await;
        ingest(&pools, 60, &[0]).await;
        export(&pools, &alone(&config)).await;
        let segments = || number(&pools, "select count(*) from segments");
        let sums = || number(&pools, "select sum(rows) * 100 + sum(dropped_rows) from segments");
        assert_eq!((segments().await, sums().await), (6, 600));
        assert_eq!(dropped(&run(&pools, &alone(&config), after(29)).await), [(day(29), 5)]);
        assert_eq!((segments().await, sums().await), (3, 605));

        // Who comes later is told the same segments.
        export(&pools, &config).await;
        let of = |folder| manifests(&storage, folder).into_iter().map(|it| it.segments).collect::<Vec<_>>();
        assert_eq!(of(CLIENT), of(BACKUP));
        assert_eq!(of(CLIENT).iter().map(|it| it.count).collect::<Vec<_>>(), [4, 2]);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        ensure_proved(&config).await;

        // And a manifest that is lost is written as it was.
        let lost = &storage.keys(&format!("{CLIENT}manifests/"))[0];
        let before = storage.delete(lost).expect("there");
        assert_eq!(repaired(&pools, &config).await, [""]);
        assert_eq!(storage.get(lost), Some(before));

        assert_eq!(dropped(&run(&pools, &config, after(0)).await), [(day(0), 1)]);
        assert_eq!((segments().await, sums().await), (2, 606));
        run(&pools, &config, after(0)).await;
        assert_eq!((segments().await, discrepancies(&pools, &config).await), (2, Vec::new()));
    })
    .await;
}
