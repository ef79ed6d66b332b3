//! The exporter against a real Postgres, a database of its own for each test.

mod buckets;
mod counted;
mod database;
mod export;
mod group;
mod http;
mod ingest;
mod listener;
mod observed;
mod retention;
mod samples;
mod schema;
mod settings;
mod storage;
