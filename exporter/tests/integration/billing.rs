//! Months: what they came to, and that each is closed and told of once.

use chrono::NaiveDate;
use exporter::billing::{Month, Plan, report};
use exporter::config::Billing;
use exporter::ledger;
use exporter::store::{self, Pools};
use sqlx::{AssertSqlSafe, Executor};
use uuid::Uuid;

use crate::database::with_database;
use crate::samples::{config, number};

const OCTOBER: &str = "2026-10";
const MONTHS: &str = "select count(*) from billing_months where month <= '2026-10-01'";

async fn count(pools: &Pools, day: &str, site: &str, billed: bool, slot: i16, page_views: i64) {
    let sql = format!(
        "insert into usage_counts values ('{day}', '{site}', {billed}, {slot}, {page_views} + 5, {page_views})"
    );
    sqlx::query(AssertSqlSafe(sql)).execute(&pools.export).await.expect("inserted");
}

#[tokio::test]
async fn a_month_is_billed_by_the_page_views_of_confirmed_sites() {
    with_database(async |pools| {
        count(&pools, "2026-09-30", "a.example.com", true, 0, 1_000).await;
        count(&pools, "2026-10-01", "a.example.com", true, 0, 600_000).await;
        count(&pools, "2026-10-01", "a.example.com", true, 1, 100_000).await;
        count(&pools, "2026-10-31", "b.example.com", true, 0, 350_000).await;
        count(&pools, "2026-10-31", "c.example.com", false, 0, 70).await;
        count(&pools, "2026-11-01", "a.example.com", true, 0, 1_000).await;
        let billing = Billing { plan: Plan::Small, hipaa: true, tell_at_percent: vec![] };
        let month: Month = OCTOBER.parse().expect("a month");
        let report =
            report(&mut pools.export.acquire().await.expect("connected"), &billing, Some(month)).await.expect("read");
        assert_eq!((report.billed.page_views, report.billed.events), (1_050_000, 1_050_015));
        assert_eq!(report.unbilled.page_views, 70);
        let sites: Vec<_> = report.sites.iter().map(|it| (it.site_id.as_str(), it.page_views)).collect();
        assert_eq!(sites, [("a.example.com", 700_000), ("b.example.com", 350_000)]);
        let days: Vec<_> = report.days.iter().map(|it| (it.day.to_string(), it.site_id.as_str(), it.billed)).collect();
        assert_eq!(
            days,
            [
                ("2026-10-01".to_owned(), "a.example.com", true),
                ("2026-10-31".to_owned(), "b.example.com", true),
                ("2026-10-31".to_owned(), "c.example.com", false),
            ]
        );
        // 199.00 and 5.00 and 1,500.00
        assert_eq!(report.bill.total_cents, 170_400);
    })
    .await;
}

#[tokio::test]
async fn a_month_that_is_over_is_closed_once_and_as_it_was_agreed_on_then() {
    with_database(async |pools| {
        count(&pools, "2026-09-30", "a.example.com", true, 0, 1_200_000).await;
        count(&pools, "2026-10-31", "a.example.com", true, 0, 10).await;
        let small = Billing { plan: Plan::Small, hipaa: false, tell_at_percent: vec![80, 100] };
        let growth = Billing { plan: Plan::Growth, ..small.clone() };
        let (mine, other) = (pools.export.clone(), pools.export.clone());
        let sites = config().sites;
        let (one, two) = tokio::join!(ledger::keep(&mine, &sites, &small), ledger::keep(&other, &sites, &small));
        one.and(two).expect("kept");
        ledger::keep(&pools.export, &sites, &growth).await.expect("kept");
        assert_eq!(number(&pools, MONTHS).await, 2);
        // The clock is the database's: months may have passed since.
        let each_once =
            "select count(*) - count(distinct body::json->'data'->>'month') from webhooks where kind = 'month.closed'";
        assert_eq!(number(&pools, each_once).await, 0);
        // 80 and 100 percent of September, before it was closed.
        assert_eq!(number(&pools, "select count(*) from webhooks where kind = 'plan.threshold_passed'").await, 2);
        assert_eq!(number(&pools, "select total_cents from billing_months where month = '2026-09-01'").await, 21_900);
        let september: Month = "2026-09".parse().expect("a month");
        let report = report(&mut pools.export.acquire().await.expect("connected"), &growth, Some(september))
            .await
            .expect("read");
        assert_eq!((report.bill.plan, report.bill.total_cents), (Plan::Small, 21_900));
        assert!(report.closed_at.is_some());
        let body: String =
            sqlx::query_scalar("select body from webhooks where kind = 'month.closed' order by number limit 1")
                .fetch_one(&pools.export)
                .await
                .expect("told");
        let body: serde_json::Value = serde_json::from_str(&body).expect("json");
        assert_eq!(body["type"], "month.closed");
        assert_eq!(body["data"]["month"], "2026-09");
        assert_eq!(body["data"]["total_cents"], 21_900);
    })
    .await;
}

/// The day that usage is counted for now.
async fn today(pools: &Pools) -> NaiveDate {
    let mut connection = pools.export.acquire().await.expect("connected");
    store::billing::now(&mut connection).await.expect("asked").date_naive()
}

