//! What the program `cartage` does, one module per command.

pub mod shop;

pub mod replay;

pub mod simulate;

pub mod bench;

pub mod config;

pub mod backup;

pub mod letters;

pub mod journal_tools;

pub mod view_tools;
