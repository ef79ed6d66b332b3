//! The exporter against a real Postgres, a database of its own for each test.

mod database;
mod export;
mod http;
mod ingest;
mod samples;
mod schema;
