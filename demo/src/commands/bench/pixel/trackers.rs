//! Who is measured, each as its documentation has it set up, posting to our own loopback.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

/// The name of the run without any.
pub(super) const NONE: &str = "none";
/// The name of ours.
pub(super) const OURS: &str = "evothesis";

/// Where the script is that does nothing.
const EMPTY: &str = "src/commands/bench/pixel/empty.js";

/// What a page needs for one tracker.
pub(super) struct Tracker {
    pub(super) name: &'static str,
    /// Goes into the page's head. Sets the mark `ready` when the tracker says that it is.
    pub(super) head: String,
    /// What lies where on the server.
    pub(super) files: Vec<(String, PathBuf)>,
}

/// No tracker, listeners that do nothing, ours from the folder `pixel`, and others from the folder `peers`.
pub(super) fn all(pixel: &Path, peers: &Path) -> Result<Vec<Tracker>> {
    let npm = peers.join("node_modules");
    let none = Tracker { name: NONE, head: String::new(), files: Vec::new() };
    let empty = Tracker {
        name: "empty listeners",
        head: r#"<script async src="/empty.js"></script>"#.to_owned(),
        files: vec![("/empty.js".to_owned(), Path::new(env!("CARGO_MANIFEST_DIR")).join(EMPTY))],
    };
    let snowplow = Tracker {
        name: "snowplow",
        head: r#"<script src="/snowplow.js"></script>
            <script>startSnowplow(location.origin); performance.mark("ready")</script>"#
            .to_owned(),
        files: vec![("/snowplow.js".to_owned(), peers.join("snowplow.js"))],
    };
    let plausible = Tracker {
        name: "plausible",
        head: r#"<script type="module">
            import { init } from "/plausible.js";
            init({ domain: "shop.example", endpoint: "/api/event", outboundLinks: true, fileDownloads: true,
                   formSubmissions: true });
            performance.mark("ready");
            </script>"#
            .to_owned(),
        files: vec![("/plausible.js".to_owned(), npm.join("@plausible-analytics/tracker/plausible.js"))],
    };
    Ok(vec![none, empty, ours(pixel)?, snowplow, posthog(&npm), plausible])
}

fn ours(pixel: &Path) -> Result<Tracker> {
    let list = std::fs::read(pixel.join("pixel.json")).context("the pixel is not built: run `cargo xtask pixel`")?;
    let list: Value = serde_json::from_slice(&list)?;
    let names = ["loader", "glue", "wasm"].map(|part| list[part].as_str().unwrap_or_default().to_owned());
    Ok(Tracker {
        name: OURS,
        head: r#"<script>
            window.evothesis = function () { (evothesis.q = evothesis.q || []).push(arguments) };
            Object.defineProperty(evothesis, "ready", { set() { performance.mark("ready") } });
            </script>
            <script async src="/pixel.js"></script>"#
            .to_owned(),
        files: names.into_iter().map(|name| (format!("/{name}"), pixel.join(name))).collect(),
    })
}

/// Its snippet loads `array.js`, which takes what `_i` holds; the snippet's stubs of functions are left out.
fn posthog(npm: &Path) -> Tracker {
    let scripts = ["array.js", "web-vitals.js", "dead-clicks-autocapture.js", "surveys.js", "posthog-recorder.js"];
    Tracker {
        name: "posthog",
        head: r#"<script>
            window.posthog = [];
            posthog._i = [["phc_bench", { api_host: location.origin + "/posthog", autocapture: true,
                loaded: () => performance.mark("ready") }]];
            </script>
            <script async crossorigin="anonymous" src="/posthog/static/array.js"></script>"#
            .to_owned(),
        files: scripts.map(|name| (format!("/posthog/static/{name}"), npm.join("posthog-js/dist").join(name))).into(),
    }
}

/// What a tracker's server says to a request that is not for a file: its kind, and its text.
pub(super) fn answer(path: &str) -> (&'static str, String) {
    // a project with autocapture, and without replay, heatmaps, surveys and flags
    let project = r#"{"token":"phc_bench","supportedCompression":["gzip-js"],"autocapture_opt_out":false,
        "hasFeatureFlags":false,"capturePerformance":false,"sessionRecording":false,"heatmaps":false,"surveys":false,
        "captureDeadClicks":false,"siteApps":[],"defaultIdentifiedOnly":true}"#;
    match path {
        "/collect" => {
            ("application/json", format!(r#"{{"token":"{}","now":0,"accepted":0,"refused":[]}}"#, "t".repeat(120)))
        }
        "/posthog/array/phc_bench/config" => ("application/json", project.to_owned()),
        "/posthog/array/phc_bench/config.js" => (
            "text/javascript",
            format!("(window._POSTHOG_REMOTE_CONFIG ??= {{}}).phc_bench = {{ config: {project}, siteApps: [] }};"),
        ),
        _ => ("application/json", r#"{"status":1}"#.to_owned()),
    }
}
