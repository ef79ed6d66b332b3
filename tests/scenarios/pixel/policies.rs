//! Content security policies, pinned files, and a browser without WebAssembly: the same events, or silence.

use anyhow::{Context, Result, ensure};
use local_stack::browser::Tab;

use super::{Events, HOST, LISTEN_FOR_ERRORS, Scene, ensure_no_errors, html, with_scene};
use crate::fixture::now_ms;

const BODY: &str =
    "<button id=b>Press</button><form id=f onsubmit='return false'><input name=q><button id=go>Go</button></form>";

/// Visits a page under `policy` with `tag`, does a little, and answers the types of the events.
async fn visit_under(scene: &Scene, policy: &str, tag: &str) -> Result<Vec<String>> {
    let before = scene.collector.events().len();
    scene.site.put("/csp", &[("content-security-policy", policy)], &html(tag, BODY));
    let tab = scene.visit_prepared(LISTEN_FOR_ERRORS, "/csp").await?;
    tab.click("#b").await?;
    scene.collector.until("the page view", |events| events.len() > before).await?;
    ensure_no_errors(&tab).await?;
    let events = scene.leave(&tab).await?;
    tab.close().await?;
    Ok(events.kinds().into_iter().map(str::to_owned).collect())
}

fn was_fetched(scene: &Scene, part: &str) -> Result<bool> {
    let name = scene.collector.built(part)?;
    let name = name.as_str().with_context(|| format!("pixel.json has no {part}"))?.to_owned();
    Ok(scene.collector.fetched().iter().any(|path| path.ends_with(&name)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_with_nonces_and_without_wasm_gets_the_same_events_from_the_fallback() -> Result<()> {
    with_scene(async |scene| {
        let edge = scene.collector.address();
        let policy = format!(
            "script-src 'nonce-abc123' 'strict-dynamic'; connect-src {edge}; object-src 'none'; base-uri 'none'; \
             require-trusted-types-for 'script'"
        );
        let kinds = visit_under(scene, &policy, &scene.tag("nonce=abc123")).await?;
        ensure!(was_fetched(scene, "fallback")?, "{:?}", scene.collector.fetched());
        ensure!(kinds.iter().any(|kind| kind == "click"), "{kinds:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_names_the_edge_and_allows_wasm_gets_the_wasm() -> Result<()> {
    with_scene(async |scene| {
        let edge = scene.collector.address();
        let policy =
            format!("default-src 'self'; script-src {edge} 'wasm-unsafe-eval'; connect-src {edge}; img-src data:");
        let kinds = visit_under(scene, &policy, &scene.tag("")).await?;
        ensure!(was_fetched(scene, "wasm")? && !was_fetched(scene, "fallback")?, "{:?}", scene.collector.fetched());
        ensure!(kinds.iter().any(|kind| kind == "click"), "{kinds:?}");
        let policy = format!("default-src 'self'; script-src {edge}; connect-src {edge}; img-src data:");
        visit_under(scene, &policy, &scene.tag("")).await?;
        ensure!(was_fetched(scene, "fallback")?, "without wasm-unsafe-eval: {:?}", scene.collector.fetched());
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_forbids_sending_harms_nothing() -> Result<()> {
    with_scene(async |scene| {
        let policy = format!("script-src {} 'wasm-unsafe-eval'; connect-src 'self'", scene.collector.address());
        scene.site.put("/csp", &[("content-security-policy", &policy)], &html(&scene.tag(""), BODY));
        let tab = scene.browser.open_prepared(LISTEN_FOR_ERRORS, &scene.address("/csp")).await?;
        tab.click("#b").await?;
        tab.run("await new Promise((done) => setTimeout(done, 500)); evothesis('track', 'x')").await?;
        ensure_no_errors(&tab).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pinned_loader_runs_and_an_altered_one_does_not() -> Result<()> {
    with_scene(async |scene| {
        let pin = scene.collector.built("integrity")?["loader"].as_str().context("no integrity")?.to_owned();
        let tag = |pin: &str| {
            let edge = scene.collector.address();
            format!("<script async integrity='{pin}' crossorigin src='{edge}/pixel-1.js'></script>")
        };
        scene.page_with("/pinned", &tag(&pin), BODY);
        let tab = scene.visit_prepared(LISTEN_FOR_ERRORS, "/pinned").await?;
        ensure_no_errors(&tab).await?;
        scene.leave(&tab).await?;
        let before = scene.collector.fetched().len();
        scene.page_with("/altered", &tag("sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), BODY);
        let tab = scene.browser.open(&scene.address("/altered")).await?;
        tab.run("await new Promise((done) => setTimeout(done, 300))").await?;
        ensure!(tab.evaluate::<bool>("window.evothesis === undefined").await?);
        ensure!(scene.collector.fetched()[before..].iter().all(|path| path == "/pixel-1.js"));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_tampered_with_is_not_run() -> Result<()> {
    for part in ["glue", "wasm"] {
        with_scene(async |scene| {
            let name = scene.collector.built(part)?.as_str().context("no such part")?.to_owned();
            scene.collector.corrupt(&name);
            scene.page("/one", BODY);
            let tab = scene.browser.open_prepared(LISTEN_FOR_ERRORS, &scene.address("/one")).await?;
            local_stack::process::until(part, 10, async || was_fetched(scene, part).unwrap_or(false)).await?;
            tab.click("#b").await?;
            tab.run("evothesis('track', 'x'); await new Promise((done) => setTimeout(done, 700))").await?;
            // the browser tells the page that it refused the file; that is all
            tab.run("errors = errors.filter((line) => line !== 'error: undefined')").await?;
            ensure_no_errors(&tab).await?;
            let is_running = tab.evaluate::<bool>("window.evothesis?.ready === true").await?;
            ensure!(!is_running || was_fetched(scene, "fallback")?, "the altered {part} runs");
            ensure!(part == "wasm" || !is_running, "the altered glue runs");
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Makes a page see the same at each visit: clocks that stand still, chance that is always the same, no timings of its own. That it
/// was on the screen for a second depends on how fast this machine is, so nothing is done after a second.
fn frozen(now: i64) -> String {
    format!(
        "{{ Date.now = () => {now}; performance.now = () => 1000; const wait = setTimeout;
        window.setTimeout = (action, ms, ...rest) => ms === 1000 ? 0 : wait(action, ms, ...rest);
        crypto.getRandomValues = (array) => array.fill(typeof array[0] === 'bigint' ? 7n : 7);
        performance.getEntriesByType = () => []; window.PerformanceObserver = undefined; }}"
    )
}

async fn frozen_visit(scene: &Scene, prepared: &str) -> Result<(Tab, Vec<String>)> {
    let before = scene.collector.deliveries().len();
    let tab = scene.visit_prepared(prepared, "/one?utm_source=a&token=secret").await?;
    scene.collector.until_tried(before + 1).await?;
    // until the answer has been taken in
    tab.until("'evothesis:token' in localStorage && Object.keys(localStorage).length === 2").await?;
    tab.run(
        "const click = (id) => document.getElementById(id).click();
         click('b'); document.querySelector('[name=q]').value = 'typed'; click('go');
         document.querySelector('[name=q]').dispatchEvent(new Event('change', { bubbles: true }));
         evothesis('track', 'said', { text: 'ä\\u2028 mail me@example.org, 4111 1111 1111 1111', n: [1e21, -0.5, null] });
         evothesis('track', 'Bad name'); dataLayer = window.dataLayer || [];
         history.pushState({}, '', '/two?session=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2huIn0.c2lnbmF0dXJlLXBhcnQ');",
    )
    .await?;
    scene.collector.until_tried(before + 2).await?;
    tab.run("evothesis('track', 'last')").await?;
    tab.go("about:blank").await?;
    scene.collector.until_tried(before + 3).await?;
    let bodies = scene.collector.deliveries()[before..].iter().map(|delivery| delivery.body.clone()).collect();
    Ok((tab, bodies))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fallback_sends_what_the_wasm_sends_to_the_byte() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", BODY);
        let now = now_ms();
        // the edge's clock stands still, too
        scene.collector.lapse(now, 0);
        let (tab, wasm) = frozen_visit(scene, &frozen(now)).await?;
        ensure!(was_fetched(scene, "wasm")? && !was_fetched(scene, "fallback")?, "{:?}", scene.collector.fetched());
        tab.close().await?;
        scene.site.put("/clear", &[], "clear");
        let tab = scene.browser.open(&scene.site.address(HOST, "/clear")).await?;
        tab.run("localStorage.clear()").await?;
        let (_, fallback) = frozen_visit(scene, &(frozen(now) + "delete window.WebAssembly;")).await?;
        ensure!(was_fetched(scene, "fallback")?, "{:?}", scene.collector.fetched());
        ensure!(wasm.len() == fallback.len(), "{} batches from Wasm, {} from the fallback", wasm.len(), fallback.len());
        for (wasm, fallback) in wasm.iter().zip(&fallback) {
            ensure!(wasm == fallback, "Wasm:\n{wasm}\nfallback:\n{fallback}");
        }
        ensure!(scene.collector.events().has("said") && scene.collector.events().has("form_submit"));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pixel_that_cannot_run_does_not_say_that_it_does() -> Result<()> {
    with_scene(async |scene| {
        let glue = scene.collector.built("glue")?;
        let (edge, glue) = (scene.collector.address(), glue.as_str().context("no glue")?);
        // neither Wasm nor what stands in for it
        let policy = format!("script-src {edge}/pixel.js {edge}/{glue} 'unsafe-inline'; connect-src {edge}");
        scene.site.put("/csp", &[("content-security-policy", &policy)], &html(&scene.tag(""), BODY));
        let tab = scene.browser.open_prepared(LISTEN_FOR_ERRORS, &scene.address("/csp")).await?;
        local_stack::process::until("the Wasm", 10, async || was_fetched(scene, "wasm").unwrap_or(false)).await?;
        tab.run("evothesis('track', 'x'); await new Promise((done) => setTimeout(done, 700)); evothesis('track', 'y')")
            .await?;
        ensure!(tab.evaluate::<bool>("!evothesis.ready").await?, "it says that it runs");
        ensure_no_errors(&tab).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loader_that_was_pasted_into_the_page_does_nothing() -> Result<()> {
    with_scene(async |scene| {
        let loader = reqwest::get(format!("{}/pixel.js", scene.collector.address())).await?.text().await?;
        scene.page_with("/pasted", &format!("<script>{loader}</script>"), BODY);
        let tab = scene.browser.open_prepared(LISTEN_FOR_ERRORS, &scene.address("/pasted")).await?;
        tab.run("evothesis('track', 'x'); await new Promise((done) => setTimeout(done, 300))").await?;
        ensure_no_errors(&tab).await
    })
    .await
}
