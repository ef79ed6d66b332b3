//! The exporter is down while people visit: the Queue keeps what they did (I1).

use anyhow::{Result, ensure};
use local_stack::browser::Browser;
use local_stack::visit;

use crate::fixture::{HOST, ensure_gapless, export_and_verify, exported, settled, with_stack};
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
