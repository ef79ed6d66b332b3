//! Postgres ends connections, crashes, and runs out of disk: the edge is told when to come back, and things go on by
//! themselves.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::load::Load;
use super::with_service;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_of_postgres_all_goes_on_by_itself() -> Result<()> {
    with_service(2, async |service| {
        let load = Load::start(&service.addresses());
        for _ in 0..3 {
            load.go_on(20).await?;
            let mut connection = PgConnection::connect(&service.server.url("postgres")).await?;
            sqlx::query(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'evothesis-%'",
            )
            .execute(&mut connection)
            .await?;
        }
        load.go_on(20).await?;
        service.server.crash().await?;
        let health = format!("{}/health", service.exporters[0].ingest());
        ensure!(reqwest::get(&health).await?.status() == 503, "well without a database");
        // longer than a caller waits for a connection
        tokio::time::sleep(Duration::from_secs(8)).await;
        ensure!(load.asked_to_wait() > 0, "nobody was told to come back");
        service.server.restart(&service.data(), &service.log()).await?;
        load.go_on(50).await?;
        ensure!(reqwest::get(&health).await?.status() == 200, "unwell with a database");
        let acknowledged = load.end().await?;
        service.ensure_exactly(&acknowledged).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_waited_out() -> Result<()> {
    let Some(disk) = Disk::mount()? else {
        // past what the harness keeps of tests that pass
        writeln!(std::io::stderr(), "SKIPPED a_full_disk_is_waited_out: only root can mount a small disk")?;
        return Ok(());
    };
    with_service(0, async |service| {
        let mut connection = PgConnection::connect(&service.server.url("postgres")).await?;
        for sql in [
            format!("create tablespace small location '{}'", disk.data().display()),
            "create database scenario tablespace small".to_owned(),
        ] {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
        }
        service.start(1).await?;
        let load = Load::start(&service.addresses());
        tokio::time::timeout(Duration::from_mins(1), async {
            while load.asked_to_wait() == 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .context("the disk was never full")?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        disk.resize("256m")?;
        load.go_on(50).await?;
        let acknowledged = load.end().await?;
        service.ensure_exactly(&acknowledged).await
    })
    .await
}

/// A small disk, gone when dropped.
struct Disk(PathBuf);

impl Disk {
    /// None where that is not allowed.
    fn mount() -> Result<Option<Self>> {
        // where Postgres, which is another user, can reach it
        let at = tempfile::Builder::new().prefix("evothesis-disk-").tempdir_in("/var/tmp")?.keep();
        std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o755))?;
        let disk = Self(at);
        if !mount(&disk.0, "size=14m")? {
            return Ok(None);
        }
        std::fs::create_dir(disk.data())?;
        // the user `nobody`, as which Postgres runs beside root
        chown(disk.data(), Some(65534), Some(65534))?;
        Ok(Some(disk))
    }

    fn data(&self) -> PathBuf {
        self.0.join("tablespace")
    }

    fn resize(&self, size: &str) -> Result<()> {
        ensure!(mount(&self.0, &format!("remount,size={size}"))?, "cannot make the disk larger");
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // a file system in use is let go of once nobody uses it
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
        let _ = std::fs::remove_dir(&self.0);
    }
}

fn mount(at: &Path, options: &str) -> Result<bool> {
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
    Ok(mounted.context("cannot run mount")?.status.success())
}
