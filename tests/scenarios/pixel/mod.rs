//! The pixel in a real browser, against a site and an edge that do what a scenario asks of them. No database is needed.

mod answering;
mod blocked;
mod catalogue;
mod clicks;
mod clocks;
mod collector;
mod commerce;
mod consent;
mod delivered;
mod delivery;
mod embedded;
mod forms;
mod hostile;
mod identity;
mod leaving;
mod policies;
mod privacy;
mod routes;
mod site;
mod vitals;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use local_stack::browser::{Browser, Tab};

use self::collector::Collector;
use self::delivered::{Event, Events};
use self::site::Site;

/// The name under which scenarios visit their site.
const HOST: &str = "shop.localhost";

/// The longest that a scenario takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a scenario has: a site, an edge, a browser.
struct Scene {
    collector: Collector,
    site: Site,
    browser: Browser,
}

/// Runs `scenario` in a browser of its own.
async fn with_scene(scenario: impl AsyncFnOnce(&Scene) -> Result<()>) -> Result<()> {
    let scene =
        Scene { collector: Collector::start().await?, site: Site::start().await?, browser: Browser::start().await? };
    // a tab that is hidden or gone may leave the browser's tools without an answer
    let done = tokio::time::timeout(PATIENCE, scenario(&scene)).await.context("the scenario stands still");
    let done = done.and_then(|done| done);
    if done.is_err() {
        for delivery in scene.collector.deliveries() {
            let events: Vec<String> = delivery.events().map(|event| format!("{} {}", event.seq, event.kind)).collect();
            eprintln!("{} taken: {}, token {}, {events:?}", delivery.path, delivery.is_taken, delivery.batch["token"]);
        }
    }
    scene.browser.close().await?;
    done
}

impl Scene {
    /// The tag that a site carries, with these attributes.
    fn tag(&self, attributes: &str) -> String {
        format!("<script async {attributes} src=\"{}/pixel.js\"></script>", self.collector.address())
    }

    /// Serves a page with the pixel under `path`.
    fn page(&self, path: &str, body: &str) {
        self.page_with(path, &self.tag(""), body);
    }

    /// Serves a page with `head` in its head, where the tag has to be, too.
    fn page_with(&self, path: &str, head: &str, body: &str) {
        self.site.put(path, &[], &html(head, body));
    }

    fn address(&self, path: &str) -> String {
        self.site.address(HOST, path)
    }

    /// Opens `path` and waits until the pixel runs.
    async fn visit(&self, path: &str) -> Result<Tab> {
        self.visit_prepared("", path).await
    }

    /// The same with `script` before all others.
    async fn visit_prepared(&self, script: &str, path: &str) -> Result<Tab> {
        let tab = self.browser.open_prepared(script, &self.address(path)).await?;
        ready(&tab).await?;
        Ok(tab)
    }

    /// Leaves the page, and answers what has arrived when all of its events have.
    async fn leave(&self, tab: &Tab) -> Result<Vec<Event>> {
        tab.go("about:blank").await?;
        self.arrived().await
    }

    /// What has arrived once every page load has had its last word: a page that is left says so.
    async fn arrived(&self) -> Result<Vec<Event>> {
        let is_over = |events: &[Event]| are_over(events, self.collector.dropped());
        if self.collector.until("the end of each page load", is_over).await.is_err() {
            // says what is missing, or that nothing is but the end
            self.collector.ensure_whole()?;
            anyhow::bail!("a page load has no page_exit: {:?}", self.collector.events().kinds());
        }
        self.collector.ensure_whole()?;
        Ok(self.collector.events())
    }
}

/// Whether each page that was seen has had its last word, and nothing is missing but what was `dropped`.
fn are_over(events: &[Event], dropped: u64) -> bool {
    let mut loads: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events {
        loads.entry(&event.stream).or_default().push(event);
    }
    // of numbers that came twice `ensure_whole` tells
    let missing = |load: &Vec<&Event>| {
        load.iter().map(|event| event.seq + 1).max().unwrap_or_default().saturating_sub(load.len() as u64)
    };
    let have_ended = events.of("page_exit").len() == events.of("pageview").len();
    !loads.is_empty() && have_ended && loads.values().map(missing).sum::<u64>() == dropped
}

fn html(head: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>A page</title>\
         <link rel=icon href=\"data:,\">{head}</head><body>{body}</body></html>"
    )
}

/// Waits until the pixel runs in `tab`.
async fn ready(tab: &Tab) -> Result<()> {
    tab.until("window.evothesis?.ready === true").await
}

/// A script that makes a page's clocks and timers run `factor` times as fast since `start`, Unix milliseconds.
fn lapse(start: i64, factor: i64) -> String {
    format!(
        "{{ const now = Date.now, tick = performance.now.bind(performance), wait = setTimeout, every = setInterval;
        const limit = AbortSignal.timeout.bind(AbortSignal);
        Date.now = () => {start} + (now() - {start}) * {factor};
        performance.now = () => tick() * {factor};
        window.setTimeout = (action, ms, ...rest) => wait(action, (ms || 0) / {factor}, ...rest);
        window.setInterval = (action, ms, ...rest) => every(action, (ms || 0) / {factor}, ...rest);
        AbortSignal.timeout = (ms) => limit(ms / {factor}); }}"
    )
}

/// A script that makes a page's clock wrong by `ms`.
fn wrong_clock(ms: i64) -> String {
    format!("{{ const now = Date.now; window.wrongBy = {ms}; Date.now = () => now() + window.wrongBy; }}")
}

/// A script that keeps every error that reaches the page, and what the console is told, in `errors`.
const LISTEN_FOR_ERRORS: &str = "window.errors = [];
    addEventListener('error', (event) => errors.push('error: ' + (event.message || event.target?.src)), true);
    addEventListener('unhandledrejection', (event) => errors.push('rejection: ' + event.reason));
    for (const level of ['error', 'warn', 'log', 'info', 'debug', 'group', 'groupCollapsed', 'table'])
      console[level] = (...words) => errors.push(level + ': ' + words.join(' '));";

/// Checks that nothing of ours reached the page.
async fn ensure_no_errors(tab: &Tab) -> Result<()> {
    let errors = tab.evaluate::<Vec<String>>("errors").await?;
    anyhow::ensure!(errors.is_empty(), "the page noticed {errors:?}");
    Ok(())
}

/// Checks that `data` has every key of `expected`, with its value.
fn ensure_says(data: &serde_json::Value, expected: &serde_json::Value) -> Result<()> {
    for (key, value) in expected.as_object().into_iter().flatten() {
        let is_same = data[key] == *value || value.as_f64().is_some_and(|value| data[key].as_f64() == Some(value));
        anyhow::ensure!(is_same, "{key} is {}, not {value}: {data}", data[key]);
    }
    Ok(())
}

/// Checks that `data` has a number under each of `keys`.
fn ensure_numbers(data: &serde_json::Value, keys: &[&str]) -> Result<()> {
    for key in keys {
        anyhow::ensure!(data[key].is_number(), "{key} is {}, no number: {data}", data[key]);
    }
    Ok(())
}
