//! What is counted with the events: outcomes, loss, and personal data that an edge let pass.

use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use exporter::ingest::tally::LATE_MS;
use exporter::metrics::{Metrics, Process, gauges};
use exporter::regular::{self, Turn};
use exporter::status;
use exporter::store::{Pools, losses, sites};
use futures::future::join_all;
use serde_json::value::RawValue;
use sqlx::AssertSqlSafe;
use tokio::task::JoinSet;
use uuid::Uuid;
use wire::limits::{FUTURE_MS, WINDOW_MS};
use wire::signature::WINDOW_SECONDS;
use wire::{ForwardBatch, ForwardedEvent};

use crate::database::with_database;
use crate::samples::{NOW_MS, batch, config, deliver, deliver_to, event, id, now, number, taking};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The counts of all outcomes, as `outcome=events`, in their order.
async fn outcomes(pools: &Pools) -> Vec<String> {
    sqlx::query_scalar(
        "select site_id || ' ' || outcome || '=' || sum(events) from outcomes group by site_id, outcome
        order by site_id, outcome",
    )
    .fetch_all(&pools.export)
    .await
    .expect("outcomes")
}

/// Events of `stream` with these numbers, which happened at `time`.
fn of_stream(stream: u128, numbers: impl IntoIterator<Item = u32>, time: i64) -> ForwardBatch {
    let events = numbers.into_iter().map(|seq| {
        let mut event = event(seq);
        event.event.id = id(seq + u32::try_from(stream).expect("small") * 100_000, time);
        event
    });
    ForwardBatch { stream_id: Uuid::from_u128(stream), ..batch(events.collect()) }
}

