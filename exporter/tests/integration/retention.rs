//! Days that are dropped, and what must never be (I10).

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use exporter::config::Config;
use exporter::export::Exporter;
use exporter::progress::Progress;
use exporter::regular::{self, Turn};
use exporter::retention::{self, Verdict};
use exporter::status::{self, State};
use exporter::store::retention::{self as days, Stage};
use exporter::store::{Pools, backlog, operator, partitions};
use exporter::verify::{Depth, Order, repair, verify};
use sqlx::{AssertSqlSafe, Executor};
use tokio::time::timeout;
use wire::limits::WINDOW_MS;
use wire::{ForwardBatch, Reason, Refused};

use crate::database::with_database;
use crate::samples::{NOW_MS, batch, deliver, event, id, now, number};
use crate::storage::Storage;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn keeping(storage: &Storage, days: u32) -> Config {
    let mut config = storage.config();
    config.retention.days = days;
    config
}

pub(crate) fn exporter(pools: &Pools, config: &Config) -> Exporter {
    Exporter::new(pools.export.clone(), config, "test".to_owned())
}

/// Stores an event of `age` days ago, with others.
pub(crate) async fn ingest(pools: &Pools, n: u32, ages: &[i64]) {
    let aged = ages.iter().zip(n..).map(|(age, n)| {
        let mut event = event(n);
        event.event.id = id(n, NOW_MS - age * DAY_MS);
        event
    });
    let answer = deliver(pools, &batch(aged.collect())).await.expect("stored");
    assert_eq!(answer.accepted as usize, ages.len(), "{answer:?}");
}

pub(crate) fn day(age: u64) -> NaiveDate {
    now().date_naive() - Days::new(age)
}

/// When what was `age` days old is just old enough to be dropped under 31 days.
pub(crate) fn after(age: u64) -> DateTime<Utc> {
    now() + Days::new(32 - age)
}

