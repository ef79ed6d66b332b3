//! Global Privacy Control, Do Not Track and an opt-out stop the pixel before the Wasm is fetched.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_stack::browser::Browser;
use local_stack::visit::pixel_ready;

use crate::fixture::{HOST, built, settled, stored, with_stack};

const SIGNALS: [&str; 2] = [
    "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })",
    "Object.defineProperty(Navigator.prototype, 'doNotTrack', { get: () => '1' })",
];

/// What the page has loaded from the edge.
const LOADED: &str = "performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_of_the_browser_stop_everything() -> Result<()> {
    with_stack(async |stack| {
        let browser = Browser::start().await?;
        let site = stack.site.address(HOST);
        for signal in SIGNALS {
            let tab = browser.open("about:blank").await?;
            tab.page().evaluate_on_new_document(signal).await?;
            tab.go(&format!("{site}/products.html")).await?;
            tab.click("#buy").await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
            ensure_only_the_loader(&tab.evaluate::<Vec<String>>(LOADED).await?)?;
            ensure!(tab.evaluate::<u32>("localStorage.length").await? == 0, "something was stored");
            tab.close().await?;
        }
        browser.close().await?;
        ensure!(stored(stack).await? == 0, "something was sent");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opt_out_holds_until_the_visitor_opts_in() -> Result<()> {
    with_stack(async |stack| {
        let browser = Browser::start().await?;
        let site = stack.site.address(HOST);
        let tab = browser.open(&site).await?;
        pixel_ready(&tab).await?;
        settled(stack, 1, 2).await?;
        tab.evaluate::<bool>("evothesis('optout'), true").await?;
        let before = stored(stack).await?;
        tab.go(&format!("{site}/contact.html")).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        ensure_only_the_loader(&tab.evaluate::<Vec<String>>(LOADED).await?)?;
        ensure!(tab.evaluate::<u32>("localStorage.length").await? == 1, "only the opt-out itself may be stored");
        ensure!(settled(stack, before, 2).await? == before, "events were sent after the opt-out");
        tab.evaluate::<bool>("evothesis('optin'), true").await?;
        tab.go(&format!("{site}/products.html")).await?;
        pixel_ready(&tab).await?;
        ensure!(settled(stack, before + 1, 2).await? > before, "nothing came after the opt-in");
        browser.close().await
    })
    .await
}

fn ensure_only_the_loader(loaded: &[String]) -> Result<()> {
    let built = built()?;
    let has = |name: &str| loaded.iter().any(|path| path.strip_prefix('/') == Some(name));
    ensure!(has("pixel.js"), "the loader is missing: {loaded:?}");
    for part in ["glue", "wasm"] {
        let name = built[part].as_str().context("pixel.json lacks a part")?;
        ensure!(!has(name), "the {part} was loaded: {loaded:?}");
    }
    ensure!(!has("collect"), "something was sent: {loaded:?}");
    Ok(())
}
