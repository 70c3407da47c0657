//! Reads a whole journal again, lives through all of it, and compares with what the index remembers.

use crate::live::Live;
use journal::{Error, IndexReader, LineReader, Reader, Snapshot, Verified, verify};
use kernel::{Business, Position, Recorded};
use rustc_hash::FxHashMap;

/// How many stories are named that have not ended.
const NAMED: usize = 20;

/// What a whole journal holds, and how its stories stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audit {
    /// Blocks, facts, streams.
    pub verified: Verified,
    /// Stories that have not ended.
    pub unfinished: u64,
    /// Some of them.
    pub examples: Vec<String>,
    /// Timers that are set.
    pub timers: u64,
    /// Remembered states that were compared.
    pub snapshots: u64,
}

struct Refold<'a, B: Business> {
    index: Option<&'a dyn IndexReader>,
    lives: FxHashMap<B::Stream, Refolded<B>>,
    snapshots: u64,
}

struct Refolded<B: Business> {
    live: Live<B>,
    /// The newest that is remembered of it.
    remembered: Option<Snapshot>,
}

/// Chain, positions, versions, every fact, every state.
///
/// # Errors
/// The first thing that is not as it should be.
pub fn audit<B: Business>(
    reader: &dyn Reader,
    index: Option<&dyn IndexReader>,
) -> journal::Result<Audit> {
    let mut lines = LineReader::<B>::default();
    let mut refold = Refold::<B> { index, lives: FxHashMap::default(), snapshots: 0 };
    let verified = verify(reader, |_, line| refold.hear(&lines.read(line)?))?;
    let mut audit = Audit { verified, snapshots: refold.snapshots, ..Audit::default() };
    for (stream, Refolded { live, .. }) in &refold.lives {
        if B::is_process(stream) && !live.over {
            audit.unfinished += 1;
            audit.timers += live.timers.len() as u64;
            if audit.examples.len() < NAMED {
                audit.examples.push(stream.to_string());
            }
        }
    }
    audit.examples.sort_unstable();
    Ok(audit)
}

/// Every decider and process as the whole journal tells of them.
///
/// # Errors
/// When the journal is not as it should be.
pub(crate) fn refold<B: Business>(
    reader: &dyn Reader,
) -> journal::Result<FxHashMap<B::Stream, Live<B>>> {
    let mut lines = LineReader::<B>::default();
    let mut refold = Refold::<B> { index: None, lives: FxHashMap::default(), snapshots: 0 };
    verify(reader, |_, line| refold.hear(&lines.read(line)?))?;
    Ok(refold.lives.into_iter().map(|(stream, refolded)| (stream, refolded.live)).collect())
}

impl<B: Business> Refold<'_, B> {
    fn hear(&mut self, recorded: &Recorded<B>) -> journal::Result<()> {
        let stream = recorded.stream();
        if !B::is_process(&stream) {
            self.refolded(&stream)?.live.evolve(recorded);
            self.compare(&stream, recorded.position)?;
        }
        for process in B::hearers(&recorded.fact) {
            self.refolded(&process)?.live.hear(&process, recorded);
            self.compare(&process, recorded.position)?;
        }
        Ok(())
    }

    fn refolded(&mut self, stream: &B::Stream) -> journal::Result<&mut Refolded<B>> {
        if !self.lives.contains_key(stream) {
            let remembered = match self.index {
                Some(index) => index.snapshot(&stream.to_string(), Position::MAX)?,
                None => None,
            };
            let fresh = Refolded { live: Live::blank(stream), remembered };
            self.lives.insert(stream.clone(), fresh);
        }
        Ok(self.lives.get_mut(stream).expect("just put there"))
    }

    fn compare(&mut self, stream: &B::Stream, position: Position) -> journal::Result<()> {
        let Some(refolded) = self.lives.get_mut(stream) else { return Ok(()) };
        let Some(remembered) = &refolded.remembered else { return Ok(()) };
        if remembered.position != position {
            return Ok(());
        }
        let again = refolded.live.snapshot(stream.to_string());
        if (&again.state, again.version) != (&remembered.state, remembered.version) {
            let what = format!("the index remembers another state of {stream}: delete index.db");
            return Err(Error::BrokenChain { position, what });
        }
        self.snapshots += 1;
        Ok(())
    }
}