pub(crate) async fn run(pools: &Pools, config: &Config, at: DateTime<Utc>) -> Vec<Verdict> {
    let mut turn = loop {
        // The last one's connection may still be closing.
        match Turn::take(&pools.export).await.expect("asked") {
            Some(turn) => break turn,
            None => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    regular::measure(turn.connection()).await.expect("measured");
    loop {
        match regular::drop_days(turn.connection(), config, at).await.expect("run") {
            Some(verdicts) => return verdicts,
            // So may that of the last one who verified.
            None => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

pub(crate) fn dropped(verdicts: &[Verdict]) -> Vec<(NaiveDate, i64)> {
    verdicts.iter().filter_map(|it| Some((it.day, it.dropped_rows?))).filter(|(_, rows)| *rows > 0).collect()
}

pub(crate) fn held(verdicts: &[Verdict]) -> Vec<(NaiveDate, Vec<String>)> {
    let reasons = |it: &Verdict| it.held.iter().map(|it| format!("{}{}", it.reason, it.destination)).collect();
    verdicts.iter().filter(|it| !it.held.is_empty()).map(|it| (it.day, reasons(it))).collect()
}

pub(crate) async fn discrepancies(pools: &Pools, config: &Config) -> Vec<String> {
    let verdict =
        verify(&pools.export, config, &Order::default(), &Progress::silent()).await.expect("the database answers");
    verdict.discrepancies.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_day_is_dropped_only_when_every_required_destination_holds_it() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29, 29, 28, 0]).await;
        ingest(&pools, 10, &[0]).await;
        // Not exported yet.
        let verdicts = run(&pools, &config, after(29)).await;
        assert_eq!(dropped(&verdicts), []);
        let reasons = ["not exported", "not verifiedbackup", "not verifiedclient"].map(str::to_owned).to_vec();
        assert_eq!(held(&verdicts), [(day(29), reasons)]);
        // The day before held nothing, and nothing held it.
        assert!(verdicts.iter().any(|it| it.day == day(30) && it.dropped_rows == Some(0)), "{verdicts:?}");

        // One destination has it, the other does not answer.
        let mut broken = config.clone();
        broken.destinations[1].endpoint = Some("http://127.0.0.1:1".to_owned());
        exporter(&pools, &broken).run().await.expect("run");
        let reasons = ["not exported", "not verifiedbackup"].map(str::to_owned).to_vec();
        assert_eq!(held(&run(&pools, &config, after(29)).await), [(day(29), reasons)]);
        assert_eq!(number(&pools, "select count(*) from events").await, 5);

        // All of them have it: planned first, then done.
        exporter(&pools, &config).run().await.expect("run");
        let plan = retention::plan(&mut pools.export.acquire().await.expect("connected"), &config, after(29)).await;
        assert_eq!(held(&plan.expect("planned")), []);
        assert_eq!(number(&pools, "select count(*) from events").await, 5);
        assert_eq!(dropped(&run(&pools, &config, after(29)).await), [(day(29), 2)]);
        assert_eq!(number(&pools, "select count(*) from events").await, 3);
        assert_eq!(number(&pools, "select sum(rows)::bigint from dropped_days").await, 2);
        // The segment has rows of days that are still there; the bucket has all of it, and verify knows.
        assert_eq!(number(&pools, "select sum(dropped_rows) from segments").await, 2);
        let mut connection = pools.operator.acquire().await.expect("connected");
        assert_eq!(operator::count_events(&mut connection).await.expect("counted"), 3);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        assert_eq!(dropped(&run(&pools, &config, after(28)).await), [(day(28), 1)]);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        assert_eq!(dropped(&run(&pools, &config, after(0)).await), [(day(0), 2)]);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        // And still sees what is wrong with the bucket.
        let object = storage.keys("example-events/format=").remove(0);
        storage.put(&object, "something else");
        assert!(!discrepancies(&pools, &config).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_day_is_kept_while_a_required_bucket_is_known_to_lack_it() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29]).await;
        ingest(&pools, 1, &[28]).await;
        exporter(&pools, &config).run().await.expect("run");
        let object = storage.keys("example-events/format=jsonl/").remove(0);
        let whole = storage.get(&object).expect("there");
        storage.delete(&object).expect("there");
        // Nobody has looked yet.
        assert_eq!(number(&pools, DOUBTED).await, 0);
        assert!(!discrepancies(&pools, &config).await.is_empty());
        assert_eq!(number(&pools, DOUBTED).await, 1);
        let doubted = vec![(day(29), vec!["doubtedclient".to_owned()])];
        assert_eq!(held(&run(&pools, &config, after(29)).await), doubted);
        assert_eq!(number(&pools, "select count(*) from events").await, 2);
        // An interrupted look, or one by others, leaves it so; where the bucket is not required it is nobody's.
        let mut unreachable = config.clone();
        unreachable.destinations[0].endpoint = Some("http://127.0.0.1:1".to_owned());
        assert_eq!(discrepancies(&pools, &unreachable).await, Vec::<String>::new());
        assert_eq!(held(&run(&pools, &config, after(29)).await), doubted);
        let mut optional = config.clone();
        optional.destinations[0].required = false;
        let mut connection = pools.export.acquire().await.expect("connected");
        let plan = retention::plan(&mut connection, &optional, after(29)).await.expect("planned");
        assert_eq!(held(&plan), []);
        drop(connection);

        // Told after the next runs, once events of those days came: why, and what to do. The disk is not taken for one that
        // retention keeps from filling.
        let received_at = (after(29) + Days::new(2)).timestamp_millis();
        deliver(&pools, &ForwardBatch { received_at, ..batch(vec![event(90)]) }).await.expect("stored");
        let examined = async |at: DateTime<Utc>| {
            let mut connection = pools.operator.acquire().await.expect("connected");
            let status = status::examine(&mut connection, &config, at).await.expect("examined");
            let check = status.checks.iter().find(|it| it.name == "retention").expect("a check").clone();
            (check, status.disk.clone(), exporter::commands::status::text(&status).expect("text"))
        };
        let (check, disk, _) = examined(after(29)).await;
        assert_eq!((check.state, disk.is_kept_from_filling), (State::Ok, true));
        let (check, disk, text) = examined(after(29) + Days::new(2)).await;
        assert_eq!((check.state, disk.is_kept_from_filling), (State::Warning, false));
        assert!(disk.days_left.is_some(), "{disk:?}");
        assert!(check.finding.contains("client was found not to hold 1 export batch(es)"), "{check:?}");
        assert!(check.remedy.starts_with("`exporter verify --repair --destination client`"), "{check:?}");
        assert!(text.contains("not as exported 1 batch(es): `exporter verify --repair"), "{text}");

        // Put back by hand, and found to be right.
        storage.put(&object, whole);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        assert_eq!(number(&pools, DOUBTED).await, 0);
        // A stray concerns no batch.
        storage.put("example-events/format=jsonl/date=2026-11-22/hour=09/other.jsonl.gz", "rows");
        assert_eq!(discrepancies(&pools, &config).await.len(), 1);
        assert_eq!(dropped(&run(&pools, &config, after(29)).await), [(day(29), 1)]);
        assert_eq!(dropped(&run(&pools, &config, after(28)).await), [(day(28), 1)]);
    })
    .await;
}

