//! What the program `cartage` does, one module per command.

pub mod http;

pub mod demo;

pub mod serve;

pub mod shop;

mod traced;

mod pauses;

pub mod replay;

pub mod simulate;

pub mod sandbox;

pub mod bench;

pub mod prove;

pub mod config;

pub mod backup;

pub mod import;

pub mod reconciling;

pub mod letters;

pub mod journal_tools;

pub mod view_tools;
