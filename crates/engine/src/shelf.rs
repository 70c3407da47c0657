//! Blocks that were read back lately: what belongs together lies together, so the next one who looks
//! back often wants the same block.

use journal::{OpenedBlock, Reader};
use kernel::Position;
use std::collections::VecDeque;

/// Bytes of blocks and unpacked frames that are kept.
const BYTES: usize = 32 * 1024 * 1024;

/// Reads blocks, and keeps the last ones.
pub(crate) struct Shelf {
    journal: Box<dyn Reader>,
    /// The one wanted last is last.
    blocks: VecDeque<OpenedBlock>,
}

impl Shelf {
    pub(crate) fn new(journal: Box<dyn Reader>) -> Shelf {
        Shelf { journal, blocks: VecDeque::new() }
    }

    /// The block that begins at `first`; none when there is no such position.
    pub(crate) fn block(&mut self, first: Position) -> journal::Result<Option<&OpenedBlock>> {
        match self.blocks.iter().position(|block| block.first() == first) {
            Some(at) => {
                let block = self.blocks.remove(at);
                self.blocks.extend(block);
            }
            None => {
                let Some(block) = self.journal.block_holding(first)? else { return Ok(None) };
                self.make_room();
                self.blocks.push_back(OpenedBlock::new(block)?);
            }
        }
        Ok(self.blocks.back())
    }

    fn make_room(&mut self) {
        let mut bytes: usize = self.blocks.iter().map(OpenedBlock::bytes).sum();
        while bytes > BYTES
            && let Some(block) = self.blocks.pop_front()
        {
            bytes -= block.bytes();
        }
    }
}
