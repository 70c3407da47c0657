//! What the program `cartage` does, one module per command.

pub mod replay;
