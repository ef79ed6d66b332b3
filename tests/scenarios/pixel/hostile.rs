//! Pages that have bent the browser out of shape: the pixel bears it, and the page notices nothing of the pixel.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{Events, LISTEN_FOR_ERRORS, Scene, ensure_no_errors, ensure_says, with_scene};

const BODY: &str = "<button id=b>Press</button><form id=f action=/ onsubmit='return false'><input id=q name=q>
    <button id=go>Go</button></form>";

/// A visit with a click, a form, a route and an event of the site's own, on a page that `script` has spoilt.
async fn ensure_bears(scene: &Scene, script: &str) -> Result<()> {
    scene.page("/one", BODY);
    let before = scene.collector.events();
    let tab =
        scene.visit_prepared(&format!("{LISTEN_FOR_ERRORS} {script}"), "/one").await.context(script.to_owned())?;
    tab.click("#b").await?;
    tab.put_into("#q", "abc").await?;
    tab.click("#go").await?;
    tab.run(
        "history.pushState({ own: 1 }, '', '/two'); window.own = history.state.own;
             evothesis('track', 'said', { list: [1, { a: [] }] }); await new Promise((done) => setTimeout(done, 100))",
    )
    .await?;
    ensure!(tab.evaluate::<u32>("own").await? == 1, "the page's own call went wrong");
    ensure_no_errors(&tab).await.context(script.to_owned())?;
    let events = scene.leave(&tab).await.context(script.to_owned())?;
    tab.close().await?;
    for (kind, expected) in [("click", 2), ("form_submit", 1), ("said", 1)] {
        let new = events.of(kind).len() - before.of(kind).len();
        ensure!(new == expected, "after {script}: {new} of {kind}: {:?}", events.kinds());
    }
    let measured = ["lcp", "inp", "cls", "fcp", "ttfb"];
    for vitals in events.data("web_vitals") {
        let other = vitals.as_object().into_iter().flatten().find(|(name, _)| !measured.contains(&name.as_str()));
        ensure!(other.is_none(), "after {script}: {vitals}");
    }
    let said = events.data("said");
    // what a site's own `toJSON` makes of its data is the site's
    let is_same =
        script.contains("toJSON") || said.last().is_some_and(|data| **data == json!({ "list": [1, { "a": [] }] }));
    ensure!(is_same, "after {script}: {said:?}");
    for delivery in scene.collector.deliveries() {
        serde_json::from_str::<wire::EventBatch>(&delivery.body)
            .with_context(|| format!("{script}: {}", delivery.body))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prototypes_that_are_frozen_or_littered_are_borne() -> Result<()> {
    let mut failures = Vec::new();
    for script in [
        "for (const type of [History, HTMLFormElement, Array, Object, Element, EventTarget, Function, Promise, String])
               Object.freeze(type.prototype);",
        "Object.freeze(history);",
        "Array.prototype.toJSON = function () { return 'no'; }; String.prototype.toJSON = () => 'no';",
        "Array.prototype.extra = 1; Object.prototype.extra = () => {}; String.prototype.extra = {};",
        "Array.prototype.filter = Array.prototype.find = () => { throw new Error('page'); };
             Array.prototype.map = Array.prototype.forEach;",
    ] {
        if let Err(error) = with_scene(async |scene| ensure_bears(scene, script).await).await {
            failures.push(format!("{error:#}"));
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn getters_and_functions_that_throw_are_borne() -> Result<()> {
    let throwing = |owner: &str, name: &str| {
        format!("Object.defineProperty({owner}, '{name}', {{ get() {{ throw new Error('page'); }} }});")
    };
    let mut failures = Vec::new();
    for script in [
        throwing("document", "title"),
        throwing("document", "referrer"),
        throwing("navigator", "language"),
        throwing("window", "screen"),
        throwing("window", "devicePixelRatio"),
        throwing("HTMLElement.prototype", "isContentEditable"),
        "Intl.DateTimeFormat = function () { throw new Error('page'); };".to_owned(),
        "performance.getEntriesByType = () => { throw new Error('page'); };".to_owned(),
        "window.dataLayer = new Proxy([], { get() { throw new Error('page'); } });".to_owned(),
        "window.dataLayer = { push: 1, length: 'x' };".to_owned(),
    ] {
        if let Err(error) = with_scene(async |scene| ensure_bears(scene, &script).await).await {
            failures.push(format!("{error:#}"));
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_that_the_page_wraps_still_work_for_both() -> Result<()> {
    with_scene(async |scene| {
        let wrapped = "{ const real = window.fetch; window.calls = 0;
            window.fetch = function (...args) { window.calls++; return real.apply(this, args); }; }
            { const push = history.pushState; history.pushState = function () { return push.apply(this, arguments); }; }
            { const add = EventTarget.prototype.addEventListener;
              EventTarget.prototype.addEventListener = function (...args) { return add.apply(this, args); }; }
            window.define = () => { throw new Error('amd'); }; window.define.amd = {}; window.module = { exports: {} };";
        ensure_bears(scene, wrapped).await?;
        // a fetch that fails, whichever way: nothing may reach the page
        for broken in ["() => { throw new Error('page'); }", "() => undefined", "() => Promise.reject(1)", "() => Promise.resolve({})"] {
            scene.page("/broken", BODY);
            let tab = scene.visit_prepared(LISTEN_FOR_ERRORS, "/broken").await?;
            tab.run(&format!("window.fetch = {broken}; for (let n = 0; n < 60; n++) evothesis('track', 'x', {{ n }});
                await new Promise((done) => setTimeout(done, 300))")).await?;
            tab.click("#b").await?;
            ensure_no_errors(&tab).await?;
            tab.close().await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_whose_fields_take_the_names_of_its_own_parts_is_told_right() -> Result<()> {
    with_scene(async |scene| {
        let names = [
            "submit",
            "id",
            "name",
            "action",
            "method",
            "getAttribute",
            "elements",
            "closest",
            "matches",
            "nodeName",
            "ownerDocument",
            "parentNode",
            "hasAttribute",
            "dataset",
            "tagName",
            "localName",
            "querySelector",
        ];
        let fields = names.map(|name| format!("<input name={name}>")).concat();
        let form = format!(
            "<form id=f name=named action='/done' method=post onsubmit='return false'>{fields}
            <button id=go>Go</button></form><iframe name=frame></iframe><img name=cookie>"
        );
        scene.page("/one", &form);
        let tab = scene.visit_prepared(LISTEN_FOR_ERRORS, "/one").await?;
        tab.put_into("[name=getAttribute]", "abc").await?;
        tab.click("#go").await?;
        ensure_no_errors(&tab).await?;
        let events = scene.leave(&tab).await?;
        let submit = events.data("form_submit").first().copied().context("no submit")?;
        ensure_says(submit, &json!({ "form_id": "f", "form_name": "named", "method": "post" }))?;
        ensure!(submit["action"].as_str().is_some_and(|action| action.ends_with("/done")), "{submit}");
        let told: Vec<_> =
            submit["fields"].as_array().into_iter().flatten().map(|field| field["name"].clone()).collect();
        ensure!(told == names, "{told:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_element_that_takes_the_pixels_name_stops_nothing() -> Result<()> {
    with_scene(async |scene| {
        for body in ["<div id=evothesis></div><form id=dataLayer></form>", "<img name=currentScript>"] {
            // the clash has to be there before the loader runs
            scene.site.put(
                "/one",
                &[],
                &super::html("", &format!("{body}{}", scene.tag("").replace("async", "defer"))),
            );
            let before = scene.collector.deliveries().len();
            let tab = scene.browser.open_prepared(LISTEN_FOR_ERRORS, &scene.address("/one")).await?;
            if body.starts_with("<div") {
                scene.collector.until_tried(before + 1).await?;
            }
            tab.run("await new Promise((done) => setTimeout(done, 300))").await?;
            ensure_no_errors(&tab).await?;
            tab.go("about:blank").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn debug_mode_tells_the_console_and_nobody_else_pays_for_it() -> Result<()> {
    with_scene(async |scene| {
        let debug = scene.collector.built("debug")?.as_str().context("no debug module")?.to_owned();
        let is_fetched = || scene.collector.fetched().iter().any(|path| path.ends_with(&debug));
        scene.page("/one", BODY);
        let tab = scene.visit_prepared(LISTEN_FOR_ERRORS, "/one").await?;
        tab.click("#b").await?;
        ensure_no_errors(&tab).await?;
        tab.go("about:blank").await?;
        ensure!(!is_fetched(), "a visitor pays for the debug module");
        scene.page_with("/attribute", &scene.tag("data-debug"), BODY);
        let query = scene.tag("").replace("pixel.js", "pixel.js?debug");
        scene.page_with("/query", &query, BODY);
        for path in ["/attribute", "/query", "/one?evothesis_debug", "/one?x=1&evothesis_debug=1"] {
            let tab = scene.visit_prepared(LISTEN_FOR_ERRORS, path).await?;
            tab.run("evothesis('track', 'said', { note: 'mail kim@example.org' })").await?;
            tab.until(
                "errors.some((line) => line.includes('pageview')) && errors.some((line) => line.includes('said'))",
            )
            .await?;
            let said = tab.evaluate::<Vec<String>>("errors").await?;
            ensure!(!said.iter().any(|line| line.starts_with("error") || line.starts_with("rejection")), "{said:?}");
            tab.go("about:blank").await?;
        }
        ensure!(is_fetched(), "no debug module was fetched");
        Ok(())
    })
    .await
}
