//! What the browser's own trace says of a page's main thread.

use anyhow::{Context, Result, ensure};
use chromiumoxide::Page;
use chromiumoxide::cdp::browser_protocol::io::ReadParams;
use chromiumoxide::cdp::browser_protocol::tracing::{
    EndParams, EventTracingComplete, StartParams, StartTransferMode, TraceConfig,
};
use chromiumoxide::listeners::EventStream;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;

use super::host::PAGE_SCRIPT;

const CATEGORIES: [&str; 5] =
    ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "v8.wasm", "blink.user_timing"];

/// A trace that is being written.
pub(super) struct Trace {
    complete: EventStream<EventTracingComplete>,
}

impl Trace {
    pub(super) async fn begin(page: &Page) -> Result<Self> {
        let complete = page.event_listener().await?;
        let config = TraceConfig::builder().included_categories(CATEGORIES).build();
        let start = StartParams::builder().trace_config(config).transfer_mode(StartTransferMode::ReturnAsStream);
        page.execute(start.build()).await?;
        Ok(Self { complete })
    }

    pub(super) async fn end(mut self, page: &Page) -> Result<Vec<Slice>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Written {
            trace_events: Vec<Value>,
        }
        page.execute(EndParams::default()).await?;
        let complete = self.complete.next().await.context("the browser does not end its trace")?;
        ensure!(!complete.data_loss_occurred, "the browser lost a part of its trace");
        let stream = complete.stream.clone().context("the trace has no stream")?;
        let mut text = String::new();
        loop {
            let part = page.execute(ReadParams::new(stream.clone())).await?.result;
            text += &part.data;
            if part.eof {
                break;
            }
        }
        slices(&serde_json::from_str::<Written>(&text)?.trace_events)
    }
}

/// A span of time on the main thread, in ms. One that begins in another also ends there.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub(super) start: f64,
    pub(super) end: f64,
    /// Of the processor, which others may use in between.
    pub(super) cpu: f64,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Task,
    /// An event of this type is handed to its listeners.
    Dispatch(String),
    /// Styles or places are computed.
    Layout,
    PageScript,
    /// Code of the tracker: its scripts and Wasm, compiling and running, and microtasks, of which the page has none.
    Tracker,
    /// The tracker says that it is ready.
    Ready,
}

/// Those of the page's main thread, in order, outer ones first.
fn slices(events: &[Value]) -> Result<Vec<Slice>> {
    let ours = events.iter().find(|event| url(event).is_some_and(|url| url.ends_with(PAGE_SCRIPT)));
    let ours = ours.context("the trace has nothing of the page")?;
    let mut slices: Vec<Slice> = events
        .iter()
        .filter(|event| event["pid"] == ours["pid"] && event["tid"] == ours["tid"])
        .filter_map(slice)
        .collect();
    slices.sort_by(|one, other| one.start.total_cmp(&other.start).then(other.end.total_cmp(&one.end)));
    Ok(slices)
}

fn slice(event: &Value) -> Option<Slice> {
    let ms = |field: &str| event[field].as_f64().map(|microseconds| microseconds / 1000.0);
    let of_script = || match url(event) {
        Some(url) if url.ends_with(PAGE_SCRIPT) => Some(What::PageScript),
        // the DevTools' own have none
        url => url.filter(|url| !url.is_empty()).map(|_| What::Tracker),
    };
    let what = match event["name"].as_str()? {
        "RunTask" => What::Task,
        "EventDispatch" => What::Dispatch(event["args"]["data"]["type"].as_str()?.to_owned()),
        "Layout" | "UpdateLayoutTree" => What::Layout,
        "EvaluateScript" | "FunctionCall" | "v8.compile" | "v8.compileModule" => of_script()?,
        "v8.evaluateModule" | "BlinkScheduler_PerformMicrotaskCheckpoint" => What::Tracker,
        name if name.starts_with("wasm.") => What::Tracker,
        "ready" => What::Ready,
        _ => return None,
    };
    let (start, length) = (ms("ts")?, ms("dur"));
    let is_mark = what == What::Ready;
    let length = if is_mark { 0.0 } else { length? };
    Some(Slice { start, end: start + length, cpu: ms("tdur").unwrap_or(length), what })
}

fn url(event: &Value) -> Option<&str> {
    let arguments = &event["args"];
    [&arguments["data"]["url"], &arguments["fileName"]].into_iter().find_map(Value::as_str)
}