/// Measures, and answers the loss of the day that `time` is in: events, missing numbers, incomplete and implausible streams.
async fn loss(pools: &Pools, time: i64) -> (i64, i64, i64, i64) {
    let mut turn = loop {
        // The one before ends with its connection, which may take a moment.
        match Turn::take(&pools.export).await.expect("asked") {
            Some(turn) => break turn,
            None => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    regular::measure(turn.connection()).await.expect("measured");
    let day = DateTime::from_timestamp_millis(time).expect("in range").date_naive();
    let losses = losses::by_day(turn.connection(), day, true).await.expect("losses");
    let it = losses.iter().find(|it| it.day == day).expect("the day");
    (it.events, it.missing, it.incomplete_streams, it.implausible_streams)
}

fn poison(n: u32) -> ForwardedEvent {
    let mut event = event(n);
    "poison".clone_into(&mut event.event.kind);
    event
}

#[tokio::test]
async fn every_event_is_counted_once_under_its_outcome() {
    with_database(async |pools| {
        sqlx::query("alter table events add constraint no_poison check (event_type <> 'poison')")
            .execute(&pools.export)
            .await
            .expect("constraint");
        let mut events: Vec<_> = (0..8).map(event).collect();
        events[1].event.id = id(1, NOW_MS - WINDOW_MS - 1);
        events[2].event.id = id(2, NOW_MS + FUTURE_MS + WINDOW_SECONDS * 1000 + 1);
        events[3].event.id = id(3, NOW_MS - LATE_MS);
        events[4].event.id = id(4, NOW_MS - LATE_MS + 1);
        events[5] = poison(5);
        events[6] = event(0);
        events[7] = event(0);
        events[7].event.data = RawValue::from_string("{}".to_owned()).expect("json");
        let all = ForwardBatch { dropped: 4, ..batch(events) };
        let answer = deliver(&pools, &all).await.expect("stored");
        assert_eq!((answer.accepted, answer.duplicates, answer.refused.len()), (3, 1, 4), "{answer:?}");
        let site = "shop.example.com";
        let expected = [
            ("accepted", 3),
            ("conflict", 1),
            ("dropped_by_pixel", 4),
            ("duplicate", 1),
            ("expired", 1),
            ("from_the_future", 1),
            ("late", 1),
            ("refused_by_store", 1),
        ];
        assert_eq!(outcomes(&pools).await, expected.map(|(outcome, events)| format!("{site} {outcome}={events}")));

        // All of it again: nothing is stored, and the pixel's report counts once.
        deliver(&pools, &all).await.expect("known");
        let counted = |outcome: &str, events: i64| format!("{site} {outcome}={events}");
        let again = outcomes(&pools).await;
        for it in [counted("accepted", 3), counted("duplicate", 5), counted("dropped_by_pixel", 4), counted("late", 1)]
        {
            assert!(again.contains(&it), "{it} in {again:?}");
        }
        assert_eq!(number(&pools, "select count(*) from events").await, 3);
    })
    .await;
}

#[tokio::test]
async fn days_that_are_over_are_folded_and_say_the_same() {
    with_database(async |pools| {
        for n in 0..6 {
            // Each by a connection of its own.
            deliver(&pools, &batch(vec![event(n)])).await.expect("stored");
            sqlx::query("update outcomes set slot = slot + 100").execute(&pools.export).await.expect("another one");
        }
        let before = outcomes(&pools).await;
        assert_eq!(number(&pools, "select count(*) from outcomes").await, 6);
        let mut connection = pools.export.acquire().await.expect("connected");
        for (at, rows) in [(now() + Days::new(1), 6), (now() + Days::new(2), 1), (now() + Days::new(3), 1)] {
            regular::drop_days(&mut connection, &config(), at).await.expect("folded");
            assert_eq!(number(&pools, "select count(*) from outcomes").await, rows);
            assert_eq!(outcomes(&pools).await, before);
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_of_refusals_alone_is_counted() {
    with_database(async |pools| {
        sqlx::query("alter table events add constraint no_poison check (event_type <> 'poison')")
            .execute(&pools.export)
            .await
            .expect("constraint");
        let mut old = event(0);
        old.event.id = id(0, 0);
        deliver(&pools, &batch(vec![old.clone()])).await.expect("answered");
        deliver(&pools, &ForwardBatch { dropped: 2, ..batch(vec![poison(1), poison(2), old]) })
            .await
            .expect("answered");
        let site = "shop.example.com";
        let expected = ["dropped_by_pixel=2", "expired=2", "refused_by_store=2"].map(|it| format!("{site} {it}"));
        assert_eq!(outcomes(&pools).await, expected);
    })
    .await;
}

#[tokio::test]
async fn what_is_counted_is_what_is_stored_whoever_stores_it() {
    with_database(async |pools| {
        // Three exporters, each batch at all of them, on a database that ends connections now and then.
        let mut senders = JoinSet::new();
        for _ in 0..3 {
            let (pools, ingest) = (pools.clone(), taking(&pools));
            senders.spawn(async move {
                for n in 0..40_u32 {
                    let batch = batch((0..5).map(|at| event(n * 5 + at)).collect());
                    while deliver_to(&ingest, &batch).await.is_err() {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
                drop(pools);
            });
        }
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            number(
                &pools,
                "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and application_name = 'evothesis-ingest'",
            )
            .await;
        }
        senders.join_all().await;
        assert_eq!(number(&pools, "select count(*) from events").await, 200);
        let accepted = "select sum(events)::bigint from outcomes where outcome = 'accepted'";
        assert_eq!(number(&pools, accepted).await, 200);
        assert_eq!(number(&pools, "select sum(rows) from segments").await, 200);
        let answered = "select sum(events)::bigint from outcomes where outcome in ('accepted', 'duplicate')";
        assert!(number(&pools, answered).await >= 600);
    })
    .await;
}

#[tokio::test]
async fn sites_beyond_a_thousand_are_counted_as_one() {
    with_database(async |pools| {
        let ingest = taking(&pools);
        let batches: Vec<_> = (0..1003)
            .map(|n| {
                let mut old = event(0);
                old.event.id = id(0, 0);
                ForwardBatch { site_id: format!("site-{n}.example"), ..batch(vec![old]) }
            })
            .collect();
        for some in batches.chunks(500) {
            join_all(some.iter().map(|batch| deliver_to(&ingest, batch))).await;
        }
        assert_eq!(number(&pools, "select count(distinct site_id) from outcomes").await, 1001);
        let others = "select sum(events)::bigint from outcomes where site_id = '(other)'";
        assert_eq!(number(&pools, others).await, 3);
    })
    .await;
}

#[tokio::test]
async fn a_number_that_is_missing_is_an_event_that_is() {
    with_database(async |pools| {
        // Complete, one with gaps at its beginning and in its middle, and one that nobody believes.
        deliver(&pools, &of_stream(1, 0..10, NOW_MS)).await.expect("stored");
        deliver(&pools, &of_stream(2, [2, 3, 7], NOW_MS)).await.expect("stored");
        deliver(&pools, &of_stream(3, [0, 50_000], NOW_MS)).await.expect("stored");
        assert_eq!(loss(&pools, NOW_MS).await, (15, 5, 1, 1));
        // Measured again, nothing changes; delivered again, neither.
        deliver(&pools, &of_stream(2, [2, 3, 7], NOW_MS)).await.expect("known");
        assert_eq!(loss(&pools, NOW_MS).await, (15, 5, 1, 1));
        // What comes late is taken off.
        deliver(&pools, &of_stream(2, [0, 1, 5], NOW_MS)).await.expect("stored");
        assert_eq!(loss(&pools, NOW_MS).await, (18, 2, 1, 1));
        deliver(&pools, &of_stream(2, [4, 6], NOW_MS)).await.expect("stored");
        assert_eq!(loss(&pools, NOW_MS).await, (20, 0, 0, 1));
    })
    .await;
}

#[tokio::test]
async fn a_gap_far_larger_than_what_came_is_made_up() {
    with_database(async |pools| {
        let (mut missing, mut implausible) = (0, 0);
        let both = |first: u32, last: u32| (0..first).chain(last..last + first).collect::<Vec<_>>();
        let cases = [
            (vec![9_999], 0),
            // The network was gone for the middle of it.
            (both(15, 215), 200),
            // A batch was lost, as large as they may be, and more than one.
            (vec![0, 51], 50),
            (vec![0, 52], 0),
            (both(10, 210), 200),
            (both(10, 211), 0),
        ];
        for ((numbers, counted), stream) in cases.into_iter().zip(1..) {
            deliver(&pools, &of_stream(stream, numbers, NOW_MS)).await.expect("stored");
            missing += counted;
            implausible += i64::from(counted == 0);
            let found = loss(&pools, NOW_MS).await;
            assert_eq!((found.1, found.3), (missing, implausible), "stream {stream}");
        }
        // One that is stretched over days gains nothing by it.
        for (number, age) in [(0, 2), (45, 1), (90, 0)] {
            deliver(&pools, &of_stream(9, [number], NOW_MS - age * DAY_MS)).await.expect("stored");
        }
        assert_eq!(loss(&pools, NOW_MS - DAY_MS).await, (1, 0, 0, 1));
        assert_eq!(loss(&pools, NOW_MS).await.1, missing);
        // What comes late may vouch for it.
        deliver(&pools, &of_stream(9, 1..10, NOW_MS - 2 * DAY_MS)).await.expect("stored");
        assert_eq!(loss(&pools, NOW_MS - DAY_MS).await, (1, 35, 1, 0));
        assert_eq!(loss(&pools, NOW_MS).await.1, missing + 44);
    })
    .await;
}

#[tokio::test]
async fn the_loss_of_sites_that_anyone_can_make_up_is_told_apart() {
    with_database(async |pools| {
        let yesterday = NOW_MS - DAY_MS;
        let mut own: Vec<_> = (0..24).map(|n| of_stream(n + 1, 0..50, yesterday)).collect();
        own[0].events.remove(7);
        let forged = |n: u32| ForwardBatch {
            site_id: format!("forged-{n}.example"),
            ..of_stream(u128::from(n) + 100, [0, 40], yesterday)
        };
        let ingest = taking(&pools);
        for batch in own.iter().chain(&(0..120).map(forged).collect::<Vec<_>>()) {
            deliver_to(&ingest, batch).await.expect("stored");
        }
        // Nobody knows yet which are the client's.
        assert_eq!(loss(&pools, yesterday).await, (1199 + 240, 1 + 120 * 39, 121, 0));
        let mut connection = pools.operator.acquire().await.expect("connected");
        assert!(sites::decide(&mut connection, "forged-0.example", false).await.expect("decided"));
        assert_eq!(loss(&pools, yesterday).await.1, 1 + 119 * 39);
        assert!(sites::decide(&mut connection, "shop.example.com", true).await.expect("decided"));
        assert_eq!(loss(&pools, yesterday).await, (1199, 1, 1, 0));

        let status = status::examine(&mut connection, &config(), now()).await.expect("examined");
        let check = status.checks.iter().find(|it| it.name == "loss").expect("a check");
        assert_eq!(check.state, status::State::Ok, "{check:?}");
        let worst: Vec<_> = status.worst_sites.iter().map(|it| it.site_id.as_deref()).collect();
        assert_eq!(worst, [Some("shop.example.com")]);
        let others: Vec<_> = status.losses_of_others.iter().map(|it| (it.events, it.missing)).collect();
        assert_eq!(others, [(240, 120 * 39)]);
        let registry = gauges(&Process::new((0, 0), &pools), Some(&status)).expect("gauges");
        let metrics = Metrics::new().expect("metrics").text(&registry).expect("text");
        assert!(metrics.contains("\nevothesis_missing_events{day=\"yesterday\"} 1\n"), "{metrics}");
        let text = exporter::commands::status::text(&status).expect("text");
        assert!(text.contains("of sites that are not judged"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn a_page_load_that_outlives_what_is_kept_of_it_lacks_nothing() {
    with_database(async |pools| {
        let ago = |days: i64| NOW_MS - days * DAY_MS;
        let forget = async |days: i64| {
            let first = DateTime::from_timestamp_millis(ago(days)).expect("in range").date_naive();
            let mut connection = pools.export.acquire().await.expect("connected");
            losses::forget(&mut connection, first).await.expect("forgotten");
        };
        for (numbers, age) in [(0..10, 20), (12..20, 10)] {
            deliver(&pools, &of_stream(1, numbers, ago(age))).await.expect("stored");
        }
        deliver(&pools, &of_stream(2, 0..5, ago(20))).await.expect("stored");
        assert_eq!(loss(&pools, ago(20)).await, (15, 0, 0, 0));
        forget(15).await;
        deliver(&pools, &of_stream(1, 20..25, ago(3))).await.expect("stored");
        assert_eq!(loss(&pools, ago(10)).await, (8, 2, 1, 0));
        assert_eq!(loss(&pools, ago(3)).await, (5, 0, 0, 0));
        // What is forgotten keeps its figures.
        assert_eq!(loss(&pools, ago(20)).await, (15, 0, 0, 0));
        forget(5).await;
        forget(5).await;
        deliver(&pools, &of_stream(1, 26..30, NOW_MS)).await.expect("stored");
        assert_eq!(loss(&pools, ago(3)).await, (5, 0, 0, 0));
        assert_eq!(loss(&pools, NOW_MS).await, (4, 1, 1, 0));
        assert_eq!(number(&pools, "select count(*) from stream_days where day = '-infinity'").await, 1);
        forget(-1).await;
        assert_eq!(number(&pools, "select count(*) from stream_days").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_report_of_more_drops_than_a_pixel_has_is_counted_as_one_that_nobody_believes() {
    with_database(async |pools| {
        for (dropped, n) in [(u32::MAX, 1), (10_000, 2), (10_001, 3)] {
            let reporting = ForwardBatch { batch_id: Uuid::from_u128(n), dropped, ..batch(Vec::new()) };
            for _ in 0..2 {
                deliver(&pools, &reporting).await.expect("recorded");
            }
        }
        let site = "shop.example.com";
        assert_eq!(
            outcomes(&pools).await,
            [format!("{site} dropped_by_pixel=10000"), format!("{site} implausible_drops=2")]
        );
        let reported = "select sum(dropped)::bigint from pixel_drops";
        assert_eq!(number(&pools, reported).await, i64::from(u32::MAX) + 20_001);
    })
    .await;
}

#[tokio::test]
async fn a_page_load_goes_on_after_midnight() {
    with_database(async |pools| {
        let (first, second) = (NOW_MS - 2 * DAY_MS, NOW_MS);
        deliver(&pools, &of_stream(1, 0..4, first)).await.expect("stored");
        deliver(&pools, &of_stream(1, 5..8, second)).await.expect("stored");
        assert_eq!(loss(&pools, first).await, (4, 0, 0, 0));
        assert_eq!(loss(&pools, second).await, (3, 1, 1, 0));
        // It was the last of the first day, and comes late: the second day begins where the first ends.
        deliver(&pools, &of_stream(1, [4], first)).await.expect("stored");
        assert_eq!(loss(&pools, second).await, (3, 0, 0, 0));
        assert_eq!(loss(&pools, first).await, (5, 0, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_over_midnight_makes_no_gap() {
    with_database(async |pools| {
        let (first, second) = (NOW_MS - DAY_MS, NOW_MS);
        deliver(&pools, &of_stream(1, 0..4, second)).await.expect("stored");
        deliver(&pools, &of_stream(1, 4..9, first)).await.expect("stored");
        deliver(&pools, &of_stream(1, 9..11, second)).await.expect("stored");
        assert_eq!(loss(&pools, first).await, (5, 0, 0, 0));
        assert_eq!(loss(&pools, second).await, (6, 0, 0, 0));
        // What is missing is so once, on the earliest day that it may have been on.
        deliver(&pools, &of_stream(1, [13], second)).await.expect("stored");
        assert_eq!(loss(&pools, first).await, (5, 2, 1, 0));
        assert_eq!(loss(&pools, second).await, (7, 0, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn what_was_measured_and_not_summed_up_is_by_the_next() {
    with_database(async |pools| {
        deliver(&pools, &of_stream(1, [0, 1, 3], NOW_MS)).await.expect("stored");
        let mut connection = pools.export.acquire().await.expect("connected");
        // Killed right after it.
        assert_eq!(losses::measure(&mut connection, 10).await.expect("measured"), 1);
        assert_eq!(number(&pools, "select count(*) from losses").await, 0);
        assert_eq!(loss(&pools, NOW_MS).await, (3, 1, 1, 0));
        assert_eq!(number(&pools, "select count(*) from unsummed_days").await, 0);
        // What is measured while a day is summed up is in the sum, or waits for the next one.
        deliver(&pools, &of_stream(1, [2], NOW_MS)).await.expect("stored");
        assert_eq!(losses::measure(&mut connection, 10).await.expect("measured"), 1);
        deliver(&pools, &of_stream(1, [4], NOW_MS)).await.expect("stored");
        let mut measuring = pools.export.begin().await.expect("begun");
        assert_eq!(losses::measure(&mut measuring, 10).await.expect("measured"), 1);
        let summing = tokio::spawn(async move { losses::sum_up(&mut connection, now().date_naive()).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        measuring.commit().await.expect("committed");
        summing.await.expect("ran").expect("summed up");
        let known = "select (select sum(events)::bigint from losses) + 100 * (select count(*) from unsummed_days)";
        assert!([5, 104].contains(&number(&pools, known).await), "{}", number(&pools, known).await);
    })
    .await;
}

#[tokio::test]
async fn losses_have_a_row_for_each_listed_site_and_go_in_time() {
    with_database(async |pools| {
        let ingest = taking(&pools);
        let of_site = |n: u32| ForwardBatch {
            site_id: format!("forged-{n}.example"),
            ..of_stream(n.into(), [n * 2, n * 2 + 1], NOW_MS)
        };
        let batches: Vec<_> = (0..150).map(of_site).collect();
        join_all(batches.iter().map(|batch| deliver_to(&ingest, batch))).await;
        assert_eq!(loss(&pools, NOW_MS).await.0, 300);
        assert_eq!(number(&pools, "select count(*) from losses").await, 101);
        assert_eq!(number(&pools, "select events from losses where site_id = '*'").await, 100);
        // One is listed no more.
        sqlx::query("delete from sites where site_id = (select min(site_id) from sites)")
            .execute(&pools.export)
            .await
            .expect("gone");
        deliver_to(&ingest, &of_site(200)).await.expect("stored");
        assert_eq!(loss(&pools, NOW_MS).await.0, 302);
        assert_eq!(number(&pools, "select events from losses where site_id = '*'").await, 104);
        let mut connection = pools.export.acquire().await.expect("connected");
        for (days, rows) in [(400, true), (401, false)] {
            regular::drop_days(&mut connection, &config(), now() + Days::new(days)).await.expect("forgotten");
            assert_eq!(number(&pools, "select count(*) from losses").await > 0, rows, "{days}");
        }
    })
    .await;
}

#[tokio::test]
async fn usage_of_days_that_are_over_is_folded_and_says_the_same() {
    const USAGE: &str =
        "select (coalesce(sum(rows), 0) * 1000 + sum(page_views))::bigint from usage where billed = (site_id = 'b')";
    with_database(async |pools| {
        // By the database's clock: today, yesterday and the day before.
        sqlx::query(
            "insert into usage_counts (day, site_id, billed, slot, rows, page_views)
            select (now() at time zone 'utc')::date - ago, site_id, site_id = 'b', slot, 5, 2
            from generate_series(0, 2) as ago, generate_series(-1, 62) as slot, unnest(array['a', 'b', '*']) as site_id",
        )
        .execute(&pools.export)
        .await
        .expect("counted");
        let before = number(&pools, USAGE).await;
        let mut connection = pools.export.acquire().await.expect("connected");
        // However far this machine's clock is ahead, what is still added to stays as it is.
        for at in [now() - Days::new(30), now() + Days::new(365), now() + Days::new(365)] {
            regular::drop_days(&mut connection, &config(), at).await.expect("folded");
            assert_eq!(number(&pools, USAGE).await, before);
        }
        let rows = "select count(*) from usage_counts where day = (now() at time zone 'utc')::date";
        assert_eq!(number(&pools, rows).await, 3 * 64);
        let rows = "select count(*) from usage_counts where day = (now() at time zone 'utc')::date - 2";
        assert_eq!(number(&pools, rows).await, 3);
    })
    .await;
}

#[tokio::test]
async fn the_same_page_load_of_two_sites_is_two() {
    with_database(async |pools| {
        deliver(&pools, &of_stream(1, 0..3, NOW_MS)).await.expect("stored");
        let other = ForwardBatch { site_id: "other.example".to_owned(), ..of_stream(1, [3, 4], NOW_MS) };
        deliver(&pools, &other).await.expect("stored");
        assert_eq!(loss(&pools, NOW_MS).await, (5, 3, 1, 0));
    })
    .await;
}

#[tokio::test]
async fn segments_are_measured_once_by_however_many() {
    with_database(async |pools| {
        for n in 0..30 {
            deliver(&pools, &of_stream(n, 0..3, NOW_MS)).await.expect("stored");
        }
        let mut workers = JoinSet::new();
        for _ in 0..4 {
            let pools = pools.clone();
            workers.spawn(async move {
                loop {
                    let mut transaction = pools.export.begin().await.expect("begun");
                    let segments = losses::measure(&mut transaction, 3).await.expect("measured");
                    transaction.commit().await.expect("committed");
                    if segments == 0 {
                        return;
                    }
                }
            });
        }
        workers.join_all().await;
        assert_eq!(number(&pools, "select sum(events)::bigint from stream_days").await, 90);
        assert_eq!(number(&pools, "select count(*) from segments where measured_at is null").await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_regular_work_is_one_exporters_at_a_time() {
    with_database(async |pools| {
        let turn = Turn::take(&pools.export).await.expect("asked").expect("free");
        assert!(Turn::take(&pools.export).await.expect("asked").is_none());
        drop(turn);
        // It ends with its connection, whatever becomes of who had it.
        let again = async {
            while Turn::take(&pools.export).await.expect("asked").is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), again).await.expect("free again");
    })
    .await;
}

#[tokio::test]
async fn what_an_edge_let_pass_is_taken_out_counted_and_judged() {
    with_database(async |pools| {
        let mut leaky = event(0);
        leaky.event.data = RawValue::from_string(r#"{"note": "to jane@example.org"}"#.to_owned()).expect("json");
        for (n, version) in [(0, "0.0.9"), (1, "0.0.9"), (2, "0.0.8")] {
            leaky.event.id = id(n, NOW_MS);
            let batch = ForwardBatch { edge_version: version.to_owned(), ..batch(vec![leaky.clone(), event(9)]) };
            // Two exporters, of which none knows what the other has counted.
            deliver(&pools, &batch).await.expect("stored");
        }
        assert_eq!(number(&pools, "select count(*) from events where data::text like '%jane%'").await, 0);
        let sum =
            "select sum(findings)::bigint from redaction_findings where edge_version = '0.0.9' and kind = 'email'";
        assert_eq!(number(&pools, sum).await, 2);
        let mut connection = pools.operator.acquire().await.expect("connected");
        let status = status::examine(&mut connection, &config(), now()).await.expect("examined");
        let check = status.checks.iter().find(|it| it.name == "redaction").expect("a check");
        assert_eq!((check.state, status.status), (status::State::Critical, status::State::Critical));
        assert!(
            check.finding.contains("edge 0.0.9: 2 of email") && check.remedy.contains("deploy the edge"),
            "{check:?}"
        );
        // The day after tomorrow nobody is alarmed any more.
        let later: DateTime<Utc> = now() + Days::new(2);
        let status = status::examine(&mut connection, &config(), later).await.expect("examined");
        assert!(status.redaction.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_backlog_of_old_segments_is_measured_in_steps() {
    with_database(async |pools| {
        deliver(&pools, &of_stream(1, 0..3, NOW_MS)).await.expect("stored");
        // As an installation has them that is updated.
        let many = "insert into segments (rows, min_event_id, max_event_id, min_timestamp, max_timestamp)
            select 1, min_event_id, max_event_id, min_timestamp, max_timestamp from segments, generate_series(1, 1200)";
        sqlx::query(AssertSqlSafe(many)).execute(&pools.export).await.expect("segments");
        let mut turn = Turn::take(&pools.export).await.expect("asked").expect("nobody else");
        assert_eq!(losses::unmeasured(turn.connection()).await.expect("counted"), 1000);
        assert_eq!(regular::measure(turn.connection()).await.expect("measured"), 1201);
        assert_eq!(losses::unmeasured(turn.connection()).await.expect("counted"), 0);
    })
    .await;
}
