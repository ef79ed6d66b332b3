//! What lands in a bucket late, of workers who have lost the database, or died in the middle of an upload: nothing of it
//! brings back what was erased.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use exporter::config::{Config, Format};
use exporter::erasure::access::access;
use exporter::erasure::visitor::Visitor;
use exporter::export::hours::Hours;
use exporter::export::{Exporter, Order};
use exporter::progress::Progress;
use exporter::store::Pools;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgPoolOptions;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{
    JANE, JOE, PATIENCE, author, contents, doomed, ensure_clean, ensure_gone, expire, export, exporter, forget, found,
    is_finished, resume, store,
};
use crate::database::with_database;
use crate::proxy::{Fault, Proxy};
use crate::samples::number;
use crate::storage::Storage;

/// A way to the database that can be cut.
async fn line(pools: &Pools) -> (sqlx::PgPool, watch::Sender<bool>) {
    let options = (*pools.export.connect_options()).clone();
    let upstream = (options.get_host().to_owned(), options.get_port());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (cut, is_cut) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            let (upstream, mut is_cut) = (upstream.clone(), is_cut.clone());
            tokio::spawn(async move {
                let both = async {
                    let mut there = TcpStream::connect(upstream).await.expect("the database");
                    let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                };
                tokio::select! {
                    () = both => {}
                    _ = is_cut.wait_for(|is_cut| *is_cut) => {}
                }
            });
        }
    });
    let options = options.host("127.0.0.1").port(port);
    let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(1));
    (pool.connect_lazy_with(options), cut)
}

fn settings(storage: &Storage, proxy: &Proxy) -> Config {
    let mut config = proxy.config(storage);
    config.destinations.truncate(1);
    config.export.formats = vec![Format::Jsonl];
    config.export.lease = "1s".parse().expect("a period");
    config.destinations[0].timeout = "4s".parse().expect("a period");
    config
}

#[tokio::test]
async fn a_worker_without_the_database_stops_and_what_it_put_late_brings_nobody_back() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let config = settings(&storage, &proxy);
        for person in [JANE, JOE] {
            store(&pools, &person.batch(0..3, 0)).await;
        }
        let (pool, cut) = line(&pools).await;
        let alone = Exporter::new(pool, &config, "alone".to_owned());
        proxy.fail(Fault::Late(3_500), "PUT /example-events/format", 0, usize::MAX);
        let running = tokio::spawn(async move { alone.run().await });
        timeout(PATIENCE, proxy.failed()).await.expect("in time");
        cut.send_replace(true);
        // It stops with its lease, not when the storage has let it wait for long enough.
        let report = timeout(Duration::from_secs(3), running).await.expect("it stops").expect("ran");
        if let Ok(report) = report {
            assert!(report.failures.iter().all(|it| it.code == "Database"), "{report:?}");
        }
        assert_eq!(proxy.mend(), 1, "it goes on writing");

        // Another one is there, and whoever is to be forgotten is.
        assert!(!is_finished(&forget(&pools, &config, JANE).await), "the other worker is to deliver it");
        export(&pools, &config).await;
        assert!(is_finished(&resume(&pools, &config).await));
        sleep(Duration::from_secs(4)).await;
        ensure_gone(&pools, &storage).await;
        ensure_clean(&pools, &storage, &config).await;
    })
    .await;
}

#[tokio::test]
async fn an_export_that_was_not_the_first_try_is_left_time_to_land() {
    with_database(async |pools| {
        let storage = Storage::start().await;
        let proxy = Proxy::start(&storage).await;
        let mut config = settings(&storage, &proxy);
        config.export.lease = "1m".parse().expect("a period");
        for person in [JANE, JOE] {
            store(&pools, &person.batch(0..3, 0)).await;
        }
        // Somebody died over it, somebody else has delivered it, and then what the first one put lands.
        proxy.fail(Fault::Late(3_500), "PUT /example-events/format", 0, usize::MAX);
        let died = {
            let exporter = doomed(&pools, &config);
            tokio::spawn(async move { exporter.run().await })
        };
        timeout(PATIENCE, proxy.failed()).await.expect("in time");
        died.abort();
        let _ = died.await;
        proxy.mend();
        expire(&pools).await;
        export(&pools, &config).await;
        assert!(is_finished(&forget(&pools, &config, JANE).await));
        sleep(Duration::from_secs(4)).await;
        ensure_gone(&pools, &storage).await;
        ensure_clean(&pools, &storage, &config).await;
    })
    .await;
}

