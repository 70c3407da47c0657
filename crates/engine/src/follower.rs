//! The thread that lets the index follow: what was committed becomes findable, in bulk.

use crate::{Alarms, Limits, gauges::Gauges, live::TimerMove};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use journal::{Block, Checkpoint, Index, Key, Mark, Snapshot, TimerChange};
use kernel::{Position, Timestamp};
use std::{
    collections::HashSet,
    fmt::Display,
    mem::take,
    sync::{Arc, Condvar, Mutex, PoisonError, atomic::Ordering::Relaxed},
};

/// What the index must know of one batch.
pub(crate) struct Followed {
    mark: Option<Mark>,
    first: Position,
    keys: Vec<Key>,
    snapshots: Vec<Snapshot>,
    timers: Vec<TimerChange>,
    hurry: bool,
    barrier: Option<Sender<()>>,
}

impl Followed {
    pub(crate) fn nothing() -> Followed {
        Followed {
            mark: None,
            first: 0,
            keys: Vec::new(),
            snapshots: Vec::new(),
            timers: Vec::new(),
            hurry: false,
            barrier: None,
        }
    }

    pub(crate) fn block(block: &Block, keys: Vec<Key>) -> Followed {
        let mark = Some(Mark { position: block.last, sum: block.sum });
        Followed { mark, first: block.first, keys, ..Followed::nothing() }
    }

    pub(crate) fn take_over<S: Display>(
        &mut self,
        snapshots: Vec<Snapshot>,
        timers: Vec<(S, TimerMove)>,
        hurry: bool,
        barrier: Option<Sender<()>>,
    ) {
        self.snapshots = snapshots;
        self.snapshots.iter_mut().for_each(|snapshot| snapshot.block = self.first);
        self.timers = timers
            .into_iter()
            .map(|(process, TimerMove { at, name, set })| TimerChange {
                at,
                process: process.to_string(),
                name: name.into_owned(),
                set,
            })
            .collect();
        self.hurry = hurry;
        self.barrier = barrier;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.mark.is_none() && self.barrier.is_none() && !self.hurry
    }

    pub(crate) fn last(&self) -> Position {
        self.mark.as_ref().map_or(0, |mark| mark.position)
    }
}

/// Holds commits back when the index lags too far.
pub(crate) struct Pace {
    indexed: Mutex<(Position, bool)>,
    moved: Condvar,
    lag: u64,
}

impl Pace {
    pub(crate) fn new(indexed: Position, limits: &Limits) -> Pace {
        let lag = limits.lag_facts as u64;
        Pace { indexed: Mutex::new((indexed, false)), moved: Condvar::new(), lag }
    }

    pub(crate) fn wait(&self, committed: Position) {
        let mut indexed = self.indexed.lock().unwrap_or_else(PoisonError::into_inner);
        while committed > indexed.0 + self.lag && !indexed.1 {
            indexed = self.moved.wait(indexed).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn reached(&self, position: Position) {
        self.indexed.lock().unwrap_or_else(PoisonError::into_inner).0 = position;
        self.moved.notify_all();
    }

    /// Nobody shall wait for an index that has stopped.
    fn stopped(&self) {
        self.indexed.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.moved.notify_all();
    }
}

/// Gathers what was committed and writes it down in bulk.
pub(crate) struct Follower {
    index: Box<dyn Index>,
    gathered: Checkpoint,
    /// Keys already noted for the block that is being gathered.
    seen: HashSet<Key, rustc_hash::FxBuildHasher>,
    from: Position,
    barriers: Vec<Sender<()>>,
    limits: Limits,
    gauges: Arc<Gauges>,
    pace: Arc<Pace>,
    /// For simulations: the index lags on purpose.
    pub(crate) paused: bool,
}

impl Follower {
    pub(crate) fn new(
        index: Box<dyn Index>,
        limits: Limits,
        gauges: Arc<Gauges>,
        pace: Arc<Pace>,
    ) -> Follower {
        let from = index.mark().map_or(0, |mark| mark.position);
        Follower {
            index,
            gathered: Checkpoint::default(),
            seen: HashSet::default(),
            from,
            barriers: Vec::new(),
            limits,
            gauges,
            pace,
            paused: false,
        }
    }

    /// Until the writer is gone, or the index cannot be written: it is made again at the next start.
    pub(crate) fn run(mut self, work: &Receiver<Followed>, alarms: &Alarms) -> journal::Result<()> {
        let served = self.serve(work);
        if let Err(error) = &served {
            let text = format!("the index stopped, and with it the engine: {error}");
            alarms.raise(Timestamp::MIN, "index_failed", text);
        }
        self.pace.stopped();
        served
    }

    fn serve(&mut self, work: &Receiver<Followed>) -> journal::Result<()> {
        loop {
            match work.recv_timeout(self.limits.idle) {
                Ok(followed) => self.gather(followed)?,
                Err(RecvTimeoutError::Timeout) => self.write()?,
                Err(RecvTimeoutError::Disconnected) => return self.write(),
            }
        }
    }

    /// Position up to which the index has it.
    pub(crate) fn indexed(&self) -> Position {
        self.from
    }

    pub(crate) fn gather(&mut self, followed: Followed) -> journal::Result<()> {
        if let Some(mark) = followed.mark {
            self.seen.clear();
            for key in followed.keys {
                if self.seen.insert(key) {
                    self.gathered.places.push((key, followed.first));
                }
            }
            self.gathered.mark = mark;
        }
        self.gathered.snapshots.extend(followed.snapshots);
        self.gathered.timers.extend(followed.timers);
        let hurry = followed.hurry || followed.barrier.is_some();
        self.barriers.extend(followed.barrier);
        let lag = self.gathered.mark.position.saturating_sub(self.from);
        if hurry || (lag >= self.limits.checkpoint_facts as u64 && !self.paused) {
            self.write()?;
        }
        Ok(())
    }

    pub(crate) fn write(&mut self) -> journal::Result<()> {
        if self.gathered.mark.position > self.from {
            let checkpoint = take(&mut self.gathered);
            self.index.write(&checkpoint)?;
            self.from = checkpoint.mark.position;
            self.gauges.indexed.store(self.from, Relaxed);
            self.pace.reached(self.from);
        }
        for barrier in self.barriers.drain(..) {
            // Whoever waited may have given up.
            let _ = barrier.send(());
        }
        Ok(())
    }
}
