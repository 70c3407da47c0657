//! Keeping house: the rules of STYLE.md and ARCHITECTURE.md that no compiler checks.
//!
//! | module | checks |
//! |---|---|
//! | [`manifests`] | who may depend on whom, and what every `Cargo.toml` says |
//! | [`sources`] | heads, lengths, words and names of Rust files; what pure code may not touch |
//! | [`contexts`] | contexts that import each other; subscriptions outside the one table |
//! | [`prose`] | links of Markdown files |
//! | [`root`] | what lies in the root folder |
//! | [`alarms`] | that every alarm is explained in the operating manual |
//! | [`words`] | places on a machine and notes to oneself, in any text |
//!
//! Every check takes text and returns [`Flaw`]s, so it is tested with planted ones. `tests/house.rs`
//! lets them all loose on the tree. There are no dependencies: a check of the house is built in a second.

pub mod alarms;
pub mod contexts;
mod flaw;
pub mod manifests;
pub mod prose;
pub mod root;
pub mod sources;
mod tree;
pub mod words;

pub use flaw::Flaw;
pub use tree::{File, Tree};
