//! A Worker whose Wasm traps: nobody waits for ever, and the next request is answered.

use std::time::Duration;

use anyhow::{Result, ensure};
use local_stack::edge::Edge;
use serde_json::json;

use super::{Listener, post};
use crate::fixture::batch;

/// A body as large as the edge reads.
fn large() -> String {
    let mut large = batch(50);
    large["pages"][0]["title"] = json!("x".repeat(500));
    for event in large["events"].as_array_mut().into_iter().flatten() {
        event["data"] = json!({ "text": "x ".repeat(450) });
    }
    large.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_trap_whoever_waits_is_answered_and_the_worker_goes_on() -> Result<()> {
    const SOON: Duration = Duration::from_secs(10);
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("edge.log");
    let listener = Listener::start(Duration::from_millis(500)).await?;
    let mut edge = Edge::start_with_little_memory(&listener.address, &log).await?;
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    for round in 1..=3 {
        let (small, _, answer) = tokio::time::timeout(SOON, post(&edge, batch(1).to_string(), &[])).await??;
        ensure!(small == 200 && answer["accepted"] == 1, "round {round}: {small}: {answer}\n{}", said());
        // while the first waits for the exporter, the memory of all is used up
        let later = async || {
            tokio::time::sleep(Duration::from_millis(100)).await;
            post(&edge, large(), &[]).await
        };
        let all = async { tokio::join!(post(&edge, batch(1).to_string(), &[]), later(), later(), later(), later()) };
        let (one, two, three, four, five) = tokio::time::timeout(SOON, all).await?;
        let mut trapped = 0;
        for answer in [one, two, three, four, five] {
            let (status, headers, answer) = answer?;
            ensure!([200, 503].contains(&status), "round {round}: {status}: {answer}\n{}", said());
            if status == 503 {
                trapped += 1;
                ensure!(headers["retry-after"] == "10" && headers["cache-control"] == "no-store", "{headers:?}");
                ensure!(headers["access-control-allow-origin"] == "*" && answer["error"] == "unavailable", "{answer}");
            }
        }
        ensure!(trapped > 0, "round {round}: nothing trapped\n{}", said());
    }
    edge.stop().await?;
    ensure!(said().matches("\"message\":\"trap\"").count() >= 3, "a trap is not in the log\n{}", said());
    Ok(())
}
