//! What a client is promised, shown on the real system: browser, Worker in workerd, exporter, Postgres, S3.
//!
//! Each scenario has a stack, a database and folders of its own; they run in any order and side by side.

mod assets;
mod batches;
mod edge;
mod faults;
mod fixture;
mod kill;
mod noscript;
mod outage;
mod personal_data;
mod pixel;
mod privacy_signals;
mod relay;
mod visit;
