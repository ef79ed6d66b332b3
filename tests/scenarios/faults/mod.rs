//! Exporters under load while processes, connections and the database under them fail: what was acknowledged is in the
//! bucket, each event once, and nobody has to do anything (I1, I3).

mod load;
mod postgres;
mod several;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_stack::buckets;
use local_stack::exporter::{DESTINATIONS, Exporter, Settings};
use local_stack::postgres::{Postgres, ensure_database, remove_data};
use local_stack::s3::S3;
use reqwest::Method;
use sqlx::{Connection, PgConnection};

use crate::fixture::text;

/// Some exporters on a Postgres of their own, so that it may fail.
struct Service {
    server: Postgres,
    /// The address of the exporters' database.
    database: String,
    exporters: Vec<Exporter>,
    s3: S3,
    folder: tempfile::TempDir,
}

/// Runs `scenario` on `exporters` that export every second.
async fn with_service(exporters: usize, scenario: impl AsyncFnOnce(&mut Service) -> Result<()>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Postgres::start(&folder.path().join("postgres"), &folder.path().join("postgres.log")).await?;
    let s3 = S3::start(&folder.path().join("s3"), &DESTINATIONS).await?;
    let mut service = Service { server, database: String::new(), exporters: Vec::new(), s3, folder };
    let mut done = service.start(exporters).await;
    if done.is_ok() {
        done = scenario(&mut service).await;
    }
    for exporter in &mut service.exporters {
        if done.is_err() {
            let log = std::fs::read_to_string(exporter.log()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("exporter:\n{}", lines[lines.len().saturating_sub(15)..].join("\n"));
        }
        exporter.stop().await?;
    }
    service.server.stop().await?;
    remove_data(&service.data())?;
    done
}

impl Service {
    /// Starts so many exporters, on a database that is made unless it is there.
    async fn start(&mut self, exporters: usize) -> Result<()> {
        self.database = self.server.url("scenario");
        for number in 0..exporters {
            ensure_database(&self.server.url("postgres"), "scenario").await?;
            let folder = self.folder.path().join(number.to_string());
            std::fs::create_dir(&folder)?;
            let settings = Settings { database: &self.database, s3: self.s3.address(), every: "1s" };
            self.exporters.push(Exporter::start(&settings, &folder, &folder.join("exporter.log")).await?);
        }
        Ok(())
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("postgres")
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("postgres.log")
    }

    fn addresses(&self) -> Vec<String> {
        self.exporters.iter().map(|exporter| format!("{}/ingest", exporter.ingest())).collect()
    }

    /// Exports the rest, verifies, and looks that database and buckets hold exactly `acknowledged`, each once.
    async fn ensure_exactly(&self, acknowledged: &BTreeSet<String>) -> Result<()> {
        let exporter = self.exporters.first().context("no exporter")?;
        let mut connection = PgConnection::connect(&self.database).await?;
        let stored: Vec<String> =
            sqlx::query_scalar("select event_id::text from events").fetch_all(&mut connection).await?;
        same("the database", &stored, acknowledged)?;
        let segments: i64 =
            sqlx::query_scalar("select sum(rows)::bigint from segments").fetch_one(&mut connection).await?;
        ensure!(
            usize::try_from(segments)? == stored.len(),
            "segments say {segments} rows, {} are stored",
            stored.len()
        );
        let counted: i64 = sqlx::query_scalar("select sum(events)::bigint from outcomes where outcome = 'accepted'")
            .fetch_one(&mut connection)
            .await?;
        ensure!(usize::try_from(counted)? == stored.len(), "{counted} events are counted, {} are stored", stored.len());
        let metered: i64 = sqlx::query_scalar("select sum(rows)::bigint from usage").fetch_one(&mut connection).await?;
        ensure!(usize::try_from(metered)? == stored.len(), "{metered} rows are metered, {} are stored", stored.len());
        // what a killed exporter had begun belongs to it until its lease ends
        let mut pending = serde_json::Value::Null;
        for _ in 0..60 {
            exporter.run(&["export"]).await?;
            pending = exporter.ask(Method::GET, "/export/status").await?;
            let destinations = pending["destinations"].as_array().context("no destinations")?;
            if destinations.iter().all(|it| it["pending_rows"] == 0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let verified = exporter.run(&["verify"]).await?;
        ensure!(verified.status.success(), "verify: {}; {pending}", String::from_utf8_lossy(&verified.stdout));
        for destination in DESTINATIONS {
            for format in ["parquet", "jsonl"] {
                let rows = buckets::rows(&self.bucket(destination), format)?;
                let ids: Vec<String> = rows.iter().map(|row| text(row, "event_id")).collect();
                same(&format!("{format} in {destination}"), &ids, acknowledged)?;
            }
        }
        Ok(())
    }

    fn bucket(&self, destination: &str) -> std::path::PathBuf {
        Path::new(self.s3.folder()).join(destination)
    }
}

fn same(place: &str, ids: &[String], acknowledged: &BTreeSet<String>) -> Result<()> {
    let held: BTreeSet<String> = ids.iter().cloned().collect();
    let lost = acknowledged.difference(&held).count();
    let twice = ids.len() - held.len();
    let stray = held.difference(acknowledged).count();
    ensure!(
        (lost, twice, stray) == (0, 0, 0),
        "{place}: of {} acknowledged, {lost} are lost, {twice} are there twice, {stray} were never acknowledged",
        acknowledged.len()
    );
    Ok(())
}
