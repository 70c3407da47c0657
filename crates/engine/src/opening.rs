//! From a journal to a running world: what the index has not seen is lived again, nothing is decided
//! again, and what was asked without an answer is asked once more.

use crate::{
    Alarms, Clock, Feed, Limits,
    follower::{Followed, Follower, Pace},
    gauges::Gauges,
    recall::Recall,
    world::World,
    writer::{Writer, keys_of},
};
use journal::{Index, Journal, LineReader, Reader};
use kernel::{Business, Origin, Position, Recorded, Told};
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering::Relaxed},
};

/// The pieces of a running engine, before they are given threads of their own.
pub(crate) struct Opened<B: Business> {
    pub(crate) world: World<B>,
    pub(crate) writer: Writer<B>,
    pub(crate) follower: Follower,
    pub(crate) feed: Feed<B>,
    pub(crate) gauges: Arc<Gauges>,
}

/// What a journal, an index and a clock become.
pub(crate) fn open<B: Business>(
    journal: Box<dyn Journal>,
    mut index: Box<dyn Index>,
    clock: Arc<dyn Clock>,
    limits: &Limits,
    alarms: &Arc<Alarms>,
) -> journal::Result<Opened<B>> {
    let reader = journal.reader()?;
    let tip = journal.tip().map_or(0, |tip| tip.last);
    let mark = known_mark(&*reader, &mut *index)?;
    let gauges = Arc::new(Gauges::default());
    gauges.committed.store(tip, Relaxed);
    gauges.indexed.store(mark, Relaxed);
    let pace = Arc::new(Pace::new(mark, limits));
    let feed = Feed::new(tip, limits.feed_facts);
    let recall = Recall::new(journal.reader()?, index.reader()?);
    let mut world = World::new(recall, clock, limits.clone(), alarms.clone(), mark);
    let mut follower = Follower::new(index, limits.clone(), gauges.clone(), pace.clone());
    let mut asks = Asks::new();
    let newest = relive(&*reader, mark, (&mut world, &mut follower), &mut asks)?;
    if let Some(at) = journal.tip().map(|tip| tip.at) {
        world.compare_clock(at);
    }
    let mut writer = Writer::new(journal, feed.clone(), gauges.clone(), pace.clone())?;
    if !asks.open.is_empty() {
        // Whatever it says is recorded, or an alarm tells.
        let _ = world.ask_again(asks.open.into());
    }
    // Stored before the index knows what it follows from, or the next start would not ask again.
    let recovered = writer.store(world.take_batch())?;
    for followed in newest.into_iter().chain(recovered) {
        follower.gather(followed)?;
    }
    world.settle(follower.indexed());
    if world.is_spoiled() {
        follower.write()?;
        world.recover(follower.indexed());
    }
    Ok(Opened { world, writer, follower, feed, gauges })
}

/// How far the index has followed this very journal; one that followed another is of no use.
fn known_mark(reader: &dyn Reader, index: &mut dyn Index) -> journal::Result<Position> {
    let Some(mark) = index.mark() else { return Ok(0) };
    let block = reader.block_holding(mark.position)?;
    if block.is_some_and(|block| block.last == mark.position && block.sum == mark.sum) {
        return Ok(mark.position);
    }
    index.reset()?;
    Ok(0)
}

/// Lives through everything after the mark; what the index has to know of the newest block comes back.
fn relive<B: Business>(
    reader: &dyn Reader,
    mark: Position,
    (world, follower): (&mut World<B>, &mut Follower),
    asks: &mut Asks<B>,
) -> journal::Result<Option<Followed>> {
    let mut lines = LineReader::<B>::default();
    let mut name = String::new();
    let mut position = mark;
    let mut newest = None;
    while let Some(block) = reader.block_after(position)? {
        if let Some(followed) = newest.take() {
            follower.gather(followed)?;
            world.settle(follower.indexed());
        }
        let mut keys = Vec::new();
        for line in block.text()?.lines() {
            let recorded = lines.read(line)?;
            keys_of(&recorded, &mut name, &mut keys);
            let asked = world.relive(&recorded)?;
            asks.hear(&recorded, asked);
        }
        position = block.last;
        let mut followed = Followed::block(&block, keys);
        let batch = world.take_batch();
        followed.take_over(batch.snapshots, batch.timers, world.is_crowded(), None);
        newest = Some(followed);
    }
    Ok(newest)
}

/// What the last cascade had asked for and nobody has answered yet. Asks are obeyed in the order in
/// which they were made, so a fact that follows from one tells that those before it are done with,
/// also when they left nothing; and a new root tells that the whole cascade is.
struct Asks<B: Business> {
    open: VecDeque<(B::Stream, B::Command, Position)>,
    root: Option<Arc<Origin>>,
    /// Cause and stream of the last fact: one decision may leave several.
    last: Option<(Position, B::Stream)>,
}

impl<B: Business> Asks<B> {
    fn new() -> Asks<B> {
        Asks { open: VecDeque::new(), root: None, last: None }
    }

    fn hear(&mut self, recorded: &Recorded<B>, asked: Vec<(B::Stream, B::Command)>) {
        match recorded.cause {
            None if self.root.as_deref() == Some(&*recorded.origin) => {}
            None => self.open.clear(),
            Some(cause) => self.answered(cause, recorded),
        }
        self.root = Some(recorded.origin.clone());
        let asked = asked.into_iter().map(|(by, command)| (by, command, recorded.position));
        self.open.extend(asked);
    }

    fn answered(&mut self, cause: Position, recorded: &Recorded<B>) {
        let whom = match B::told(&recorded.fact) {
            Some(Told::Refused { command, .. }) => B::stream_of_command(command),
            _ => recorded.stream(),
        };
        let decision = Some((cause, whom));
        if self.last == decision {
            return;
        }
        let is_answer = |(_, command, asked_at): &(B::Stream, B::Command, Position)| {
            decision == Some((*asked_at, B::stream_of_command(command)))
        };
        if let Some(answered) = self.open.iter().position(is_answer) {
            self.open.drain(..=answered);
        }
        self.last = decision;
    }
}
