//! Who gets in and with what: every refusal has its status, its name, and a header that says whether to come back.

use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{post, with_edge};
use crate::fixture::{batch, now_ms};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_batch_is_refused_by_name() -> Result<()> {
    with_edge(json!({}), async |edge, exporter| {
        let good = batch(1).to_string();
        let many = json!({ "v": 1 }).to_string() + &" ".repeat(70_000);
        for (body, header, status, error) in [
            (good.clone(), ("content-type", "text/html"), 415, "unsupported_media_type"),
            (good.clone(), ("content-type", "text/plain; charset=utf-16"), 415, "unsupported_media_type"),
            (good.clone(), ("content-encoding", "gzip"), 415, "unsupported_encoding"),
            (many, ("x-test", "1"), 413, "too_large"),
            (String::new(), ("x-test", "1"), 400, "malformed"),
            ("[".repeat(60_000), ("x-test", "1"), 400, "malformed"),
            (good.replace("\"v\":1", "\"v\":2"), ("x-test", "1"), 422, "unknown_version"),
        ] {
            let (code, headers, answer) = post(edge, body, &[header]).await?;
            ensure!(code == status && answer["error"] == error, "{code}: {answer}, not {error}");
            ensure!(headers["access-control-allow-origin"] == "https://shop.example");
            ensure!(!headers.contains_key("retry-after"), "{error} will never succeed");
        }
        // a body of unknown length is read until it is too long, and not to its end
        ensure!(endless(edge.address()).await?.starts_with("HTTP/1.1 413 "));
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
            let request = reqwest::Client::new().request(method.clone(), format!("{}/collect", edge.address()));
            let answer = request.header("origin", "https://shop.example").send().await?;
            ensure!(answer.status() == 405 && answer.headers()["allow"] == "POST, OPTIONS", "{method}");
        }
        ensure!(exporter.batches().await?.is_empty());
        let (code, _, answer) = post(edge, good, &[("content-type", "application/json")]).await?;
        let now = answer["now"].as_i64().unwrap_or_default();
        ensure!(code == 200 && (now - now_ms()).abs() < 60_000, "{code}: {answer}");
        Ok(())
    })
    .await
}

/// Sends a body in pieces that never ends, and gives back what is answered to it.
async fn endless(address: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await?;
    let head =
        "POST /collect HTTP/1.1\r\nhost: edge\r\norigin: https://shop.example\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    for _ in 0..10 {
        stream.write_all(format!("2000\r\n{}\r\n", " ".repeat(0x2000)).as_bytes()).await?;
    }
    let mut answer = vec![0; 64];
    let length = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_sites_on_the_list_are_answered() -> Result<()> {
    with_edge(json!({ "SITES": "shop.example, *.bank.example" }), async |edge, exporter| {
        let mut sent = 0;
        for (origin, is_taken) in [
            ("https://shop.example", true),
            ("https://www.shop.example", true),
            ("https://login.bank.example", true),
            ("https://www.bank.example", true),
            ("https://bank.example", false),
            ("https://shop.example.evil.example", false),
            ("https://evil.example", false),
            ("null", false),
        ] {
            let (code, headers, _) = post(edge, batch(1).to_string(), &[("origin", origin)]).await?;
            let allowed = headers.get("access-control-allow-origin").and_then(|value| value.to_str().ok());
            let expected = if is_taken { (200, Some(origin)) } else { (403, None) };
            ensure!((code, allowed) == expected, "{origin}: {code}, {allowed:?}");
            ensure!(
                headers["vary"].to_str()?.contains("Origin")
                    && !headers.contains_key("access-control-allow-credentials")
            );
            sent += usize::from(is_taken);

            let request = reqwest::Client::new().request(Method::OPTIONS, format!("{}/collect", edge.address()));
            let request = request.header("origin", origin).header("access-control-request-method", "POST");
            let answer = request.send().await?;
            ensure!((answer.status() == 204) == is_taken, "{origin}: preflight {}", answer.status());
        }
        ensure!(exporter.batches().await?.len() == sent);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_settings_are_wrong_a_page_is_told_when_to_come_back() -> Result<()> {
    with_edge(json!({ "SITES": "," }), async |edge, exporter| {
        let (code, headers, answer) = post(edge, batch(1).to_string(), &[]).await?;
        ensure!(code == 503 && answer["error"] == "unavailable", "{code}: {answer}");
        ensure!(headers["access-control-allow-origin"] == "https://shop.example" && headers["retry-after"] == "10");
        ensure!(headers["access-control-expose-headers"] == "retry-after" && headers["vary"] == "Origin");
        let request = reqwest::Client::new().request(Method::OPTIONS, format!("{}/collect", edge.address()));
        let preflight =
            request.header("origin", "https://shop.example").header("access-control-request-method", "POST");
        ensure!(preflight.send().await?.status() == 204);
        let (code, headers, _) = post(edge, batch(1).to_string(), &[("origin", "null")]).await?;
        ensure!(code == 403 && !headers.contains_key("access-control-allow-origin"));
        let answer = reqwest::get(format!("{}/health", edge.address())).await?;
        let (code, health) = (answer.status(), answer.text().await?);
        ensure!(code == 503 && health.contains("SITES must be hostnames"), "{code}: {health}");
        ensure!(exporter.batches().await?.is_empty(), "a batch of nobody knows whom left");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_too_much_is_told_when_to_come_back() -> Result<()> {
    let few = json!({ "BATCHES_A_MINUTE_PER_ADDRESS": "5", "NEW_SITES_A_DAY": "2" });
    with_edge(few, async |edge, exporter| {
        let (mut taken, mut refused) = (0, 0);
        let flood = [("cf-connecting-ip", "203.0.113.7")];
        for _ in 0..12 {
            let (code, headers, answer) = post(edge, batch(1).to_string(), &flood).await?;
            if code == 200 {
                taken += 1;
                continue;
            }
            ensure!(code == 429 && answer["error"] == "too_many_requests", "{code}: {answer}");
            let seconds: u32 = headers["retry-after"].to_str()?.parse()?;
            ensure!((1..=60).contains(&seconds) && headers["access-control-expose-headers"] == "retry-after");
            refused += 1;
        }
        // a minute may end in between
        ensure!(taken <= 10 && refused >= 2, "{taken} taken, {refused} refused");
        // a network of IPv6 is one sender, whatever address in it sends
        let mut statuses = Vec::new();
        for n in 1..=12 {
            let address = format!("2001:db8:1:2::{n:x}");
            statuses.push(post(edge, batch(1).to_string(), &[("cf-connecting-ip", address.as_str())]).await?.0);
        }
        ensure!(statuses.iter().filter(|status| **status == 429).count() >= 2, "{statuses:?}");
        taken += statuses.iter().filter(|status| **status == 200).count();
        // another address is not the one that floods; other sites are new until there are too many
        for (site, status) in [("second", 200), ("third", 429), ("shop", 200), ("second", 200)] {
            let origin = format!("https://{site}.example");
            let other = [("cf-connecting-ip", "198.51.100.9"), ("origin", origin.as_str())];
            let (code, headers, answer) = post(edge, batch(1).to_string(), &other[..]).await?;
            ensure!(code == status, "{site}: {code}: {answer}");
            ensure!((code == 429) == headers.contains_key("retry-after"));
            taken += usize::from(code == 200);
        }
        ensure!(exporter.batches().await?.len() == taken);
        Ok(())
    })
    .await
}
