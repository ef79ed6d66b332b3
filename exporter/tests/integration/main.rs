//! The exporter against a real Postgres, a database of its own for each test.

mod billing;
mod buckets;
mod counted;
mod database;
mod export;
mod group;
mod http;
mod ingest;
mod listener;
mod observed;
mod operator;
mod readers;
mod retention;
mod samples;
mod schema;
mod schema_fuzz;
mod settings;
mod sites;
mod storage;
mod webhooks;
