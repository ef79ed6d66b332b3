//! An exporter that is slow or away, and what nobody could deliver.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::{Router, routing};
use local_stack::edge::Edge;
use local_stack::process::until;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::{Listener, health, post, with_edge};
use crate::fixture::{batch, now_ms};
use crate::relay::Relay;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_exporter_makes_one_visitor_wait_and_not_for_long() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(Duration::from_secs(6)).await?;
    let mut edge = Edge::start(&listener.address, &folder.path().join("edge.log")).await?;
    let mut waited = Vec::new();
    for _ in 0..5 {
        let began = now_ms();
        let (status, _, answer) = post(&edge, batch(1).to_string(), &[]).await?;
        ensure!(status == 200 && answer["accepted"] == 1, "{status}: {answer}");
        waited.push(now_ms() - began);
    }
    ensure!(waited[0] < 3_000, "the first waited {waited:?} ms");
    ensure!(waited[1..].iter().all(|ms| *ms < 500), "the others waited {waited:?} ms");
    // the consumer has the patience that no visitor has
    for _ in 0..120 {
        if listener.batches().await?.len() >= 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let delivered = listener.batches().await?.len();
    edge.stop().await?;
    ensure!(delivered >= 5, "{delivered} of 5 batches came through the Queue");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_signed_when_its_turn_comes() -> Result<()> {
    const SLOW: Duration = Duration::from_millis(2_500);
    let folder = tempfile::tempdir()?;
    let ages: Arc<Mutex<Vec<i64>>> = Arc::default();
    let seen = ages.clone();
    let take = async move |headers: HeaderMap| {
        let signed = headers.get(wire::signature::TIMESTAMP_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
        seen.lock().await.push(now_ms() / 1000 - signed.unwrap_or(0));
        tokio::time::sleep(SLOW).await;
        json!({ "accepted": 1, "duplicates": 0, "refused": [] }).to_string()
    };
    let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", socket.local_addr()?);
    tokio::spawn(async move { axum::serve(socket, Router::new().route("/ingest", routing::post(take))).await });
    let mut edge = Edge::start(&address, &folder.path().join("edge.log")).await?;
    for _ in 0..5 {
        let (status, ..) = post(&edge, batch(1).to_string(), &[]).await?;
        ensure!(status == 200);
    }
    // the first of them twice: a visitor waited for it, and then the Queue had it
    until("the Queue", 60, async || ages.lock().await.len() >= 6).await?;
    edge.stop().await?;
    let ages = ages.lock().await;
    ensure!(ages.iter().all(|age| *age <= 2), "signatures were {ages:?} seconds old");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exporter_that_takes_its_time_to_say_no_makes_one_visitor_wait() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let answer = async || {
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        StatusCode::SERVICE_UNAVAILABLE
    };
    let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", socket.local_addr()?);
    tokio::spawn(async move { axum::serve(socket, Router::new().fallback(answer)).await });
    let mut edge = Edge::start(&address, &folder.path().join("edge.log")).await?;
    let mut waited = Vec::new();
    for _ in 0..4 {
        let began = now_ms();
        let (status, ..) = post(&edge, batch(1).to_string(), &[]).await?;
        ensure!(status == 200);
        waited.push(now_ms() - began);
    }
    edge.stop().await?;
    ensure!(waited[1..].iter().all(|ms| *ms < 900), "the others waited {waited:?} ms");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_among_the_dead_letters_is_delivered_by_a_replay() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("edge.log");
    let listener = Listener::start(Duration::ZERO).await?;
    let relay = Relay::start(&listener.address).await?;
    let mut edge = Edge::start_replaying(relay.address(), &log).await?;
    let (status, ..) = post(&edge, batch(3).to_string(), &[]).await?;
    ensure!(status == 200);
    let is_dead = || std::fs::read_to_string(&log).is_ok_and(|log| log.contains("QUEUE evothesis-local-dead"));
    until("the message to die", 60, async || is_dead()).await?;
    relay.open();
    until("the replay", 60, async || !listener.heard.lock().await.is_empty()).await?;
    edge.stop().await?;
    ensure!(listener.latest(1).await?.events.len() == 3);
    // what was sent is what was written down: nothing on the way reads or changes it
    let bodies = relay.passed().await;
    ensure!(bodies.len() > 2 && bodies.iter().all(|body| *body == bodies[0]), "a body changed on its way");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_says_what_runs_and_what_answers() -> Result<()> {
    with_edge(json!({ "PRIVACY": "gdpr" }), async |edge, exporter| {
        let health = health(edge).await?;
        ensure!(health["status"] == "ok" && health["exporter"] == "reachable", "{health}");
        ensure!(health["queue"] == "reachable" && health["version"].is_string(), "{health}");
        ensure!(health["config"].as_str().is_some_and(|hash| hash.len() == 16), "{health}");
        ensure!(health["privacy"] == json!({ "preset": "gdpr", "retention_days": 395 }), "{health}");
        ensure!(exporter.batches().await?.is_empty(), "a question about health reached the exporter as a batch");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_exporter_that_says_so_is_reachable() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (status, location) in [(404, None), (405, None), (401, None), (302, Some("/elsewhere")), (503, None)] {
        let answer = async move |uri: Uri| {
            match location {
                _ if uri.path() == "/elsewhere" => Response::builder().status(200).body("sign in".to_owned()),
                Some(location) => Response::builder().status(status).header("location", location).body(String::new()),
                None => Response::builder().status(status).body("{}".to_owned()),
            }
            .unwrap_or_default()
        };
        let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", socket.local_addr()?);
        let server = tokio::spawn(async move { axum::serve(socket, Router::new().fallback(answer)).await });
        let mut edge = Edge::start(&address, &folder.path().join("edge.log")).await?;
        let health = health(&edge).await?;
        edge.stop().await?;
        server.abort();
        ensure!(health["exporter"] == "unreachable", "{status}: {health}");
    }
    Ok(())
}
