//! `kill -9` of the exporter in the middle of an export, then again: the bucket holds each row once (I4).

use anyhow::{Result, ensure};

use crate::fixture::{batch, collect, export_and_verify, exported, with_stack};

/// Two destinations, each with an object a format and a manifest: the write before which the exporter is killed.
const WRITES: std::ops::Range<u32> = 0..6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exporter_killed_while_exporting_leaves_each_row_once() -> Result<()> {
    with_stack(async |stack| {
        let mut sent = 0;
        for write in WRITES {
            for _ in 0..3 {
                collect(stack.edge.address(), &batch(5)).await?;
                sent += 5;
            }
            stack.s3.hold_after(write);
            let run = reqwest::Client::new()
                .post(format!("{}/export/run", stack.exporter.operator()))
                .bearer_auth(local_stack::exporter::OPERATOR_TOKEN);
            let run = tokio::spawn(run.send());
            stack.s3.held().await?;
            stack.exporter.kill().await?;
            ensure!(run.await?.is_err(), "the export answered although its process was killed");
            stack.s3.release();
            stack.exporter.serve().await?;
        }
        export_and_verify(stack).await?;
        let rows = exported(stack)?;
        ensure!(rows.len() == sent, "{sent} sent, {} exported", rows.len());
        Ok(())
    })
    .await
}
