//! Which sites are listed, and what of them is counted: by what was stored, and only that.

use exporter::config::Sites;
use exporter::ingest::Ingest;
use exporter::ingest::admit::admit;
use exporter::ingest::authenticate::Keys;
use exporter::ingest::decode::decode;
use exporter::ingest::redact::Rules;
use exporter::ledger;
use exporter::metrics::Metrics;
use exporter::store::events::{self, Counting};
use exporter::store::{Pools, sites};
use futures::future::join_all;
use sqlx::Executor;
use uuid::Uuid;
use wire::ForwardBatch;

use crate::database::with_database;
use crate::samples::{batch, config, deliver, deliver_to, event, now, number, taking};

/// A batch of `site` whose events are numbered from `first`; the first is a page view.
pub(crate) fn of_site(site: &str, first: u32, events: u32) -> ForwardBatch {
    let mut batch = batch((first..first + events).map(event).collect());
    site.clone_into(&mut batch.site_id);
    batch.visitor_id = Uuid::from_u128(u128::from(first) + 100);
    "pageview".clone_into(&mut batch.events[0].event.kind);
    batch
}

async fn run(pools: &Pools, sql: &'static str) {
    pools.export.execute(sql).await.expect(sql);
}

async fn keep(pools: &Pools, settings: &Sites) {
    ledger::keep(&pools.export, settings, &config().billing).await.expect("kept");
}

/// `(state, decided_by)` of a site.
async fn state(pools: &Pools, site: &str) -> Option<(String, Option<String>)> {
    sqlx::query_as("select state, decided_by from sites where site_id = $1")
        .bind(site)
        .fetch_optional(&pools.export)
        .await
        .expect("asked")
}

const BILLED: &str = "select coalesce(sum(rows), 0)::bigint from usage where billed";
const COUNTED: &str = "select coalesce(sum(rows), 0)::bigint from usage";
const VIEWS: &str = "select coalesce(sum(page_views), 0)::bigint from usage";

#[tokio::test]
async fn usage_is_what_was_inserted_and_nothing_else() {
    with_database(async |pools| {
        run(&pools, "alter table events add constraint no_poison check (event_type <> 'poison')").await;
        let ingest = taking(&pools);
        // Three copies, some refused by their time, one by Postgres, and all of it in shared transactions.
        let mut batches: Vec<_> = (0..40).map(|n| of_site("a.example.com", n * 10, 3)).collect();
        batches[5].events[1].event.kind = "poison".to_owned();
        batches[6].events[1].event.id = Uuid::from_u128(1);
        for _ in 0..3 {
            join_all(batches.iter().map(|batch| deliver_to(&ingest, batch))).await;
        }
        assert_eq!(number(&pools, "select count(*) from events").await, 118);
        assert_eq!(number(&pools, COUNTED).await, 118);
        assert_eq!(number(&pools, VIEWS).await, 40);
        // Those that are stored in one transaction are not all remembered.
        let visitors = number(&pools, "select count(*) from site_visitors").await;
        assert!((8..=40).contains(&visitors), "{visitors}");
    })
    .await;
}

#[tokio::test]
async fn a_failed_transaction_counts_nothing() {
    with_database(async |pools| {
        run(
            &pools,
            "create function no_segments() returns trigger language plpgsql as $$ begin
                raise exception 'no' using errcode = '53100'; end $$",
        )
        .await;
        run(&pools, "create trigger no_segments after insert on segments for each row execute function no_segments()")
            .await;
        deliver(&pools, &of_site("a.example.com", 0, 3)).await.expect_err("not stored");
        assert_eq!(number(&pools, COUNTED).await, 0);
        assert_eq!(number(&pools, "select count(*) from sites").await, 0);
        assert_eq!(number(&pools, "select count(*) from webhooks").await, 0);
    })
    .await;
}

