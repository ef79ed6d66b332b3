//! The command that sends dead letters again, before an API that answers as Cloudflare's does.

use std::collections::VecDeque;
use std::process::Output;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Mutex;

/// Two queues, and who may take from the dead one.
#[derive(Default)]
struct Account {
    waiting: VecDeque<(u32, Value)>,
    pulled: Vec<(u32, Value)>,
    sent: Vec<String>,
    consumers: Vec<Value>,
    /// The requests that changed something, in their order.
    told: Vec<String>,
    /// Whether nothing can be sent.
    is_full: bool,
}

type Shared = Arc<Mutex<Account>>;

/// An account with dead letters; its address.
async fn account(letters: &[Value], account: Account) -> Result<(String, Shared)> {
    let waiting = (0..).zip(letters.iter().cloned()).collect();
    let shared: Shared = Arc::new(Mutex::new(Account { waiting, ..account }));
    let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", socket.local_addr()?);
    let app = Router::new().fallback(answer).with_state(shared.clone());
    tokio::spawn(async move {
        let _ = axum::serve(socket, app).await;
    });
    Ok((address, shared))
}

async fn answer(
    State(account): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let mut account = account.lock().await;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path = uri.path().strip_prefix("/accounts/acc/queues").unwrap_or_default().to_owned();
    if headers.get("authorization").is_none_or(|value| value != "Bearer token") {
        return (StatusCode::FORBIDDEN, json!({ "success": false, "errors": [{ "message": "no token" }] }).to_string());
    }
    let result = match (method.as_str(), path.as_str()) {
        ("GET", "") => {
            let name = uri.query().and_then(|query| query.strip_prefix("name=")).unwrap_or_default();
            json!([{ "queue_name": name, "queue_id": format!("id-{name}") }])
        }
        ("GET", "/id-dead/consumers") => json!(account.consumers),
        ("POST", "/id-dead/consumers") => {
            account.told.push("open".to_owned());
            account.consumers.push(json!({ "type": body["type"], "consumer_id": "c1" }));
            json!({ "consumer_id": "c1" })
        }
        ("DELETE", "/id-dead/consumers/c1") => {
            account.told.push("close".to_owned());
            account.consumers.clear();
            Value::Null
        }
        ("POST", "/id-dead/messages/pull") => {
            let most = usize::try_from(body["batch_size"].as_u64().unwrap_or_default()).unwrap_or_default();
            let count = account.waiting.len().min(most);
            let taken: Vec<_> = account.waiting.drain(..count).collect();
            let messages: Vec<Value> = taken
                .iter()
                .map(|(id, letter)| {
                    json!({ "id": id.to_string(), "lease_id": id.to_string(), "body": letter["body"],
                        "metadata": { "CF-Content-Type": letter["type"] } })
                })
                .collect();
            account.pulled.extend(taken);
            json!({ "message_backlog_count": account.waiting.len(), "messages": messages })
        }
        ("POST", "/id-main/messages/batch") if !account.is_full => {
            let messages = body["messages"].as_array().cloned().unwrap_or_default();
            if body.to_string().len() > 256_000 || messages.len() > 100 {
                return (StatusCode::PAYLOAD_TOO_LARGE, json!({ "success": false }).to_string());
            }
            account.told.push("send".to_owned());
            account.sent.extend(
                messages
                    .iter()
                    .filter(|one| one["content_type"] == "text")
                    .filter_map(|one| one["body"].as_str().map(str::to_owned)),
            );
            Value::Null
        }
        ("POST", "/id-dead/messages/ack") => {
            account.told.push("ack".to_owned());
            let acked: Vec<String> = body["acks"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|ack| ack["lease_id"].as_str().map(str::to_owned))
                .collect();
            account.pulled.retain(|(id, _)| !acked.contains(&id.to_string()));
            Value::Null
        }
        _ => {
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                json!({ "success": false, "errors": [{ "message": "full" }] }).to_string(),
            );
        }
    };
    (StatusCode::OK, json!({ "success": true, "errors": [], "result": result }).to_string())
}

async fn replay(address: &str, token: &str) -> Result<Output> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut node = Command::new(format!("{root}/node_modules/node/bin/node"));
    node.arg(format!("{root}/xtask/src/edge/replay.mjs")).args(["dead", "main"]);
    node.env("CLOUDFLARE_API_BASE_URL", address).env("CLOUDFLARE_ACCOUNT_ID", "acc").env("CLOUDFLARE_API_TOKEN", token);
    node.env("REPLAY_REST_MS", "10").output().await.context("node")
}

fn text(body: &str) -> Value {
    json!({ "type": "text", "body": body })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dead_letter_is_sent_again_to_the_letter() -> Result<()> {
    let mut letters: Vec<Value> = (0..230).map(|n| text(&format!("{n}\n{{\"a\":\"é\\n\"}}"))).collect();
    // two of these are more than a request may send
    letters.extend((0..5).map(|n| text(&format!("{n}\n{}", "\"".repeat(50_000)))));
    letters.push(json!({ "type": "json", "body": "e30=" }));
    let (address, shared) = account(&letters, Account::default()).await?;
    let output = replay(&address, "token").await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success() && said.contains("235 messages of dead sent to main again"), "{said}");
    ensure!(said.contains("no text"), "{said}");
    let account = shared.lock().await;
    let expected: Vec<&str> =
        letters.iter().filter(|one| one["type"] == "text").filter_map(|one| one["body"].as_str()).collect();
    ensure!(account.sent == expected, "{} of {} messages", account.sent.len(), expected.len());
    ensure!(account.waiting.is_empty() && account.pulled.len() == 1, "what is not ours must stay");
    ensure!(account.told.first().is_some_and(|first| first == "open"), "{:?}", account.told);
    ensure!(
        account.told.last().is_some_and(|last| last == "close") && account.consumers.is_empty(),
        "{:?}",
        account.told
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_sent_stays_among_the_dead() -> Result<()> {
    let (address, shared) = account(&[text("a"), text("b")], Account { is_full: true, ..Account::default() }).await?;
    let output = replay(&address, "token").await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        output.status.code() == Some(1) && said.contains("Cloudflare answered 503 to POST") && said.contains("full"),
        "{said}"
    );
    let account = shared.lock().await;
    ensure!(account.pulled.len() == 2 && account.told == ["open", "close"], "{:?}", account.told);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_leave_nothing_is_touched() -> Result<()> {
    let worker = json!({ "type": "worker", "consumer_id": "w1" });
    let (address, shared) = account(&[text("a")], Account { consumers: vec![worker], ..Account::default() }).await?;
    for (token, expected) in
        [("", "set CLOUDFLARE_ACCOUNT_ID"), ("wrong", "403"), ("token", "has a Worker as its consumer")]
    {
        let output = replay(&address, token).await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(1) && said.contains(expected), "{said}");
        ensure!(!said.contains("wrong"), "{said}");
    }
    let account = shared.lock().await;
    ensure!(account.waiting.len() == 1 && account.told.is_empty(), "{:?}", account.told);
    Ok(())
}
