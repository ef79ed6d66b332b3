//! Months: what they came to, and that each is closed and told of once.

use exporter::billing::{Month, Plan, report};
use exporter::config::Billing;
use exporter::ledger;
use exporter::store::Pools;
use sqlx::AssertSqlSafe;

use crate::database::with_database;
use crate::samples::{config, number};

const OCTOBER: &str = "2026-10";

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
            report(&mut pools.export.acquire().await.expect("connected"), &billing, month).await.expect("read");
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
        assert_eq!(number(&pools, "select count(*) from billing_months").await, 2);
        assert_eq!(number(&pools, "select count(*) from webhooks where kind = 'month.closed'").await, 2);
        // 80 and 100 percent of September, before it was closed.
        assert_eq!(number(&pools, "select count(*) from webhooks where kind = 'plan.threshold_passed'").await, 2);
        assert_eq!(number(&pools, "select total_cents from billing_months where month = '2026-09-01'").await, 21_900);
        let september: Month = "2026-09".parse().expect("a month");
        let report =
            report(&mut pools.export.acquire().await.expect("connected"), &growth, september).await.expect("read");
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
