//! One file a command.

pub(crate) mod bench;
pub(crate) mod demo;
pub(crate) mod leave;
pub(crate) mod table;
pub(crate) mod with_postgres;
