//! What is kept on the device, and sent, before and after a visitor has said what they want.

use anyhow::{Context, Result, ensure};
use local_stack::browser::Tab;

use super::{Event, Events, Scene, with_scene};

const KEYS: &str = "Object.keys(localStorage).concat(Object.keys(sessionStorage), document.cookie || [])";

async fn ensure_nothing_kept(tab: &Tab) -> Result<()> {
    let kept = tab.evaluate::<Vec<String>>(KEYS).await?;
    ensure!(kept.is_empty(), "kept on the device: {kept:?}");
    Ok(())
}

async fn wiped(tab: &Tab) -> Result<()> {
    let wiped = tab.until("Object.keys(localStorage).length === 0").await;
    if wiped.is_err() {
        return ensure_nothing_kept(tab).await;
    }
    ensure_nothing_kept(tab).await
}

/// A page in `mode`, with a campaign in its address, once its page view has arrived.
async fn visit_in(scene: &Scene, mode: &str, path: &str) -> Result<Tab> {
    scene.page_with(path, &scene.tag(&format!("data-mode={mode}")), "<button id=b>Press</button>");
    let before = scene.collector.events().of("pageview").len();
    let tab = scene.visit(&format!("{path}?utm_source=first")).await?;
    scene.collector.until("the page view", |events| events.of("pageview").len() > before).await?;
    Ok(tab)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory_mode_nothing_is_kept_until_consent_and_then_all_of_it() -> Result<()> {
    with_scene(async |scene| {
        let tab = visit_in(scene, "memory", "/one").await?;
        tab.click("#b").await?;
        tab.run("history.pushState({}, '', '/two')").await?;
        scene.collector.until("the second page view", |events| events.of("pageview").len() == 2).await?;
        ensure_nothing_kept(&tab).await?;
        tab.run("evothesis('consent', 'granted'); evothesis('track', 'agreed')").await?;
        tab.until("'evothesis:token' in localStorage").await?;
        tab.go(&scene.address("/one")).await?;
        super::ready(&tab).await?;
        let events = scene.leave(&tab).await?;
        let visitors: std::collections::BTreeSet<_> = events.iter().map(|event| &event.visitor).collect();
        ensure!(visitors.len() == 1, "consent made another visitor: {visitors:?}");
        let first = events.of("pageview")[0].clone();
        ensure!(first.page["url"].as_str().is_some_and(|url| url.contains("utm_source=first")), "{}", first.page);
        ensure!(first.consent == "unknown", "{}", first.consent);
        let agreed = events.of("agreed")[0].clone();
        ensure!(agreed.consent == "granted", "{}", agreed.consent);
        let last = scene.collector.deliveries().pop().map(|delivery| delivery.batch);
        ensure!(last.is_some_and(|batch| batch["cookieless"] != true && batch["token"] != ""));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_cookieless_mode_nothing_is_ever_kept_or_linked() -> Result<()> {
    with_scene(async |scene| {
        let mut views = 0;
        for query in ["", "?mode=cookieless"] {
            let attribute = if query.is_empty() { "data-mode=cookieless" } else { "" };
            let tag =
                format!("<script async {attribute} src='{}/pixel.js{query}'></script>", scene.collector.address());
            scene.page_with("/one", &tag, "<button id=b>Press</button>");
            let tab = scene.visit("/one").await?;
            tab.click("#b").await?;
            tab.go(&scene.address("/one")).await?;
            super::ready(&tab).await?;
            tab.run("await new Promise((done) => setTimeout(done, 500))").await?;
            ensure_nothing_kept(&tab).await?;
            tab.go("about:blank").await?;
            views += 2;
            scene.collector.until("both page views", |events| events.of("pageview").len() == views).await?;
            let events = scene.arrived().await?;
            ensure!(events.of("click").len() == views / 2, "{:?}", events.kinds());
        }
        for delivery in scene.collector.deliveries() {
            ensure!(delivery.batch["cookieless"] == true, "{}", delivery.body);
            ensure!(delivery.batch["token"] == "", "a token was sent: {}", delivery.batch["token"]);
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_who_declines_is_forgotten_on_the_device() -> Result<()> {
    with_scene(async |scene| {
        let tab = visit_in(scene, "storage", "/one").await?;
        tab.until("'evothesis:token' in localStorage").await?;
        tab.run("evothesis('consent', 'denied'); evothesis('track', 'declined')").await?;
        wiped(&tab).await?;
        let events = scene.leave(&tab).await?;
        let declined = events.of("declined")[0].clone();
        ensure!(declined.consent == "denied", "{}", declined.consent);
        let delivery = scene.collector.deliveries().into_iter().find(|delivery| delivery.body.contains("declined"));
        let batch = delivery.map(|delivery| delivery.batch).unwrap_or_default();
        ensure!(batch["cookieless"] == true && batch["token"] == "", "{batch}");
        // nothing came back with the goodbye
        scene.site.put("/plain", &[], "plain");
        let tab = scene.browser.open(&scene.address("/plain")).await?;
        ensure_nothing_kept(&tab).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mode_can_be_changed_by_a_call() -> Result<()> {
    with_scene(async |scene| {
        let tab = visit_in(scene, "memory", "/one").await?;
        ensure_nothing_kept(&tab).await?;
        tab.run("evothesis('mode', 'storage')").await?;
        tab.until("'evothesis:token' in localStorage").await?;
        tab.run("evothesis('mode', 'memory')").await?;
        wiped(&tab).await?;
        tab.run("evothesis('mode', 'nonsense'); evothesis('consent', 'perhaps'); evothesis('consent'); evothesis('no_such')").await?;
        tab.click("#b").await?;
        let events = scene.leave(&tab).await?;
        ensure!(events.has("click") && events.iter().all(|event| event.consent == "unknown"), "{:?}", events.kinds());
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_before_the_pixel_loaded_counts_from_the_first_event() -> Result<()> {
    with_scene(async |scene| {
        let stub = "<script>window.evothesis = window.evothesis || function () {
            (evothesis.q = evothesis.q || []).push(arguments); };
            evothesis('track', 'early', { n: 1 }); evothesis('consent', 'denied'); evothesis('track', 'late', { n: 2 })</script>";
        scene.page_with("/one", &(stub.to_owned() + &scene.tag("")), "one");
        let tab = scene.visit("/one").await?;
        ensure_nothing_kept(&tab).await?;
        let events = scene.leave(&tab).await?;
        ensure!(events.has("early") && events.has("late"), "{:?}", events.kinds());
        ensure!(events.iter().all(|event| event.consent == "denied"), "consent was known before anything was sent");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opt_out_stops_everything_in_all_tabs_and_an_opt_in_undoes_it() -> Result<()> {
    with_scene(async |scene| {
        let tab = visit_in(scene, "storage", "/one").await?;
        let other = visit_in(scene, "storage", "/one").await?;
        // until no answer is on its way; what is seen after a second begins another batch
        other.until("!Object.values(localStorage).some((value) => value.includes('{\"token\":'))").await?;
        tab.run("evothesis('optout')").await?;
        tab.until("Object.keys(localStorage).join() === 'evothesis:optout'").await?;
        // as a process may that has not heard of it yet
        other.run("localStorage.setItem('evothesis:token', 'late')").await?;
        let before = scene.collector.deliveries().len();
        for tab in [&tab, &other] {
            tab.page().bring_to_front().await?;
            tab.click("#b").await?;
        }
        let fetched = scene.collector.fetched().len();
        for tab in [&tab, &other] {
            tab.page().bring_to_front().await?;
            tab.go(&scene.address("/one")).await?;
            tab.click("#b").await?;
            tab.run("await new Promise((done) => setTimeout(done, 400))").await?;
        }
        let kept = tab.evaluate::<Vec<String>>(KEYS).await?;
        ensure!(kept == ["evothesis:optout"], "{kept:?}");
        ensure!(scene.collector.deliveries().len() == before, "something was sent after the opt-out");
        let fetched = scene.collector.fetched().split_off(fetched);
        ensure!(fetched.iter().all(|path| path == "/pixel.js"), "{fetched:?}");
        tab.run("evothesis('optin')").await?;
        super::ready(&tab).await?;
        scene.collector.until_tried(before + 1).await?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_objects_is_asked_for_nothing_but_the_loader() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "<button id=b>Press</button>");
        // some browsers had it on the window
        for signal in [
            "Navigator.prototype, 'globalPrivacyControl', { get: () => true }",
            "Navigator.prototype, 'doNotTrack', { get: () => '1' }",
            "window, 'doNotTrack', { value: '1' }",
        ] {
            let signal = format!("Object.defineProperty({signal})");
            let tab = scene.browser.open_prepared(&signal, &scene.address("/one")).await?;
            tab.until("performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/pixel.js'))")
                .await?;
            tab.run("evothesis('consent', 'granted'); evothesis('mode', 'storage'); evothesis('track', 'x')").await?;
            tab.click("#b").await?;
            tab.run("await new Promise((done) => setTimeout(done, 400))").await?;
            ensure_nothing_kept(&tab).await?;
            tab.go("about:blank").await?;
        }
        let fetched = scene.collector.fetched();
        ensure!(fetched.iter().all(|path| path == "/pixel.js") && !fetched.is_empty(), "{fetched:?}");
        ensure!(scene.collector.deliveries().is_empty(), "something was sent");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_before_the_pixel_starts_leaves_nothing_of_earlier_pages_on_the_device() -> Result<()> {
    with_scene(async |scene| {
        let tab = visit_in(scene, "storage", "/one").await?;
        tab.until("'evothesis:token' in localStorage").await?;
        scene.collector.set_down(true);
        tab.click("#b").await?;
        let stub = "<script>window.evothesis = function () { (evothesis.q = evothesis.q || []).push(arguments); };
            evothesis('consent', 'denied')</script>";
        scene.page_with("/two", &(stub.to_owned() + &scene.tag("")), "two");
        tab.go(&scene.address("/two")).await?;
        super::ready(&tab).await?;
        wiped(&tab).await?;
        scene.collector.set_down(false);
        // what was not sent is not lost
        tab.run("dispatchEvent(new Event('online'))").await?;
        scene.collector.within(40, "the click", |events| events.has("click")).await?;
        ensure_nothing_kept(&tab).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consent_that_is_no_word_of_ours_counts_as_unknown() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let tab = scene.visit("/one").await?;
        for said in ["true", "'accepted'", "{ analytics: true }", "undefined", "null"] {
            tab.run(&format!("evothesis('consent', {said}); evothesis('track', 'said', {{ }})")).await?;
        }
        let events = scene.leave(&tab).await?;
        ensure!(events.of("said").len() == 5, "{:?}", events.kinds());
        ensure!(events.iter().all(|event| event.consent == "unknown"), "{events:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_before_an_answer_goes_under_the_consent_of_then_and_nothing_seems_lost() -> Result<()> {
    with_scene(async |scene| {
        for (mode, answer) in
            [("storage", "denied"), ("memory", "denied"), ("memory", "granted"), ("cookieless", "granted")]
        {
            let path = format!("/{mode}/{answer}");
            let banner = format!("<button id=answer onclick=\"evothesis('consent', '{answer}')\">Answer</button>");
            scene.page_with(&path, &scene.tag(&format!("data-mode={mode}")), &banner);
            let tab = scene.visit(&path).await?;
            let is_here = |event: &&Event| event.page["path"] == *path;
            let came = |events: &[Event], kind: &str| events.iter().filter(is_here).any(|event| event.kind == kind);
            scene.collector.until("the page view", |events| came(events, "pageview")).await?;
            // until the answer to it was heard
            tab.run("await new Promise((done) => setTimeout(done, 300)); evothesis('track', 'before')").await?;
            tab.click("#answer").await?;
            tab.run("evothesis('track', 'after')").await?;
            scene.leave(&tab).await?;
            tab.close().await?;
            let events: Vec<_> = scene.collector.events().into_iter().filter(|event| is_here(&event)).collect();
            let one = |kind: &str| events.of(kind).first().copied().with_context(|| format!("{path}: no {kind}"));
            for kind in ["pageview", "before", "click"] {
                ensure!(one(kind)?.consent == "unknown", "{path}: {kind} under {}", one(kind)?.consent);
            }
            ensure!(one("after")?.consent == answer, "{path}: {}", one("after")?.consent);
            // with its token what happened before still belongs to who was there, and what comes after a refusal does not
            let is_known = mode != "cookieless";
            ensure!(!is_known || one("before")?.visitor == one("pageview")?.visitor, "{path}: another visitor");
            let is_same = one("after")?.visitor == one("before")?.visitor;
            ensure!(is_same == (mode == "memory" && answer == "granted"), "{path}: the same visitor: {is_same}");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_edge_needs_consent_what_it_left_out_before_is_not_missing() -> Result<()> {
    with_scene(async |scene| {
        scene.collector.need_consent();
        scene.page_with("/one", &scene.tag("data-mode=memory"), "<button id=b>Press</button>");
        let tab = scene.visit("/one").await?;
        scene.collector.until_tried(1).await?;
        tab.click("#b").await?;
        tab.run(
            "await new Promise((done) => setTimeout(done, 300)); evothesis('consent', 'granted');
                 evothesis('track', 'agreed')",
        )
        .await?;
        scene.collector.until_tried(2).await?;
        tab.go("about:blank").await?;
        let events = scene.collector.until("the exit", |events| events.has("page_exit")).await?;
        ensure!(events.has("agreed") && !events.has("click"), "{:?}", events.kinds());
        scene.collector.ensure_whole()
    })
    .await
}
