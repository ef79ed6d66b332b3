//! A clock that is wrong costs nothing, and order and duration are right all the same.

use anyhow::{Result, ensure};

use super::{Event, Events, Scene, with_scene, wrong_clock};
use crate::fixture::now_ms;

const HOUR_MS: i64 = 60 * 60 * 1000;
const YEAR_MS: i64 = 365 * 24 * HOUR_MS;

/// A visit by `steps`, scripts, on a clock that is wrong by `ms`; all of it has to arrive.
async fn visit(scene: &Scene, ms: i64, steps: &[&str]) -> Result<()> {
    scene.page("/one", "one");
    let tab = scene.visit_prepared(&wrong_clock(ms), "/one").await?;
    for (index, step) in steps.iter().enumerate() {
        tab.run(&format!("{step}; evothesis('track', 'step', {{ n: {index} }})")).await?;
        tab.run("for (let n = 0; n < 60; n++) evothesis('track', 'filler', {})").await?;
        scene.collector.until(&format!("step {index}"), |events| events.of("step").len() > index).await?;
    }
    let events = scene.leave(&tab).await?;
    ensure!(events.of("step").len() == steps.len() && events.has("pageview"), "{:?}", events.kinds());
    ensure!(scene.collector.dropped() == 0, "{} were dropped", scene.collector.dropped());
    let numbers: Vec<_> = events.iter().map(|event| (event.seq, event.t)).collect();
    ensure!(numbers.is_sorted_by_key(|(_, t)| *t), "the monotonic time goes back: {numbers:?}");
    Ok(())
}

/// Checks that `ts` of the page view is the browser's own, wrong as it is, and the time in its id the edge's.
fn ensure_never_rewritten(scene: &Scene, ms: i64) -> Result<()> {
    let events = scene.collector.events();
    let view = events.of("pageview")[0];
    let off = view.ts - now_ms() - ms;
    ensure!(off.abs() < 60_000, "ts is {off} ms from what the browser's clock said");
    let id = wire::ids::time_ms(view.id.parse::<uuid::Uuid>()?.as_bytes());
    let off = id - now_ms();
    ensure!(off.abs() < 5 * 60_000, "the id lies {off} ms from now");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_two_hours_ahead_loses_nothing() -> Result<()> {
    with_scene(async |scene| {
        visit(scene, 2 * HOUR_MS, &["", ""]).await?;
        ensure_never_rewritten(scene, 2 * HOUR_MS)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_three_years_behind_loses_nothing() -> Result<()> {
    with_scene(async |scene| {
        visit(scene, -3 * YEAR_MS, &["", ""]).await?;
        ensure_never_rewritten(scene, -3 * YEAR_MS)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_right_or_wrong_in_the_middle_loses_nothing() -> Result<()> {
    with_scene(async |scene| {
        let steps = ["", "window.wrongBy = 0", "window.wrongBy = 7200000", "window.wrongBy = -9e10", ""];
        visit(scene, 2 * HOUR_MS, &steps).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_kept_under_a_wrong_clock_is_sent_under_the_right_one() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        for ms in [2 * HOUR_MS, -3 * YEAR_MS] {
            scene.collector.set_down(true);
            let tab = scene.visit_prepared(&wrong_clock(ms), "/one").await?;
            tab.run("evothesis('track', 'kept')").await?;
            scene.collector.until_tried(1).await?;
            tab.go("about:blank").await?;
            tab.close().await?;
            scene.collector.set_down(false);
            let before = scene.collector.events().of("kept").len();
            let tab = scene.visit("/one").await?;
            // what claims to be three years old is too old to be kept, and counted
            let is_settled = |events: &[Event]| events.of("kept").len() > before || scene.collector.dropped() > 0;
            scene.collector.within(30, "what was kept", is_settled).await?;
            ensure!(ms < 0 || scene.collector.dropped() == 0, "{} were dropped", scene.collector.dropped());
            tab.go("about:blank").await?;
            tab.close().await?;
        }
        Ok(())
    })
    .await
}

/// How far the clock has to be set to say that it is ten seconds to midnight, UTC, of this day.
fn until_midnight() -> i64 {
    const DAY_MS: i64 = 24 * HOUR_MS;
    DAY_MS - now_ms() % DAY_MS - 10_000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_without_cookies_that_is_open_at_midnight_belongs_to_no_stream_of_two_days() -> Result<()> {
    with_scene(async |scene| {
        scene.page_with("/one", &scene.tag("data-mode=cookieless"), "one");
        // what an answer says of the clock would set it right
        scene.collector.set_down(true);
        let tab = scene.visit_prepared(&wrong_clock(until_midnight()), "/one").await?;
        tab.run("evothesis('track', 'before')").await?;
        scene.collector.until_tried(1).await?;
        tab.run("wrongBy += 20_000; for (let n = 0; n < 60; n++) evothesis('track', 'after')").await?;
        scene.collector.set_down(false);
        let is_there = |events: &[Event]| events.of("after").len() >= 30 && events.has("before");
        let events = scene.collector.within(30, "both days", is_there).await?;
        let (before, after) = (events.of("before")[0], events.of("after"));
        ensure!(after.iter().all(|event| event.stream != before.stream), "one stream of two days");
        ensure!(before.seq > 0 && after.iter().any(|event| event.seq == 0), "the new stream does not begin with 0");
        scene.collector.ensure_whole()
    })
    .await
}
