//! Single-page apps, the back-forward cache, prerendering: one page view for each page that is seen.

use anyhow::{Context, Result, ensure};
use local_stack::browser::UnwatchedBrowser;
use serde_json::json;

use super::{Event, Events, Scene, ensure_says, with_scene};

/// What routers do, and the page views that have to come of it.
const ROUTES: &[(&str, &[&str])] = &[
    // a plain push
    ("history.pushState({}, '', '/a')", &["pushstate /a"]),
    // the same address again, by each way
    ("history.pushState({}, '', '/a')", &[]),
    ("history.replaceState({ y: 1 }, '', '/a')", &[]),
    ("history.replaceState({ y: 2 }, '')", &[]),
    ("history.pushState({}, '', '?sort=price'); history.pushState({}, '', '?sort=name')", &[]),
    ("location.hash = 'section'", &[]),
    // saves the scroll position, then goes
    ("history.replaceState({ y: 3 }, ''); history.pushState({}, '', '/b')", &["pushstate /b"]),
    // goes, then tidies the address up
    ("history.pushState({}, '', '/c?x=1'); await null; history.replaceState({}, '', '/c')", &["pushstate /c"]),
    ("history.pushState({}, '', '/d'); await pause(5); history.replaceState({ key: 1 }, '', '/d')", &["pushstate /d"]),
    // guards: the first address is never seen
    ("history.pushState({}, '', '/guarded'); history.replaceState({}, '', '/login')", &["pushstate /login"]),
    // twice, at once and a moment later
    ("history.pushState({}, '', '/e'); history.pushState({}, '', '/e')", &["pushstate /e"]),
    ("history.pushState({}, '', '/f'); await pause(5); history.pushState({}, '', '/f')", &["pushstate /f"]),
    // tells its own listeners
    ("history.pushState({}, '', '/g'); dispatchEvent(new PopStateEvent('popstate'))", &["pushstate /g"]),
    (
        "history.pushState({}, '', '/h'); await pause(5); dispatchEvent(new PopStateEvent('popstate'))",
        &["pushstate /h"],
    ),
    // a redirect
    ("history.replaceState({}, '', '/i')", &["replacestate /i"]),
    // there and back again
    (
        "history.pushState({}, '', '/j'); await pause(50); history.back(); await pause(50)",
        &["pushstate /j", "popstate /i"],
    ),
    ("history.forward(); await pause(50)", &["popstate /j"]),
    // routes behind the hash
    ("location.hash = '#/k'", &["hashchange /j#/k"]),
    ("history.pushState({}, '', '#/l')", &["pushstate /j#/l"]),
    ("location.hash = '#/l?tab=2'", &[]),
    ("history.go(-2); await pause(50)", &["popstate /j#/k"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_new_path_is_one_page_view_however_the_router_goes_there() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/start", "app");
        let tab = scene.visit("/start").await?;
        let mut expected = vec![json!(["navigate /start"])];
        for (index, (script, views)) in ROUTES.iter().enumerate() {
            // what each step comes to is known by the event after it
            tab.run(&format!(
                "const pause = (ms) => new Promise((done) => setTimeout(done, ms)); {script};
                 await pause(60); evothesis('track', 'step', {{ index: {index} }})"
            ))
            .await?;
            expected.push(json!(views));
        }
        let events = scene.leave(&tab).await?;
        let mut steps = vec![Vec::new()];
        for event in &events {
            match event.kind.as_str() {
                "pageview" => steps.last_mut().expect("one is there").push(event.clone()),
                "step" => steps.push(Vec::new()),
                _ => {}
            }
        }
        // the arrival stands before the first step, together with what that came to
        let first = steps[0].remove(0);
        steps.insert(0, vec![first]);
        let seen: Vec<_> = steps.iter().map(|step| json!(step.views())).take(expected.len()).collect();
        for (index, (seen, expected)) in seen.iter().zip(&expected).enumerate().skip(1) {
            let agree = seen == expected || is_same_but_hash(seen, expected);
            ensure!(agree, "after {}: {seen}, not {expected}", ROUTES[index - 1].0);
        }
        Ok(())
    })
    .await
}

