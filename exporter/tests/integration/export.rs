//! Claims and leases. Delivery to a real bucket is tested end to end.

use std::collections::{HashMap, HashSet};

use exporter::export::claim;
use exporter::export::objects::{event_ids, render};
use exporter::progress::Work;
use exporter::store::deliveries::{self, Lease};
use exporter::store::export_batches::{self, ExportBatch, Reach};
use exporter::store::{Pools, segments, tries};
use futures::future::join_all;
use sqlx::PgConnection;
use wire::Selection;

use crate::database::with_database;
use crate::samples::{batch, deliver, event, number, plan};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

async fn ingest_segments(pools: &Pools, count: u32) {
    for n in 0..count {
        deliver(pools, &batch(vec![event(2 * n), event(2 * n + 1)])).await.expect("stored");
    }
}

async fn claimed(pools: &Pools) -> ExportBatch {
    claim(&pools.export, &plan(&["client", "backup"]), Reach::Now).await.expect("claimed").expect("something")
}

#[tokio::test]
async fn concurrent_claims_take_disjoint_segments_in_one_chain() {
    with_database(async |pools| {
        ingest_segments(&pools, 40).await;
        sqlx::query("update segments set ingested_at = ingested_at - make_interval(hours => (id % 10)::int)")
            .execute(&pools.export)
            .await
            .expect("spread over ten hours");
        let plan = plan(&["client"]);
        let worker = async || {
            let mut batches = Vec::new();
            while let Some(batch) = claim(&pools.export, &plan, Reach::Now).await.expect("claimed") {
                batches.push(batch);
            }
            batches
        };
        let of_workers = join_all((0..4).map(|_| worker())).await;
        // Each waited for its turn: none took the others' locks for the end of the work.
        assert!(of_workers.iter().all(|batches| !batches.is_empty()), "{of_workers:?}");
        let batches: Vec<_> = of_workers.into_iter().flatten().collect();

        let mut connection = pools.export.acquire().await.expect("connected");
        let mut members = Vec::new();
        for batch in &batches {
            members.extend(segments::of_batch(&mut connection, batch.id).await.expect("members"));
        }
        assert_eq!(members.len(), 40);
        assert_eq!(members.iter().collect::<HashSet<_>>().len(), 40);
        assert_eq!(batches.iter().map(|batch| batch.rows).sum::<i64>(), 80);
        assert_eq!(batches.iter().map(|batch| batch.hour).collect::<HashSet<_>>().len(), 10);

        let after: HashMap<_, _> = batches.iter().map(|batch| (batch.previous, batch.id)).collect();
        let mut chain = vec![after[&None]];
        while let Some(next) = after.get(&chain.last().copied()) {
            chain.push(*next);
        }
        assert_eq!(chain.len(), batches.len());
    })
    .await;
}

#[tokio::test]
async fn membership_is_written_once() {
    with_database(async |pools| {
        ingest_segments(&pools, 2).await;
        let first = claimed(&pools).await;
        assert_eq!(first.rows, 4);
        assert!(claim(&pools.export, &plan(&[]), Reach::Now).await.expect("nothing").is_none());
        ingest_segments(&pools, 3).await;
        let second = claimed(&pools).await;
        assert_eq!((second.rows, second.previous), (2, Some(first.id)));
        let mut connection = pools.export.acquire().await.expect("connected");
        assert_eq!(export_batches::get(&mut connection, first.id).await.expect("unchanged"), first);
    })
    .await;
}

async fn lease(connection: &mut PgConnection, destination: &str) -> Option<Lease> {
    deliveries::lease(connection, destination, "test", 60, false, &[]).await.expect("asked")
}

#[tokio::test]
async fn a_worker_that_slept_past_its_lease_changes_nothing() {
    with_database(async |pools| {
        ingest_segments(&pools, 1).await;
        claimed(&pools).await;
        let mut connection = pools.export.acquire().await.expect("connected");
        let sleeper = lease(&mut connection, "client").await.expect("free");
        assert_eq!(lease(&mut connection, "client").await, None);
        sqlx::query("update deliveries set lease_until = clock_timestamp() - interval '1 second'")
            .execute(&mut *connection)
            .await
            .expect("time passes");
        let successor = lease(&mut connection, "client").await.expect("free again");
        assert_eq!(successor.epoch, sleeper.epoch + 1);

        let state = "select jsonb_agg(to_jsonb(deliveries) order by destination)::text from deliveries";
        let before: String = sqlx::query_scalar(state).fetch_one(&mut *connection).await.expect("state");
        assert!(!deliveries::renew(&mut connection, &sleeper, 60).await.expect("asked"));
        assert!(!deliveries::give_back(&mut connection, &sleeper, "", "late").await.expect("asked"));
        let failed = tries::fail(&mut connection, &sleeper, "", "late", 1, 1).await.expect("asked");
        assert_eq!(failed, None);
        assert!(!deliveries::finish(&mut connection, &sleeper, 1).await.expect("asked"));
        let after: String = sqlx::query_scalar(state).fetch_one(&mut *connection).await.expect("state");
        assert_eq!(after, before);

        assert!(deliveries::finish(&mut connection, &successor, 1).await.expect("asked"));
        assert!(!deliveries::finish(&mut connection, &successor, 1).await.expect("once"));
        assert_eq!(lease(&mut connection, "client").await, None);
    })
    .await;
}

