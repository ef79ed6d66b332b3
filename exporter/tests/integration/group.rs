//! Batches that share transactions, and what one of them cannot do to the others.

use std::sync::Arc;
use std::time::Duration;

use exporter::ingest::IngestError;
use exporter::store::Pools;
use futures::future::join_all;
use sqlx::Executor;
use tokio::time::timeout;
use uuid::Uuid;
use wire::{ForwardBatch, IngestAnswer, Reason, Refused};

use crate::database::with_database;
use crate::samples::{batch, deliver, deliver_to, event, number, taking};

/// Longer than anything here takes that is not stuck.
const PATIENCE: Duration = Duration::from_secs(20);

/// The `n`th of many batches, each with two events of its own.
fn pair(n: u32) -> ForwardBatch {
    let mut batch = batch(vec![event(2 * n), event(2 * n + 1)]);
    batch.batch_id = Uuid::from_u128(u128::from(n) + 1);
    batch
}

async fn run(pools: &Pools, sql: &'static str) {
    pools.export.execute(sql).await.expect(sql);
}

/// Keeps every insert waiting until the connection is dropped.
async fn hold(pools: &Pools) -> sqlx::pool::PoolConnection<sqlx::Postgres> {
    let mut connection = pools.export.acquire().await.expect("connected");
    connection.execute("begin; lock table events in exclusive mode").await.expect("locked");
    connection
}

async fn release(mut held: sqlx::pool::PoolConnection<sqlx::Postgres>) {
    held.execute("rollback").await.expect("released");
}

/// Waits until `sql` counts at least `least`.
async fn until(pools: &Pools, sql: &'static str, least: i64) {
    let counted = async {
        while number(pools, sql).await < least {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, counted).await.expect(sql);
}

const WAITING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'evothesis-ingest' and wait_event_type = 'Lock'";

#[tokio::test]
async fn batches_that_come_together_share_transactions_and_each_is_answered_for_itself() {
    with_database(async |pools| {
        let ingest = taking(&pools);
        deliver_to(&ingest, &pair(7)).await.expect("stored");
        let batches: Vec<_> = (0..100).map(pair).collect();
        let answers = join_all(batches.iter().map(|batch| deliver_to(&ingest, batch))).await;
        for (n, answer) in answers.into_iter().enumerate() {
            let (accepted, duplicates) = if n == 7 { (0, 2) } else { (2, 0) };
            assert_eq!(answer.expect("stored"), IngestAnswer { accepted, duplicates, refused: vec![] }, "{n}");
        }
        assert_eq!(number(&pools, "select count(*) from events").await, 200);
        assert_eq!(number(&pools, "select sum(rows) from segments").await, 200);
        let segments = number(&pools, "select count(*) from segments").await;
        assert!(segments < 20, "{segments} transactions for 101 batches");
    })
    .await;
}

#[tokio::test]
async fn one_batch_in_many_copies_at_once_is_stored_once() {
    with_database(async |pools| {
        // Two exporters on one database, as it were.
        let ingests = [taking(&pools), taking(&pools)];
        let mut reporting = pair(0);
        reporting.dropped = 3;
        let answers = join_all((0..40).map(|n| deliver_to(&ingests[n % 2], &reporting))).await;
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("stored")).collect();
        assert_eq!(answers.iter().map(|answer| answer.accepted).sum::<u32>(), 2);
        assert_eq!(answers.iter().map(|answer| answer.duplicates).sum::<u32>(), 78);
        assert_eq!(number(&pools, "select count(*) from events").await, 2);
        assert_eq!(number(&pools, "select sum(dropped)::bigint from pixel_drops").await, 3);
    })
    .await;
}

