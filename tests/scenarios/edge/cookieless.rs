//! Visitors without a token, in the real Durable Object.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use wire::ForwardBatch;

use super::{post, with_edge};
use crate::fixture::batch;

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
