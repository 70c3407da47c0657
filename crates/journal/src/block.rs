//! The lines of one batch: compressed in frames, chained by checksum, with a directory of what lies where.
//!
//! ```text
//! format 1 | frames | per frame: bytes, raw bytes, keys, the short keys | zstd frame … zstd frame
//! ```

use crate::{Error, Key, Result};
use kernel::{Position, Timestamp};
use std::{cell::RefCell, io};
use zstd::bulk::Decompressor;

mod opened;

#[cfg(test)]
mod tests;

pub use opened::OpenedBlock;

/// The form of [`Block::body`] that is written.
const FORMAT: u8 = 1;
/// Raw bytes after which a frame is closed: what must be unpacked to read one line.
const FRAME: usize = 60 * 1024;
/// No honest frame unpacks to more, and so no line is longer.
const FRAME_MAX: usize = 64 * 1024 * 1024;
/// zstd's level: higher ones save little more, and the writer has no time for them.
const LEVEL: i32 = 1;

/// What one commit adds to a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Position of its first fact.
    pub first: Position,
    /// Position of its last fact.
    pub last: Position,
    /// When the last fact happened.
    pub at: Timestamp,
    /// The checksum of the block before, which this one's covers: none can be changed, lost or put
    /// in between unseen.
    pub previous: u32,
    /// CRC-32 of all the rest.
    pub sum: u32,
    /// Directory and frames.
    pub body: Vec<u8>,
}

/// One frame as the directory tells of it.
struct Frame<'a> {
    packed: &'a [u8],
    raw: usize,
    /// Sorted short keys, two bytes each.
    keys: &'a [u8],
}

impl Frame<'_> {
    /// True when it may hold something of a key.
    fn has(&self, key: Key) -> bool {
        self.keys.as_chunks::<2>().0.binary_search(&key.short().to_be_bytes()).is_ok()
    }
}

impl Block {
    /// All lines, each with its line feed.
    ///
    /// # Errors
    /// When the block is damaged.
    pub fn text(&self) -> Result<String> {
        self.unpack(|_| true)
    }

    /// The lines of the frames in which a key occurs; other lines lie between.
    ///
    /// # Errors
    /// When the block is damaged.
    pub fn text_of(&self, key: Key) -> Result<String> {
        self.unpack(|frame| frame.has(key))
    }

    /// True when this is the block that comes after one with these ends.
    pub fn follows(&self, last: Position, sum: u32) -> bool {
        last.checked_add(1) == Some(self.first) && self.previous == sum
    }

    /// # Errors
    /// When it is not as it was written.
    pub fn check(&self) -> Result<()> {
        if self.checksum() != self.sum || self.last < self.first {
            return Err(self.damaged("its checksum is wrong"));
        }
        Ok(())
    }

    fn checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.previous);
        for number in [self.first, self.last, self.at.micros().cast_unsigned()] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(&self.body);
        hasher.finalize()
    }

    fn damaged(&self, what: &str) -> Error {
        Error::BrokenChain { position: self.first, what: what.to_owned() }
    }

    fn unpack(&self, wanted: impl Fn(&Frame<'_>) -> bool) -> Result<String> {
        self.check()?;
        let mut text = Vec::new();
        for frame in self.directory()?.iter().filter(|frame| wanted(frame)) {
            self.unpack_frame(frame, &mut text)?;
        }
        String::from_utf8(text).map_err(|_| self.damaged("its text is no UTF-8"))
    }

    fn unpack_frame(&self, frame: &Frame<'_>, text: &mut Vec<u8>) -> Result<()> {
        let raw = decompress(frame.packed, frame.raw);
        let raw = raw.map_err(|error| self.damaged(&error.to_string()))?;
        if raw.len() != frame.raw {
            return Err(self.damaged("a frame has another length than the directory says"));
        }
        text.extend(raw);
        Ok(())
    }

    fn directory(&self) -> Result<Vec<Frame<'_>>> {
        self.frames().ok_or_else(|| self.damaged("its directory is wrong"))
    }

    fn frames(&self) -> Option<Vec<Frame<'_>>> {
        let (format, mut rest) = self.body.split_first()?;
        if *format != FORMAT {
            return None;
        }
        let count = take_number(&mut rest, 4)?;
        let mut heads = Vec::new();
        for _ in 0..count {
            let (packed, raw) = (take_number(&mut rest, 4)?, take_number(&mut rest, 4)?);
            let keys = take_number(&mut rest, 4)?;
            heads.push((packed, raw, take(&mut rest, keys.checked_mul(2)?)?));
        }
        let mut frames = Vec::with_capacity(heads.len());
        for (packed, raw, keys) in heads {
            if raw > FRAME_MAX {
                return None;
            }
            frames.push(Frame { packed: take(&mut rest, packed)?, raw, keys });
        }
        rest.is_empty().then_some(frames)
    }
}