#[tokio::test]
async fn a_backfill_that_no_longer_keeps_erasures_away_ends_and_brings_nobody_back() {
    for to_prefix in [None, Some("again/")] {
        with_database(async |pools| {
            let storage = Storage::start().await;
            let proxy = Proxy::start(&storage).await;
            let mut config = settings(&storage, &proxy);
            config.destinations[0].timeout = "20s".parse().expect("a period");
            for person in [JANE, JOE] {
                store(&pools, &person.batch(0..3, 0)).await;
            }
            export(&pools, &config).await;
            store(&pools, &JOE.batch(3..4, 0)).await;
            export(&pools, &config).await;

            proxy.fail(Fault::Late(4_000), "PUT", 0, 1);
            let backfilling = {
                let exporter = exporter(&pools, &config);
                let hours = Hours { from: "2000-01-01".parse().ok(), to: None };
                let order = Order { hours, to_prefix: to_prefix.map(str::to_owned), ..Order::default() };
                tokio::spawn(async move { exporter.run_now(&order, &Progress::silent()).await.expect("run") })
            };
            timeout(PATIENCE, proxy.failed()).await.expect("in time");
            // Postgres was started again, say.
            let ended = "select count(pg_terminate_backend(pid)) from pg_locks
                where locktype = 'advisory' and mode = 'ShareLock'
                    and database = (select oid from pg_database where datname = current_database())";
            assert!(number(&pools, ended).await >= 1, "nothing keeps erasures away");
            // What is put below another prefix meanwhile is named, and no part of the export.
            assert!(forget(&pools, &config, JANE).await.erasures.iter().all(|it| it.finished));
            assert!(!backfilling.is_finished(), "the erasure was not the first");

            let report = backfilling.await.expect("ran");
            let told: Vec<_> = report.failures.iter().map(|it| (it.code.as_str(), it.reason.as_str())).collect();
            assert!(matches!(told[..], [("Database", reason)] if reason.contains("erasure")), "{told:?}");
            assert_eq!(report.objects.len(), 1, "of two batches: {report:?}");
            assert_eq!(found(&contents(&storage), JANE), BTreeSet::new());
            let (visitor, author, silent, mut out) =
                (Visitor(JANE.visitor()), author(), Progress::silent(), Vec::new());
            let exporter = exporter(&pools, &config);
            let held = access(&pools.export, &exporter, visitor, &author, &mut out, &silent);
            let copies: Vec<_> = held.await.expect("told").copies.into_iter().map(|it| it.prefix).collect();
            assert_eq!(copies, to_prefix.into_iter().collect::<Vec<_>>());
            ensure_clean(&pools, &storage, &config).await;
        })
        .await;
    }
}

/// Some 1.3 MB of rows of one visitor, so that an object goes in two parts of a megabyte.
async fn store_much(pools: &Pools) {
    for part in 0..9 {
        let mut batch = JANE.batch(part * 50..part * 50 + 50, 0);
        batch.batch_id = Uuid::from_u128(u128::from(part));
        for (n, event) in (part * 50..).zip(&mut batch.events) {
            let noise: Vec<u8> =
                (0..90_u32).flat_map(|block| Sha256::digest([n.to_be_bytes(), block.to_be_bytes()].concat())).collect();
            let data = format!(r#"{{"noise": "{}"}}"#, BASE64_STANDARD.encode(noise));
            event.event.data = RawValue::from_string(data).expect("json");
        }
        store(pools, &batch).await;
    }
}

#[tokio::test]
async fn parts_of_an_upload_that_nobody_ended_do_not_outlive_a_visitor() {
    // The rest of the batch is too small for parts; or nobody tries to bring the batch there any more.
    for is_exported in [false, true] {
        with_database(async |pools| {
            let storage = Storage::start().await;
            let proxy = Proxy::start(&storage).await;
            let mut config = settings(&storage, &proxy);
            config.export.lease = "1m".parse().expect("a period");
            config.destinations[0].part_size = "1MiB".parse().expect("a size");
            store_much(&pools).await;
            store(&pools, &JOE.batch(0..1, 0)).await;
            proxy.fail(Fault::Hang, "partNumber=2", 0, usize::MAX);
            let died = {
                let exporter = doomed(&pools, &config);
                tokio::spawn(async move { exporter.run().await })
            };
            timeout(PATIENCE, proxy.failed()).await.expect("in time");
            died.abort();
            let _ = died.await;
            proxy.mend();
            expire(&pools).await;
            assert_eq!(storage.uploads(), 1);
            config.destinations[0].part_size = "16MiB".parse().expect("a size");
            if is_exported {
                export(&pools, &config).await;
                assert_eq!(storage.uploads(), 1);
            }
            config.destinations[0].timeout = "1s".parse().expect("a period");
            forget(&pools, &config, JANE).await;
            export(&pools, &config).await;
            assert!(is_finished(&resume(&pools, &config).await));
            assert_eq!(storage.uploads(), 0, "its parts have rows of a visitor who is gone");
            ensure_gone(&pools, &storage).await;
            ensure_clean(&pools, &storage, &config).await;
        })
        .await;
    }
}
