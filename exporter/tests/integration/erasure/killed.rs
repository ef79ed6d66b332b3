//! Somebody who forgets is gone at every request and at every step in the database, alone and with another one behind them,
//! with one destination and with two: the next one finishes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use exporter::config::{Config, Format};
use exporter::erasure;
use exporter::erasure::visitor::Visitor;
use exporter::progress::Progress;
use exporter::store::Pools;
use sqlx::AssertSqlSafe;
use tokio::time::timeout;

use super::{
    JANE, JOE, MAX, PATIENCE, Person, author, config, contents, doomed, drop_days, dump, ensure_clean, export, forget,
    found, is_finished, own_pool, resume, rows, store,
};
use crate::database::with_database;
use crate::proxy::{Fault, Proxy};
use crate::samples::number;
use crate::storage::Storage;

/// Somebody who forgets, and is gone in the middle.
fn doomed_forgetting(pools: &Pools, config: &Config, person: Person) -> tokio::task::JoinHandle<bool> {
    let (pool, exporter) = (own_pool(pools), doomed(pools, config));
    tokio::spawn(async move {
        let visitor = Visitor(person.visitor());
        erasure::forget(&pool, &exporter, visitor, &author(), &Progress::silent()).await.is_ok()
    })
}

/// Whether they were gone before they had finished: at the request after `at`.
async fn kill_at(pools: &Pools, config: &Config, proxy: &Proxy, person: Person, (fault, at): (Fault, usize)) -> bool {
    proxy.fail(fault, "", at, usize::MAX);
    let run = doomed_forgetting(pools, config, person);
    let is_stuck = tokio::select! {
        () = proxy.failed() => true,
        () = async { while !run.is_finished() { tokio::time::sleep(Duration::from_millis(5)).await } } => false,
    };
    // As a process that is killed: nothing is cleaned up.
    run.abort();
    let _ = run.await;
    proxy.mend();
    is_stuck
}

async fn recover(pools: &Pools, storage: &Arc<Storage>, config: &Config, persons: &[Person]) {
    let report = resume(pools, config).await;
    assert!(is_finished(&report), "{report:?}");
    assert_eq!(storage.uploads(), 0, "an upload is left behind");
    let (tables, objects) = (dump(pools).await, contents(storage));
    for person in persons {
        assert_eq!(found(&tables, *person), BTreeSet::new(), "in the database");
        assert_eq!(found(&objects, *person), BTreeSet::new(), "in the buckets");
    }
    ensure_clean(pools, storage, config).await;
}

/// Rows of each of them and of others that are half here, half only in buckets.
async fn prepare(pools: &Pools, config: &Config, persons: &[Person], round: u32) {
    let both = |it: Person, n: u32| {
        let mut both = it.batch(n..=n, 0);
        both.events.extend(it.batch(n + 1..=n + 1, 29).events);
        both
    };
    store(pools, &both(JOE, 2 * round)).await;
    for person in persons {
        store(pools, &both(*person, 0)).await;
    }
    export(pools, config).await;
    assert_eq!(drop_days(pools, config).await, 1 + i64::try_from(persons.len()).expect("few"));
}

/// Parquet, to the first or to both of the destinations, by way of `proxy`.
fn settings(storage: &Storage, proxy: &Proxy, destinations: usize) -> Config {
    let mut config = proxy.config(storage);
    config.destinations.truncate(destinations);
    config.retention.days = 31;
    config.export.formats = vec![Format::Parquet];
    let endpoint = config.destinations[0].endpoint.clone();
    for destination in &mut config.destinations {
        destination.endpoint.clone_from(&endpoint);
        destination.timeout = "20s".parse().expect("a period");
    }
    config
}

