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
use kernel::{Business, Position, Recorded, Told};
use rustc_hash::FxHashSet;
use std::sync::{Arc, atomic::Ordering::Relaxed};

/// How many of the newest facts are searched for asks without an answer.
const ASK_AGAIN: u64 = 50_000;

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
    let mut asks = Asks::new(tip);
    relive(&*reader, mark, &mut world, &mut follower, &mut asks)?;
    if let Some(at) = journal.tip().map(|tip| tip.at) {
        world.compare_clock(at);
    }
    for (process, command, cause) in asks.unanswered() {
        // Whatever it says is recorded, or an alarm tells.
        let _ = world.ask_again(process, command, cause);
    }
    let writer = Writer::new(journal, feed.clone(), gauges.clone(), pace.clone())?;
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

fn relive<B: Business>(
    reader: &dyn Reader,
    mark: Position,
    world: &mut World<B>,
    follower: &mut Follower,
    asks: &mut Asks<B>,
) -> journal::Result<()> {
    let mut lines = LineReader::<B>::default();
    let mut name = String::new();
    let mut position = mark;
    while let Some(block) = reader.block_after(position)? {
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
        follower.gather(followed)?;
        world.settle(follower.indexed());
    }
    Ok(())
}

/// Asks of the newest facts, less those that left a fact or a refusal.
struct Asks<B: Business> {
    from: Position,
    asked: Vec<(B::Stream, B::Command, Position)>,
    answered: FxHashSet<(Position, String)>,
}

impl<B: Business> Asks<B> {
    fn new(tip: Position) -> Asks<B> {
        let from = tip.saturating_sub(ASK_AGAIN);
        Asks { from, asked: Vec::new(), answered: FxHashSet::default() }
    }

    fn hear(&mut self, recorded: &Recorded<B>, asked: Vec<(B::Stream, B::Command)>) {
        if recorded.position <= self.from {
            return;
        }
        if let Some(cause) = recorded.cause {
            let whom = match B::told(&recorded.fact) {
                Some(Told::Refused { command, .. }) => B::stream_of_command(command),
                _ => recorded.stream(),
            };
            self.answered.insert((cause, whom.to_string()));
        }
        let asked = asked.into_iter().map(|(by, command)| (by, command, recorded.position));
        self.asked.extend(asked);
    }

    fn unanswered(self) -> impl Iterator<Item = (B::Stream, B::Command, Position)> {
        let Asks { asked, answered, .. } = self;
        asked.into_iter().filter(move |(_, command, cause)| {
            !answered.contains(&(*cause, B::stream_of_command(command).to_string()))
        })
    }
}