#[tokio::test]
async fn a_delivery_that_failed_waits_behind_those_not_tried() {
    with_database(async |pools| {
        ingest_segments(&pools, 1).await;
        let first = claimed(&pools).await;
        ingest_segments(&pools, 2).await;
        let second = claimed(&pools).await;
        let mut connection = pools.export.acquire().await.expect("connected");
        let failing = lease(&mut connection, "client").await.expect("free");
        assert_eq!(failing.export_batch_id, first.id);
        assert!(deliveries::give_back(&mut connection, &failing, "", "refused").await.expect("given back"));
        let order = [lease(&mut connection, "client").await, lease(&mut connection, "client").await];
        assert_eq!(order.map(|lease| lease.map(|it| it.export_batch_id)), [Some(second.id), Some(first.id)]);
    })
    .await;
}

#[tokio::test]
async fn a_segment_is_exported_when_the_last_required_destination_has_it() {
    with_database(async |pools| {
        ingest_segments(&pools, 1).await;
        let batch = claimed(&pools).await;
        let exported = "select count(*) from segments where exported_at is not null";
        let required = names(&["client", "backup"]);
        for (destination, expected) in [("client", 0), ("backup", 1)] {
            let mut connection = pools.export.acquire().await.expect("connected");
            let lease = lease(&mut connection, destination).await.expect("free");
            assert!(deliveries::finish(&mut connection, &lease, 1).await.expect("finished"));
            segments::mark_exported(&mut connection, Some(batch.id), &required).await.expect("marked");
            assert_eq!(number(&pools, exported).await, expected, "after {destination}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_renders_to_the_same_bytes_whenever_it_is_rendered() {
    with_database(async |pools| {
        ingest_segments(&pools, 20).await;
        let batch = claimed(&pools).await;
        let first = render(&pools.export, &batch, &Selection::default(), &Work::silent()).await.expect("rendered");
        // Physically another table, its rows in another order, and the same rows.
        sqlx::query("cluster events_20261122 using events_20261122_pkey")
            .execute(&pools.export)
            .await
            .expect("rewritten");
        sqlx::query("create table moved as select * from events").execute(&pools.export).await.expect("copied");
        sqlx::query("delete from events").execute(&pools.export).await.expect("gone");
        sqlx::query("insert into events select * from moved order by random()")
            .execute(&pools.export)
            .await
            .expect("back");
        let second = render(&pools.export, &batch, &Selection::default(), &Work::silent()).await.expect("rendered");
        assert_eq!(first.objects.len(), 3);
        for (first, second) in first.objects.iter().zip(&second.objects) {
            assert_eq!(first.file.sha256, second.file.sha256, "{:?}", first.format);
            let ids = event_ids(first.format.name(), first.file.reader().expect("a file")).expect("readable");
            let ids = ids.collect::<Result<Vec<_>, _>>().expect("readable");
            assert_eq!(ids.len(), 40);
            assert!(ids.is_sorted());
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_lost_rows_is_not_rendered() {
    with_database(async |pools| {
        ingest_segments(&pools, 2).await;
        let batch = claimed(&pools).await;
        sqlx::query("delete from events where seq = 0").execute(&pools.export).await.expect("gone");
        let error =
            render(&pools.export, &batch, &Selection::default(), &Work::silent()).await.expect_err("incomplete");
        assert_eq!(error.to_string(), "the segments promise 4 rows, the database holds 3");
        // The connection is as it was: no setting of the copy is left behind.
        let setting: String = sqlx::query_scalar("show enable_seqscan").fetch_one(&pools.export).await.expect("asked");
        assert_eq!(setting, "on");
    })
    .await;
}

#[tokio::test]
async fn hours_that_are_over_are_claimed_whole() {
    with_database(async |pools| {
        ingest_segments(&pools, 6).await;
        // Two of this hour, two of the last one, two of one long ago.
        sqlx::query(
            "update segments set ingested_at = ingested_at - make_interval(hours => (id % 3)::int * (id % 3)::int)",
        )
        .execute(&pools.export)
        .await
        .expect("spread");
        let claim = async |reach| claim(&pools.export, &plan(&["client"]), reach).await.expect("asked");
        let mut batches = Vec::new();
        while let Some(batch) = claim(Reach::FullHours).await {
            batches.push(batch);
        }
        let now: chrono::DateTime<chrono::Utc> =
            sqlx::query_scalar("select now()").fetch_one(&pools.export).await.expect("the time");
        assert!(batches.iter().all(|batch| batch.hour + chrono::TimeDelta::hours(1) <= now && batch.rows == 4));
        // In the first minute of an hour the last one is not taken to be over.
        assert!((1..=2).contains(&batches.len()), "{batches:?}");
        let rest = [claim(Reach::Now).await, claim(Reach::Now).await, claim(Reach::Now).await];
        assert_eq!(rest.iter().flatten().count() + batches.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_partial_delivery_never_marks_a_segment() {
    with_database(async |pools| {
        ingest_segments(&pools, 1).await;
        let mut plan = plan(&["client"]);
        plan.destinations[0].selection.sites = vec!["other.example".to_owned()];
        let batch = claim(&pools.export, &plan, Reach::Now).await.expect("claimed").expect("something");
        let mut connection = pools.export.acquire().await.expect("connected");
        let taken = deliveries::taken(&mut connection, batch.id, "client").await.expect("recorded");
        assert_eq!(taken.selection, plan.destinations[0].selection);
        let lease = lease(&mut connection, "client").await.expect("free");
        assert!(deliveries::finish(&mut connection, &lease, 1).await.expect("finished"));
        segments::mark_exported(&mut connection, None, &names(&["client"])).await.expect("asked");
        assert_eq!(number(&pools, "select count(*) from segments where exported_at is not null").await, 0);
    })
    .await;
}
