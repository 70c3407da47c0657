//! The engine as its users see it: ask, follow, look back, stop.

use crate::{
    Alarms, Answer, Ask, Clock, Feed, Limits, Looked, Past,
    gauges::Gauges,
    opening::{self, Opened},
    sequencer::{Handed, Message, Sequencer},
};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use journal::{Index, IndexReader, Journal, Reader, Room};
use kernel::{Business, Timestamp};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};
use tokio::sync::oneshot;

/// Commands between two looks at the disk: none of them fills it.
const LOOK_AT_DISK_EVERY: u64 = 64;

/// What an engine is made of; every one of them is a seam for tests and simulations.
pub struct Parts {
    /// Where blocks are appended.
    pub journal: Box<dyn Journal>,
    /// What makes them findable.
    pub index: Box<dyn Index>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How much of everything.
    pub limits: Limits,
}

/// Why a command was not even looked at.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotTaken {
    /// Too much waits already.
    #[error("overloaded: try again in {} ms", retry_after.as_millis())]
    Overloaded {
        /// By then there should be room.
        retry_after: Duration,
    },
    /// What is left of the disk is kept for what was begun; reading goes on.
    #[error(
        "only {} MB are free on the disk of the journal, and {} MB are kept back: free some space",
        free / 1_000_000, reserve / 1_000_000
    )]
    NoRoom {
        /// Bytes that are free.
        free: u64,
        /// Bytes below which nothing is taken: [`Limits::disk_reserve`].
        reserve: u64,
    },
    /// The engine was stopped, or could not write its journal.
    #[error("the engine has stopped")]
    Stopped,
}

/// A running business. Dropping it stops it; what was answered is durable.
pub struct Engine<B: Business> {
    inbox: Option<Sender<Message<B>>>,
    feed: Feed<B>,
    gauges: Arc<Gauges>,
    alarms: Arc<Alarms>,
    clock: Arc<dyn Clock>,
    readers: Mutex<(Box<dyn Reader>, Box<dyn IndexReader>)>,
    threads: Vec<JoinHandle<()>>,
    fatal: Arc<Mutex<Option<journal::Error>>>,
    disk: Disk,
}

/// Where the journal is stored, looked at now and then.
struct Disk {
    room: Box<dyn Room>,
    reserve: u64,
    asked: AtomicU64,
    full: AtomicBool,
}

