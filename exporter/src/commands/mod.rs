//! A file for each subcommand: its arguments and its run.

pub mod retention;
pub mod status;
