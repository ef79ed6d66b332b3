//! The exporter against a real Postgres, a database of its own for each test.

mod behaving;
mod billing;
mod buckets;
mod counted;
mod credentials;
mod database;
mod doctor;
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
mod secrets;
mod settings;
mod sites;
mod storage;
mod webhooks;
