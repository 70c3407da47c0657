//! The same engine without a thread, for simulations: one step at a time, and a crash at any point.
//!
//! Commands are decided at once ([`Stepping::submit`]), wait to be stored ([`Stepping::hand_over`])
//! while the next are decided, become durable and are answered ([`Stepping::store`]), and are known
//! to the index when [`Stepping::checkpoint`] says so, or when enough of them wait. Whoever drops it
//! in between has crashed: what is left is what the stores hold.

use crate::{
    Alarms, Answer, Ask, Feed, Limits, Past,
    audit::refold,
    batch::{Batch, Reply},
    engine::Parts,
    gauges::Gauges,
    opening::{self, Opened},
};
use journal::{IndexReader, Reader};
use kernel::{Business, Timestamp};
use std::sync::{Arc, atomic::Ordering::Relaxed};
use tokio::sync::oneshot;

/// An engine that goes on only when it is told to.
pub struct Stepping<B: Business> {
    opened: Opened<B>,
    /// What the writer would be storing now.
    under_way: Batch<B>,
    readers: (Box<dyn Reader>, Box<dyn IndexReader>),
    limits: Limits,
}

impl<B: Business> Stepping<B> {
    /// Opens the journal, as [`crate::Engine::start`] does.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn open(parts: Parts, alarms: &Arc<Alarms>) -> journal::Result<Stepping<B>> {
        let Parts { journal, index, clock, limits } = parts;
        let readers = (journal.reader()?, index.reader()?);
        let opened = opening::open(journal, index, clock, &limits, alarms)?;
        Ok(Stepping { opened, under_way: Batch::default(), readers, limits })
    }

    /// Rings what is due, then decides; the answer comes once all that follows is stored.
    ///
    /// # Errors
    /// When the journal cannot be written: only a start from the journal is honest then.
    pub fn submit(&mut self, ask: Ask<B>) -> journal::Result<oneshot::Receiver<Answer<B>>> {
        self.ring()?;
        let (to, answer) = oneshot::channel();
        let outcome = self.opened.world.submit(ask);
        self.opened.gauges.waiting.fetch_add(1, Relaxed);
        self.opened.world.batch.replies.push(Reply { to, outcome });
        self.recover()?;
        Ok(answer)
    }

    /// Rings everything that is due.
    ///
    /// # Errors
    /// As [`Stepping::submit`].
    pub fn ring(&mut self) -> journal::Result<()> {
        while self.opened.world.ring() {
            self.recover()?;
            if self.opened.world.batch.facts.len() >= self.limits.batch_facts {
                self.hand_over()?;
            }
        }
        Ok(())
    }

    /// What was decided is on its way to the store, once what was on its way is stored.
    ///
    /// # Errors
    /// As [`Stepping::submit`].
    pub fn hand_over(&mut self) -> journal::Result<()> {
        self.store()?;
        self.under_way = self.opened.world.take_batch();
        self.opened.world.settle(self.opened.gauges.indexed.load(Relaxed));
        Ok(())
    }

    /// What is on its way becomes durable, is answered, and is seen by everyone.
    ///
    /// # Errors
    /// As [`Stepping::submit`].
    pub fn store(&mut self) -> journal::Result<()> {
        if self.under_way.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.under_way);
        let Some(followed) = self.opened.writer.store(batch)? else { return Ok(()) };
        let last = followed.last();
        self.opened.follower.gather(followed)?;
        // In a running engine commits wait until the index has come closer.
        if last > self.opened.follower.indexed() + self.limits.lag_facts as u64 {
            self.opened.follower.write()?;
        }
        Ok(())
    }

    /// Everything that was decided is stored.
    ///
    /// # Errors
    /// As [`Stepping::submit`].
    pub fn commit(&mut self) -> journal::Result<()> {
        self.hand_over()?;
        self.store()
    }

    /// The index learns of everything that is stored.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn checkpoint(&mut self) -> journal::Result<()> {
        self.opened.follower.write()
    }

    /// While it is paused the index learns only what it must, so that memory finds room.
    pub fn pause_index(&mut self, paused: bool) {
        self.opened.follower.paused = paused;
    }

    /// The earliest timer of all.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn next_timer(&mut self) -> journal::Result<Option<Timestamp>> {
        self.opened.world.next_timer()
    }

    /// What consumers follow.
    pub fn feed(&self) -> &Feed<B> {
        &self.opened.feed
    }

    /// How it is doing.
    pub fn gauges(&self) -> &Gauges {
        &self.opened.gauges
    }

    /// A reader of the journal.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn reader(&self) -> journal::Result<Box<dyn Reader>> {
        self.readers.0.another()
    }

    /// Looks at deciders as they were, and at the facts of a stream.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn past(&self) -> journal::Result<Past<B>> {
        Past::new(self.feed().clone(), self.readers.0.another()?, self.readers.1.another()?)
    }

    /// Stores everything, then names the deciders and processes whose state in memory is not what
    /// the journal tells; and says how many were compared.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub fn compare_memory(&mut self) -> journal::Result<(usize, Vec<String>)> {
        self.commit()?;
        let told = refold::<B>(&*self.readers.0)?;
        let mut compared = 0;
        let mut different = Vec::new();
        for (stream, live) in self.opened.world.remembered() {
            compared += 1;
            let same = match told.get(stream) {
                Some(told) => live.is_same(told),
                None => live.heard == 0,
            };
            if !same {
                different.push(stream.to_string());
            }
        }
        different.sort_unstable();
        Ok((compared, different))
    }

    fn recover(&mut self) -> journal::Result<()> {
        if self.opened.world.is_spoiled() {
            self.commit()?;
            self.checkpoint()?;
            self.opened.world.recover(self.opened.gauges.indexed.load(Relaxed));
        }
        Ok(())
    }
}