const DOUBTED: &str = "select count(*) from deliveries where doubted_at is not null";

#[tokio::test]
async fn what_was_repaired_is_doubted_no_more_and_a_glance_clears_no_closer_look() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29]).await;
        exporter(&pools, &config).run().await.expect("run");
        let glance = Order { depth: Depth::Head, ..Order::default() };
        let look = async |order: &Order| {
            verify(&pools.export, &config, order, &Progress::silent()).await.expect("the database answers")
        };
        // A closer look has found what a glance does not see: here, the same object for both.
        let object =
            storage.keys("example-events-backup/").into_iter().find(|key| key.contains("format=parquet")).expect("one");
        storage.put(&object, "something else");
        let verdict = look(&Order::default()).await;
        assert!(!verdict.discrepancies.is_empty());
        sqlx::raw_sql("update deliveries set doubted_at = '2026-11-01T00:00:00Z' where doubted_at is not null")
            .execute(&pools.export)
            .await
            .expect("set");
        let since = "select count(*) from deliveries where doubted_at = '2026-11-01T00:00:00Z' and doubted_by = 'full'";
        assert!(!look(&glance).await.discrepancies.is_empty());
        assert_eq!(number(&pools, since).await, 1, "since when is not changed, nor by what");
        assert_eq!(held(&run(&pools, &config, after(29)).await), [(day(29), vec!["doubtedbackup".to_owned()])]);
        let repairs = repair(&pools.export, &exporter(&pools, &config), &verdict).await.expect("the database answers");
        assert!(repairs.iter().all(|it| it.refused.is_none()), "{repairs:?}");
        assert_eq!(number(&pools, DOUBTED).await, 0);

        sqlx::raw_sql("update deliveries set doubted_at = now(), doubted_by = 'full' where destination = 'backup'")
            .execute(&pools.export)
            .await
            .expect("set");
        assert_eq!(look(&glance).await.discrepancies, []);
        assert_eq!(number(&pools, DOUBTED).await, 1);
        assert_eq!(look(&Order::default()).await.discrepancies, []);
        assert_eq!(number(&pools, DOUBTED).await, 0);
        // What a glance has found, a glance may clear.
        let manifest =
            storage.keys("example-events-backup/").into_iter().find(|key| key.contains("manifests")).expect("one");
        let whole = storage.get(&manifest).expect("there");
        storage.delete(&manifest).expect("there");
        assert!(!look(&glance).await.discrepancies.is_empty());
        assert_eq!(number(&pools, DOUBTED).await, 1);
        storage.put(&manifest, whole);
        assert_eq!(look(&glance).await.discrepancies, []);
        assert_eq!(dropped(&run(&pools, &config, after(29)).await), [(day(29), 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_destination_that_became_required_later_counts() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29]).await;
        let mut alone = config.clone();
        alone.destinations.pop();
        exporter(&pools, &alone).run().await.expect("run");
        assert_eq!(number(&pools, "select count(*) from segments where exported_at is not null").await, 1);
        let reasons = vec!["not verifiedbackup".to_owned()];
        assert_eq!(held(&run(&pools, &config, after(29)).await), [(day(29), reasons)]);
        // Where it is not required, it does not.
        assert_eq!(dropped(&run(&pools, &alone, after(29)).await), [(day(29), 1)]);

        // What it never gets is no discrepancy, and told; the manifest says so, too.
        let report = exporter(&pools, &config).run().await.expect("run");
        assert!(report.failures.is_empty() && report.objects.is_empty(), "{report:?}");
        let verdict =
            verify(&pools.export, &config, &Order::default(), &Progress::silent()).await.expect("the database answers");
        assert_eq!(verdict.discrepancies, []);
        assert_eq!(verdict.checked.iter().map(|it| (it.never_got, it.pending)).collect::<Vec<_>>(), [(0, 0), (1, 0)]);
        let mut connection = pools.operator.acquire().await.expect("connected");
        let backlogs = backlog::of(&mut connection, &config.destination_names()).await.expect("asked");
        let told: Vec<_> = backlogs.iter().map(|it| (it.pending_rows, it.never_got_rows, it.oldest)).collect();
        assert_eq!(told, [(0, 0, None), (0, 1, None)]);
    })
    .await;
}

