//! The same desk without a thread, for simulations: one step at a time, and a crash at any point.

use super::{
    Desk, Failure, Handler, HandlerLimits, Report, Store, StoreError, Ticket,
    driver::calls::{call, poll_once},
};
use crate::Alarms;
use kernel::{Business, Position, Recorded, Timestamp};
use std::{sync::Arc, task::Poll};

/// A desk that goes on only when it is told to.
pub struct Stepper<B: Business> {
    desk: Desk<B>,
    handlers: Vec<Arc<dyn Handler<B>>>,
    limits: HandlerLimits,
    alarms: Arc<Alarms>,
}

impl<B: Business> Stepper<B> {
    /// As [`Desk::open`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(
        handlers: Vec<Arc<dyn Handler<B>>>,
        store: Store,
        limits: HandlerLimits,
        tip: Position,
        alarms: Arc<Alarms>,
    ) -> Result<Stepper<B>, StoreError> {
        let desk = Desk::open(handlers.clone(), store, limits.clone(), tip, alarms.clone())?;
        Ok(Stepper { desk, handlers, limits, alarms })
    }

    /// The desk: to hear, to look at letters, to save.
    pub fn desk(&mut self) -> &mut Desk<B> {
        &mut self.desk
    }

    /// As [`Desk::hear`].
    pub fn hear(&mut self, facts: &[Recorded<B>]) -> usize {
        self.desk.hear(facts)
    }

    /// Makes the calls that may be made now, which have to be through at once, and says what to
    /// submit. Every report has to be answered, unless it crashes before.
    pub fn step(&mut self, now: Timestamp) -> Vec<Report<B>> {
        for started in self.desk.start(now) {
            let ticket = started.ticket;
            let outcome = match poll_once::<B>(&mut call(started)) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => Err(Failure::Transient("no answer at once".to_owned())),
            };
            self.desk.finish(ticket, outcome, now);
        }
        self.desk.take_reports()
    }

    /// As [`Desk::answered`].
    pub fn answered(&mut self, ticket: Ticket, result: Result<(), String>, now: Timestamp) {
        self.desk.answered(ticket, result, now);
    }

    /// Loses its memory and opens again from what was saved; facts after [`Desk::done`] have to be
    /// told again.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn crash(self, tip: Position) -> Result<Stepper<B>, StoreError> {
        Stepper::open(self.handlers, self.desk.crash(), self.limits, tip, self.alarms)
    }
}
