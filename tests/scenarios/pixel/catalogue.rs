//! What a page view, reading, and leaving are told as.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{Event, Events, ensure_numbers, ensure_says, with_scene};

const LONG: &str =
    "<p id=text>Some words that a reader may want to copy from here</p><div style='height:4000px'></div>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_view_carries_the_facts_of_the_page_load() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let tab = scene.visit("/one?utm_source=news&utm_campaign=autumn&gclid=abc123").await?;
        let facts: serde_json::Value = tab
            .evaluate(
                "({ language: navigator.language, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
                    screen_width: screen.width, screen_height: screen.height, viewport_width: innerWidth,
                    viewport_height: innerHeight, device_pixel_ratio: devicePixelRatio })",
            )
            .await?;
        tab.run("location.reload()").await.ok();
        scene.collector.until("the second page view", |events| events.of("pageview").len() == 2).await?;
        let events = scene.leave(&tab).await?;
        let views = events.of("pageview");
        let first = views.iter().find(|view| view.data["navigation"] == "navigate").context("no navigation")?;
        ensure_says(&first.data, &facts)?;
        ensure!(first.data.get("previous_path").is_none_or(|path| path == ""), "{}", first.data);
        ensure_says(&first.page, &json!({ "path": "/one", "title": "A page" }))?;
        let url = first.page["url"].as_str().context("no url")?;
        // the edge reads campaign and channel from it
        for part in ["/one?", "utm_source=news", "utm_campaign=autumn", "gclid"] {
            ensure!(url.contains(part) && !url.contains("abc123"), "{url}");
        }
        ensure!(first.seq == 0 && first.consent == "unknown");
        ensure!(views.iter().any(|view| view.data["navigation"] == "reload"), "{:?}", events.views());
        let loads: BTreeSet<_> = events.iter().map(|event| &event.stream).collect();
        ensure!(loads.len() == 2, "each page load is a stream of its own");
        let batch = &scene.collector.deliveries()[0];
        ensure!(batch.method == "POST" && batch.path == "/collect", "{} {}", batch.method, batch.path);
        ensure!(batch.content_type.starts_with("text/plain"), "a preflight for every batch: {}", batch.content_type);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_depth_is_told_once_with_the_time_it_took() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/long", LONG);
        let tab = scene.visit("/long").await?;
        for share in [0.1, 0.35, 0.6, 1.0, 0.2, 1.0] {
            tab.scroll_to(share).await?;
            tab.run("await new Promise((done) => setTimeout(done, 250))").await?;
        }
        let events = scene.leave(&tab).await?;
        let mut milestones = Vec::new();
        for data in events.data("scroll_depth") {
            ensure_numbers(data, &["milestone", "ms"])?;
            milestones.push(data["milestone"].as_u64().unwrap_or_default());
        }
        ensure!(milestones == [25, 50, 75, 100], "{milestones:?}");
        let exit = events.data("page_exit");
        ensure_says(exit.first().context("no exit")?, &json!({ "depth": 100 }))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_does_not_scroll_is_read_to_its_end() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/short", "<p>All there is</p>");
        let tab = scene.visit("/short").await?;
        // it has to be on the screen for a moment
        tab.run("await new Promise((done) => setTimeout(done, 1500))").await?;
        let events = scene.leave(&tab).await?;
        ensure!(events.data("scroll_depth").iter().any(|data| data["milestone"] == 100), "{:?}", events.kinds());
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_left_says_how_long_it_was_open_and_how_it_felt() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "<h1>Heading</h1><button id=b onclick='this.textContent = 1'>Press</button>");
        let tab = scene.visit("/one").await?;
        tab.click("#b").await?;
        tab.run("await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))").await?;
        let events = scene.leave(&tab).await?;
        let exits = events.data("page_exit");
        ensure!(exits.len() == 1, "{} exits of one page", exits.len());
        ensure_numbers(exits[0], &["ms", "engaged_ms", "depth"])?;
        let (ms, engaged) = (exits[0]["ms"].as_u64(), exits[0]["engaged_ms"].as_u64());
        ensure!(ms >= Some(300) && engaged > Some(0) && engaged <= ms, "{}", exits[0]);
        let vitals = events.data("web_vitals");
        ensure!(vitals.len() == 1, "{} web_vitals of one page", vitals.len());
        ensure_numbers(vitals[0], &["lcp", "fcp", "ttfb", "cls"])?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tab_that_comes_and_goes_says_so() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", LONG);
        let tab = scene.visit("/one").await?;
        scene.collector.until("the page view", |events| events.has("pageview")).await?;
        // a second tab in front of the first
        let other = scene.browser.open("about:blank").await?;
        other.page().bring_to_front().await?;
        tab.until("document.visibilityState === 'hidden'").await?;
        scene
            .collector
            .until("hidden", |events| events.data("page_visibility").iter().any(|d| d["state"] == "hidden"))
            .await?;
        tab.page().bring_to_front().await?;
        tab.until("document.visibilityState === 'visible'").await?;
        tab.go("about:blank").await?;
        // the exit came when it was hidden first
        let is_told = |events: &[Event]| events.data("page_visibility").iter().any(|data| data["state"] == "visible");
        scene.collector.until("visible", is_told).await?;
        let events = scene.arrived().await?;
        let states = events.data("page_visibility");
        for state in ["hidden", "visible"] {
            let found = states.iter().find(|data| data["state"] == state);
            ensure_numbers(found.with_context(|| format!("no {state} among {states:?}"))?, &["ms"])?;
        }
        ensure!(events.of("page_exit").len() == 1, "an exit once a page: {:?}", events.kinds());
        ensure!(events.of("web_vitals").len() == 1, "web vitals once a page: {:?}", events.kinds());
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_is_marked_or_copied_is_told_by_its_length() -> Result<()> {
    with_scene(async |scene| {
        let body = format!("{LONG}<p id=short>Only few</p>");
        scene.page("/long", &body);
        let tab = scene.visit("/long").await?;
        let mark = |id: &str| {
            format!(
                "getSelection().selectAllChildren(document.getElementById('{id}'));
                 dispatchEvent(new MouseEvent('mouseup')); document.dispatchEvent(new MouseEvent('mouseup'));
                 await new Promise((done) => setTimeout(done, 1200))"
            )
        };
        tab.run(&mark("short")).await?;
        tab.run(&mark("text")).await?;
        tab.run("document.execCommand('copy'); await new Promise((done) => setTimeout(done, 50))").await?;
        let length = "Some words that a reader may want to copy from here".len();
        let events = scene.leave(&tab).await?;
        let selected = events.data("text_select");
        ensure!(selected.len() == 1, "one selection of more than ten characters: {:?}", events.kinds());
        ensure_says(selected[0], &json!({ "length": length }))?;
        let copied = events.data("text_copy");
        ensure!(copied.len() == 1, "{:?}", events.kinds());
        ensure_says(
            copied[0],
            &json!({ "length": length, "preview": "Some words that a reader may want to copy from here" }),
        )
    })
    .await
}