#[tokio::test]
async fn a_late_event_between_the_question_and_the_answer_saves_its_day() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29]).await;
        exporter(&pools, &config).run().await.expect("run");
        let mut turn = Turn::take(&pools.export).await.expect("asked").expect("nobody else");
        regular::measure(turn.connection()).await.expect("measured");

        // An exporter whose clock is behind has begun to store an event of that day, and not committed it yet.
        let mut late = pools.ingest.acquire().await.expect("connected");
        late.execute("begin").await.expect("begun");
        let id = id(77, NOW_MS - 29 * DAY_MS);
        let insert = format!(
            "with segment as (
                insert into segments (rows, min_event_id, max_event_id, min_timestamp, max_timestamp)
                values (1, '{id}', '{id}', now(), now()) returning id
            )
            insert into events select (jsonb_populate_record(
                events, jsonb_build_object('event_id', '{id}', 'segment_id', (select id from segment))
            )).* from events limit 1"
        );
        sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut *late).await.expect("inserted");
        let dropping = tokio::spawn({
            let (config, at) = (config.clone(), after(29));
            async move { regular::drop_days(turn.connection(), &config, at).await }
        });
        // It waits for the insert, which nobody could see when it asked.
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and query like 'alter table events detach%' and wait_event_type = 'Lock'";
        let waits = async {
            while number(&pools, waiting).await == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, waits).await.expect("it waits");
        // Others are not held up by it.
        timeout(PATIENCE, ingest(&pools, 50, &[0, 28])).await.expect("in time");
        late.execute("commit").await.expect("committed");
        let verdicts = timeout(PATIENCE, dropping).await.expect("in time").expect("ran").expect("run").expect("free");
        assert_eq!(dropped(&verdicts), []);
        assert!(held(&verdicts)[0].1.contains(&"not exported".to_owned()), "{verdicts:?}");
        assert_eq!(number(&pools, "select count(*) from events").await, 4);
        assert_eq!(number(&pools, "select count(*) from dropped_days where dropped_at is null").await, 0);

        // Exported, it goes with its day.
        exporter(&pools, &config).run().await.expect("run");
        assert_eq!(dropped(&run(&pools, &config, after(29)).await), [(day(29), 2)]);
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn one_wrong_clock_drops_nothing() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29, 28, 0]).await;
        exporter(&pools, &config).run().await.expect("run");
        let moment = async |at: DateTime<Utc>| {
            let mut connection = pools.export.acquire().await.expect("connected");
            retention::moment(&mut connection, at).await.expect("asked")
        };
        // Ahead of the database's and of the events': by them it is tomorrow at the latest.
        let jumped = moment(now() + Days::new(60)).await;
        assert!(jumped <= now() + Days::new(1) + TimeDelta::seconds(1), "{jumped}");
        assert_eq!(dropped(&run(&pools, &config, jumped).await), []);
        assert_eq!(number(&pools, "select count(*) from events").await, 3);
        // Behind: by its own. Which one is right cannot be known.
        assert_eq!(moment(now() - Days::new(60)).await, now() - Days::new(60));
        // Ahead of the database's alone, as an edge's clock may be, too.
        let received_at = (now() + Days::new(100_000)).timestamp_millis();
        deliver(&pools, &ForwardBatch { received_at, ..batch(vec![event(90)]) }).await.expect("stored");
        let database: DateTime<Utc> = sqlx::query_scalar("select now()").fetch_one(&pools.export).await.expect("asked");
        let by_database = moment(database + Days::new(60)).await;
        assert!((by_database - database).abs() < TimeDelta::minutes(1), "{by_database}");
        // It is told.
        let mut connection = pools.operator.acquire().await.expect("connected");
        for (at, expected) in [(database, State::Ok), (database + TimeDelta::minutes(10), State::Warning)] {
            let status = status::examine(&mut connection, &config, at).await.expect("examined");
            let check = status.checks.iter().find(|it| it.name == "clocks").expect("a check");
            assert_eq!(check.state, expected, "{check:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_day_that_cannot_be_dropped_now_keeps_no_other_from_it() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29, 28]).await;
        exporter(&pools, &config).run().await.expect("run");
        let failing = format!(
            "alter function events_day_held(date, text[]) rename to day_held_unless_locked;
            create function events_day_held(day date, required text[])
                returns table (reason text, destination text, segments bigint, rows bigint)
                language plpgsql as $$
            begin
                if day = '{}' then raise exception 'locked' using errcode = '55P03'; end if;
                return query select * from day_held_unless_locked(day, required);
            end $$",
            day(29)
        );
        sqlx::raw_sql(AssertSqlSafe(failing)).execute(&pools.export).await.expect("replaced");
        let verdicts = run(&pools, &config, after(28)).await;
        let failed: Vec<_> = verdicts.iter().filter_map(|it| Some((it.day, it.failed.as_deref()?))).collect();
        assert_eq!((failed, dropped(&verdicts)), (vec![(day(29), "55P03")], vec![(day(28), 1)]));
    })
    .await;
}

