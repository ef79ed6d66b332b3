//! Words that tell what stands beside them: in keys, and in the text before a number.

pub(crate) mod beside;
pub(crate) mod clue;
pub(crate) mod telling;
pub(crate) mod vocabulary;
pub(crate) mod words;
