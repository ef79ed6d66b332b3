//! Three exporters on one Postgres, one of them killed every second or two.

use std::time::Duration;

use anyhow::Result;

use super::load::Load;
use super::with_service;

const EXPORTERS: usize = 3;
const KILLS: usize = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_exporters_that_are_killed_in_turn_nothing_is_lost_and_nothing_twice() -> Result<()> {
    with_service(EXPORTERS, async |service| {
        let load = Load::start(&service.addresses());
        for kill in 0..KILLS {
            load.go_on(20).await?;
            // at another moment of the second in which exports begin
            tokio::time::sleep(Duration::from_millis(130 * kill as u64 % 1000)).await;
            let exporter = &mut service.exporters[kill % EXPORTERS];
            exporter.kill().await?;
            exporter.serve().await?;
        }
        let acknowledged = load.end().await?;
        service.ensure_exactly(&acknowledged).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exporter_that_is_asked_to_leave_answers_what_it_has_taken_in() -> Result<()> {
    with_service(1, async |service| {
        let load = Load::start(&service.addresses());
        for _ in 0..3 {
            load.go_on(20).await?;
            let exporter = &mut service.exporters[0];
            exporter.stop().await?;
            let left = exporter.logged("stopped");
            anyhow::ensure!(!left.is_empty(), "it did not leave by itself");
            exporter.serve().await?;
        }
        anyhow::ensure!(
            service.exporters[0].logged("stopped before everything was drained").is_empty(),
            "something was cut off"
        );
        let acknowledged = load.end().await?;
        service.ensure_exactly(&acknowledged).await
    })
    .await
}