/// The ids of what was told of bills, and what it is about.
async fn told(pools: &Pools) -> Vec<(String, Option<String>, Option<String>, Uuid)> {
    sqlx::query_as(
        "select kind, body::json->'data'->>'month', body::json->'data'->>'percent', id from webhooks
        where kind in ('month.closed', 'plan.threshold_passed') order by 1, 2, 3",
    )
    .fetch_all(&pools.export)
    .await
    .expect("asked")
}

#[tokio::test]
async fn after_a_restore_bills_are_told_of_under_the_ids_they_had_and_no_other_installation_has_them() {
    let billing = Billing { plan: Plan::Small, hipaa: false, tell_at_percent: vec![80, 100] };
    let close = async |pools: &Pools| {
        count(pools, "2026-09-30", "a.example.com", true, 0, 1_200_000).await;
        ledger::keep(&pools.export, &config().sites, &billing).await.expect("kept");
        told(pools).await
    };
    with_database(async |pools| {
        let before = close(&pools).await;
        assert!(before.len() >= 4, "{before:?}");
        // The backup is from before the end of the month.
        pools
            .export
            .execute("delete from billing_months; delete from billing_thresholds; delete from webhooks; delete from usage_counts")
            .await
            .expect("restored");
        assert_eq!(close(&pools).await, before);
        with_database(async |other| {
            let ids: Vec<_> = before.iter().map(|(.., id)| id).collect();
            assert!(close(&other).await.iter().all(|(.., id)| !ids.contains(&id)));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_month_without_usage_is_billed_between_others_and_none_before_the_first() {
    with_database(async |pools| {
        let billing = Billing { plan: Plan::Small, hipaa: true, tell_at_percent: vec![] };
        let ask = async |month: &str| {
            let mut connection = pools.export.acquire().await.expect("connected");
            report(&mut connection, &billing, Some(month.parse().expect("a month"))).await.map_err(|it| it.to_string())
        };
        // Nothing was ever stored: nothing is due.
        ledger::keep(&pools.export, &config().sites, &billing).await.expect("kept");
        assert_eq!(number(&pools, MONTHS).await, 0);
        assert!(ask(OCTOBER).await.expect_err("no bill").contains("no event"));

        count(&pools, "2026-07-31", "a.example.com", false, 0, 10).await;
        count(&pools, "2026-10-01", "a.example.com", true, 0, 10).await;
        ledger::keep(&pools.export, &config().sites, &billing).await.expect("kept");
        assert_eq!(number(&pools, MONTHS).await, 4);
        let august = ask("2026-08").await.expect("a bill");
        assert_eq!((august.billed.page_views, august.bill.total_cents), (0, 169_900));
        assert!(august.closed_at.is_some());
        assert_eq!(number(&pools, "select total_cents from billing_months where month = '2026-09-01'").await, 169_900);
        assert!(ask("2026-06").await.expect_err("no bill").contains("2026-07"));
        assert!(ask("9999-12").await.expect_err("no bill").contains("has not begun"));
    })
    .await;
}

#[tokio::test]
async fn a_share_is_told_again_when_the_plan_includes_more() {
    with_database(async |pools| {
        let today = today(&pools).await;
        count(&pools, &today.to_string(), "a.example.com", true, 0, 10_000_000).await;
        let small = Billing { plan: Plan::Small, hipaa: false, tell_at_percent: vec![80, 100] };
        let growth = Billing { plan: Plan::Growth, ..small.clone() };
        for (billing, messages) in [(&small, 2), (&growth, 4), (&small, 4), (&growth, 4)] {
            ledger::keep(&pools.export, &config().sites, billing).await.expect("kept");
            let told = number(&pools, "select count(*) from webhooks where kind = 'plan.threshold_passed'").await;
            assert_eq!(told, messages, "{}", billing.plan.name());
        }
    })
    .await;
}

#[tokio::test]
async fn a_report_is_of_one_moment() {
    with_database(async |pools| {
        let today = today(&pools).await;
        count(&pools, &today.to_string(), "a.example.com", true, 0, 10).await;
        let billing = Billing { plan: Plan::Small, hipaa: false, tell_at_percent: vec![] };
        // It is kept waiting in the middle.
        let mut held = pools.export.acquire().await.expect("connected");
        held.execute("begin; lock table billing_months in access exclusive mode").await.expect("locked");
        let asked = async {
            let mut connection = pools.operator.acquire().await.expect("connected");
            report(&mut connection, &billing, Some(Month::of(today))).await.expect("read")
        };
        let meanwhile = async {
            let waiting = "select count(*) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'";
            while number(&pools, waiting).await == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            count(&pools, &today.to_string(), "b.example.com", true, 0, 100).await;
            held.execute("rollback").await.expect("released");
        };
        let (report, ()) = tokio::join!(asked, meanwhile);
        let sum = |views: Vec<i64>| views.into_iter().sum::<i64>();
        assert_eq!(sum(report.sites.iter().map(|it| it.page_views).collect()), report.billed.page_views);
        assert_eq!(sum(report.days.iter().map(|it| it.page_views).collect()), report.billed.page_views);
    })
    .await;
}
