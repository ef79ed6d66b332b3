//! A visit in Chromium arrives once and complete in Parquet.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use local_stack::browser::Browser;
use local_stack::buckets::{self, Row};
use local_stack::visit;

use crate::fixture::{HOST, ensure_gapless, export_and_verify, exported, settled, text, types, with_stack};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_arrives_once_and_complete() -> Result<()> {
    with_stack(async |stack| {
        let browser = Browser::start().await?;
        visit::drive(&browser, &stack.site.address(HOST)).await?;
        browser.close().await?;
        let stored = settled(stack, 20, 3).await?;
        export_and_verify(stack).await?;
        let rows = exported(stack)?;
        ensure!(rows.len() as u64 == stored, "{stored} stored, {} exported", rows.len());
        ensure_gapless(&rows)?;
        ensure_complete(&rows)?;
        ensure_one_session(&rows)?;
        ensure_same_bytes(stack)
    })
    .await
}

/// Everything that the visitor did is there, as often as it was done.
pub(crate) fn ensure_complete(rows: &[Row]) -> Result<()> {
    let types = types(rows);
    // the arrival, products, its details by a route change, contact, thanks
    ensure!(types.get("pageview") == Some(&5), "{types:?}");
    ensure!(types.get("form_submit") == Some(&1), "{types:?}");
    ensure!(types.get("purchase") == Some(&1), "{types:?}");
    ensure!(types.get("click").is_some_and(|&clicks| clicks >= 4), "{types:?}");
    let products: BTreeSet<u64> = rows
        .iter()
        .filter(|row| text(row, "event_type") == "scroll_depth" && text(row, "path") == "/products.html")
        .filter_map(|row| serde_json::from_str::<serde_json::Value>(&text(row, "data")).ok()?["milestone"].as_u64())
        .collect();
    ensure!(products == BTreeSet::from([25, 50, 75, 100]), "milestones of the long page: {products:?}");
    let arrival = rows.iter().find(|row| text(row, "event_type") == "pageview" && text(row, "path") == "/");
    let arrival = arrival.context("the arrival is missing")?;
    ensure!(text(arrival, "utm_source") == "newsletter", "the campaign is missing");
    ensure!(text(arrival, "channel") == "email", "channel {}", text(arrival, "channel"));
    Ok(())
}

fn ensure_one_session(rows: &[Row]) -> Result<()> {
    for (column, expected) in [("session_id", 1), ("visitor_id", 1), ("stream_id", 4), ("site_id", 1)] {
        let values: BTreeSet<String> = rows.iter().map(|row| text(row, column)).collect();
        ensure!(values.len() == expected, "{} values of {column}: {values:?}", values.len());
    }
    ensure!(rows.iter().all(|row| text(row, "site_id") == HOST), "the site is not {HOST}");
    Ok(())
}

/// Both destinations hold the same objects, to the byte.
fn ensure_same_bytes(stack: &local_stack::stack::Stack) -> Result<()> {
    let (client, backup) = (stack.bucket("client"), stack.bucket("backup"));
    for format in ["parquet", "jsonl"] {
        let files = buckets::files(&client.join(format!("format={format}")))?;
        ensure!(!files.is_empty(), "no {format} in the bucket");
        for file in files {
            let twin = backup.join(file.strip_prefix(&client)?);
            ensure!(fs::read(&file)? == fs::read(&twin)?, "{} differs between the destinations", file.display());
        }
    }
    Ok(())
}
