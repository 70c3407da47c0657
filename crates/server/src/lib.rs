//! What the program `cartage` does, one module per command.

pub mod shop;

pub mod replay;

pub mod journal_tools;
