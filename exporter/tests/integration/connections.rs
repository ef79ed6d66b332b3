//! What connections are set to, and that work which is cut off leaves none behind that others come to grief with.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection};
use tokio::time::sleep;

use crate::database::with_database;

#[tokio::test]
async fn no_pool_waits_for_ever_and_what_is_committed_is_on_disk() {
    with_database(async |pools| {
        for (pool, times) in [
            (&pools.ingest, ["8s", "4s", "10s"]),
            (&pools.export, ["10min", "10s", "10min"]),
            (&pools.operator, ["15s", "4s", "10s"]),
            (&pools.status, ["15s", "4s", "10s"]),
        ] {
            let [statement, lock, idle] = times;
            for (setting, expected) in [
                ("statement_timeout", statement),
                ("lock_timeout", lock),
                ("idle_in_transaction_session_timeout", idle),
                ("synchronous_commit", "on"),
                ("timezone", "UTC"),
            ] {
                let sql = AssertSqlSafe(format!("show {setting}"));
                let found: String = sqlx::query_scalar(sql).fetch_one(pool).await.expect("shown");
                assert_eq!(
                    found,
                    expected,
                    "{setting} of {}",
                    pool.connect_options().get_application_name().unwrap_or("")
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_cut_off_while_it_begins_is_no_part_of_what_others_do() {
    with_database(async |pools| {
        let size = pools.export.options().get_max_connections() as usize;
        // At every wait of taking a connection and beginning, and after all of them.
        for waits in 0..6 {
            let mut begin = Box::pin(pools.export.begin());
            for _ in 0..waits {
                if futures::poll!(&mut begin).is_ready() {
                    break;
                }
                sleep(Duration::from_millis(5)).await;
            }
            drop(begin);
            let mut connections = Vec::new();
            while connections.len() < size {
                connections.push(pools.export.acquire().await.expect("connected"));
            }
            for connection in &mut connections {
                let sql = "select now() = statement_timestamp()";
                let row = sqlx::raw_sql(sql).fetch_one(&mut **connection).await.expect("asked");
                assert!(sqlx::Row::get::<bool, _>(&row, 0), "in a transaction of nobody's, cut off at wait {waits}");
                connection.begin().await.expect("begun").commit().await.expect("committed");
            }
        }
    })
    .await;
}
