//! What memory lacks is read back: the newest snapshot, then the facts since, found by the index.

use crate::{live::Live, shelf::Shelf};
use journal::{IndexReader, Key, LineReader, OpenedBlock, Reader, stream_in_line};
use kernel::{Business, CommandId, Position, Recorded, TimerName, Timestamp};
use memchr::memmem;
use rustc_hash::FxHashSet;
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
    blocks: Shelf,
    index: Box<dyn IndexReader>,
    lines: LineReader<B>,
    /// Roots of which everything that exists is in memory. They were unknown to the index when memory
    /// met them first, and nothing of them was evicted since: what memory lacks of them is not there.
    /// By their text: two roots of one hash must not be taken for each other.
    whole: FxHashSet<Box<str>>,
}

impl<B: Business> Recall<B> {
    pub(crate) fn new(journal: Box<dyn Reader>, index: Box<dyn IndexReader>) -> Recall<B> {
        let (lines, whole) = (LineReader::default(), FxHashSet::default());
        Recall { blocks: Shelf::new(journal), index, lines, whole }
    }

    /// What memory lacks, while these go to make room for it. An order, its payment and its story share
    /// a root with the cart they came from: without [`Recall::whole`] each would be looked for in the
    /// blocks of the cart.
    pub(crate) fn summon(
        &mut self,
        stream: &B::Stream,
        gone: &[B::Stream],
    ) -> journal::Result<Box<Live<B>>> {
        gone.iter().for_each(|stream| self.part(stream));
        let name = stream.to_string();
        if self.whole.contains(root_of(&name)) {
            return Ok(Box::new(Live::blank(stream)));
        }
        let unknown = !self.index.may_know(Key::of_stream(&name));
        let (live, alone) = self.lived(stream, Position::MAX)?;
        if unknown || alone {
            self.whole.insert(root_of(&name).into());
        }
        Ok(Box::new(live))
    }

    /// Memory has let this go.
    pub(crate) fn part(&mut self, stream: &B::Stream) {
        self.whole.remove(root_of(&stream.to_string()));
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
        self.lived(stream, until).map(|(live, _)| live)
    }

