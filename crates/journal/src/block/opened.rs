//! A block that is read more than once: checked once, and each frame unpacked once.

use super::{Block, Frame};
use crate::{Key, Result};
use std::cell::OnceCell;

/// A block that was found sound, with those of its frames that somebody has wanted.
pub struct OpenedBlock {
    block: Block,
    texts: Vec<OnceCell<String>>,
    bytes: usize,
}

impl OpenedBlock {
    /// # Errors
    /// When the block is damaged.
    pub fn new(block: Block) -> Result<OpenedBlock> {
        block.check()?;
        let frames = block.directory()?;
        let bytes = block.body.len() + frames.iter().map(|frame| frame.raw).sum::<usize>();
        let texts = std::iter::repeat_with(OnceCell::new).take(frames.len()).collect();
        Ok(OpenedBlock { block, texts, bytes })
    }

    /// Bytes that it takes in memory once all of it was wanted.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The texts of the frames in which a key occurs; other lines lie between.
    ///
    /// # Errors
    /// When a frame is damaged.
    pub fn texts_of(&self, key: Key) -> Result<Vec<&str>> {
        let frames = self.block.directory()?;
        let mut texts = Vec::new();
        for (frame, text) in frames.iter().zip(&self.texts).filter(|(frame, _)| frame.has(key)) {
            texts.push(match text.get() {
                Some(text) => text,
                None => {
                    let unpacked = self.unpacked(frame)?;
                    text.get_or_init(|| unpacked)
                }
            });
        }
        Ok(texts.into_iter().map(String::as_str).collect())
    }

    fn unpacked(&self, frame: &Frame<'_>) -> Result<String> {
        let mut text = Vec::with_capacity(frame.raw);
        self.block.unpack_frame(frame, &mut text)?;
        String::from_utf8(text).map_err(|_| self.block.damaged("its text is no UTF-8"))
    }
}
