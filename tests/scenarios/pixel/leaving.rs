//! A page that is left takes nothing with it.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::{Event, Events, with_scene};
use crate::fixture::now_ms;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_left_at_once_after_a_click_loses_nothing() -> Result<()> {
    with_scene(async |scene| {
        let body = "<button id=b onclick=\"evothesis('track', 'bought'); location.assign('/next')\">Buy</button>
            <a id=a href=/next>Next</a>";
        scene.page("/one", body);
        scene.site.put("/next", &[], "no pixel here");
        for (round, id) in ["#b", "#a", "#b"].into_iter().enumerate() {
            let tab = scene.visit("/one").await?;
            tab.follow(id).await?;
            let what = format!("the click on {id}");
            scene.collector.until(&what, |events| events.of("click").len() == round + 1).await?;
            scene.arrived().await?;
            tab.close().await?;
        }
        let events = scene.collector.events();
        ensure!(events.of("bought").len() == 2, "{:?}", events.kinds());
        ensure!(events.of("pageview").len() == 3, "{:?}", events.kinds());
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tab_that_is_closed_says_goodbye() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "<button id=b>Press</button>");
        let tab = scene.visit("/one").await?;
        tab.click("#b").await?;
        tab.close().await?;
        // another tab keeps the browser alive, and does not help
        let events = scene.arrived().await?;
        ensure!(events.has("click") && events.has("page_exit"), "{:?}", events.kinds());
        Ok(())
    })
    .await
}

/// Events of nearly four kilobytes each, numbered from 0.
fn large(count: u32) -> String {
    format!("for (let n = 0; n < {count}; n++) evothesis('track', 'large', {{ n, text: 'y'.repeat(3600) }});")
}

fn numbers(events: &[Event]) -> Vec<u64> {
    let mut numbers: Vec<_> = events.data("large").iter().filter_map(|data| data["n"].as_u64()).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_browser_lets_a_leaving_page_send_comes_later_and_once() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let tab = scene.visit("/one").await?;
        scene.collector.until("the page view", |events| events.has("pageview")).await?;
        // what the site itself has under way counts against the same 64 KiB
        scene.site.put("/slow", &[], "taken");
        tab.run(&format!(
            "fetch('/slow', {{ method: 'POST', body: 'x'.repeat(40000), keepalive: true }}).catch(() => {{}}); {}
             setTimeout(() => {{ location.href = 'about:blank'; }})",
            large(15)
        ))
        .await?;
        tab.until("location.href === 'about:blank'").await?;
        let next = scene.visit("/one").await?;
        let all = (0..15).collect::<Vec<u64>>();
        scene.collector.within(40, "all of them", |events| numbers(events) == all).await?;
        ensure!(scene.collector.dropped() == 0, "{} were dropped", scene.collector.dropped());
        scene.leave(&next).await?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_pixel_may_keep_is_sent_while_the_page_stays() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let tab = scene.visit("/one").await?;
        tab.run(&large(40)).await?;
        let all = (0..40).collect::<Vec<u64>>();
        // the last of them wait for the batch to be full
        scene.collector.until("most of them", |events| numbers(events).len() > 35).await?;
        let events = scene.leave(&tab).await?;
        ensure!(numbers(&events) == all && scene.collector.dropped() == 0, "{:?}", numbers(&events));
        Ok(())
    })
    .await
}

/// A script that counts the events that the debug mode shows, over all page loads of the tab.
const COUNT_EVENTS: &str =
    "console.groupCollapsed = () => { sessionStorage.told = Number(sessionStorage.told || 0) + 1 };";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_pixel_may_keep_is_counted_when_the_edge_is_down() -> Result<()> {
    with_scene(async |scene| {
        // nothing that arrives later tells of the last events of a page load: the debug mode says how many there are
        scene.page_with("/one", &scene.tag("data-debug"), "one");
        scene.collector.set_down(true);
        let start = now_ms();
        scene.collector.lapse(start, 20);
        let script = format!("{} {COUNT_EVENTS}", super::lapse(start, 20));
        let tab = scene.visit_prepared(&script, "/one").await?;
        tab.run(&large(40)).await?;
        let stored = "Object.entries(localStorage).reduce((sum, entry) => sum + entry.join('').length, 0)";
        tab.go(&scene.address("/one")).await?;
        super::ready(&tab).await?;
        let stored = tab.evaluate::<usize>(stored).await?;
        ensure!(stored <= wire::limits::PIXEL_STORE_BYTES, "{stored} bytes of the site's storage are used");
        scene.collector.set_down(false);
        scene.collector.within(40, "what was kept", |events| events.of("large").len() >= 5).await?;
        // what was dropped is said with the next batch
        tab.go(&scene.address("/one")).await?;
        super::ready(&tab).await?;
        let deadline = now_ms() + 40_000;
        loop {
            let told = tab.evaluate::<u64>("Number(sessionStorage.told)").await?;
            let (arrived, dropped) = (scene.collector.events().len() as u64, scene.collector.dropped());
            if arrived + dropped == told {
                ensure!(told > 40 && dropped > 0, "{dropped} of {told} were dropped");
                return Ok(());
            }
            ensure!(now_ms() < deadline, "of {told} events {arrived} arrived, {dropped} were dropped");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_left_before_the_pixel_has_loaded_harms_nothing() -> Result<()> {
    with_scene(async |scene| {
        scene.page(
            "/one",
            "<script>evothesis = window.evothesis || function () {
            (evothesis.q = evothesis.q || []).push(arguments); }; evothesis('track', 'early')</script>",
        );
        for _ in 0..3 {
            let tab = scene.browser.open("about:blank").await?;
            tab.run(&format!("location.href = '{}'", scene.address("/one"))).await.ok();
            tab.go("about:blank").await.ok();
            tab.close().await?;
        }
        let tab = scene.visit("/one").await?;
        // one of those left may have arrived, too, and may have been left before its script ran
        scene.collector.until("what the page said early", |events| events.has("early")).await?;
        scene.leave(&tab).await?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_site_says_while_the_page_is_left_arrives() -> Result<()> {
    with_scene(async |scene| {
        let body = "<script>
            addEventListener('pagehide', () => evothesis('track', 'left'));
            document.addEventListener('visibilitychange', () => evothesis('track', 'turned_away'));
            </script>";
        scene.page("/one", body);
        for round in 1..=2 {
            let tab = scene.visit("/one").await?;
            if round == 1 {
                tab.go("about:blank").await?;
            } else {
                tab.close().await?;
            }
            let is_there =
                |events: &[Event]| events.of("left").len() == round && events.of("turned_away").len() == round;
            scene.collector.until("the last words", is_there).await?;
        }
        scene.arrived().await?;
        Ok(())
    })
    .await
}
