//! One visit to a page with one tracker, in a browser of its own: everything is loaded for the first time.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chromiumoxide::Page;
use chromiumoxide::cdp::browser_protocol::emulation::{SetCpuThrottlingRateParams, SetUserAgentOverrideParams};
use chromiumoxide::cdp::browser_protocol::input::{
    DispatchMouseEventParams, DispatchMouseEventParamsBuilder, DispatchMouseEventType, MouseButton,
};
use chromiumoxide::cdp::browser_protocol::performance::{EnableParams, GetMetricsParams};
use chromiumoxide::cdp::js_protocol::heap_profiler::CollectGarbageParams;
use chromiumoxide::cdp::js_protocol::runtime::{
    CallFunctionOnParams, EvaluateParams, GetHeapUsageParams, QueryObjectsParams,
};
use local_stack::browser::{Browser, Tab};

use super::cost::{self, Acts, Start};
use super::host::{Host, Traffic};
use super::trace::Trace;
use super::trackers::{NONE, Tracker};

/// Trackers send some time after what they noticed: a trace goes on for so long.
const SETTLE: Duration = Duration::from_secs(3);
/// Events by script, to see what stays in memory.
pub(super) const MEMORY_EVENTS: u32 = 10_000;

/// What a tracker did to a page.
pub(super) struct Visit {
    pub(super) start: Start,
    /// All main-thread time until [`SETTLE`] after the page has loaded, whoever's it is, in ms.
    pub(super) busy_ms: f64,
    pub(super) at_start: Traffic,
    pub(super) clicks: Acts,
    pub(super) scrolls: Acts,
    pub(super) in_use: Traffic,
}

/// What [`MEMORY_EVENTS`] left behind, in bytes.
pub(super) struct Growth {
    pub(super) heap: f64,
    pub(super) wasm: f64,
}

/// A visitor's browser, with nothing in it yet.
pub(super) struct Visitor {
    browser: Browser,
    tab: Tab,
}

impl Visitor {
    /// Starts the browser on a processor that is `slower` by that factor.
    pub(super) async fn come(slower: f64) -> Result<Self> {
        let browser = Browser::start().await?;
        let tab = browser.open("about:blank").await?;
        let page = tab.page();
        // some trackers say nothing of a browser that is driven
        let agent = tab.evaluate::<String>("navigator.userAgent").await?.replace("Headless", "");
        page.execute(SetUserAgentOverrideParams::new(agent)).await?;
        page.evaluate_on_new_document("Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => false })")
            .await?;
        page.execute(EnableParams::default()).await?;
        page.execute(SetCpuThrottlingRateParams::new(slower)).await?;
        Ok(Self { browser, tab })
    }

    /// Opens the page, clicks `times` with a real mouse, and turns its wheel as often.
    pub(super) async fn visit(&self, host: &Host, tracker: &Tracker, times: u32) -> Result<Visit> {
        let page = self.tab.page();
        self.tab.go(&host.blank()).await?;
        let _ = host.traffic();
        let trace = Trace::begin(page).await?;
        self.tab.go(&host.page(tracker)).await?;
        tokio::time::sleep(SETTLE).await;
        let start = cost::start(&trace.end(page).await?);
        ensure!(start.until_ready.is_some() || tracker.name == NONE, "{} was not ready after {SETTLE:?}", tracker.name);
        let metrics = page.execute(GetMetricsParams::default()).await?;
        let busy = metrics.result.metrics.iter().find(|metric| metric.name == "TaskDuration");
        let (busy_ms, at_start) = (busy.context("no TaskDuration")?.value * 1000.0, host.traffic());

        let trace = Trace::begin(page).await?;
        click(page, times).await?;
        let clicks = cost::acts(&trace.end(page).await?, "click");
        let trace = Trace::begin(page).await?;
        scroll(page, times).await?;
        let scrolls = cost::acts(&trace.end(page).await?, "scroll");
        for (acts, name) in [(&clicks, "clicks"), (&scrolls, "scrolls")] {
            let seen = acts.handlers.len();
            ensure!(seen * 10 > times as usize * 9, "only {seen} of {times} {name} reached the page");
        }
        Ok(Visit { start, busy_ms, at_start, clicks, scrolls, in_use: host.traffic() })
    }

    /// What [`MEMORY_EVENTS`] leave behind, after some before them that fill what is there once.
    pub(super) async fn growth(&self) -> Result<Growth> {
        act(&self.tab, MEMORY_EVENTS / 5).await?;
        let before = memory(self.tab.page()).await?;
        act(&self.tab, MEMORY_EVENTS).await?;
        let after = memory(self.tab.page()).await?;
        Ok(Growth { heap: after.heap - before.heap, wasm: after.wasm - before.wasm })
    }

    pub(super) async fn leave(self) -> Result<()> {
        self.browser.close().await
    }
}

/// Clicks all over the part of the page that is seen.
async fn click(page: &Page, times: u32) -> Result<()> {
    for number in 0..times {
        // next to each other in time, far from each other in place: nobody should take them for rage
        let (x, y) = (f64::from(40 + number * 211 % 700), f64::from(20 + number * 157 % 560));
        for kind in [DispatchMouseEventType::MousePressed, DispatchMouseEventType::MouseReleased] {
            let event = mouse(kind, x, y).button(MouseButton::Left).click_count(1);
            page.execute(event.build().map_err(anyhow::Error::msg)?).await?;
        }
    }
    tokio::time::sleep(SETTLE).await;
    Ok(())
}

/// Turns the wheel, down and up again.
async fn scroll(page: &Page, times: u32) -> Result<()> {
    for number in 0..times {
        let step = if number / 50 % 2 == 0 { 240.0 } else { -240.0 };
        let event = mouse(DispatchMouseEventType::MouseWheel, 400.0, 300.0).delta_x(0.0).delta_y(step);
        page.execute(event.build().map_err(anyhow::Error::msg)?).await?;
    }
    tokio::time::sleep(SETTLE).await;
    Ok(())
}

fn mouse(kind: DispatchMouseEventType, x: f64, y: f64) -> DispatchMouseEventParamsBuilder {
    DispatchMouseEventParams::builder().r#type(kind).x(x).y(y)
}

async fn act(tab: &Tab, events: u32) -> Result<()> {
    const AT_ONCE: u32 = 200;
    for _ in 0..events / AT_ONCE {
        tab.run(&format!("act({AT_ONCE})")).await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(SETTLE).await;
    Ok(())
}

/// What is in use after the rubbish was collected.
async fn memory(page: &Page) -> Result<Growth> {
    // what one round frees may free more in the next
    for _ in 0..3 {
        page.execute(CollectGarbageParams::default()).await?;
    }
    let heap = page.execute(GetHeapUsageParams::default()).await?.result.used_size;
    let prototype = page.execute(EvaluateParams::new("WebAssembly.Memory.prototype")).await?.result.result.object_id;
    let prototype = prototype.context("no prototype")?;
    let objects = page.execute(QueryObjectsParams::new(prototype)).await?.result.objects.object_id;
    let sum = CallFunctionOnParams::builder()
        .function_declaration("function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0) }")
        .object_id(objects.context("no list")?)
        .return_by_value(true)
        .build()
        .map_err(anyhow::Error::msg)?;
    let wasm = page.execute(sum).await?.result.result.value.and_then(|sum| sum.as_f64()).unwrap_or_default();
    Ok(Growth { heap, wasm })
}