/// At how many requests `persons` can be gone, each in turn, before the next one finishes for all.
async fn kill_everywhere(persons: &[Person], destinations: usize) -> usize {
    let mut kinds = 0;
    for fault in [Fault::Hang, Fault::HangAfter] {
        for at in 0.. {
            let mut is_stuck = false;
            with_database(async |pools| {
                let storage = Storage::start().await;
                let proxy = Proxy::start(&storage).await;
                let config = settings(&storage, &proxy, destinations);
                prepare(&pools, &config, persons, 0).await;
                let of_joe = rows(&pools, &storage, JOE).await;
                for person in persons {
                    is_stuck |= kill_at(&pools, &config, &proxy, *person, (fault, at)).await;
                }
                recover(&pools, &storage, &config, persons).await;
                assert_eq!(rows(&pools, &storage, JOE).await, of_joe, "{fault:?} at {at}");
            })
            .await;
            if !is_stuck {
                break;
            }
            kinds += 1;
        }
    }
    kinds
}

// Look; then in each bucket look for uploads, read the object, put it and the manifest, read both: each before and after.

#[tokio::test]
async fn whichever_request_two_are_gone_at_the_next_one_finishes_for_both() {
    assert_eq!(kill_everywhere(&[JANE, MAX], 1).await, 2 * (1 + 6));
}

#[tokio::test]
async fn with_two_buckets_too_whichever_request_two_are_gone_at_the_next_one_finishes_for_both() {
    assert_eq!(kill_everywhere(&[JANE, MAX], 2).await, 2 * (1 + 2 * 6));
}

#[tokio::test]
async fn one_who_is_gone_keeps_no_other_from_being_forgotten() {
    for (destinations, requests) in [(1, 1 + 6), (2, 1 + 2 * 6)] {
        for at in 0..requests {
            with_database(async |pools| {
                let storage = Storage::start().await;
                let proxy = Proxy::start(&storage).await;
                let config = settings(&storage, &proxy, destinations);
                prepare(&pools, &config, &[JANE], 0).await;
                // Of a batch of its own.
                store(&pools, &MAX.batch(0..2, 0)).await;
                export(&pools, &config).await;
                assert!(kill_at(&pools, &config, &proxy, JANE, (Fault::HangAfter, at)).await);
                let report = forget(&pools, &config, MAX).await;
                assert!(is_finished(&report) && report.erasures.len() == 1, "at {at}: {report:?}");
                assert_eq!(found(&contents(&storage), MAX), BTreeSet::new(), "at {at}");
                recover(&pools, &storage, &config, &[JANE, MAX]).await;
            })
            .await;
        }
    }
}

#[tokio::test]
async fn whichever_step_in_the_database_it_is_gone_at_the_next_one_finishes() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let mut config = config(&storage);
        config.retention.days = 31;
        // What each step needs, and waits for while somebody else has it: refusing, beginning, waiting for inserts, deleting,
        // making generations, noting what is gone, noting what a bucket is to hold, writing down what it holds.
        let steps = [
            ("erased_visitors", "share"),
            ("erasures", "share"),
            ("segments", "row exclusive"),
            ("events", "share"),
            ("rewrites", "share"),
            ("erasure_events", "share"),
            ("rewritten_objects", "share"),
            ("objects", "share"),
        ];
        for (round, (table, mode)) in (0..).zip(steps) {
            let person = Person(0x6000 + u128::from(round));
            prepare(&pools, &config, &[person], round).await;
            let mut lock = pools.operator.begin().await.expect("connected");
            let sql = format!("lock table {table} in {mode} mode");
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *lock).await.expect("locked");
            let run = doomed_forgetting(&pools, &config, person);
            let waiting = "select count(*) from pg_locks
            where not granted and database = (select oid from pg_database where datname = current_database())";
            let wait = timeout(PATIENCE, async {
                while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *lock).await.expect("asked") == 0 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
            wait.await.unwrap_or_else(|_| panic!("{table} is never waited for"));
            run.abort();
            let _ = run.await;
            lock.rollback().await.expect("released");
            // The server ends what nobody waits for any more.
            tokio::time::sleep(Duration::from_millis(300)).await;
            if number(&pools, "select count(*) from erasures where finished_at is null").await == 0 {
                assert!(is_finished(&forget(&pools, &config, person).await), "{table}");
            }
            recover(&pools, &storage, &config, &[person]).await;
        }
    })
    .await;
}
