//! Any decider as it was at a position or a moment, and the facts of one stream.

use crate::{
    Feed,
    live::Live,
    recall::{Recall, live_through},
};
use journal::{IndexReader, Key, LineReader, Reader};
use kernel::{Business, Position, Recorded, Timestamp};

/// Reads the journal; each has readers of its own, so several may be used at once.
pub struct Past<B: Business> {
    feed: Feed<B>,
    journal: Box<dyn Reader>,
    index: Box<dyn IndexReader>,
    recall: Recall<B>,
    lines: LineReader<B>,
}

impl<B: Business> Past<B> {
    /// Over these readers of the same journal and index.
    ///
    /// # Errors
    /// When a further reader cannot be opened.
    pub fn new(
        feed: Feed<B>,
        journal: Box<dyn Reader>,
        index: Box<dyn IndexReader>,
    ) -> journal::Result<Past<B>> {
        let recall = Recall::new(journal.another()?, index.another()?);
        Ok(Past { feed, journal, index, recall, lines: LineReader::default() })
    }

    /// Another one of the same journal.
    ///
    /// # Errors
    /// When further readers cannot be opened.
    pub fn another(&self) -> journal::Result<Past<B>> {
        Past::new(self.feed.clone(), self.journal.another()?, self.index.another()?)
    }

    /// The newest position at that moment; 0 before the first fact.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn position_at(&mut self, time: Timestamp) -> journal::Result<Position> {
        let Some(block) = self.journal.block_at_time(time)? else { return Ok(0) };
        let mut position = block.first - 1;
        for line in block.text()?.lines() {
            let recorded = self.lines.read(line)?;
            if recorded.at() > time {
                break;
            }
            position = recorded.position;
        }
        Ok(position)
    }

    /// What a decider or a process remembered after the fact at `position`, and its version.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn state_at(
        &mut self,
        stream: &B::Stream,
        position: Position,
    ) -> journal::Result<(B::State, u64)> {
        let mark = self.mark();
        let mut live = self.recall.live_at(stream, position)?;
        if position > mark {
            self.relive_since(mark, &mut live, stream, position)?;
        }
        Ok((live.state, live.version))
    }

    /// The timers that a process had set.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn timers_of(&mut self, process: &B::Stream) -> journal::Result<Vec<(Timestamp, String)>> {
        let mark = self.mark();
        let mut live = self.recall.live(process)?;
        self.relive_since(mark, &mut live, process, Position::MAX)?;
        Ok(live.timers.into_iter().map(|(at, name)| (at, name.into_owned())).collect())
    }

    /// Every fact of one stream, in order.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn facts_of(&mut self, stream: &B::Stream) -> journal::Result<Vec<Recorded<B>>> {
        let name = stream.to_string();
        let key = Key::of_stream(&name);
        let mark = self.mark();
        let mut facts = Vec::new();
        for first in self.index.places(key, 0)? {
            self.recall.facts_in(&name, first, &mut facts)?;
        }
        facts.retain(|recorded| recorded.stream() == *stream && recorded.position <= mark);
        self.since(mark, |recorded| {
            if recorded.stream() == *stream {
                facts.push(recorded.clone());
            }
            true
        })?;
        Ok(facts)
    }

    fn mark(&self) -> Position {
        self.index.mark().map_or(0, |mark| mark.position)
    }

    fn relive_since(
        &mut self,
        mark: Position,
        live: &mut Live<B>,
        stream: &B::Stream,
        until: Position,
    ) -> journal::Result<()> {
        self.since(mark, |recorded| {
            // The index may have moved on since the mark was taken.
            if recorded.position > live.last && recorded.position <= until {
                live_through(live, stream, recorded);
            }
            recorded.position < until
        })
    }

    /// What the index has not seen; most of it is in memory.
    fn since(
        &self,
        mark: Position,
        mut each: impl FnMut(&Recorded<B>) -> bool,
    ) -> journal::Result<()> {
        let tip = self.feed.tip();
        if tip <= mark {
            // Most looks end here: a further reader would cost more than all the rest.
            return Ok(());
        }
        let mut follow = self.feed.follow(self.journal.another()?, mark);
        let mut position = mark;
        while position < tip
            && let Some(block) = follow.take_next()?
        {
            if !block.after(position).iter().all(&mut each) {
                return Ok(());
            }
            position = block.last();
        }
        Ok(())
    }
}
