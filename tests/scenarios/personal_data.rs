//! Planted personal data is nowhere behind the edge (I5): not in the Queue, Postgres, a bucket, a manifest or a log.

use std::fs;

use anyhow::{Result, ensure};
use local_stack::browser::Browser;
use local_stack::buckets;
use local_stack::edge::Edge;
use local_stack::exporter::DESTINATIONS;
use local_stack::site::Site;
use local_stack::visit::{self, PLANTED};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::fixture::{HOST, batch, collect, export_and_verify, exported, settled, text, types, with_stack};
use crate::relay::Relay;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_personal_data_is_nowhere() -> Result<()> {
    with_stack(async |stack| {
        // all of it takes the way through the Queue: the relay refuses at first, and sees what the Queue sends later
        let relay = Relay::start(stack.exporter.ingest()).await?;
        let mut edge = Edge::start(relay.address(), &stack.folder().join("logs/relayed-edge.log")).await?;
        let site = Site::start(edge.address()).await?;
        let browser = Browser::start().await?;
        visit::drive(&browser, &site.address(HOST)).await?;
        browser.close().await?;
        collect(edge.address(), &hostile()).await?;
        let sent = relay.events().await?;
        relay.open();
        settled(stack, sent, 3).await?;
        export_and_verify(stack).await?;
        edge.stop().await?;

        let mut places = vec![("database".to_owned(), database(&stack.database).await?)];
        for body in relay.passed().await {
            places.push(("Queue".to_owned(), String::from_utf8_lossy(&body).into_owned()));
        }
        for destination in DESTINATIONS {
            let bucket = stack.bucket(destination);
            for format in ["parquet", "jsonl"] {
                places.push((
                    format!("{destination}, {format}"),
                    serde_json::to_string(&buckets::rows(&bucket, format)?)?,
                ));
            }
            for file in buckets::files(&bucket)? {
                places.push((file.display().to_string(), String::from_utf8_lossy(&fs::read(&file)?).into_owned()));
            }
        }
        for file in buckets::files(&stack.folder().join("logs"))? {
            places.push((file.display().to_string(), fs::read_to_string(&file)?));
        }
        // the search must be able to find something: these words are of the same events
        for (place, word) in [("database", "newsletter"), ("client, jsonl", "A-1001"), ("Queue", "contact-form")] {
            let found = places.iter().any(|(name, text)| name == place && text.contains(word));
            let size = places.iter().filter(|(name, _)| name == place).map(|(_, text)| text.len()).sum::<usize>();
            ensure!(found, "{word} is not in the {size} bytes of {place}: nothing was searched");
        }
        for (place, text) in &places {
            for planted in PLANTED.iter().chain(&HOSTILE) {
                ensure!(!text.contains(planted), "{planted:?} is in {place}");
            }
        }
        // the fact stays where the datum went
        let rows = exported(stack)?;
        let redacted = rows.iter().filter(|row| text(row, "redactions").contains("email")).count();
        ensure!(redacted > 0, "no redaction was counted: {:?}", types(&rows));
        Ok(())
    })
    .await
}

const HOSTILE: [&str; 6] = [
    "john.smith@example.net",
    "5555555555554444",
    "eyJhbGciOiJIUzI1NiJ9",
    "hunter2-hunter2",
    "tok_9f8e7d6c5b4a",
    "4012 8888",
];

/// What a site that knows no care would send.
fn hostile() -> serde_json::Value {
    let mut batch = batch(1);
    batch["pages"][0]["url"] = json!(
        "https://shop.example/reset/tok_9f8e7d6c5b4a39281706?next=%2Fa%3Fmail%3Djohn.smith%2540example.net#access_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2huIn0.c2lnbmF0dXJlLXBhcnQ"
    );
    batch["pages"][0]["path"] = json!("/reset/tok_9f8e7d6c5b4a39281706");
    batch["pages"][0]["title"] = json!("Welcome john.smith@example.net");
    batch["events"][0]["data"] = json!({
        "customer": { "email": "john.smith@example.net", "cards": ["5555 5555 5555 4444", 5_555_555_555_554_444_u64] },
        "note": "paid with 4012 8888 8888 1881", "userPassword": "hunter2-hunter2",
        "fields": [{ "name": "password", "value": "hunter2-hunter2" }],
    });
    batch
}

/// Everything that Postgres holds, as text.
async fn database(url: &str) -> Result<String> {
    let mut connection = PgConnection::connect(url).await?;
    let tables: Vec<String> = sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
        .fetch_all(&mut connection)
        .await?;
    let mut all = String::new();
    for table in tables {
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("select whole_row::text from \"{table}\" whole_row")))
                .fetch_all(&mut connection)
                .await?;
        all.push_str(&rows.join("\n"));
    }
    Ok(all)
}
