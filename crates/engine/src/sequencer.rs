//! The thread that owns all state: takes what waits, decides it, hands it over when the writer is free.

use crate::{
    Answer, Ask, Limits, Looked,
    batch::{Barrier, Batch, Look, Reply, Until},
    gauges::Gauges,
    world::World,
};
use crossbeam_channel::{Receiver, Sender, bounded, never, select};
use kernel::{Business, Timestamp};
use std::{
    sync::{
        Arc,
        atomic::Ordering::{Acquire, Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// What reaches the sequencer.
pub(crate) enum Message<B: Business> {
    Ask {
        ask: Ask<B>,
        reply: oneshot::Sender<Answer<B>>,
    },
    /// Somebody wants to see a state.
    Look {
        stream: B::Stream,
        reply: oneshot::Sender<journal::Result<Looked<B>>>,
    },
    /// The clock was moved: ring what is due, and say when the next timer is, once all is durable.
    Ring {
        reply: Sender<Option<Timestamp>>,
    },
    /// What the clock says is right.
    TrustClock,
}

pub(crate) struct Sequencer<B: Business> {
    pub(crate) world: World<B>,
    pub(crate) inbox: Receiver<Message<B>>,
    pub(crate) writer: Sender<Batch<B>>,
    pub(crate) limits: Limits,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) handed: Handed,
}

/// The batch that went to the writer last.
pub(crate) struct Handed {
    at: Instant,
    /// Who waited for it.
    waiting: usize,
}

impl Default for Handed {
    fn default() -> Handed {
        Handed { at: Instant::now(), waiting: 0 }
    }
}

/// While many come, commits are so far apart: each costs as much as several orders, whatever it holds.
/// Whoever is alone waits for nobody.
const GATHER: Duration = Duration::from_millis(1);
/// So many together are worth a commit.
const MANY: usize = 64;

/// The writer is gone: it has said why, and nothing can become durable any more.
struct WriterGone;

impl<B: Business> Sequencer<B> {
    pub(crate) fn run(mut self) {
        let mut open = true;
        while (open || !self.world.batch.is_empty()) && self.turn(&mut open).is_ok() {}
        let Sequencer { inbox, world, writer, .. } = self;
        drop((world, writer));
        // A channel keeps what nobody takes as long as somebody may send: whoever waits for an answer
        // is told by letting go of where it should be sent, until the engine itself goes.
        inbox.iter().for_each(drop);
    }

    fn turn(&mut self, open: &mut bool) -> Result<(), WriterGone> {
        let (nowhere, _nobody) = bounded(0);
        self.ring_due_timers()?;
        let gather = self.gather();
        let inbox = if *open && self.takes_more() { &self.inbox } else { &never() };
        let ready = !self.world.batch.is_empty() && gather.is_none();
        let writer = if ready { &self.writer } else { &nowhere };
        let waiting = self.world.batch.waiting();
        select! {
            recv(inbox) -> message => match message {
                Ok(message) => self.take_what_waits(message)?,
                Err(_) => *open = false,
            },
            send(writer, self.world.take_batch()) -> sent => {
                sent.map_err(|_| WriterGone)?;
                self.handed = Handed { at: Instant::now(), waiting };
                self.world.settle(self.gauges.indexed.load(Relaxed));
            },
            default(gather.unwrap_or_else(|| self.patience())) => {}
        }
        Ok(())
    }

    /// How long the batch waits for more, if it does.
    fn gather(&self) -> Option<Duration> {
        let waiting = self.world.batch.waiting();
        let most = MANY.min(self.limits.batch_commands);
        let room = self.world.batch.facts.len() < self.limits.batch_facts;
        let many = self.handed.waiting > 1 && (1..most).contains(&waiting);
        let left = GATHER.checked_sub(self.handed.at.elapsed());
        left.filter(|left| many && room && !left.is_zero())
    }

    fn takes_more(&self) -> bool {
        !self.is_full() || self.gather().is_some()
    }

    /// Half of those who wait, so that one half is decided while the other is written.
    fn is_full(&self) -> bool {
        let waiting = self.gauges.waiting.load(Relaxed);
        let batch = &self.world.batch;
        batch.waiting() >= (waiting / 2).clamp(1, self.limits.batch_commands)
            || batch.facts.len() >= self.limits.batch_facts
    }

    fn take_what_waits(&mut self, first: Message<B>) -> Result<(), WriterGone> {
        self.take(first)?;
        while self.takes_more()
            && let Ok(message) = self.inbox.try_recv()
        {
            self.take(message)?;
        }
        Ok(())
    }

    fn take(&mut self, message: Message<B>) -> Result<(), WriterGone> {
        // What is due comes before whatever is said later.
        self.ring_due_timers()?;
        match message {
            Message::Ask { ask, reply } => {
                let outcome = self.world.submit(ask);
                self.world.batch.replies.push(Reply { to: reply, outcome });
                self.recover()
            }
            Message::Look { stream, reply } => {
                self.show(&stream, reply);
                Ok(())
            }
            Message::Ring { reply } => {
                self.hand_over(Until::Durable)?;
                // Nobody who asks this is surprised that an unreadable index has no timers: an alarm told.
                let _ = reply.send(self.world.next_timer().unwrap_or_default());
                Ok(())
            }
            Message::TrustClock => {
                self.world.trust_clock();
                Ok(())
            }
        }
    }

    /// At once where all that moved it is durable, else with the batch that makes it so.
    fn show(&mut self, stream: &B::Stream, to: oneshot::Sender<journal::Result<Looked<B>>>) {
        let seen = self.world.look(stream);
        let durable = self.gauges.committed.load(Acquire);
        match &seen {
            Ok(looked) if looked.position > durable => {
                self.world.batch.looks.push(Look { to, seen });
            }
            _ => {
                self.gauges.waiting.fetch_sub(1, Relaxed);
                // Whoever asked may have gone.
                let _ = to.send(seen);
            }
        }
    }

    fn ring_due_timers(&mut self) -> Result<(), WriterGone> {
        while self.world.ring() {
            self.recover()?;
            if self.world.batch.facts.len() >= self.limits.batch_facts {
                self.writer.send(self.world.take_batch()).map_err(|_| WriterGone)?;
            }
        }
        Ok(())
    }

    /// After a cascade that failed: waits until the journal and the index have all that memory knows.
    fn recover(&mut self) -> Result<(), WriterGone> {
        if self.world.is_spoiled() {
            self.hand_over(Until::Indexed)?;
            self.world.recover(self.gauges.indexed.load(Relaxed));
        }
        Ok(())
    }

    /// Waits until everything so far is safe.
    fn hand_over(&mut self, until: Until) -> Result<(), WriterGone> {
        let (done, wait) = bounded(1);
        self.world.batch.barrier = Some(Barrier { done, until });
        self.writer.send(self.world.take_batch()).map_err(|_| WriterGone)?;
        wait.recv().map_err(|_| WriterGone)
    }

    fn patience(&mut self) -> Duration {
        let far = Duration::from_millis(100);
        let now = self.world.now();
        match self.world.next_near_timer() {
            Some(next) if next > now => next.since(now).min(far),
            _ => far,
        }
    }
}
