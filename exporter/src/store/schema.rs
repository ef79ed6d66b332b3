//! Whether the database has the schema that this program was built for.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use sqlx::migrate::{Migrate, MigrateError, Migrator};

/// The migrations, embedded.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// A database that this program must not work with.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Never migrated.
    #[error("the database has no schema yet: run `exporter migrate`")]
    Empty,
    /// Older than this program.
    #[error("the database lacks {missing} migration(s), the first is {first}: run `exporter migrate`")]
    Behind {
        /// How many are missing.
        missing: usize,
        /// The version of the first of them.
        first: i64,
    },
    /// Newer than this program.
    #[error("the database has migration {0}, which this program does not know: install the newer exporter")]
    Ahead(i64),
    /// Migrated by a file that was edited since.
    #[error("migration {0} was applied with other content than this program has: restore the original file")]
    Edited(i64),
    /// The database did not answer.
    #[error("cannot read the schema's version: {0}")]
    Unknown(#[from] MigrateError),
}

impl From<sqlx::Error> for SchemaError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unknown(error.into())
    }
}

/// Ok when every migration is applied, and nothing else.
pub async fn check(connection: &mut PgConnection) -> Result<(), SchemaError> {
    let known = sqlx::query_scalar!(
        r#"-- name: schema_is_versioned
        select to_regclass('_sqlx_migrations') is not null as "known!""#
    )
    .fetch_one(&mut *connection)
    .await?;
    if !known {
        return Err(SchemaError::Empty);
    }
    let applied = connection.list_applied_migrations("_sqlx_migrations").await?;
    let mut expected: BTreeMap<i64, &[u8]> = MIGRATOR.iter().map(|it| (it.version, &*it.checksum)).collect();
    for migration in applied {
        match expected.remove(&migration.version) {
            None => return Err(SchemaError::Ahead(migration.version)),
            Some(checksum) if *checksum != *migration.checksum => return Err(SchemaError::Edited(migration.version)),
            Some(_) => {}
        }
    }
    match expected.first_key_value() {
        Some((&first, _)) => Err(SchemaError::Behind { missing: expected.len(), first }),
        None => Ok(()),
    }
}