#[tokio::test]
async fn exporters_side_by_side_count_every_row_once() {
    with_database(async |pools| {
        let ingests = [taking(&pools), taking(&pools), taking(&pools)];
        let name = |n: u32| format!("{}.example.com", n % 7);
        let batches: Vec<_> = (0..300).map(|n| of_site(&name(n), n * 2, 2)).collect();
        let answers = batches.iter().enumerate().map(|(n, batch)| deliver_to(&ingests[n % 3], batch));
        for answer in join_all(answers).await {
            assert_eq!(answer.expect("stored").accepted, 2);
        }
        assert_eq!(number(&pools, COUNTED).await, 600);
        assert_eq!(number(&pools, "select count(*) from sites").await, 7);
        assert_eq!(number(&pools, "select count(*) from webhooks where kind = 'site.discovered'").await, 7);
    })
    .await;
}

#[tokio::test]
async fn a_site_is_billed_from_its_confirmation_on() {
    with_database(async |pools| {
        let settings = Sites { events: 4, visitors: 2, days: 2, ..config().sites };
        let ingest = taking(&pools);
        deliver_to(&ingest, &of_site("a.example.com", 0, 2)).await.expect("stored");
        deliver_to(&ingest, &of_site("a.example.com", 10, 2)).await.expect("stored");
        keep(&pools, &settings).await;
        assert_eq!(state(&pools, "a.example.com").await, Some(("unconfirmed".to_owned(), None)));
        // The same on another day.
        run(&pools, "update usage_counts set day = day - 1").await;
        deliver_to(&ingest, &of_site("a.example.com", 20, 2)).await.expect("stored");
        keep(&pools, &settings).await;
        assert_eq!(state(&pools, "a.example.com").await, Some(("confirmed".to_owned(), Some("threshold".to_owned()))));
        assert_eq!(number(&pools, BILLED).await, 0);
        deliver_to(&ingest, &of_site("a.example.com", 30, 5)).await.expect("stored");
        assert_eq!(number(&pools, BILLED).await, 5);
        assert_eq!(number(&pools, COUNTED).await, 11);
        // A second look tells nothing twice, and nobody counts visitors any more.
        keep(&pools, &settings).await;
        assert_eq!(number(&pools, "select count(*) from webhooks where kind = 'site.confirmed'").await, 1);
        assert_eq!(number(&pools, "select count(*) from site_visitors").await, 0);
    })
    .await;
}

/// A batch of each of these visitors, whose events are numbered from `first`.
fn of_visitors(site: &str, first: u32, visitors: impl Iterator<Item = u128>) -> Vec<ForwardBatch> {
    visitors
        .zip(first..)
        .map(|(visitor, n)| ForwardBatch { visitor_id: Uuid::from_u128(visitor), ..of_site(site, n, 1) })
        .collect()
}

/// Stores batches of these sites in one transaction.
async fn store_together(pools: &Pools, sites: &[&str], batches: &[ForwardBatch]) {
    let decoded: Vec<_> =
        batches.iter().map(|batch| decode(&serde_json::to_vec(batch).expect("json")).expect("a batch")).collect();
    let rows: Vec<_> = decoded.iter().flat_map(|batch| admit(batch, now()).rows).collect();
    let sites = sites.iter().map(|site| (*site, *site)).collect();
    let counting = Counting { day: now().date_naive(), sites, in_time_from: Uuid::nil(), new_sites: 100, attempt: 1 };
    let mut connection = pools.ingest.acquire().await.expect("connected");
    let stored = events::insert(&mut connection, &rows, &counting).await.expect("stored");
    assert_eq!(stored.len(), batches.len());
}

#[tokio::test]
async fn neither_visitors_that_are_known_nor_other_sites_keep_a_visitor_from_being_counted() {
    const VISITORS: &str = "select count(*) from site_visitors where site_id = 'a.example.com'";
    with_database(async |pools| {
        store_together(&pools, &["a.example.com"], &of_visitors("a.example.com", 0, 0..8)).await;
        // The eight come back each time, and with them others.
        store_together(&pools, &["a.example.com"], &of_visitors("a.example.com", 100, 0..12)).await;
        assert_eq!(number(&pools, VISITORS).await, 12);
        // A busy site whose visitors come first.
        let mut batches = of_visitors("forged.example", 200, 0..100);
        batches.extend(of_visitors("a.example.com", 400, 100..104));
        store_together(&pools, &["a.example.com", "forged.example"], &batches).await;
        assert_eq!(number(&pools, VISITORS).await, 16);
        // Of that one, no more than are soon enough.
        assert_eq!(number(&pools, "select count(*) from site_visitors").await, 24);
    })
    .await;
}

