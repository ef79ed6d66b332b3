//! Core Web Vitals are what the `web-vitals` library measures on the same page.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Events, html, with_scene};

/// The library, from npm.
const LIBRARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node_modules/web-vitals/dist/web-vitals.iife.js");

/// Content that comes late, shifts what is there, and a button that takes its time.
const BODY: &str = "<h1>Late things</h1><div id=top></div><p>Some text to be pushed down.</p>
    <button id=slow onclick='const end = performance.now() + 120; while (performance.now() < end); this.textContent = 1'>Slow</button>
    <script>
      setTimeout(() => { top_.style.height = '180px'; top_.style.background = 'teal'; top_.style.outlineStyle = 'solid'; }, 300);
      setTimeout(() => { const big = document.createElement('h2'); big.style.fontSize = '90px';
        big.textContent = 'The largest text of the page'; top_.before(big); }, 700);
      const top_ = document.getElementById('top');
      // a headless browser may rest between frames, and an interaction lasts until the next one
      let red = 0;
      setInterval(() => { top_.style.color = `rgb(${++red % 255} 0 0)`; top_.style.outlineWidth = red % 2 + 'px'; }, 50);
    </script>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vitals_agree_with_the_library() -> Result<()> {
    with_scene(async |scene| {
        scene.site.put("/web-vitals.js", &[("content-type", "text/javascript")], &std::fs::read_to_string(LIBRARY)?);
        let theirs = "<script src=/web-vitals.js></script><script>window.theirs = {};
            for (const name of ['LCP', 'INP', 'CLS', 'FCP', 'TTFB'])
              webVitals['on' + name](({ value }) => { theirs[name.toLowerCase()] = value; }, { reportAllChanges: true });
            </script>";
        scene.site.put("/late", &[], &html(&format!("{theirs}{}", scene.tag("")), BODY));
        let tab = scene.visit("/late").await?;
        tab.until("theirs.cls > 0 && theirs.lcp > 0 && performance.now() > 1500").await?;
        tab.press("#slow", "Enter").await?;
        tab.until("theirs.inp >= 100").await?;
        let theirs: Value = tab.evaluate("theirs").await?;
        let events = scene.leave(&tab).await?;
        let ours = events.data("web_vitals");
        let ours = ours.first().context("no web_vitals")?;
        for (name, rounding) in [("lcp", 0.51), ("inp", 0.51), ("cls", 0.000_051), ("fcp", 0.51), ("ttfb", 0.51)] {
            let (our, their) = (ours[name].as_f64(), theirs[name].as_f64());
            let (our, their) = (our.with_context(|| format!("no {name}: {ours}"))?, their.context("no value of theirs")?);
            ensure!((our - their).abs() <= rounding, "{name} is {our}, the library says {their}");
        }
        Ok(())
    })
    .await
}
