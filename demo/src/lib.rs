//! The whole system on one machine: what `cargo xtask demo` shows and the end-to-end tests use.
//!
//! Every part is the real one: Postgres, an S3 endpoint with signatures and checksums, the Worker in workerd with its
//! Queue, the exporter's own binary, Chromium. All of it listens on loopback, on ports that the system picks.

pub mod browser;
pub mod buckets;
pub mod edge;
pub mod exporter;
pub mod postgres;
pub mod process;
pub mod s3;
pub mod site;
pub mod stack;
pub mod visit;
mod workspace;