thread_local! {
    /// Made once a thread: making one takes longer than most frames.
    static DECOMPRESSOR: RefCell<Decompressor<'static>> =
        RefCell::new(Decompressor::new().expect("there is memory for a decompressor"));
}

/// At most `size` bytes of what was compressed.
pub(crate) fn decompress(packed: &[u8], size: usize) -> io::Result<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.decompress(packed, size))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn take_number(rest: &mut &[u8], bytes: usize) -> Option<usize> {
    let taken = take(rest, bytes)?;
    Some(taken.iter().rev().fold(0, |number, byte| (number << 8) | usize::from(*byte)))
}

/// Makes blocks, one after the other, in buffers that stay.
pub struct BlockBuilder {
    compressor: zstd::bulk::Compressor<'static>,
    /// Of the block under way.
    ends: Option<(Position, Position, Timestamp)>,
    directory: Vec<u8>,
    frames: u32,
    packed: Vec<u8>,
    raw: Vec<u8>,
    keys: Vec<u16>,
}

impl Default for BlockBuilder {
    fn default() -> BlockBuilder {
        BlockBuilder {
            compressor: zstd::bulk::Compressor::new(LEVEL).expect("zstd has this level"),
            ends: None,
            directory: Vec::new(),
            frames: 0,
            packed: Vec::new(),
            raw: Vec::new(),
            keys: Vec::new(),
        }
    }
}

impl BlockBuilder {
    /// Adds a line with its line feed; positions without gaps.
    ///
    /// # Errors
    /// When the line is larger than any reader would unpack, or there is no memory to pack it.
    pub fn push(
        &mut self,
        position: Position,
        at: Timestamp,
        line: &[u8],
        keys: &[Key],
    ) -> Result<()> {
        if line.len() > FRAME_MAX {
            return Err(Error::TooLarge { position, bytes: line.len(), most: FRAME_MAX });
        }
        if self.raw.len() + line.len() > FRAME && !self.raw.is_empty() {
            self.close_frame()?;
        }
        self.raw.extend_from_slice(line);
        self.keys.extend(keys.iter().map(|key| key.short()));
        let first = self.ends.map_or(position, |(first, ..)| first);
        self.ends = Some((first, position, at));
        Ok(())
    }

    /// Closes the block; there must be a line in it.
    ///
    /// # Errors
    /// When there is no memory to pack it.
    pub fn seal(&mut self, previous: u32) -> Result<Block> {
        self.close_frame()?;
        let (first, last, at) = self.ends.take().expect("a block has a line");
        let mut body = Vec::with_capacity(5 + self.directory.len() + self.packed.len());
        body.push(FORMAT);
        body.extend(self.frames.to_le_bytes());
        body.append(&mut self.directory);
        body.append(&mut self.packed);
        self.frames = 0;
        let mut block = Block { first, last, at, previous, sum: 0, body };
        block.sum = block.checksum();
        Ok(block)
    }

    fn close_frame(&mut self) -> Result<()> {
        let memory = |source| Error::Io { path: "zstd".into(), source };
        let packed = self.compressor.compress(&self.raw).map_err(memory)?;
        self.keys.sort_unstable();
        self.keys.dedup();
        for length in [packed.len(), self.raw.len(), self.keys.len()] {
            let length = u32::try_from(length).expect("a frame is smaller than 4 GiB");
            self.directory.extend(length.to_le_bytes());
        }
        // Big endian, so that bytes sort as the numbers do.
        self.directory.extend(self.keys.drain(..).flat_map(u16::to_be_bytes));
        self.packed.extend(packed);
        self.raw.clear();
        self.frames += 1;
        Ok(())
    }
}
