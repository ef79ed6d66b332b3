//! Visitors without a token, in the real Durable Object.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use uuid::Uuid;
use wire::ForwardBatch;

use super::{post, with_edge};
use crate::fixture::{batch, fresh_id, now_ms};

const JANE: [(&str, &str); 2] = [("cf-connecting-ip", "203.0.113.7"), ("user-agent", "Mozilla/5.0 Firefox/128.0")];
const JOE: [(&str, &str); 2] = [("cf-connecting-ip", "203.0.113.8"), ("user-agent", "Mozilla/5.0 Firefox/128.0")];

fn cookieless() -> Value {
    let mut batch = batch(2);
    batch["cookieless"] = json!(true);
    batch
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_without_a_token_is_known_for_the_day_and_a_batch_sent_again_is_the_same() -> Result<()> {
    with_edge(json!({}), async |edge, exporter| {
        let send = async |batch: &Value, who: &[(&str, &str)], count| {
            let (status, _, answer) = post(edge, batch.to_string(), who).await?;
            ensure!(status == 200 && answer["token"] == "", "{status}: {answer}");
            exporter.latest(count).await
        };
        let first_load = cookieless();
        let first = send(&first_load, &JANE, 1).await?;
        let second = send(&cookieless(), &JANE, 2).await?;
        let other = send(&cookieless(), &JOE, 3).await?;
        let again = send(&first_load, &JANE, 4).await?;
        // the tests run at midnight too
        if is_of_one_day(&first, &second) {
            ensure!(second.visitor_id == first.visitor_id, "two page loads of one day are two visitors");
            ensure!(second.events[0].session_id == first.events[0].session_id);
            ensure!(second.events[0].session_start == first.events[0].session_start);
        }
        ensure!(other.visitor_id != first.visitor_id, "two addresses are one visitor");
        ensure!(ForwardBatch { received_at: first.received_at, ..again } == first, "sent again it is another batch");
        // an id says nothing of its visitor
        for batch in [&first, &other] {
            ensure!(batch.visitor_id.get_version_num() == 8);
        }
        Ok(())
    })
    .await
}

fn is_of_one_day(one: &ForwardBatch, other: &ForwardBatch) -> bool {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let day = |batch: &ForwardBatch| wire::ids::time_ms(batch.events[0].event.id.as_bytes()) / DAY_MS;
    day(one) == day(other)
}

/// One page load that goes on over midnight (UTC), in one batch and in two, of a page that is told to be cookieless and of
/// one that the settings make so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_load_over_midnight_is_two_visits_that_nothing_links() -> Result<()> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    const MINUTE_MS: i64 = 60_000;
    with_edge(json!({ "CONSENT": "cookieless" }), async |edge, exporter| {
        // yesterday's midnight: the day after it is over or not, as the tests run
        let midnight = now_ms() / DAY_MS * DAY_MS;
        let loaded = midnight - 30 * MINUTE_MS;
        let event = |seq: u32, at: i64| {
            let mut event = batch(1)["events"][0].take();
            let id: Uuid = serde_json::from_value(event["id"].take()).unwrap_or_default();
            let id = Uuid::from_bytes(wire::ids::with_time(id.as_bytes(), u64::try_from(at).unwrap_or_default()));
            event["id"] = json!(id);
            (event["seq"], event["ts"], event["t"]) = (json!(seq), json!(at), json!(at - loaded));
            event
        };
        let stream = fresh_id();
        let page = |is_told: bool, events: Vec<Value>| {
            let mut batch = batch(0);
            (batch["stream_id"], batch["cookieless"]) = (json!(stream), json!(is_told));
            batch["events"] = json!(events);
            batch
        };
        let (before, after) = (midnight - MINUTE_MS, midnight + MINUTE_MS);
        for (is_told, batches) in [
            (true, vec![vec![event(0, before), event(1, after)]]),
            (true, vec![vec![event(2, before)], vec![event(3, after)]]),
            (false, vec![vec![event(4, before), event(5, after)]]),
            (false, vec![vec![event(6, before)], vec![event(7, after)]]),
        ] {
            let earlier = exporter.batches().await?.len();
            for events in batches {
                let count = events.len();
                let (status, _, answer) = post(edge, page(is_told, events).to_string(), &JANE).await?;
                ensure!(status == 200 && answer["accepted"] == count && answer["token"] == "", "{status}: {answer}");
            }
            let sent = exporter.batches().await?.split_off(earlier);
            ensure!(sent.len() == 2 && sent.iter().all(|batch| batch.events.len() == 1), "{sent:?}");
            let telling = |batch: &ForwardBatch| {
                let event = &batch.events[0];
                let ids = [batch.batch_id, batch.stream_id, batch.visitor_id, event.session_id, event.event.id];
                let times =
                    [batch.sent_at, batch.received_at, event.session_start, event.event.ts - i64::from(event.event.t)];
                ids.map(|id| id.to_string()).into_iter().chain(times.map(|time| time.to_string())).collect::<Vec<_>>()
            };
            let (one, other) = (telling(&sent[0]), telling(&sent[1]));
            ensure!(one.iter().all(|part| *part != stream.to_string() && !other.contains(part)), "{one:?} {other:?}");
            ensure!(sent.iter().all(|batch| batch.events[0].session_number == 1), "{sent:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_a_day_that_is_over_are_a_visitor_of_one_page_load() -> Result<()> {
    with_edge(json!({}), async |edge, exporter| {
        let last_week = |stream: uuid::Uuid| {
            let mut batch = cookieless();
            batch["stream_id"] = json!(stream);
            for event in batch["events"].as_array_mut().into_iter().flatten() {
                let id: uuid::Uuid = serde_json::from_value(event["id"].clone()).unwrap_or_default();
                let time = wire::ids::time_ms(id.as_bytes()) - 7 * 24 * 60 * 60 * 1000;
                let shifted = wire::ids::with_time(id.as_bytes(), u64::try_from(time).unwrap_or_default());
                event["id"] = json!(uuid::Uuid::from_bytes(shifted));
            }
            batch
        };
        let streams = [uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2)];
        for stream in streams {
            post(edge, last_week(stream).to_string(), &JANE).await?;
        }
        let visitors: Vec<_> = exporter.batches().await?.iter().map(|batch| batch.visitor_id).collect();
        ensure!(visitors[0] == visitors[1] && visitors[1] != visitors[2], "{visitors:?}");
        Ok(())
    })
    .await
}
