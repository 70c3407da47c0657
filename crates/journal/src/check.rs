//! Reads everything again: chain, positions, versions, every line.

use crate::{Error, RawLine, Reader, Result};
use std::collections::HashMap;

/// What a whole journal holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verified {
    /// Blocks read.
    pub blocks: u64,
    /// Facts read.
    pub facts: u64,
    /// Streams met.
    pub streams: u64,
}

/// Walks the whole journal; `each` may look at every line and object.
///
/// # Errors
/// The first thing that is not as it should be, with its position.
pub fn verify(
    reader: &dyn Reader,
    mut each: impl FnMut(&RawLine<'_>, &str) -> Result<()>,
) -> Result<Verified> {
    let mut versions: HashMap<String, u64> = HashMap::new();
    let mut done = Verified::default();
    let (mut position, mut sum) = (0, 0);
    let sound = |position| move |source| Error::SoundUpTo { position, source: Box::new(source) };
    while let Some(block) = reader.block_after(position).map_err(sound(position))? {
        let broken = |position, what: String| Err(Error::BrokenChain { position, what });
        if !block.follows(position, sum) {
            return broken(block.first, format!("it does not follow position {position}"));
        }
        for line in block.text().map_err(sound(position))?.lines() {
            let raw = RawLine::read(line)?;
            position += 1;
            if raw.position != position {
                return broken(position, format!("position {} stands here", raw.position));
            }
            let version = match versions.get_mut(&*raw.stream) {
                Some(version) => version,
                None => versions.entry(raw.stream.clone().into_owned()).or_default(),
            };
            *version += 1;
            if raw.version != *version {
                let what = format!("{} has version {} here", raw.stream, raw.version);
                return broken(position, what);
            }
            each(&raw, line)?;
            done.facts += 1;
        }
        if position != block.last {
            return broken(block.first, format!("it ends at {position}, not at {}", block.last));
        }
        sum = block.sum;
        done.blocks += 1;
    }
    done.streams = versions.len() as u64;
    Ok(done)
}