/// A traversal between hash routes is announced both ways: either name is right.
fn is_same_but_hash(seen: &serde_json::Value, expected: &serde_json::Value) -> bool {
    seen.to_string().replace("hashchange", "popstate") == expected.to_string().replace("hashchange", "popstate")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_is_left_has_its_own_end_and_the_next_one_its_own_title() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/start", "<button id=b>Press</button><div style='height:3000px'></div>");
        let tab = scene.visit("/start").await?;
        tab.run(
            "history.pushState({}, '', '/second'); await null; document.title = 'The second';
             await new Promise((done) => setTimeout(done, 100))",
        )
        .await?;
        tab.click("#b").await?;
        tab.go("about:blank").await?;
        scene.collector.until("both exits", |events| events.of("page_exit").len() == 2).await?;
        let events = scene.arrived().await?;
        let exits: Vec<_> = events.of("page_exit").iter().map(|exit| exit.page["path"].clone()).collect();
        ensure!(exits == ["/start", "/second"], "{exits:?}");
        let views = events.of("pageview");
        ensure_says(&views[1].data, &json!({ "navigation": "pushstate", "previous_path": "/start" }))?;
        ensure_says(&views[1].page, &json!({ "path": "/second", "title": "The second" }))?;
        for once in ["language", "timezone", "screen_width"] {
            ensure!(views[1].data.get(once).is_none(), "{once} is told once a page load: {}", views[1].data);
        }
        ensure!(events.of("click").iter().all(|click| click.page["path"] == "/second"), "{:?}", events.of("click"));
        Ok(())
    })
    .await
}

/// Goes on to `/two` when the pixel runs, and says what comes back; `/two` goes back at once.
const THERE: &str = "<script>
    addEventListener('pageshow', ({ persisted }) => { if (persisted) { evothesis('track', 'kept'); FLUSH } });
    const again = sessionStorage.there; sessionStorage.there = 1;
    const waiting = setInterval(() => {
      if (!window.evothesis?.ready) return;
      clearInterval(waiting);
      if (again) { evothesis('track', 'not_kept', performance.getEntriesByType('navigation')[0].notRestoredReasons); FLUSH }
      else setTimeout(() => { location.href = '/two'; }, PAUSE);
    }, 10)</script>";
const BACK: &str = "<script>setInterval(() => { if (window.evothesis?.ready) history.back(); }, 100)</script>";

const TRIES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_comes_back_from_the_cache_is_seen_again() -> Result<()> {
    // left when all is quiet, and left while the pixel is sending. The browser may hand `pagehide` to a page when the next one is
    // there and has asked for the lock, which ends it; it does not do so each time
    for pause in ["500", "0"] {
        let mut is_kept = false;
        for _ in 0..TRIES {
            if !is_kept {
                with_scene(async |scene| {
                    is_kept = comes_back(scene, pause).await?;
                    Ok(())
                })
                .await?;
            }
        }
        ensure!(is_kept, "not kept when left after {pause} ms, {TRIES} times");
    }
    Ok(())
}

