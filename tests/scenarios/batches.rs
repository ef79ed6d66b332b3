//! Batches sent by hand: redelivery, and one bad event among good ones.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::fixture::{batch, collect, export_and_verify, exported, fresh_id, stored, with_stack};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_delivered_three_times_is_stored_once() -> Result<()> {
    with_stack(async |stack| {
        let batch = batch(7);
        let mut tokens = Vec::new();
        for _ in 0..3 {
            let answer = collect(stack.edge.address(), &batch).await?;
            ensure!(answer["accepted"] == 7, "{answer}");
            tokens.push(answer["token"].clone());
        }
        tokens.dedup();
        ensure!(tokens.len() == 1, "the same batch was given to several visitors or sessions");
        ensure!(stored(stack).await? == 7);
        export_and_verify(stack).await?;
        ensure!(exported(stack)?.len() == 7);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_event_costs_itself_only() -> Result<()> {
    with_stack(async |stack| {
        let mut batch = batch(3);
        batch["events"][1]["data"] = json!({ "text": "a\u{0}b" });
        let fresh = fresh_id();
        let old = wire::ids::with_time(fresh.as_bytes(), 1_000_000_000_000);
        batch["events"][2]["id"] = json!(wire::ids::to_text(&old));
        let answer = collect(stack.edge.address(), &batch).await?;
        ensure!(answer["accepted"] == 1, "{answer}");
        let refused = json!([{ "seq": 1, "reason": "nul_character" }, { "seq": 2, "reason": "expired" }]);
        ensure!(answer["refused"] == refused, "{answer}");
        ensure!(stored(stack).await? == 1);
        Ok(())
    })
    .await
}