#[tokio::test]
async fn a_day_that_somebody_reads_is_waited_for() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29]).await;
        exporter(&pools, &config).run().await.expect("run");
        let mut turn = Turn::take(&pools.export).await.expect("asked").expect("nobody else");
        regular::measure(turn.connection()).await.expect("measured");
        turn.connection().execute("set lock_timeout = '100ms'").await.expect("set");
        let mut reading = pools.export.begin().await.expect("begun");
        reading.execute("select count(*) from events").await.expect("read");
        let dropping = tokio::spawn({
            let config = config.clone();
            async move {
                let verdicts = regular::drop_days(turn.connection(), &config, after(29)).await;
                let patience: String =
                    sqlx::query_scalar("show lock_timeout").fetch_one(turn.connection()).await.expect("asked");
                (verdicts.expect("run").expect("free"), patience)
            }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!dropping.is_finished());
        reading.rollback().await.expect("done");
        let (verdicts, patience) = timeout(PATIENCE, dropping).await.expect("in time").expect("ran");
        assert_eq!((dropped(&verdicts), patience.as_str()), (vec![(day(29), 1)], "100ms"));
    })
    .await;
}

#[tokio::test]
async fn whoever_is_interrupted_is_gone_on_with() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29]).await;
        ingest(&pools, 1, &[28]).await;
        exporter(&pools, &config).run().await.expect("run");
        let mut connection = pools.export.acquire().await.expect("connected");
        regular::measure(&mut connection).await.expect("measured");
        let first = days::days_before(&mut connection, day(28)).await.expect("days").pop().expect("a day");
        assert_eq!((first.day, first.stage), (day(29), Stage::Attached));
        // Detached, and then the process ended.
        days::detach(&mut connection, &first).await.expect("detached");
        assert_eq!(number(&pools, "select count(*) from events").await, 1);
        // verify takes it back before it compares.
        assert_eq!(discrepancies(&pools, &config).await, Vec::<String>::new());
        assert_eq!(number(&pools, "select count(*) from events").await, 2);
        days::detach(&mut connection, &first).await.expect("detached again");
        drop(connection);
        assert_eq!(dropped(&run(&pools, &config, after(29)).await), [(day(29), 1)]);
        // A table that somebody else detached is theirs.
        let theirs = day(28).format("%Y%m%d");
        let sql = format!("alter table events detach partition events_{theirs}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pools.export).await.expect("detached");
        assert_eq!(dropped(&run(&pools, &config, after(28)).await), []);
        let sql = format!("select count(*) from events_{theirs}");
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&pools.export).await.expect("still there");
        assert_eq!(rows, 1);
    })
    .await;
}

#[tokio::test]
async fn no_day_is_dropped_while_verify_counts_on_it() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        ingest(&pools, 0, &[29]).await;
        exporter(&pools, &config).run().await.expect("run");
        storage.hold("GET /example-events/manifests");
        let verifying = tokio::spawn({
            let (pools, config) = (pools.clone(), config.clone());
            async move { discrepancies(&pools, &config).await }
        });
        timeout(PATIENCE, storage.held()).await.expect("in time");
        let mut turn = Turn::take(&pools.export).await.expect("asked").expect("nobody else");
        regular::measure(turn.connection()).await.expect("measured");
        assert_eq!(regular::drop_days(turn.connection(), &config, after(29)).await.expect("asked"), None);
        storage.release();
        assert_eq!(verifying.await.expect("verified"), Vec::<String>::new());
        drop(turn);
        assert_eq!(dropped(&run(&pools, &config, after(29)).await), [(day(29), 1)]);
    })
    .await;
}