    /// The same; true when the blocks tell of nothing else with its root, and of nobody who heard of it.
    fn lived(&mut self, stream: &B::Stream, until: Position) -> journal::Result<(Live<B>, bool)> {
        let name = stream.to_string();
        let key = Key::of_stream(&name);
        if !self.index.may_know(key) {
            return Ok((Live::blank(stream), false));
        }
        let snapshot = self.index.snapshot(&name, until)?;
        let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.block);
        let mut live = match &snapshot {
            Some(snapshot) => Live::from_snapshot(snapshot)?,
            None => Live::blank(stream),
        };
        let mut alone = snapshot.is_none() && !B::is_process(stream);
        for first in self.index.places(key, from)? {
            if first > until {
                break;
            }
            if let Some(block) = self.blocks.block(first)? {
                alone &= relive(&mut self.lines, &mut live, (stream, &name), block, until)?;
            }
        }
        Ok((live, alone))
    }

    pub(crate) fn command(&mut self, id: CommandId) -> journal::Result<Option<Handled>> {
        let key = Key::of_command(id);
        if !self.index.may_know(key) {
            return Ok(None);
        }
        for first in self.index.places(key, 0)? {
            let Some(block) = self.blocks.block(first)? else { continue };
            for line in block.texts_of(key)?.into_iter().flat_map(str::lines) {
                let recorded = self.lines.read(line)?;
                if recorded.origin.command == Some(id) {
                    let fingerprint = recorded.origin.fingerprint;
                    return Ok(Some(Handled { position: recorded.position, fingerprint }));
                }
            }
        }
        Ok(None)
    }

    /// The facts of a stream's own that a block holds, in order.
    pub(crate) fn facts_in(
        &mut self,
        name: &str,
        first: Position,
        facts: &mut Vec<Recorded<B>>,
    ) -> journal::Result<()> {
        let Some(block) = self.blocks.block(first)? else { return Ok(()) };
        let mark = stream_in_line(name);
        let mark = memmem::Finder::new(&mark);
        for text in block.texts_of(Key::of_stream(name))? {
            for line in lines_with(text, &mark) {
                facts.push(self.lines.read(line)?);
            }
        }
        Ok(())
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

/// Lets a decider or a process live through what a block holds for it; true when the block tells of
/// nothing else with its root, and of nobody who heard of it.
fn relive<B: Business>(
    lines: &mut LineReader<B>,
    live: &mut Live<B>,
    (stream, name): (&B::Stream, &str),
    block: &OpenedBlock,
    until: Position,
) -> journal::Result<bool> {
    // A decider lives through its own facts; whatever concerns a story has its id in its line.
    let (root, own) = (root_of(name), stream_in_line(name));
    let (root, own) = (memmem::Finder::new(root), memmem::Finder::new(&own));
    let is_process = B::is_process(stream);
    let mut alone = !is_process;
    for text in block.texts_of(Key::of_stream(name))? {
        let mark = if alone || is_process { &root } else { &own };
        for line in lines_with(text, mark) {
            if !is_process && own.find(line.as_bytes()).is_none() {
                alone = false;
                continue;
            }
            let recorded = lines.read(line)?;
            alone &= B::hearers(&recorded.fact).next().is_none();
            if recorded.position > live.last && recorded.position <= until {
                live_through(live, stream, &recorded);
            }
        }
    }
    Ok(alone)
}

/// The lines in which something occurs: all others are passed over in one go.
fn lines_with<'t>(text: &'t str, mark: &memmem::Finder<'_>) -> impl Iterator<Item = &'t str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let at = mark.find(rest.as_bytes())?;
        let begin = rest[..at].rfind('\n').map_or(0, |feed| feed + 1);
        let end = rest[at..].find('\n').map_or(rest.len(), |feed| at + feed);
        let line = &rest[begin..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line)
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::bank::*;

    fn balance(live: &Live<Bank>) -> i64 {
        match &live.state {
            State::Account(account) => account.balance,
            other => panic!("{other:?} is no account"),
        }
    }

    /// What is read of account 1 by somebody who has evicted it before, and who then looks again as if
    /// memory had lost it: where it is whole there is nothing to look for.
    fn read_twice(commands: impl IntoIterator<Item = Command>) -> (i64, i64) {
        let house = House::new();
        let mut recall = Recall::<Bank>::new(
            journal::Journal::reader(&house.journal.journal()).expect("it opens"),
            journal::Index::reader(&house.journal.index()).expect("it opens"),
        );
        let stream = Stream::Account(account(1));
        assert_eq!(balance(&recall.summon(&stream, &[]).expect("it can be read")), 0, "unknown");
        for (number, command) in commands.into_iter().enumerate() {
            house.ask(&number.to_string(), command).expect("it is obeyed");
        }
        let House { engine, .. } = house;
        engine.stop().expect("the index is level");
        let unread = recall.summon(&stream, &[]).expect("it can be read");
        assert_eq!(balance(&unread), 0, "memory has had all of it since it began");
        let gone = std::slice::from_ref(&stream);
        let once = recall.summon(&stream, gone).expect("it can be read");
        (balance(&once), balance(&recall.summon(&stream, &[]).expect("it can be read")))
    }

    #[test]
    fn what_memory_lacks_of_a_root_that_is_whole_is_not_looked_for() {
        assert_eq!(read_twice([pay(1, 5), pay(1, 2), pay(2, 9)]), (7, 0));
    }

    #[test]
    fn a_root_of_which_somebody_else_may_exist_is_looked_for_every_time() {
        assert_eq!(read_twice([pay(1, 9), order(1, 1, 2, 4, 60)]), (5, 5));
    }

    #[test]
    fn lines_are_found_whole_and_each_once() {
        let found =
            |text, mark: &str| -> Vec<_> { lines_with(text, &memmem::Finder::new(mark)).collect() };
        assert_eq!(found("a x x\nb\nc x\n", "x"), ["a x x", "c x"]);
        assert_eq!(found("x", "x"), ["x"]);
        assert_eq!(found("a\nx", "x"), ["x"]);
        assert_eq!(found("", "x"), [""; 0]);
    }
}
