//! What the program refuses to work with.

use exporter::store::partitions;
use exporter::store::schema::{self, SchemaError};

use crate::database::{with_database, with_empty_database};
use crate::samples::{now, number};

#[tokio::test]
async fn only_its_own_schema_is_accepted() {
    with_empty_database(async |pools| {
        let mut connection = pools.export.acquire().await.expect("connected");
        assert!(matches!(schema::check(&mut connection).await, Err(SchemaError::Empty)));
        schema::MIGRATOR.run(&mut *connection).await.expect("migrated");
        schema::check(&mut connection).await.expect("current");
        for (change, message) in [
            (
                "update _sqlx_migrations set version = version + 1000000
                where version = (select max(version) from _sqlx_migrations)",
                "newer exporter",
            ),
            (
                "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)",
                "lacks 1 migration(s)",
            ),
            ("update _sqlx_migrations set checksum = 'x' where version = 20261122000002", "other content"),
        ] {
            sqlx::query(change).execute(&mut *connection).await.expect(change);
            let error = schema::check(&mut connection).await.expect_err(message).to_string();
            assert!(error.contains(message), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_table_and_column_is_explained() {
    with_database(async |pools| {
        let silent: Vec<String> = sqlx::query_scalar(
            "select class.relname || '.' || coalesce(attribute.attname, '*')
            from pg_class as class
            left join pg_attribute as attribute
                on attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
            where class.relnamespace = 'public'::regnamespace
                and class.relkind in ('r', 'p', 'v') and not class.relispartition
                and class.relname <> '_sqlx_migrations'
                and (
                    obj_description(class.oid, 'pg_class') is null
                    or col_description(class.oid, attribute.attnum) is null
                )",
        )
        .fetch_all(&pools.export)
        .await
        .expect("the catalogue");
        assert_eq!(silent, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn partitions_span_the_window_and_three_days_more() {
    with_database(async |pools| {
        let mut connection = pools.export.acquire().await.expect("connected");
        assert_eq!(partitions::ensure(&mut connection, now()).await.expect("again"), 0);
        assert_eq!(partitions::missing(&mut connection, now()).await.expect("none"), []);
        let days = number(&pools, "select count(*) from pg_inherits where inhparent = 'events'::regclass").await;
        assert_eq!(days, wire::limits::WINDOW_DAYS + 1 + 3);

        // A detached table exists and takes no events. Where it no longer fits, it is named, and stops no other day.
        let day = now().format("%Y%m%d");
        for sql in [
            format!("alter table events detach partition events_{day}"),
            format!("alter table events_{day} drop column title"),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *connection).await.expect("detached");
        }
        assert_eq!(partitions::missing(&mut connection, now()).await.expect("one"), [now().date_naive()]);
        let later = now() + chrono::TimeDelta::days(1);
        assert_eq!(partitions::ensure(&mut connection, later).await.expect("the other days"), 1);
        assert_eq!(partitions::missing(&mut connection, later).await.expect("one"), [now().date_naive()]);
        sqlx::query(sqlx::AssertSqlSafe(format!("drop table events_{day}")))
            .execute(&mut *connection)
            .await
            .expect("gone");
        assert_eq!(partitions::ensure(&mut connection, later).await.expect("made"), 1);

        let after = now() + chrono::TimeDelta::days(2);
        assert_eq!(partitions::missing(&mut connection, after).await.expect("one").len(), 1);
    })
    .await;
}
