//! The exporter is down while people visit: the Queue keeps what they did, and without it the page does (I1).

use anyhow::{Result, ensure};
use local_stack::browser::Browser;
use local_stack::edge::Edge;
use local_stack::site::Site;
use local_stack::visit;

use crate::fixture::{HOST, ensure_gapless, export_and_verify, exported, settled, stored, types, with_stack};
use crate::visit::ensure_complete;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_while_the_exporter_is_down_is_delivered_when_it_is_back() -> Result<()> {
    with_stack(async |stack| {
        stack.exporter.kill().await?;
        let browser = Browser::start().await?;
        visit::drive(&browser, &stack.site.address(HOST)).await?;
        // the pixel is gone: from here on only the Queue has the events
        browser.close().await?;
        stack.exporter.serve().await?;
        let stored = settled(stack, 20, 10).await?;
        export_and_verify(stack).await?;
        let rows = exported(stack)?;
        ensure!(rows.len() as u64 == stored, "{stored} stored, {} exported", rows.len());
        ensure_gapless(&rows)?;
        ensure_complete(&rows)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_neither_exporter_nor_queue_takes_stays_in_the_page_until_one_does() -> Result<()> {
    with_stack(async |stack| {
        let log = stack.folder().join("logs/queueless-edge.log");
        let mut edge = Edge::start_without_queue(stack.exporter.ingest(), &log).await?;
        let site = Site::start(edge.address()).await?;
        stack.exporter.kill().await?;
        let refused = reqwest::Client::new().post(format!("{}/collect", edge.address()));
        let refused = refused.header("origin", "https://shop.example").body(crate::fixture::batch(1).to_string());
        let refused = refused.send().await?;
        ensure!(refused.status() == 503, "acknowledged although it is nowhere: {}", refused.status());
        ensure!(refused.headers().contains_key("retry-after"), "the page is not told when to try again");

        let browser = Browser::start().await?;
        visit::drive(&browser, &site.address(HOST)).await?;
        stack.exporter.serve().await?;
        ensure!(stored(stack).await? == 0, "something was stored while nobody listened");
        // the visitor comes back: the pages that could not deliver left their batches to this one
        let tab = browser.open(&site.address(HOST)).await?;
        visit::pixel_ready(&tab).await?;
        settled(stack, 26, 5).await?;
        browser.close().await?;
        edge.stop().await?;
        export_and_verify(stack).await?;
        let rows = exported(stack)?;
        ensure_gapless(&rows)?;
        // the end of a page load leaves no gap when it is lost: the last things done on each page are asked for by name
        let types = types(&rows);
        let expected = [("pageview", 6), ("purchase", 1), ("form_submit", 1)];
        ensure!(expected.iter().all(|(name, times)| types.get(*name) == Some(times)), "{types:?}");
        Ok(())
    })
    .await
}
