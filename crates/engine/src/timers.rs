//! When to wake whom: near timers and those that the index lacks; far ones wait in the index.

use kernel::{Identity, Position, TimerName, Timestamp};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

type Timer<S> = (Timestamp, S, TimerName);

pub(crate) struct Timers<S> {
    /// With the position at which each was set.
    waiting: BTreeMap<Timer<S>, Position>,
    /// Set lately and not yet known to be in the index.
    recent: VecDeque<(Position, Timer<S>)>,
    horizon: Timestamp,
}

const NEAR: Duration = Duration::from_secs(60 * 60);

impl<S: Identity> Timers<S> {
    pub(crate) fn new() -> Timers<S> {
        let (waiting, recent) = (BTreeMap::new(), VecDeque::new());
        Timers { waiting, recent, horizon: Timestamp::MIN }
    }

    pub(crate) fn set(&mut self, at: Timestamp, process: &S, name: TimerName, position: Position) {
        let timer = (at, process.clone(), name);
        if at > self.horizon {
            self.recent.push_back((position, timer.clone()));
        }
        self.waiting.insert(timer, position);
    }

    pub(crate) fn forget(&mut self, at: Timestamp, process: &S, name: TimerName) {
        self.waiting.remove(&(at, process.clone(), name));
    }

    /// The index has seen everything up to this position: far timers need no memory.
    pub(crate) fn settle(&mut self, position: Position) {
        while let Some((set, timer)) = self.recent.pop_front_if(|(set, _)| *set <= position) {
            if timer.0 > self.horizon && self.waiting.get(&timer) == Some(&set) {
                self.waiting.remove(&timer);
            }
        }
    }

    /// What to look for in the index, once the near future becomes short.
    pub(crate) fn missing(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        (self.horizon < now + NEAR / 4).then(|| (self.horizon, now + NEAR))
    }

    pub(crate) fn extend(&mut self, horizon: Timestamp, known: Vec<Timer<S>>) {
        self.horizon = horizon;
        for timer in known {
            self.waiting.entry(timer).or_insert(0);
        }
    }

    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<Timer<S>> {
        let first = self.waiting.first_entry()?;
        (first.key().0 <= now).then(|| first.remove_entry().0)
    }

    /// Everything up to here that the index knows is waiting here too.
    pub(crate) fn horizon(&self) -> Timestamp {
        self.horizon
    }

    /// The earliest that is known here.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.waiting.first_key_value().map(|((at, ..), _)| *at)
    }
}
