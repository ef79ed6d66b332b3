//! Storage that is blocked, full, cleared or spoilt, and browsers that lack this or that: everything still arrives.

use anyhow::{Result, ensure};

use super::{Events, LISTEN_FOR_ERRORS, Scene, ensure_no_errors, with_scene};

/// Two pages with a click each, in a browser prepared by `script`; all of it has to arrive and the page to notice nothing.
async fn ensure_works(scene: &Scene, script: &str) -> Result<()> {
    scene.page("/one", "<button id=b>Press</button><a id=a href='/one'>Again</a>");
    let prepared = format!("{LISTEN_FOR_ERRORS} {script}");
    let before = scene.collector.events();
    let (views, clicks) = (before.of("pageview").len(), before.of("click").len());
    let tab = scene.visit_prepared(&prepared, "/one").await?;
    tab.click("#b").await?;
    ensure_no_errors(&tab).await?;
    tab.follow("#a").await?;
    super::ready(&tab).await?;
    tab.click("#b").await?;
    scene.collector.until("the second page view", |events| events.of("pageview").len() == views + 2).await?;
    ensure_no_errors(&tab).await?;
    let events = scene.leave(&tab).await?;
    tab.close().await?;
    ensure!(events.of("click").len() == clicks + 3, "after {script}: {:?}", events.kinds());
    ensure!(scene.collector.dropped() == 0, "after {script}: {} dropped", scene.collector.dropped());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_that_cannot_be_had_costs_nothing() -> Result<()> {
    let mut failures = Vec::new();
    for script in [
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('blocked', 'SecurityError'); } });",
        "Object.defineProperty(window, 'localStorage', { value: null });",
        "const full = { set() { throw new DOMException('full', 'QuotaExceededError'); } };
         Object.defineProperty(window, 'localStorage', { value: new Proxy({}, full) });",
        "Object.defineProperty(window, 'localStorage', { value: new Proxy({}, { set: () => true }) });",
        "Storage.prototype.setItem = Storage.prototype.getItem = () => { throw new Error('the page has its own'); };",
    ] {
        if let Err(error) = with_scene(async |scene| ensure_works(scene, script).await).await {
            failures.push(format!("{error:#}"));
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_lacks_the_newer_things_costs_nothing() -> Result<()> {
    let mut failures = Vec::new();
    for script in [
        "Object.defineProperty(navigator, 'locks', { value: undefined });",
        "delete AbortSignal.timeout;",
        "window.PerformanceObserver = undefined;",
        "Object.defineProperty(window, 'navigation', { value: undefined });",
    ] {
        if let Err(error) = with_scene(async |scene| ensure_works(scene, script).await).await {
            failures.push(format!("{error:#}"));
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_that_the_site_has_filled_costs_nothing() -> Result<()> {
    with_scene(async |scene| {
        let fill = "if (location.protocol === 'http:' && !localStorage.own) {
            for (let size = 1 << 22; size >= 1; size >>= 1) {
              try { for (;;) localStorage['own' + localStorage.length] = 'x'.repeat(size); } catch {}
            } localStorage.own0 += ''; }";
        ensure_works(scene, fill).await?;
        let tab = scene.browser.open(&scene.address("/one")).await?;
        let own =
            tab.evaluate::<usize>("Object.keys(localStorage).filter((key) => key.startsWith('own')).length").await?;
        ensure!(own > 5, "the site's own entries are gone");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_that_is_cleared_in_the_middle_loses_and_doubles_nothing() -> Result<()> {
    with_scene(async |scene| {
        scene.page("/one", "one");
        let tab = scene.visit_prepared(LISTEN_FOR_ERRORS, "/one").await?;
        for step in 0..6 {
            tab.run(&format!(
                "evothesis('track', 'step', {{ step: {step} }});
                await new Promise((done) => setTimeout(done, {})); localStorage.clear()",
                step * 300
            ))
            .await?;
        }
        ensure_no_errors(&tab).await?;
        let events = scene.leave(&tab).await?;
        ensure!(events.of("step").len() == 6, "{:?}", events.kinds());
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_that_others_have_written_do_no_harm() -> Result<()> {
    with_scene(async |scene| {
        for value in [
            "",
            "x",
            "{",
            "1\\n{\\n",
            "\\u001e\\n\\n",
            "99999999999999999999 0\\n{\\n\\\"batch_id\\\":\\\"\\\"\\n]}",
            "ä\\uD800",
        ] {
            let script = format!(
                "if (location.protocol === 'http:' && !localStorage.spoilt) {{ localStorage.spoilt = 1;
                 for (const key of ['state', 'b:', 'b:x', 'b:01a20573-5b32-7000-8460-1e268ea6ed90', 'other', ''])
                   localStorage['evothesis:' + key] = \"{value}\"; }}"
            );
            ensure_works(scene, &script).await?;
            let views = scene.collector.events().of("pageview").len();
            let tab = scene.visit("/one").await?;
            tab.run("localStorage.clear()").await?;
            tab.go("about:blank").await?;
            scene.collector.until("its page view", |events| events.of("pageview").len() > views).await?;
            scene.arrived().await?;
        }
        Ok(())
    })
    .await
}
