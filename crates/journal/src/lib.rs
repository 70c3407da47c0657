//! Remembering: facts as lines, lines in blocks, blocks in a store; and the index that finds them again.
//!
//! | module | what |
//! |---|---|
//! | [`LineWriter`], [`LineReader`] | a fact as one line of JSON, and back |
//! | [`Block`], [`BlockBuilder`] | the lines of one batch: compressed, chained by checksum, with a directory |
//! | [`Journal`], [`Index`] | what a store does: blocks are the truth, the index follows and may be lost |
//! | [`memory`], [`sqlite`] | the two stores |
//! | [`verify`] | reads everything again |

#![warn(missing_docs)]

mod error;
mod key;

mod block;
mod line;

mod port;

pub mod memory;
pub mod sqlite;

mod check;

pub use block::{Block, BlockBuilder, OpenedBlock};
pub use check::{Verified, verify};
pub use error::{Error, Result};
pub use key::Key;
pub use line::{LineReader, LineWriter, RawLine, stream_in_line};
pub use port::{
    Checkpoint, Index, IndexReader, Journal, Mark, Reader, Room, Snapshot, TimerChange, Tip,
    VaultRow,
};
