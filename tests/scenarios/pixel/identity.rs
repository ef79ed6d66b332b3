//! One visitor, however many tabs.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::collector::Answer;
use super::{Events, Scene, with_scene};

/// Whose the events are, by the token that they came with.
fn visitors(scene: &Scene) -> BTreeSet<String> {
    scene.collector.events().into_iter().map(|event| event.visitor).collect()
}

/// Opens five tabs at once, then one more, which all have to be one visitor's.
async fn open_five(scene: &Scene, in_front: bool) -> Result<()> {
    scene.page("/one", "one");
    for _ in 0..5 {
        scene.browser.open_at_once(&scene.address("/one"), in_front).await?;
    }
    scene.collector.until("five page views", |events| events.of("pageview").len() == 5).await?;
    let tab = scene.visit("/one").await?;
    scene.collector.until("the sixth", |events| events.of("pageview").len() == 6).await?;
    ensure!(visitors(scene).len() == 1, "{:?}", visitors(scene));
    let streams: BTreeSet<_> = scene.collector.events().into_iter().map(|event| event.stream).collect();
    ensure!(streams.len() == 6, "each page load numbers its own events");
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_tabs_opened_at_once_are_one_visitor() -> Result<()> {
    with_scene(async |scene| open_five(scene, false).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_tabs_that_cover_one_another_are_one_visitor() -> Result<()> {
    with_scene(async |scene| open_five(scene, true).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_answer_that_is_lost_makes_no_second_visitor() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        scene.collector.answer_next([Answer::Cut, Answer::Cut]);
        let tab = scene.visit("/one").await?;
        scene.collector.until_tried(1).await?;
        let other = scene.visit("/one").await?;
        scene.collector.until_tried(4).await?;
        tab.close().await?;
        scene.collector.until("both page views", |events| events.of("pageview").len() == 2).await?;
        scene.leave(&other).await?;
        ensure!(visitors(scene).len() == 1, "{:?}", visitors(scene));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicated_tab_is_the_same_visitor_and_another_page_load() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "<button id=b onclick='window.open(location.href)'>Twice</button>");
        let tab = scene.visit("/one").await?;
        tab.run("sessionStorage.setItem('own', '1')").await?;
        // a tab that is opened by a page starts with a copy of its session storage, as a duplicated one does
        tab.click("#b").await?;
        let events = scene.collector.until("both page views", |events| events.of("pageview").len() == 2).await?;
        ensure!(visitors(scene).len() == 1, "{:?}", visitors(scene));
        let loads: BTreeSet<_> = events.iter().map(|event| &event.stream).collect();
        ensure!(loads.len() == 2, "two page loads share their numbers");
        let keys = tab.evaluate::<Vec<String>>("Object.keys(sessionStorage)").await?;
        ensure!(keys == ["own"], "the pixel's or the site's: {keys:?}");
        scene.collector.ensure_whole()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pixel_keeps_its_own_keys_and_no_cookie() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "<script>localStorage.own = 'site'; document.cookie = 'own=1'</script>");
        let tab = scene.visit("/one").await?;
        scene.collector.until("the page view", |events| events.has("pageview")).await?;
        tab.until("'evothesis:token' in localStorage").await?;
        let keys = tab.evaluate::<Vec<String>>("Object.keys(localStorage)").await?;
        let is_ours = |key: &String| {
            matches!(&**key, "evothesis:state" | "evothesis:token") || key.starts_with("evothesis:b:") || key == "own"
        };
        ensure!(keys.iter().all(is_ours), "{keys:?}");
        ensure!(tab.evaluate::<String>("document.cookie").await? == "own=1");
        // the next page, and the one after the browser has forgotten all, are told apart
        tab.run("localStorage.clear()").await?;
        tab.go(&scene.address("/one")).await?;
        super::ready(&tab).await?;
        scene.leave(&tab).await?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tags_and_a_first_party_address_count_once() -> Result<()> {
    with_scene(async |scene| {
        let edge = scene.collector.address();
        let tags = scene.tag("") + &scene.tag("") + &format!("<script async src='{edge}/v1/pixel-0123.js'></script>");
        scene.page_with("/twice", &tags, "<button id=b>Press</button>");
        let tab = scene.visit("/twice").await?;
        tab.run(&format!(
            "await new Promise((done) => {{ const s = document.createElement('script');
            s.src = '{edge}/pixel.js'; s.onload = done; document.head.append(s); }}); await 0"
        ))
        .await?;
        tab.click("#b").await?;
        let events = scene.leave(&tab).await?;
        ensure!(events.of("pageview").len() == 1 && events.of("click").len() == 1, "{:?}", events.kinds());
        // the settings of the first-party path: any name, posted to itself
        for (tag, collect) in
            [("/w8/m.js", "/w8/m.js"), ("/a/pixel-0123.js", "/a/collect"), ("/pixel.min.js?mode=memory", "/collect")]
        {
            let path = format!("/own{}", tag.replace('?', "-"));
            scene.page_with(&path, &format!("<script async src='{edge}{tag}'></script>"), "own");
            let tab = scene.visit(&path).await?;
            let posted = || scene.collector.deliveries().into_iter().find(|delivery| delivery.body.contains(&path));
            scene.collector.until("the page view", |_| posted().is_some()).await?;
            ensure!(posted().is_some_and(|posted| posted.path == collect), "{tag} posts to {:?}", posted());
            tab.close().await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_hidden_before_the_wasm_is_there_keeps_the_visitor() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let tab = scene.visit("/one").await?;
        tab.until("'evothesis:token' in localStorage").await?;
        scene.leave(&tab).await?;
        let slow = "{ const get = window.fetch; window.fetch = async (...what) => {
            if (String(what[0]).includes('.wasm')) await new Promise((done) => setTimeout(done, 1500));
            return get(...what); }; }";
        let hidden = scene.browser.open_prepared(slow, &scene.address("/one")).await?;
        let front = scene.browser.open("about:blank").await?;
        super::ready(&hidden).await?;
        scene.collector.until("both page views", |events| events.of("pageview").len() == 2).await?;
        front.close().await?;
        scene.leave(&hidden).await?;
        ensure!(visitors(scene).len() == 1, "{:?}", visitors(scene));
        Ok(())
    })
    .await
}