#[tokio::test]
async fn a_poison_event_costs_nobody_else_anything() {
    with_database(async |pools| {
        run(&pools, "alter table events add constraint no_poison check (event_type <> 'poison')").await;
        let ingest = taking(&pools);
        let mut batches: Vec<_> = (0..60).map(pair).collect();
        for n in [0, 13, 59] {
            batches[n].events[1].event.kind = "poison".to_owned();
        }
        let answers = join_all(batches.iter().map(|batch| deliver_to(&ingest, batch))).await;
        for (n, (answer, batch)) in answers.into_iter().zip(&batches).enumerate() {
            let poison = batch.events[1].event.kind == "poison";
            let refused = Refused { seq: Some(batch.events[1].event.seq), reason: Reason::RefusedByStore };
            let expected = if poison {
                IngestAnswer { accepted: 1, duplicates: 0, refused: vec![refused] }
            } else {
                IngestAnswer { accepted: 2, duplicates: 0, refused: vec![] }
            };
            assert_eq!(answer.expect("answered"), expected, "{n}");
        }
        assert_eq!(number(&pools, "select count(*) from events").await, 117);
        assert_eq!(number(&pools, "select sum(rows) from segments").await, 117);
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_loses_nothing_and_stores_nothing_twice() {
    with_database(async |pools| {
        let ingest = Arc::new(taking(&pools));
        let held = hold(&pools).await;
        let calls: Vec<_> = (0..20)
            .map(|n| {
                let ingest = ingest.clone();
                tokio::spawn(async move { deliver_to(&ingest, &pair(n)).await })
            })
            .collect();
        until(&pools, WAITING, 1).await;
        calls.iter().for_each(tokio::task::JoinHandle::abort);
        // What was taken in counts until it is committed.
        assert!(timeout(Duration::from_millis(200), ingest.drained()).await.is_err(), "drained while it waits");
        release(held).await;
        timeout(PATIENCE, ingest.drained()).await.expect("drained");
        assert_eq!(number(&pools, "select count(*) from events").await, 40);
        let again = deliver(&pools, &pair(3)).await.expect("known");
        assert_eq!(again, IngestAnswer { accepted: 0, duplicates: 2, refused: vec![] });
    })
    .await;
}

/// A batch whose body has nearly the length that is allowed.
fn heavy(n: u32) -> ForwardBatch {
    let mut batch = pair(n);
    let page = wire::Page { url: "x".repeat(2048), path: "y".repeat(2048), ..batch.pages[0].clone() };
    batch.pages = vec![page; 50];
    batch.user_agent = "z".repeat(300_000);
    batch
}

#[tokio::test]
async fn what_does_not_fit_is_asked_to_come_back_and_what_fits_is_stored() {
    with_database(async |pools| {
        let ingest = taking(&pools);
        let held = hold(&pools).await;
        let heavy: Vec<_> = (0..60).map(heavy).collect();
        let released = async {
            until(&pools, WAITING, 1).await;
            release(held).await;
        };
        let (answers, ()) = tokio::join!(join_all(heavy.iter().map(|batch| deliver_to(&ingest, batch))), released);
        let stored = answers.iter().filter(|answer| answer.is_ok()).count();
        let full = answers.iter().filter(|answer| matches!(answer, Err(IngestError::Full(_)))).count();
        assert_eq!(stored + full, 60, "{answers:?}");
        assert!(stored >= 30 && full >= 20, "{stored} stored, {full} asked to come back");
        assert_eq!(number(&pools, "select count(*) from events").await, 2 * i64::try_from(stored).expect("few"));
        // The room is free again.
        let again = join_all(heavy.iter().take(30).map(|batch| deliver_to(&ingest, batch))).await;
        assert!(again.iter().all(Result::is_ok), "{again:?}");
    })
    .await;
}

#[tokio::test]
async fn lost_races_are_run_again_inside() {
    for code in ["40P01", "40001"] {
        with_database(async |pools| {
            run(&pools, "create sequence tries").await;
            let function = format!(
                "create function lose() returns trigger language plpgsql as $$ begin
                    if nextval('tries') <= 3 then raise exception 'lost' using errcode = '{code}'; end if;
                    return null;
                end $$"
            );
            pools.export.execute(sqlx::AssertSqlSafe(function)).await.expect("made");
            run(&pools, "create trigger lose after insert on segments for each row execute function lose()").await;
            let answer = deliver(&pools, &pair(0)).await.expect("stored");
            assert_eq!(answer, IngestAnswer { accepted: 2, duplicates: 0, refused: vec![] });
            assert_eq!(number(&pools, "select nextval('tries')").await, 5);
        })
        .await;
    }
}

#[tokio::test]
async fn a_connection_that_is_ended_is_replaced_inside() {
    with_database(async |pools| {
        let ingest = taking(&pools);
        let held = hold(&pools).await;
        let pair = pair(0);
        let ended = async {
            until(&pools, WAITING, 1).await;
            run(
                &pools,
                "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and application_name = 'evothesis-ingest'",
            )
            .await;
            release(held).await;
        };
        let (answer, ()) = tokio::join!(deliver_to(&ingest, &pair), ended);
        assert_eq!(answer.expect("stored").accepted, 2);
    })
    .await;
}

#[tokio::test]
async fn a_database_that_cannot_is_an_error_for_everybody_and_no_refusal() {
    with_database(async |pools| {
        let ingest = taking(&pools);
        deliver_to(&ingest, &pair(0)).await.expect("stored");
        run(
            &pools,
            "create function full_disk() returns trigger language plpgsql as $$ begin
                raise exception 'no space' using errcode = '53100';
            end $$",
        )
        .await;
        run(&pools, "create trigger full_disk before insert on events for each row execute function full_disk()").await;
        let batches: Vec<_> = (0..10).map(pair).collect();
        for answer in join_all(batches.iter().map(|batch| deliver_to(&ingest, batch))).await {
            assert!(matches!(answer, Err(IngestError::NotCommitted(_))), "{answer:?}");
        }
        // Nobody has to do anything here once it can again.
        run(&pools, "drop trigger full_disk on events").await;
        for (n, answer) in
            join_all(batches.iter().map(|batch| deliver_to(&ingest, batch))).await.into_iter().enumerate()
        {
            assert_eq!(answer.expect("stored").accepted, if n == 0 { 0 } else { 2 }, "{n}");
        }
    })
    .await;
}