#[tokio::test]
async fn one_visitor_confirms_nothing_however_busy() {
    with_database(async |pools| {
        let settings = Sites { events: 1, visitors: 2, days: 1, ..config().sites };
        let mut batches = [of_site("a.example.com", 0, 30), of_site("a.example.com", 50, 30)];
        batches[1].visitor_id = batches[0].visitor_id;
        for batch in &batches {
            deliver(&pools, batch).await.expect("stored");
        }
        keep(&pools, &settings).await;
        assert_eq!(state(&pools, "a.example.com").await, Some(("unconfirmed".to_owned(), None)));
    })
    .await;
}

#[tokio::test]
async fn visitors_are_counted_again_when_they_are_not_enough_any_more() {
    const COUNTS: &str = "select count(*) from sites where counts_visitors";
    with_database(async |pools| {
        let settings = Sites { events: 1, visitors: 2, days: 2, ..config().sites };
        for batch in of_visitors("a.example.com", 0, 0..2) {
            deliver(&pools, &batch).await.expect("stored");
        }
        keep(&pools, &settings).await;
        assert_eq!(number(&pools, COUNTS).await, 0);
        // One of them is forgotten everywhere; and then the operator wants more of them.
        run(&pools, "delete from site_visitors where visitor_id = '00000000-0000-0000-0000-000000000001'").await;
        keep(&pools, &settings).await;
        assert_eq!(number(&pools, COUNTS).await, 1);
        deliver(&pools, &of_visitors("a.example.com", 10, 2..3)[0]).await.expect("stored");
        keep(&pools, &settings).await;
        assert_eq!(number(&pools, COUNTS).await, 0);
        keep(&pools, &Sites { visitors: 3, ..settings.clone() }).await;
        deliver(&pools, &of_visitors("a.example.com", 20, 3..4)[0]).await.expect("stored");
        run(&pools, "update usage_counts set day = day - 1").await;
        deliver(&pools, &of_visitors("a.example.com", 30, 3..4)[0]).await.expect("stored");
        keep(&pools, &Sites { visitors: 3, ..settings }).await;
        assert_eq!(state(&pools, "a.example.com").await, Some(("confirmed".to_owned(), Some("threshold".to_owned()))));
        assert_eq!(number(&pools, COUNTS).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_site_is_found_again_under_its_id_after_a_restore_and_what_is_decided_again_is_told_again() {
    const FOUND: &str = "select count(distinct id) from webhooks_ever where kind = 'site.discovered'";
    const DECIDED: &str = "select count(distinct id) from webhooks_ever where kind = 'site.confirmed'";
    with_database(async |pools| {
        run(&pools, "create table webhooks_ever (id uuid, kind text)").await;
        for n in 0..3 {
            deliver(&pools, &of_site("a.example.com", n * 10, 2)).await.expect("stored");
            let mut transaction = pools.export.begin().await.expect("begun");
            assert!(sites::decide(&mut transaction, "a.example.com", true).await.expect("decided"));
            transaction.commit().await.expect("committed");
            run(&pools, "insert into webhooks_ever select id, kind from webhooks").await;
            // A backup of before.
            run(&pools, "delete from webhooks; delete from sites; delete from events; delete from segments").await;
        }
        assert_eq!(number(&pools, "select count(*) from webhooks_ever").await, 6);
        assert_eq!((number(&pools, FOUND).await, number(&pools, DECIDED).await), (1, 3));
    })
    .await;
}

#[tokio::test]
async fn a_step_of_the_ledger_that_fails_keeps_no_other_from_being_done() {
    with_database(async |pools| {
        deliver(&pools, &of_site("a.example.com", 0, 3)).await.expect("stored");
        run(&pools, "update usage_counts set day = day - 40, billed = true").await;
        // Somebody holds on to a site, as a migration by hand may.
        run(
            &pools,
            "create function no_sites() returns trigger language plpgsql as $$ begin
            raise exception 'locked' using errcode = '55P03'; end $$",
        )
        .await;
        run(&pools, "create trigger no_sites before update on sites for each row execute function no_sites()").await;
        let settings = Sites { events: 1, visitors: 1, days: 1, ..config().sites };
        let error = ledger::keep(&pools.export, &settings, &config().billing).await.expect_err("locked");
        assert_eq!(exporter::store::sqlstate(&error), "55P03");
        assert!(number(&pools, "select count(*) from billing_months").await > 0, "no month is closed");
    })
    .await;
}

#[tokio::test]
async fn an_old_bill_is_told_of_however_long_that_takes() {
    with_database(async |pools| {
        run(
            &pools,
            "insert into webhooks (kind, body, created_at, delivered_at, dead_at)
            select kind, '{}', now() - age, case outcome when 'delivered' then now() end,
                case outcome when 'dead' then now() end
            from unnest(array['month.closed', 'site.discovered']) as kind,
                unnest(array['delivered', 'dead', 'pending']) as outcome,
                unnest(array[interval '89 days', interval '91 days']) as age",
        )
        .await;
        keep(&pools, &config().sites).await;
        let old = "select count(*) from webhooks where created_at < now() - interval '90 days'";
        assert_eq!((number(&pools, old).await, number(&pools, "select count(*) from webhooks").await), (2, 8));
        assert_eq!(
            number(&pools, "select count(*) from webhooks where kind = 'month.closed' and delivered_at is null").await,
            4
        );
    })
    .await;
}

#[tokio::test]
async fn a_site_that_was_listed_meanwhile_keeps_its_name_at_the_cap() {
    with_database(async |pools| {
        for (site, name) in
            [("a.example.com", "a.example.com"), ("b.example.com", "*"), ("a.example.com", "a.example.com")]
        {
            // As another transaction asks that has looked before the site was listed.
            let listed: String = sqlx::query_scalar("select site_discover($1, 1)")
                .bind(site)
                .fetch_one(&pools.export)
                .await
                .expect("asked");
            assert_eq!(listed, name, "{site}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_operator_has_the_last_word() {
    with_database(async |pools| {
        let settings = Sites { events: 1, visitors: 1, days: 1, ..config().sites };
        let decide = async |site: &str, confirms| {
            let mut transaction = pools.export.begin().await.expect("begun");
            let changed = sites::decide(&mut transaction, site, confirms).await.expect("decided");
            transaction.commit().await.expect("committed");
            changed
        };
        assert!(decide("b.example.com", true).await);
        assert!(!decide("b.example.com", true).await);
        assert!(decide("a.example.com", false).await);
        deliver(&pools, &of_site("a.example.com", 0, 3)).await.expect("stored");
        deliver(&pools, &of_site("b.example.com", 10, 4)).await.expect("stored");
        keep(&pools, &settings).await;
        assert_eq!(state(&pools, "a.example.com").await, Some(("ignored".to_owned(), Some("operator".to_owned()))));
        assert_eq!(number(&pools, BILLED).await, 4);
        assert_eq!(number(&pools, COUNTED).await, 7);
        assert_eq!(number(&pools, "select count(*) from webhooks").await, 1);
    })
    .await;
}

#[tokio::test]
async fn every_decision_on_what_is_billed_is_told_once() {
    with_database(async |pools| {
        let decide = async |site: &str, confirms| {
            let mut transaction = pools.export.begin().await.expect("begun");
            let changed = sites::decide(&mut transaction, site, confirms).await.expect("decided");
            transaction.commit().await.expect("committed");
            changed
        };
        for (confirms, changed) in
            [(true, true), (true, false), (false, true), (false, false), (true, true), (false, true)]
        {
            assert_eq!(decide("a.example.com", confirms).await, changed);
        }
        // It never was billed.
        assert!(decide("b.example.com", false).await);
        deliver(&pools, &of_site("c.example.com", 0, 3)).await.expect("stored");
        assert!(decide("c.example.com", false).await);
        let told: Vec<(String, String)> = sqlx::query_as(
            "select kind, (body::json -> 'data')::text from webhooks where kind <> 'site.discovered' order by number",
        )
        .fetch_all(&pools.export)
        .await
        .expect("asked");
        let confirmed = r#"{"site_id" : "a.example.com", "confirmed_by" : "operator"}"#;
        let ignored = r#"{"site_id" : "a.example.com"}"#;
        let expected = [("site.confirmed", confirmed), ("site.ignored", ignored)].repeat(2);
        assert_eq!(told.iter().map(|(kind, data)| (kind.as_str(), data.as_str())).collect::<Vec<_>>(), expected);
    })
    .await;
}

#[tokio::test]
async fn visitors_that_come_after_the_decision_are_forgotten() {
    with_database(async |pools| {
        deliver(&pools, &of_site("a.example.com", 0, 1)).await.expect("stored");
        for (site, confirms) in [("b.example.com", true), ("c.example.com", false)] {
            let mut connection = pools.export.acquire().await.expect("connected");
            sites::decide(&mut connection, site, confirms).await.expect("decided");
        }
        // As inserts leave them that have looked before the decision, or before the site was forgotten.
        run(
            &pools,
            "insert into site_visitors
            select name || '.example.com', gen_random_uuid() from unnest(array['b', 'c', 'd']) as name",
        )
        .await;
        keep(&pools, &config().sites).await;
        let left: Vec<String> =
            sqlx::query_scalar("select site_id from site_visitors").fetch_all(&pools.export).await.expect("asked");
        assert_eq!(left, ["a.example.com"]);
    })
    .await;
}

#[tokio::test]
async fn forged_sites_are_stored_and_listed_up_to_the_cap_however_many_come_at_once() {
    with_database(async |pools| {
        let ingests: Vec<_> = (0..3)
            .map(|_| {
                let (keys, metrics) = (Keys::new(&config().ingest.keys), Metrics::new().expect("metrics"));
                Ingest::new(keys, Rules::default(), pools.ingest.clone(), 10, metrics)
            })
            .collect();
        let batches: Vec<_> = (0..300).map(|n| of_site(&format!("forged-{n}.example"), n * 2, 1)).collect();
        let answers = batches.iter().enumerate().map(|(n, batch)| deliver_to(&ingests[n % 3], batch));
        for answer in join_all(answers).await {
            assert_eq!(answer.expect("stored").accepted, 1);
        }
        assert_eq!(number(&pools, "select count(*) from sites").await, 10);
        assert_eq!(number(&pools, "select count(*) from webhooks").await, 10);
        assert_eq!(number(&pools, COUNTED).await, 300);
        assert_eq!(number(&pools, "select sum(rows)::bigint from usage where site_id = '*' and not billed").await, 290);
        assert_eq!(number(&pools, "select count(distinct site_id) from usage").await, 11);
        let today = sites::new_today(&mut pools.export.acquire().await.expect("connected")).await.expect("asked");
        assert_eq!(today, (10, 290));
        // Tomorrow there is room again.
        run(&pools, "update site_days set day = day - 1").await;
        deliver_to(&ingests[0], &of_site("another.example", 1000, 1)).await.expect("stored");
        assert_eq!(number(&pools, "select count(*) from sites").await, 11);
    })
    .await;
}

#[tokio::test]
async fn what_is_silent_and_unconfirmed_is_forgotten_and_what_was_counted_stays() {
    with_database(async |pools| {
        for (site, first) in [("silent.example", 0), ("loud.example", 10), ("known.example", 20)] {
            deliver(&pools, &of_site(site, first, 2)).await.expect("stored");
        }
        run(&pools, "update usage_counts set day = day - 40 where site_id <> 'loud.example'").await;
        run(&pools, "update sites set discovered_at = discovered_at - interval '40 days'").await;
        run(&pools, "update sites set state = 'ignored', decided_at = now(), decided_by = 'operator' where site_id = 'known.example'").await;
        keep(&pools, &config().sites).await;
        assert_eq!(state(&pools, "silent.example").await, None);
        assert_eq!(number(&pools, "select count(*) from sites").await, 2);
        assert_eq!(number(&pools, COUNTED).await, 6);
        assert_eq!(number(&pools, "select sum(rows)::bigint from usage where site_id = '*'").await, 2);
        assert_eq!(number(&pools, "select count(*) from site_visitors where site_id = 'silent.example'").await, 0);
    })
    .await;
}