#[tokio::test]
async fn whoever_counts_on_days_waits_for_one_that_is_dropped_longer_than_for_locks() {
    with_database(async |pools| {
        let mut dropping = pools.export.acquire().await.expect("connected");
        assert!(days::lock_days(&mut dropping).await.expect("asked"));
        let mut counting = pools.operator.acquire().await.expect("connected");
        counting.execute("set lock_timeout = '200ms'").await.expect("set");
        let mut keeping = Box::pin(days::keep_days(&mut counting));
        let early = timeout(Duration::from_secs(1), &mut keeping).await;
        assert!(early.is_err(), "it does not wait: {early:?}");
        days::unlock_days(&mut dropping).await.expect("given back");
        timeout(PATIENCE, keeping).await.expect("in time").expect("kept");
        assert!(!days::lock_days(&mut dropping).await.expect("asked"), "nothing is kept");
    })
    .await;
}

#[tokio::test]
async fn an_event_of_a_day_that_is_gone_costs_only_itself() {
    with_database(async |pools| {
        // Dropped by an exporter whose clock is far ahead; nobody makes that day again.
        let gone = day(30);
        let sql =
            format!("alter table events detach partition events_{0}; drop table events_{0}", gone.format("%Y%m%d"));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pools.export).await.expect("gone");
        sqlx::query(
            "create or replace function events_add_partitions(first_day date, last_day date) returns integer
            language sql return 0",
        )
        .execute(&pools.export)
        .await
        .expect("nobody makes days");
        let mut events: Vec<_> = (0..9).map(event).collect();
        events[4].event.id = id(4, NOW_MS - WINDOW_MS + 1000);
        let answer = deliver(&pools, &batch(events)).await.expect("stored");
        assert_eq!(answer.accepted, 8);
        assert_eq!(answer.refused, [Refused { seq: Some(4), reason: Reason::Expired }]);
        let expired = "select sum(events)::bigint from outcomes where outcome = 'expired'";
        assert_eq!(number(&pools, expired).await, 1);
    })
    .await;
}

#[tokio::test]
async fn what_ingest_takes_is_never_what_retention_drops() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = keeping(&storage, 31);
        config.validate().expect("the fewest days there may be");
        // At any time of the day, and of a clock that is a few hours off.
        for hours in 0..24 {
            let at = now() + TimeDelta::hours(hours);
            let oldest_taken = (at - TimeDelta::milliseconds(WINDOW_MS)).date_naive();
            let first_kept = retention::first_kept(&config, at).expect("a day");
            assert!(first_kept < oldest_taken, "{at}");
            assert!(partitions::needed(at).0 >= first_kept, "what is dropped would be made again");
        }
        let mut connection = pools.export.acquire().await.expect("connected");
        assert!(days::days_before(&mut connection, partitions::needed(now()).0).await.expect("days").is_empty());
        assert!(keeping(&storage, 30).validate().is_err());
        assert_eq!(retention::first_kept(&keeping(&storage, 0), now()), None);
    })
    .await;
}

#[tokio::test]
async fn a_restored_older_database_overwrites_nothing() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let config = storage.config();
        ingest(&pools, 0, &[0]).await;
        exporter(&pools, &config).run().await.expect("run");
        ingest(&pools, 1, &[0]).await;
        exporter(&pools, &config).run().await.expect("run");
        let before: Vec<_> = storage.keys("").into_iter().map(|key| (storage.get(&key), key)).collect();
        assert_eq!(before.len(), 12);

        // A backup of before the second export: its rows are there, and nobody knows that they were exported.
        let last = "(select id from export_batches order by number desc limit 1)";
        for sql in [
            format!("update segments set export_batch_id = null, exported_at = null where export_batch_id = {last}"),
            format!("delete from objects where export_batch_id = {last}"),
            format!("delete from deliveries where export_batch_id = {last}"),
            format!("delete from export_batches where id = {last}"),
            "select setval(pg_get_serial_sequence('export_batches', 'number'), 1)".to_owned(),
        ] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pools.export).await.expect("restored");
        }
        let report = exporter(&pools, &config).run().await.expect("run");
        assert_eq!((report.objects.len(), report.failures.len()), (4, 0));
        for (body, key) in &before {
            assert_eq!(storage.get(key), *body, "{key} was overwritten");
        }
        assert_eq!(storage.keys("").len(), 18);
        // What the lost bookkeeping knew of is named, in both buckets: two objects and a manifest each.
        let found = discrepancies(&pools, &config).await;
        assert_eq!(found.len(), 6, "{found:?}");
        assert!(found.iter().all(|it| it.contains("stray ")), "{found:?}");
    })
    .await;
}
