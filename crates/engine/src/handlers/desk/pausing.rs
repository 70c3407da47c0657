//! Pausing: a handler starts no call until it is resumed, and what it is asked waits in order.

use super::*;
use std::mem;

/// A handler and how it is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandlerStatus {
    /// Its name.
    pub name: &'static str,
    /// Whom it asks.
    pub provider: &'static str,
    /// Whether that one is asked.
    pub breaker: BreakerState,
    /// It starts no call until it is resumed.
    pub paused: bool,
    /// What it was asked and has not done, without letters and what waits behind them.
    pub waiting: usize,
    /// Everything that it was asked up to this fact is done, or lies in the letters or behind one.
    pub done: Position,
}

impl<B: Business> Desk<B> {
    /// A handler starts no call until it is resumed, also after a restart; false when there is none
    /// of that name. Calls under way are finished, and their outcome is reported. What it is asked
    /// waits in the store, half as much as may wait behind letters, and nothing of it is given up for its
    /// age; of more than that, the journal waits. Letters are decided as ever; one that is retried
    /// waits with the others.
    ///
    /// # Errors
    /// When the store cannot be written: then it is not paused.
    pub fn pause(&mut self, name: &str) -> Result<bool, StoreError> {
        let Some(handler) = self.named(name) else { return Ok(false) };
        self.store.set_paused(name, true)?;
        self.handlers[handler].paused = true;
        let provider = self.handlers[handler].provider;
        for ticket in mem::take(&mut self.providers[provider].ready) {
            match self.tasks.get(&ticket) {
                Some(task) if task.handler == handler => self.hold(handler, ticket),
                _ => self.providers[provider].ready.push_back(ticket),
            }
        }
        Ok(true)
    }

    /// A paused handler goes on with what it was asked first; false when there is none of that name.
    ///
    /// # Errors
    /// When the store cannot be written: then it stays paused.
    pub fn resume(&mut self, name: &str) -> Result<bool, StoreError> {
        let Some(handler) = self.named(name) else { return Ok(false) };
        self.store.set_paused(name, false)?;
        self.handlers[handler].paused = false;
        let provider = self.handlers[handler].provider;
        for ticket in mem::take(&mut self.handlers[handler].held).into_iter().rev() {
            if self.tasks.get(&ticket).is_some_and(|task| task.kept == Kept::Waiting) {
                self.behind_letters -= 1;
            }
            self.providers[provider].ready.push_front(ticket);
        }
        Ok(true)
    }

    /// Each handler, and how it is doing.
    pub fn statuses(&self) -> Vec<HandlerStatus> {
        let status = |counter: &Counter<B>| HandlerStatus {
            name: counter.name,
            provider: counter.handler.provider(),
            breaker: self.providers[counter.provider].breaker.state(),
            paused: counter.paused,
            waiting: 0,
            done: self.heard,
        };
        let mut all: Vec<HandlerStatus> = self.handlers.iter().map(status).collect();
        for task in self.tasks.values() {
            let position = task.errand.position;
            let lane = || self.handlers[task.handler].lanes.get(&task.errand.request.key);
            let behind_letter = task.stage == Stage::Queued
                && task.kept == Kept::Waiting
                && lane().is_some_and(|lane| lane.blocker_before(position).is_some());
            if task.kept != Kept::Letter && !behind_letter {
                let status = &mut all[task.handler];
                status.waiting += 1;
                status.done = status.done.min(position - 1);
            }
        }
        all
    }

    /// Half of what may be put aside, so that others' letters do not suffer.
    pub(super) fn has_room_to_hold(&self) -> bool {
        self.behind_letters < self.limits.behind_letters / 2
    }

    /// What a paused handler would be called for waits, with all of its lane; while there is room,
    /// the store brings it back, and the journal may move on.
    pub(super) fn hold(&mut self, handler: usize, ticket: Ticket) {
        let Some(task) = self.tasks.get(&ticket) else { return };
        if task.kept == Kept::Waiting {
            self.behind_letters += 1;
        }
        let lane = self.handlers[handler].lanes.get(&task.errand.request.key);
        let queue: Vec<Ticket> = lane.iter().flat_map(|lane| &lane.queue).copied().collect();
        for waits in std::iter::once(ticket).chain(queue) {
            if !self.has_room_to_hold() {
                break;
            }
            let Some(mut task) = self.tasks.remove(&waits) else { continue };
            if task.kept == Kept::No {
                self.keep_waiting(&mut task);
            }
            self.tasks.insert(waits, task);
        }
        self.handlers[handler].held.push_back(ticket);
    }
}
