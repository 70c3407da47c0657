//! What memory lacks is read back: the newest snapshot, then the facts since, found by the index.

use crate::live::Live;
use journal::{Block, IndexReader, Key, LineReader, Reader, stream_in_line};
use kernel::{Business, CommandId, Position, Recorded, TimerName, Timestamp};
use memchr::memmem;
use std::borrow::Cow;

/// A command that was obeyed before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Handled {
    /// Of its first fact.
    pub(crate) position: Position,
    pub(crate) fingerprint: Option<u64>,
}

/// Reads what the index knows.
pub(crate) struct Recall<B: Business> {
    journal: Box<dyn Reader>,
    index: Box<dyn IndexReader>,
    lines: LineReader<B>,
}

impl<B: Business> Recall<B> {
    pub(crate) fn new(journal: Box<dyn Reader>, index: Box<dyn IndexReader>) -> Recall<B> {
        Recall { journal, index, lines: LineReader::default() }
    }

    /// As of the index's mark.
    pub(crate) fn live(&mut self, stream: &B::Stream) -> journal::Result<Live<B>> {
        self.live_at(stream, Position::MAX)
    }

    /// As of a position, or of the index's mark where that is earlier.
    pub(crate) fn live_at(
        &mut self,
        stream: &B::Stream,
        until: Position,
    ) -> journal::Result<Live<B>> {
        let name = stream.to_string();
        let key = Key::of_stream(&name);
        if !self.index.may_know(key) {
            return Ok(Live::blank(stream));
        }
        let snapshot = self.index.snapshot(&name, until)?;
        let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.block);
        let mut live = match &snapshot {
            Some(snapshot) => Live::from_snapshot(snapshot)?,
            None => Live::blank(stream),
        };
        for first in self.index.places(key, from)? {
            if first > until {
                break;
            }
            if let Some(block) = self.journal.block_holding(first)? {
                self.relive(&mut live, stream, &block, until)?;
            }
        }
        Ok(live)
    }

    /// Lets a decider or a process live through what a block holds for it.
    pub(crate) fn relive(
        &mut self,
        live: &mut Live<B>,
        stream: &B::Stream,
        block: &Block,
        until: Position,
    ) -> journal::Result<()> {
        // A decider lives through its own facts; whatever concerns a story has its id in its line.
        let name = stream.to_string();
        let mark = match B::is_process(stream) {
            true => root_of(&name).to_owned(),
            false => stream_in_line(&name),
        };
        let root = memmem::Finder::new(&mark);
        for line in block.text_of(Key::of_stream(&name))?.lines() {
            if root.find(line.as_bytes()).is_none() {
                continue;
            }
            let recorded = self.lines.read(line)?;
            if recorded.position > live.last && recorded.position <= until {
                live_through(live, stream, &recorded);
            }
        }
        Ok(())
    }

    pub(crate) fn command(&mut self, id: CommandId) -> journal::Result<Option<Handled>> {
        let key = Key::of_command(id);
        if !self.index.may_know(key) {
            return Ok(None);
        }
        for first in self.index.places(key, 0)? {
            let Some(block) = self.journal.block_holding(first)? else { continue };
            for line in block.text_of(key)?.lines() {
                let recorded = self.lines.read(line)?;
                if recorded.origin.command == Some(id) {
                    let fingerprint = recorded.origin.fingerprint;
                    return Ok(Some(Handled { position: recorded.position, fingerprint }));
                }
            }
        }
        Ok(None)
    }

    pub(crate) fn timers(
        &mut self,
        from: Timestamp,
        until: Timestamp,
    ) -> journal::Result<Vec<(Timestamp, B::Stream, TimerName)>> {
        let mut timers = Vec::new();
        for (at, process, name) in self.index.timers(from, until)? {
            match process.parse() {
                Ok(process) => timers.push((at, process, Cow::Owned(name))),
                Err(error) => return Err(journal::Error::NotAFact(format!("{error}"))),
            }
        }
        Ok(timers)
    }

    /// A time by which at least one more timer is due, if there is any after `from`.
    pub(crate) fn next_timer(&mut self, from: Timestamp) -> journal::Result<Option<Timestamp>> {
        self.index.next_timer(from)
    }
}

/// Its own fact, or one that it hears.
pub(crate) fn live_through<B: Business>(
    live: &mut Live<B>,
    stream: &B::Stream,
    recorded: &Recorded<B>,
) {
    if !B::is_process(stream) {
        if recorded.stream() == *stream {
            live.evolve(recorded);
        }
    } else if B::hearers(&recorded.fact).any(|process| process == *stream) {
        live.hear(stream, recorded);
    }
}

/// The part of a stream's name that it shares with all that concerns the same thing.
fn root_of(name: &str) -> &str {
    let id = name.split_once('/').map_or(name, |(_, id)| id);
    id.split_once('.').map_or(id, |(root, _)| root)
}