/// Whether a page that is left after `pause` ms is kept in the back/forward cache. If so, checks what is said when it comes back.
async fn comes_back(scene: &Scene, pause: &str) -> Result<bool> {
    scene.page(
        "/one",
        &THERE.replace("PAUSE", pause).replace("FLUSH", "setTimeout(() => { location.href = 'about:blank'; }, 100)"),
    );
    scene.page("/two", BACK);
    // a page that a tool looks into is not kept
    let _browser = UnwatchedBrowser::open(&scene.address("/one"))?;
    // what the others say may come after it
    let is_back = |events: &[super::Event]| {
        events.has("not_kept")
            || (events.has("kept") && events.views().len() == 3 && scene.collector.ensure_whole().is_ok())
    };
    // what is not there in the end is said below
    let events = scene.collector.until("the page that is back", is_back).await;
    let events = events.unwrap_or_else(|_| scene.collector.events());
    if events.has("not_kept") {
        eprintln!("not kept when left after {pause} ms: {:?}", events.data("not_kept"));
        return Ok(false);
    }
    ensure!(events.views() == ["navigate /one", "navigate /two", "bfcache /one"], "{:?}", events.views());
    // it is left a second time as soon as it is back
    let back = events.iter().find(|event| event.kind == "pageview" && event.data["navigation"] == "bfcache");
    let back = back.context("it is not back")?;
    let first = events.iter().filter(|event| event.stream == back.stream && event.seq < back.seq);
    let exits = first.filter(|event| event.kind == "page_exit").count();
    ensure!(exits == 1, "{exits} exits of the page that was left once");
    scene.collector.ensure_whole()?;
    Ok(true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prerendered_page_counts_when_it_is_seen_and_not_before() -> Result<()> {
    with_scene(async |scene| {
        // the browser does not prerender while a tool is attached to it: the page itself waits and goes on
        let rules = "<script type=speculationrules>\
             {\"prerender\":[{\"urls\":[\"/next\",\"/never\"],\"eagerness\":\"immediate\"}]}</script>";
        let go = "<script>setInterval(async () => { if ((await fetch('/go')).ok) next.click(); }, 100)</script>";
        scene.page("/one", &format!("{rules}<a id=next href=/next>Next</a>{go}"));
        // each says when it is there
        scene.page("/next", "<img src=/loaded-next>");
        scene.page("/never", "<img src=/loaded-never>");
        let _browser = UnwatchedBrowser::open(&scene.address("/one"))?;
        let asked = |what: &str| scene.site.asked().iter().filter(|asked| asked.starts_with(what)).count();
        let both = async || asked("GET /loaded-next") + asked("GET /loaded-never") == 2;
        local_stack::process::until("the prerendered pages", 15, both).await?;
        scene.collector.until("the page view of the first", |events| events.has("pageview")).await?;
        ensure!(scene.collector.events().views() == ["navigate /one"], "{:?}", scene.collector.events().views());
        let prerendered = scene.site.asked().iter().any(|a| a.starts_with("GET /next") && a.contains("prerender"));
        ensure!(prerendered, "the browser did not prerender: {:?}", scene.site.asked());
        scene.site.put("/go", &[], "go");
        let events = scene.collector.until("the page view", |events| events.views().len() > 1).await?;
        ensure!(events.views() == ["navigate /one", "prerender /next"], "{:?}", events.views());
        ensure!(asked("GET /next") == 1, "it was loaded again: {:?}", scene.site.asked());
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_a_route_change_happens_on_the_new_page_and_by_its_title() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/cart", "cart");
        let tab = scene.visit("/cart").await?;
        // frameworks set the title when they have drawn
        tab.run(
            "history.pushState({}, '', '/drawn'); setTimeout(() => { document.title = 'Drawn' }, 5);
             await new Promise((done) => setTimeout(done, 200));
             history.pushState({}, '', '/thanks'); document.title = 'Thanks'; evothesis('track', 'bought')",
        )
        .await?;
        tab.go("about:blank").await?;
        // each route has an exit of its own
        let is_over = |events: &[Event]| events.of("page_exit").len() == 3;
        let events = scene.collector.until("three exits", is_over).await?;
        let pages = |kind: &str| -> Vec<String> {
            events.of(kind).iter().map(|event| format!("{} {}", event.page["path"], event.page["title"])).collect()
        };
        let seen = pages("pageview");
        ensure!(seen == [r#""/cart" "A page""#, r#""/drawn" "Drawn""#, r#""/thanks" "Thanks""#], "{seen:?}");
        ensure!(pages("bought") == [r#""/thanks" "Thanks""#], "{:?}", pages("bought"));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_change_that_an_opt_out_cuts_off_silences_no_later_one() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/start", "app");
        let tab = scene.visit("/start").await?;
        scene.collector.until("the first page view", |events| events.has("pageview")).await?;
        tab.run(
            "history.pushState({}, '', '/unseen'); evothesis('optout');
             await new Promise((done) => setTimeout(done, 200)); evothesis('optin')",
        )
        .await?;
        let seen = |path: &'static str| {
            move |events: &[Event]| events.of("pageview").iter().any(|event| event.page["path"] == path)
        };
        // it begins anew, on the page that is open
        scene.collector.until("the page after the opt-in", seen("/unseen")).await?;
        tab.run("history.pushState({}, '', '/later')").await?;
        scene.collector.until("the page after the next route change", seen("/later")).await?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_site_says_before_the_wasm_is_there_happened_then_and_there() -> Result<()> {
    with_scene(async |scene| {
        let slow = "{ const get = window.fetch; window.fetch = async (...what) => {
            if (String(what[0]).includes('.wasm')) { window.isAsked = true; await new Promise((done) => setTimeout(done, 2000)); }
            return get(...what); }; }";
        scene.page("/one", "one");
        let tab = scene.browser.open_prepared(slow, &scene.address("/one")).await?;
        tab.until("window.isAsked === true").await?;
        tab.run(
            "evothesis('track', 'early'); await new Promise((done) => setTimeout(done, 50)); window.at = performance.now();
             history.pushState({}, '', '/two'); await new Promise((done) => setTimeout(done, 100)); evothesis('track', 'later')",
        )
        .await?;
        super::ready(&tab).await?;
        let (at, ready) = (tab.evaluate::<f64>("at").await?, tab.evaluate::<f64>("performance.now()").await?);
        ensure!(at + 500.0 < ready, "the Wasm was there before it: {at}, {ready}");
        let events = scene.leave(&tab).await?;
        let paths = ["early", "later"].map(|kind| events.of(kind)[0].page["path"].clone());
        ensure!(paths == ["/one", "/two"], "{paths:?}");
        let told = u32::try_from(events.of("early")[0].t)?;
        ensure!(f64::from(told) < at, "told at {told} ms, the page went on at {at}");
        Ok(())
    })
    .await
}
