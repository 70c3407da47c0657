//! Blocks that were read back lately: what belongs together lies together, so the next one who looks
//! back often wants the same block.

use journal::{OpenedBlock, Reader};
use kernel::Position;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// Bytes of blocks and unpacked frames that are kept.
const BYTES: usize = 32 * 1024 * 1024;

/// Reads blocks, and keeps those that are wanted.
pub(crate) struct Shelf {
    journal: Box<dyn Reader>,
    blocks: FxHashMap<Position, Kept>,
    /// In which order they are looked at when there is no room: whoever was wanted since stays for
    /// another round.
    queue: VecDeque<Position>,
    bytes: usize,
}

struct Kept {
    block: OpenedBlock,
    wanted: bool,
}

impl Shelf {
    pub(crate) fn new(journal: Box<dyn Reader>) -> Shelf {
        Shelf { journal, blocks: FxHashMap::default(), queue: VecDeque::new(), bytes: 0 }
    }

    /// The block that begins at `first`; none when there is no such position.
    pub(crate) fn block(&mut self, first: Position) -> journal::Result<Option<&OpenedBlock>> {
        if !self.blocks.contains_key(&first) {
            let Some(block) = self.journal.block_holding(first)? else { return Ok(None) };
            let block = OpenedBlock::new(block)?;
            self.make_room();
            self.bytes += block.bytes();
            self.queue.push_back(first);
            self.blocks.insert(first, Kept { block, wanted: false });
        }
        let kept = self.blocks.get_mut(&first);
        Ok(kept.map(|kept| {
            kept.wanted = true;
            &kept.block
        }))
    }

    fn make_room(&mut self) {
        while self.bytes > BYTES
            && let Some(first) = self.queue.pop_front()
        {
            match self.blocks.get_mut(&first) {
                Some(kept) if kept.wanted => {
                    kept.wanted = false;
                    self.queue.push_back(first);
                }
                _ => {
                    let gone = self.blocks.remove(&first);
                    self.bytes -= gone.map_or(0, |kept| kept.block.bytes());
                }
            }
        }
    }
}
