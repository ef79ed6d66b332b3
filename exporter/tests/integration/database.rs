//! A database for one test, gone afterwards however the test ends.

use std::panic::{AssertUnwindSafe, resume_unwind};

use exporter::config::Database;
use exporter::secret::Secret;
use exporter::store::{Pools, partitions, schema};
use futures::FutureExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::samples::now;

/// The address of a test's own database.
pub(crate) fn url(name: &str) -> String {
    in_database(&std::env::var("TEST_DATABASE_URL").expect("set"), name)
}

/// Runs `test` on an empty database.
pub(crate) async fn with_empty_database(test: impl AsyncFnOnce(Pools)) {
    let server = std::env::var("TEST_DATABASE_URL")
        .expect("TEST_DATABASE_URL must name a Postgres that may create databases: run `cargo xtask test`");
    let mut admin = PgConnection::connect(&server).await.expect("a Postgres at TEST_DATABASE_URL");
    let name: String = sqlx::query_scalar("select 'evothesis_test_' || replace(gen_random_uuid()::text, '-', '')")
        .fetch_one(&mut admin)
        .await
        .expect("a name");
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut admin).await.expect("created");

    let pools =
        Pools::new(&Database { url: Secret::from(in_database(&server, &name).as_str()), disk: None }).expect("a url");
    let result = AssertUnwindSafe(test(pools.clone())).catch_unwind().await;
    pools.close().await;
    sqlx::query(AssertSqlSafe(format!("drop database {name} with (force)")))
        .execute(&mut admin)
        .await
        .expect("dropped");
    if let Err(panic) = result {
        resume_unwind(panic);
    }
}

/// Runs `test` on a database that is ready to be served from.
pub(crate) async fn with_database(test: impl AsyncFnOnce(Pools)) {
    with_empty_database(async |pools| {
        let mut connection = pools.export.acquire().await.expect("connected");
        schema::MIGRATOR.run(&mut *connection).await.expect("migrated");
        partitions::ensure(&mut connection, now()).await.expect("partitions");
        drop(connection);
        test(pools).await;
    })
    .await;
}

/// `server` with another database in its path.
fn in_database(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').map_or((server, String::new()), |(a, q)| (a, format!("?{q}")));
    let host_end = address.find("://").map_or(0, |at| at + 3);
    let address = address[host_end..].find('/').map_or(address, |at| &address[..host_end + at]);
    format!("{address}/{name}{query}")
}

#[test]
fn the_database_of_a_url_is_replaced() {
    for (server, expected) in [
        ("postgres://a:b@h:1/postgres", "postgres://a:b@h:1/x"),
        ("postgres://h", "postgres://h/x"),
        ("postgres://h/d?sslmode=disable", "postgres://h/x?sslmode=disable"),
    ] {
        assert_eq!(in_database(server, "x"), expected);
    }
}
