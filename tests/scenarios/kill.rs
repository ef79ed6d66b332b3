//! `kill -9` of the exporter in the middle of an export, then again, and a pause past its lease: the bucket holds each row
//! once (I4). Every step in the database, and uploads in parts, are tried beside the exporter's own tests.

use anyhow::{Result, ensure};
use local_stack::exporter::DESTINATIONS;
use local_stack::stack::Stack;

use crate::fixture::{batch, collect, export_and_verify, exported, with_stack};

/// Two destinations, each with an object a format and a manifest, all of them written and read back: the request before
/// which the exporter is killed.
const REQUESTS: std::ops::Range<u32> = 0..12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exporter_killed_while_exporting_leaves_each_row_once() -> Result<()> {
    with_stack(async |stack| {
        let mut sent = 0;
        for request in REQUESTS {
            for _ in 0..3 {
                collect(stack.edge.address(), &batch(5)).await?;
                sent += 5;
            }
            stack.s3.hold_all_after(request);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exporter_that_slept_past_its_lease_changes_nothing() -> Result<()> {
    with_stack(async |stack| {
        collect(stack.edge.address(), &batch(5)).await?;
        stack.s3.hold_all_after(3);
        let run = reqwest::Client::new()
            .post(format!("{}/export/run", stack.exporter.operator()))
            .bearer_auth(local_stack::exporter::OPERATOR_TOKEN);
        let run = tokio::spawn(run.send());
        stack.s3.held().await?;
        stack.exporter.pause()?;
        stack.s3.release();
        // another process takes over once the lease is over, and finishes
        export_and_verify(stack).await?;
        let before = files(stack)?;
        stack.exporter.resume()?;
        ensure!(run.await??.status().is_success(), "it does not go on");
        // by the database where it asks that first, or by its own clock
        let is_over =
            |line: &serde_json::Value| line["reason"] == "the database did not renew the lease before it ran out";
        let has_noticed = !stack.exporter.logged("lease lost to another worker").is_empty()
            || stack.exporter.logged("export failed").iter().any(is_over);
        ensure!(has_noticed, "it has not noticed");
        ensure!(files(stack)? == before, "it has changed something");
        export_and_verify(stack).await?;
        ensure!(exported(stack)?.len() == 5, "not each row once");
        Ok(())
    })
    .await
}

/// The objects of both buckets, with what is in them.
fn files(stack: &Stack) -> Result<Vec<(std::path::PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut folders: Vec<_> = DESTINATIONS.iter().map(|name| stack.bucket(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ["parquet", "gz", "json"].iter().any(|it| ending == *it)) {
                files.push((path.clone(), std::fs::read(&path)?));
            }
        }
    }
    files.sort();
    Ok(files)
}