impl<B: Business> Engine<B> {
    /// Opens the journal and starts three threads: sequencer, writer, index.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn start(parts: Parts) -> journal::Result<Engine<B>> {
        let alarms = Arc::new(Alarms::default());
        let Parts { journal, index, clock, limits } = parts;
        let readers = Mutex::new((journal.reader()?, index.reader()?));
        let disk = Disk {
            room: journal.room(),
            reserve: limits.disk_reserve,
            asked: AtomicU64::new(0),
            full: AtomicBool::new(false),
        };
        let opened = opening::open(journal, index, clock.clone(), &limits, &alarms)?;
        let (feed, gauges) = (opened.feed.clone(), opened.gauges.clone());
        let fatal = Arc::new(Mutex::new(None));
        let (inbox, requests) = bounded(limits.queue);
        let threads = spawn(opened, requests, limits, alarms.clone(), fatal.clone());
        let inbox = Some(inbox);
        Ok(Engine { inbox, feed, gauges, alarms, clock, readers, threads, fatal, disk })
    }

    /// Submits a command; the answer comes when everything that follows from it is durable.
    ///
    /// # Errors
    /// When too much waits, the disk is nearly full, or nothing runs any more.
    pub fn submit(&self, ask: Ask<B>) -> Result<oneshot::Receiver<Answer<B>>, NotTaken> {
        self.need_room()?;
        let (reply, answer) = oneshot::channel();
        self.send(Message::Ask { ask, reply })?;
        Ok(answer)
    }

    fn send(&self, message: Message<B>) -> Result<(), NotTaken> {
        let inbox = self.inbox.as_ref().ok_or(NotTaken::Stopped)?;
        self.gauges.waiting.fetch_add(1, Relaxed);
        inbox.try_send(message).map_err(|error| {
            self.gauges.waiting.fetch_sub(1, Relaxed);
            match error {
                TrySendError::Full(_) => NotTaken::Overloaded { retry_after: self.retry_after() },
                TrySendError::Disconnected(_) => NotTaken::Stopped,
            }
        })
    }

    /// What a decider or a process remembers, through everything that was submitted before.
    ///
    /// # Errors
    /// When too much waits, or nothing runs any more.
    pub fn look(
        &self,
        stream: B::Stream,
    ) -> Result<oneshot::Receiver<journal::Result<Looked<B>>>, NotTaken> {
        let (reply, seen) = oneshot::channel();
        self.send(Message::Look { stream, reply })?;
        Ok(seen)
    }

    /// Submits and waits, on a thread that may wait.
    ///
    /// # Errors
    /// As [`Engine::submit`]; also when the engine stops before it has answered.
    pub fn ask(&self, ask: Ask<B>) -> Result<Answer<B>, NotTaken> {
        self.submit(ask)?.blocking_recv().map_err(|_| NotTaken::Stopped)
    }

    /// Rings what is due after the clock was moved; says when the next timer is, once all is durable.
    ///
    /// # Errors
    /// When nothing runs any more.
    pub fn ring(&self) -> Result<Option<Timestamp>, NotTaken> {
        let (reply, answer) = bounded(1);
        let inbox = self.inbox.as_ref().ok_or(NotTaken::Stopped)?;
        inbox.send(Message::Ring { reply }).map_err(|_| NotTaken::Stopped)?;
        answer.recv().map_err(|_| NotTaken::Stopped)
    }

    /// Timers go on after the clock leapt: what it says now is right.
    ///
    /// # Errors
    /// When nothing runs any more.
    pub fn trust_clock(&self) -> Result<(), NotTaken> {
        let inbox = self.inbox.as_ref().ok_or(NotTaken::Stopped)?;
        inbox.send(Message::TrustClock).map_err(|_| NotTaken::Stopped)
    }

    /// What consumers follow.
    pub fn feed(&self) -> &Feed<B> {
        &self.feed
    }

    /// How it is doing.
    pub fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// What people should look at.
    pub fn alarms(&self) -> &Arc<Alarms> {
        &self.alarms
    }

    /// The clock it runs by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// A reader of the journal.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn reader(&self) -> journal::Result<Box<dyn Reader>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).0.another()
    }

    /// Looks at deciders as they were, and at the facts of a stream.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn past(&self) -> journal::Result<Past<B>> {
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        Past::new(self.feed.clone(), readers.0.another()?, readers.1.another()?)
    }

    /// Takes no more, finishes what was taken, lets the index catch up.
    ///
    /// # Errors
    /// The error for which it stopped by itself before.
    pub fn stop(mut self) -> journal::Result<()> {
        self.end();
        match self.fatal.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The error for which it stopped by itself, if it did.
    pub fn failure(&self) -> Option<String> {
        let fatal = self.fatal.lock().unwrap_or_else(PoisonError::into_inner);
        fatal.as_ref().map(ToString::to_string)
    }

    fn end(&mut self) {
        self.inbox = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has printed why.
            let _ = thread.join();
        }
    }

    /// The disk is looked at now and then, and every time while there is no room.
    fn need_room(&self) -> Result<(), NotTaken> {
        let Disk { room, reserve, asked, full } = &self.disk;
        if !asked.fetch_add(1, Relaxed).is_multiple_of(LOOK_AT_DISK_EVERY) && !full.load(Relaxed) {
            return Ok(());
        }
        let free = room.free_bytes().unwrap_or(u64::MAX);
        let refused = NotTaken::NoRoom { free, reserve: *reserve };
        if full.swap(free < *reserve, Relaxed) != (free < *reserve) && free < *reserve {
            self.alarms.raise(self.clock.now(), "no_room", refused.to_string());
        }
        if free < *reserve { Err(refused) } else { Ok(()) }
    }

    /// By what the last blocks took: half of what waits is gone after about so long.
    fn retry_after(&self) -> Duration {
        let busy = self.gauges.encoding.load(Relaxed) + self.gauges.committing.load(Relaxed);
        let each = busy / self.gauges.answered.load(Relaxed).max(1);
        let waiting = self.gauges.waiting.load(Relaxed) as u64;
        Duration::from_nanos(each.saturating_mul(waiting / 2))
            .clamp(Duration::from_millis(10), Duration::from_secs(10))
    }
}

impl<B: Business> Drop for Engine<B> {
    fn drop(&mut self) {
        self.end();
    }
}

fn spawn<B: Business>(
    opened: Opened<B>,
    inbox: Receiver<Message<B>>,
    limits: Limits,
    alarms: Arc<Alarms>,
    fatal: Arc<Mutex<Option<journal::Error>>>,
) -> Vec<JoinHandle<()>> {
    let Opened { world, writer, follower, feed, gauges } = opened;
    let (batches, stored) = bounded(0);
    let (followed, work) = bounded(64);
    let lost = fatal.clone();
    let handed = Handed::default();
    let sequencer = Sequencer { world, inbox, writer: batches, limits, gauges, handed };
    let store = move || {
        if let Err(error) = writer.run(&stored, &followed) {
            let mut fatal = fatal.lock().unwrap_or_else(PoisonError::into_inner);
            fatal.get_or_insert(error);
        }
        feed.close();
    };
    let index = move || {
        if let Err(error) = follower.run(&work, &alarms) {
            lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    };
    [
        Builder::new().name("sequencer".into()).spawn(move || sequencer.run()),
        Builder::new().name("writer".into()).spawn(store),
        Builder::new().name("index".into()).spawn(index),
    ]
    .into_iter()
    .map(|thread| thread.expect("the machine has room for three threads"))
    .collect()
}
