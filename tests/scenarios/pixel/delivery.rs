//! Nothing is lost and nothing comes twice, whatever happens to requests, tabs and the network.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use super::collector::Answer;
use super::{Events, LISTEN_FOR_ERRORS, Scene, ensure_no_errors, lapse, with_scene};
use crate::fixture::now_ms;

/// How much faster than ours the page's clock runs.
const FACTOR: i64 = 120;

const TRACK: &str = "evothesis('track', 'step', { n: window.n = (window.n ?? 0) + 1 })";

/// The numbers of the steps that arrived, checked to be `count`.
fn ensure_steps(scene: &Scene, count: u64) -> Result<()> {
    let events = scene.collector.events();
    let steps: Vec<_> = events.data("step").iter().filter_map(|data| data["n"].as_u64()).collect();
    let expected: BTreeSet<_> = (1..=count).collect();
    ensure!(steps.iter().copied().collect::<BTreeSet<_>>() == expected, "{steps:?}");
    ensure!(steps.len() as u64 == count, "some came twice: {steps:?}");
    ensure!(scene.collector.dropped() == 0, "{} were dropped", scene.collector.dropped());
    scene.collector.ensure_whole()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_tab_had_seen_comes_with_the_next_page() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let tab = scene.visit("/one").await?;
        scene.collector.until("the page view", |events| events.has("pageview")).await?;
        for _ in 0..5 {
            tab.run(TRACK).await?;
        }
        // it is saved soon, and sent only after a minute
        tab.until("Object.entries(localStorage).some(([key, value]) => key.startsWith('evothesis:b:') && value.includes('\"n\":5'))")
            .await?;
        ensure!(!scene.collector.events().has("step"), "it was sent before the tab was killed");
        tab.crash().await;
        let start = now_ms();
        scene.collector.lapse(start, FACTOR);
        let next = scene.visit_prepared(&lapse(start, FACTOR), "/one").await?;
        scene.collector.until("the steps", |events| events.of("step").len() == 5).await?;
        ensure_steps(scene, 5)?;
        next.close().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_minutes_without_network_cost_nothing() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let start = now_ms();
        scene.collector.lapse(start, FACTOR);
        let prepared = format!("{LISTEN_FOR_ERRORS} {}", lapse(start, FACTOR));
        let tab = scene.visit_prepared(&prepared, "/one").await?;
        scene.collector.until("the page view", |events| events.has("pageview")).await?;
        tab.set_offline(true).await?;
        // one in each of ten minutes
        for _ in 0..10 {
            tab.run(TRACK).await?;
            tab.run("await new Promise((done) => setTimeout(done, 60000))").await?;
        }
        ensure!(!scene.collector.events().has("step"), "the network was there");
        tab.set_offline(false).await?;
        scene.collector.until("the steps", |events| events.of("step").len() == 10).await?;
        ensure_no_errors(&tab).await?;
        scene.leave(&tab).await?;
        ensure_steps(scene, 10)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_is_down_is_asked_ever_more_rarely_until_it_is_back() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let start = now_ms();
        scene.collector.lapse(start, FACTOR);
        scene.collector.set_down(true);
        let tab = scene.visit_prepared(&lapse(start, FACTOR), "/one").await?;
        for _ in 0..4 {
            tab.run(TRACK).await?;
            tab.run("await new Promise((done) => setTimeout(done, 150000))").await?;
        }
        let tries = scene.collector.deliveries().len();
        // the browser itself may try again at once when a kept connection is reset
        ensure!((4..=40).contains(&tries), "{tries} requests in ten minutes");
        scene.collector.set_down(false);
        scene.collector.until("the steps", |events| events.of("step").len() == 4).await?;
        scene.leave(&tab).await?;
        ensure_steps(scene, 4)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_bad_answer_is_survived() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let start = now_ms();
        scene.collector.lapse(start, FACTOR);
        let bad = [
            Answer::Status(500),
            Answer::Garbage,
            Answer::Silence,
            Answer::Cut,
            Answer::Status(503),
            Answer::Status(403),
        ];
        scene.collector.answer_next(bad);
        let prepared = format!("{LISTEN_FOR_ERRORS} {}", lapse(start, FACTOR));
        let tab = scene.visit_prepared(&prepared, "/one").await?;
        tab.run(TRACK).await?;
        let deliveries = scene.collector.until_tried(bad.len() + 1).await?;
        scene.collector.until("the step", |events| events.has("step")).await?;
        // what was sent again is the same to the letter
        let mut first = std::collections::BTreeMap::new();
        for delivery in &deliveries {
            let id = delivery.batch["batch_id"].to_string();
            let body = first.entry(id).or_insert(&delivery.body);
            ensure!(**body == delivery.body, "a retry differs:\n{body}\n{}", delivery.body);
        }
        ensure_no_errors(&tab).await?;
        scene.leave(&tab).await?;
        ensure_steps(scene, 1)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_asks_for_a_rest_gets_it() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let start = now_ms();
        scene.collector.lapse(start, FACTOR);
        scene.collector.answer_next([Answer::RetryAfter(429, 240)]);
        let tab = scene.visit_prepared(&lapse(start, FACTOR), "/one").await?;
        tab.run(TRACK).await?;
        let deliveries = scene.collector.until_tried(2).await?;
        let waited = (deliveries[1].at - deliveries[0].at) * FACTOR;
        // our clock counts whole milliseconds
        ensure!(waited >= 240_000 - 2 * FACTOR, "asked for 240 s, came back after {waited} ms");
        ensure!(waited <= 480_000, "asked for 240 s, came back only after {waited} ms");
        scene.leave(&tab).await?;
        ensure_steps(scene, 1)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_never_be_taken_is_given_up_and_counted() -> Result<()> {
    with_scene(async |scene| {
        for (round, status) in [413, 400, 422].into_iter().enumerate() {
            scene.page("/one", "one");
            let tab = scene.visit("/one").await?;
            scene.collector.until("the page view", |events| events.of("pageview").len() > round).await?;
            scene.collector.answer_next([Answer::Status(status)]);
            let (before, dropped) = (scene.collector.deliveries().len(), scene.collector.dropped());
            // fifty events close a batch
            tab.run("for (let n = 0; n < 60; n++) evothesis('track', 'refused', { n })").await?;
            let refused = scene.collector.until_tried(before + 1).await?[before].clone();
            tab.go("about:blank").await?;
            let lost = refused.events().count() as u64;
            ensure!(lost >= 40, "{lost} events in the refused batch");
            scene.collector.until("the report", |_| scene.collector.dropped() > dropped).await?;
            ensure!(
                scene.collector.dropped() == dropped + lost,
                "{status}: {lost} lost, {} reported",
                scene.collector.dropped() - dropped
            );
            let id = &refused.batch["batch_id"];
            let again = scene.collector.deliveries().iter().filter(|other| other.batch["batch_id"] == *id).count();
            ensure!(again == 1, "{status}: the batch was sent {again} times");
            scene.collector.ensure_whole()?;
            tab.close().await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_closed_at_fifty_events_and_at_sixteen_kilobytes() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let tab = scene.visit("/one").await?;
        tab.run("for (let n = 1; n <= 120; n++) evothesis('track', 'step', { n })").await?;
        scene.collector.until("a hundred steps", |events| events.of("step").len() >= 90).await?;
        tab.run("for (let n = 0; n < 20; n++) evothesis('track', 'big', { n, text: 'x'.repeat(3500) })").await?;
        // more than storage may hold would be dropped by a page that is left at once
        scene.collector.until("most of the big ones", |events| events.of("big").len() >= 16).await?;
        let events = scene.leave(&tab).await?;
        ensure!(events.of("big").len() == 20, "{} of 20 big events", events.of("big").len());
        for delivery in scene.collector.deliveries() {
            let events = delivery.events().count();
            ensure!(events <= wire::limits::BATCH_EVENTS, "{events} events in a batch");
            ensure!(delivery.body.len() <= wire::limits::BATCH_BYTES, "{} bytes in a batch", delivery.body.len());
            let batch: wire::EventBatch = serde_json::from_str(&delivery.body).context("not the wire's shape")?;
            for event in &batch.events {
                serde_json::from_str::<wire::Event>(event.get()).with_context(|| event.get().to_owned())?;
            }
        }
        ensure_steps(scene, 120)
    })
    .await
}
