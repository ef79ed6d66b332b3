//! Presets on the real Worker: what leaves it is what `docs/privacy.md` says.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{health, post, with_edge};
use crate::fixture::batch;

const VISITOR: [(&str, &str); 2] =
    [("cf-connecting-ip", "203.0.113.77"), ("user-agent", "Mozilla/5.0 (X11; Linux) Firefox/128.0")];

/// A batch of somebody who said that about consent.
fn said(consent: &str) -> Value {
    let mut batch = batch(2);
    batch["consent"] = json!(consent);
    batch["pages"][0]["url"] = json!("https://shop.example/a?utm_source=x&gclid=Cj0abc");
    batch["events"][0]["type"] = json!("text_copy");
    batch["events"][0]["data"] = json!({ "length": 40, "preview": "forty characters of a secret recipe" });
    batch
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_consent_nothing_leaves_where_it_is_required() -> Result<()> {
    with_edge(json!({ "PRIVACY": "gdpr", "IP_POLICY": "keep" }), async |edge, exporter| {
        for consent in ["unknown", "denied"] {
            let (code, _, answer) = post(edge, said(consent).to_string(), &VISITOR).await?;
            ensure!(code == 200 && answer["accepted"] == 0 && answer["token"] == "", "{code}: {answer}");
            let reasons: Vec<&Value> =
                answer["refused"].as_array().into_iter().flatten().map(|one| &one["reason"]).collect();
            ensure!(reasons == ["no_consent", "no_consent"], "{answer}");
        }
        ensure!(exporter.batches().await?.is_empty(), "something left without consent");
        let (code, _, answer) = post(edge, said("granted").to_string(), &VISITOR).await?;
        ensure!(code == 200 && answer["accepted"] == 2 && answer["token"] != "", "{code}: {answer}");
        let batch = exporter.latest(1).await?;
        // more was asked for than the preset allows
        ensure!(batch.ip.as_deref() == Some("203.0.113.0"), "{:?}", batch.ip);
        ensure!(batch.user_agent.is_empty() && batch.browser == "Firefox" && batch.region.is_none());
        ensure!(batch.pages[0].url.ends_with("gclid=") && batch.pages[0].channel == "direct", "{:?}", batch.pages);
        ensure!(batch.events[0].event.data.get() == "{\"length\":40}", "{}", batch.events[0].event.data);
        let health = health(edge).await?;
        ensure!(health["complaints"][0].as_str().is_some_and(|said| said.contains("IP_POLICY")), "{health}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preset_that_is_unknown_is_the_strictest() -> Result<()> {
    with_edge(json!({ "PRIVACY": "standart" }), async |edge, exporter| {
        let (_, _, answer) = post(edge, said("unknown").to_string(), &VISITOR).await?;
        ensure!(answer["accepted"] == 0, "{answer}");
        post(edge, said("granted").to_string(), &VISITOR).await?;
        let batch = exporter.latest(1).await?;
        ensure!(batch.ip.is_none() && batch.user_agent.is_empty(), "{batch:?}");
        ensure!(!batch.pages[0].url.contains("gclid"), "{:?}", batch.pages);
        let health = health(edge).await?;
        ensure!(health["status"] != "ok" && health["privacy"]["preset"] == "hipaa", "{health}");
        Ok(())
    })
    .await
}
