//! The journal as a stream of facts: the newest from memory, older ones from the blocks.

use journal::{LineReader, Reader};
use kernel::{Business, Position, Recorded};
use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// The facts of one block; durable by the time anyone sees them.
#[derive(Debug)]
pub struct Committed<B: Business> {
    /// In order and without gaps; never empty.
    pub facts: Vec<Recorded<B>>,
}

impl<B: Business> Committed<B> {
    /// Position of the first fact.
    pub fn first(&self) -> Position {
        self.facts.first().map_or(0, |recorded| recorded.position)
    }

    /// Position of the last fact.
    pub fn last(&self) -> Position {
        self.facts.last().map_or(0, |recorded| recorded.position)
    }

    /// What comes after a position.
    pub fn after(&self, position: Position) -> &[Recorded<B>] {
        let known = (position + 1).saturating_sub(self.first());
        &self.facts[usize::try_from(known).map_or(self.facts.len(), |n| n.min(self.facts.len()))..]
    }
}

/// Where committed facts are published; cheap to clone.
pub struct Feed<B: Business>(Arc<Shared<B>>);

impl<B: Business> Clone for Feed<B> {
    fn clone(&self) -> Feed<B> {
        Feed(self.0.clone())
    }
}

struct Shared<B: Business> {
    tail: Mutex<Tail<B>>,
    news: Condvar,
    /// The tip, for those who wait without a thread.
    tips: watch::Sender<Position>,
    /// Facts that are kept in memory.
    limit: usize,
}

struct Tail<B: Business> {
    blocks: VecDeque<Arc<Committed<B>>>,
    facts: usize,
    tip: Position,
    closed: bool,
}

impl<B: Business> Feed<B> {
    /// A feed of a journal that ends at `tip`.
    pub fn new(tip: Position, limit: usize) -> Feed<B> {
        let tail = Tail { blocks: VecDeque::new(), facts: 0, tip, closed: false };
        let tips = watch::Sender::new(tip);
        Feed(Arc::new(Shared { tail: Mutex::new(tail), news: Condvar::new(), tips, limit }))
    }

    /// The newest durable fact.
    pub fn tip(&self) -> Position {
        self.tail().tip
    }

    /// True once nothing more will come.
    pub fn is_closed(&self) -> bool {
        self.tail().closed
    }

    /// Publishes what has just become durable.
    pub fn publish(&self, block: Arc<Committed<B>>) {
        let mut tail = self.tail();
        tail.tip = block.last();
        tail.facts += block.facts.len();
        tail.blocks.push_back(block);
        while tail.facts > self.0.limit && tail.blocks.len() > 1 {
            tail.facts -= tail.blocks.pop_front().map_or(0, |old| old.facts.len());
        }
        let tip = tail.tip;
        drop(tail);
        self.0.news.notify_all();
        self.0.tips.send_replace(tip);
    }

    /// Tells of each new tip without a thread.
    pub fn tips(&self) -> watch::Receiver<Position> {
        self.0.tips.subscribe()
    }

    /// Nothing more will come: whoever waits is woken.
    pub fn close(&self) {
        self.tail().closed = true;
        self.0.news.notify_all();
        // Also those who wait without a thread look again.
        self.0.tips.send_modify(|_| {});
    }

    /// Follows the journal from after a position.
    pub fn follow(&self, reader: Box<dyn Reader>, after: Position) -> Follow<B> {
        Follow { feed: self.clone(), reader, lines: LineReader::default(), position: after }
    }

    /// Waits until something lies after `position`, for at most `patience`, or until the end.
    pub fn wait(&self, position: Position, patience: Duration) -> bool {
        self.wait_unless(position, patience, || false)
    }

    /// The same, until `called` says that there is something else to do; whoever makes it so calls
    /// [`Feed::nudge`].
    pub fn wait_unless(
        &self,
        position: Position,
        patience: Duration,
        called: impl Fn() -> bool,
    ) -> bool {
        let deadline = Instant::now() + patience;
        let mut tail = self.tail();
        while tail.tip <= position && !tail.closed && !called() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.news.wait_timeout(tail, left);
            tail = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        tail.tip > position
    }

    /// Whoever waits looks whether there is something else to do.
    pub fn nudge(&self) {
        // Taken, so that nobody is between looking and waiting.
        drop(self.tail());
        self.0.news.notify_all();
    }

    /// The block with the first fact after `position`, if it is still in memory.
    pub fn remembered(&self, position: Position) -> Option<Arc<Committed<B>>> {
        let tail = self.tail();
        let first = tail.blocks.front()?.first();
        if first > position + 1 {
            return None;
        }
        let at = tail.blocks.partition_point(|block| block.last() <= position);
        tail.blocks.get(at).cloned()
    }

    fn tail(&self) -> MutexGuard<'_, Tail<B>> {
        self.0.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A consumer's place in the journal.
pub struct Follow<B: Business> {
    feed: Feed<B>,
    reader: Box<dyn Reader>,
    lines: LineReader<B>,
    position: Position,
}

impl<B: Business> Follow<B> {
    /// The last position that was handed out.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next facts, if there are any: those of one block (`Committed::after(position before)`).
    ///
    /// # Errors
    /// When a block cannot be read.
    pub fn take_next(&mut self) -> journal::Result<Option<Arc<Committed<B>>>> {
        if self.feed.tip() <= self.position {
            return Ok(None);
        }
        let block = match self.feed.remembered(self.position) {
            Some(block) => Some(block),
            None => self.read()?,
        };
        if let Some(block) = &block {
            self.position = block.last();
        }
        Ok(block)
    }

    /// Waits for news, for at most `patience`; true when there is some.
    pub fn wait(&self, patience: Duration) -> bool {
        self.feed.wait(self.position, patience)
    }

    /// The same, until `called` says that there is something else to do.
    pub fn wait_unless(&self, patience: Duration, called: impl Fn() -> bool) -> bool {
        self.feed.wait_unless(self.position, patience, called)
    }

    /// Something by which others call whoever waits here ([`Feed::nudge`]).
    pub fn bell(&self) -> impl Fn() + Send + Sync + use<B> {
        let feed = self.feed.clone();
        move || feed.nudge()
    }

    /// True when nothing more is there for now.
    pub fn is_level(&self) -> bool {
        self.feed.tip() <= self.position
    }

    /// True once everything was handed out and nothing more will come.
    pub fn is_over(&self) -> bool {
        self.feed.is_closed() && self.feed.tip() <= self.position
    }

    fn read(&mut self) -> journal::Result<Option<Arc<Committed<B>>>> {
        let Some(block) = self.reader.block_holding(self.position + 1)? else { return Ok(None) };
        let mut facts = Vec::new();
        for line in block.text()?.lines() {
            facts.push(self.lines.read(line)?);
        }
        Ok(Some(Arc::new(Committed { facts })))
    }
}
