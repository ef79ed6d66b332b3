//! The service on the client's VM: takes signed batches in, stores each event once, and ships what it stored to the
//! buckets with a manifest that proves it.
//!
//! The way of an event: `endpoints::ingest` -> [`ingest`] -> [`store`] (one transaction, one segment) -> [`export`]
//! (whole segments, objects, manifest) -> bucket; [`verify`] compares the two ends.

pub mod billing;
pub mod bucket;
pub mod causes;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod credentials;
pub mod doctor;
pub mod endpoints;
pub mod erasure;
pub mod export;
pub mod ingest;
pub mod ledger;
pub mod listener;
pub mod metrics;
pub mod progress;
pub mod redact;
pub mod refusal;
pub mod regular;
pub mod retention;
pub mod secret;
pub mod serve;
pub mod status;
pub mod store;
pub mod verify;
pub mod webhooks;
