//! One suite for every store, and what is true of the real one alone.

#![expect(clippy::unwrap_used, reason = "tests")]

mod blocks;
mod conformance;
mod files;
mod lines;
mod shelf;

use journal::{Block, BlockBuilder, Index, Journal, Key};
use kernel::{Timestamp, spec::NOW};
use std::time::Duration;

/// A store under test; reopened as after a stop, and after the loss of its index.
trait Store {
    fn journal(&mut self) -> &mut dyn Journal;
    fn index(&mut self) -> &mut dyn Index;
    fn reopen(&mut self);
    fn lose_index(&mut self);
    /// The next append finds no room.
    fn break_disk(&mut self);
}

/// The n-th second of the test.
fn second(n: u64) -> Timestamp {
    NOW + Duration::from_secs(n)
}

/// Blocks of lines, one after the other.
#[derive(Default)]
struct Mason {
    builder: BlockBuilder,
    position: u64,
    sum: u32,
    versions: std::collections::HashMap<String, u64>,
}

impl Mason {
    /// A block with one fact for each stream.
    fn block(&mut self, streams: &[&str]) -> Block {
        for stream in streams {
            self.position += 1;
            let version = self.versions.entry((*stream).to_owned()).or_default();
            *version += 1;
            let (at, position) = (second(self.position), self.position);
            let line = format!(
                "{{\"position\":{position},\"stream\":\"{stream}\",\"version\":{version},\
                 \"at\":\"{at}\",\"actor\":\"system\",\"type\":\"test/happened@1\",\"body\":{{}}}}\n"
            );
            let key = Key::of_stream(stream);
            self.builder.push(position, at, line.as_bytes(), &[key]).unwrap();
        }
        let block = self.builder.seal(self.sum).unwrap();
        self.sum = block.sum;
        block
    }
}
