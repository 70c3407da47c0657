//! Planners look widely and propose; deciders look narrowly and dispose.
//!
//! Which site, which wave, which task next: whoever decides that reads views, which lag. So what he
//! says is only a proposal. Where the truth refuses it, he plans again once his view has seen why.

use crate::{
    Alarms, Ask, Clock, Feed, NotTaken, Rejection,
    handlers::Submit,
    views::{Error, Reader, Seen},
};
use kernel::{Actor, Business, CommandId, Position, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// Refusals of the same matter in a row, after which people are told.
const TRIES: u32 = 5;
/// How long a matter rests after that.
const REST: Duration = Duration::from_secs(60 * 60);
/// Matters that are remembered because they were refused; the first of too many is forgotten.
const REFUSED: usize = 10_000;

/// What is proposed, and about what.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal<B: Business> {
    /// What it is about, `order/018f…`: proposals about the same matter are tries of one plan.
    pub matter: String,
    /// What should be done.
    pub command: B::Command,
}

/// Looks at views and proposes. It keeps nothing of its own: what it needs to know is in a view.
pub trait Planner<B: Business>: Send + 'static {
    /// `release-waves`: stable for ever, part of command ids.
    fn name(&self) -> &'static str;

    /// What should be done now, as far as the views know.
    ///
    /// # Errors
    /// When a view cannot be read.
    fn plan(&mut self, views: &Reader, now: Timestamp) -> Result<Vec<Proposal<B>>, Error>;
}

/// Whom a planner proposes to, and how far what it reads has come.
pub struct Around<B: Business> {
    /// What happens.
    pub feed: Feed<B>,
    /// Who takes the proposals.
    pub submit: Arc<dyn Submit<B>>,
    /// What it reads.
    pub views: Reader,
    /// How far that is.
    pub seen: Seen,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What people should look at.
    pub alarms: Arc<Alarms>,
}

/// Why planning cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// A view cannot be read.
    #[error(transparent)]
    Views(#[from] Error),
    /// The engine takes nothing more.
    #[error("the engine has stopped")]
    Stopped,
}

/// A planner at work, one look at a time.
pub struct Planning<B: Business> {
    planner: Box<dyn Planner<B>>,
    around: Around<B>,
    /// The view has to have come so far before it is looked at again.
    not_before: Position,
    refused: BTreeMap<String, Refused>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Refused {
    tries: u32,
    rests_until: Option<Timestamp>,
}

impl<B: Business> Planning<B> {
    /// A planner that has looked at nothing yet.
    pub fn new(planner: Box<dyn Planner<B>>, around: Around<B>) -> Planning<B> {
        Planning { planner, around, not_before: 0, refused: BTreeMap::new() }
    }

    /// Looks once, proposes, waits for the answers. Does nothing while the views have not yet seen
    /// what came of the last look; gives how many proposals were accepted.
    ///
    /// # Errors
    /// When a view cannot be read, or the engine has stopped.
    pub fn look(&mut self) -> Result<usize, PlanningError> {
        let seen = self.around.seen.position();
        if seen < self.not_before {
            return Ok(0);
        }
        let now = self.around.clock.now();
        let mut accepted = 0;
        for Proposal { matter, command } in self.planner.plan(&self.around.views, now)? {
            if self.rests(&matter, now) {
                continue;
            }
            match self.propose(&matter, command, seen)? {
                Outcome::Accepted(position) => {
                    self.refused.remove(&matter);
                    self.not_before = self.not_before.max(position);
                    accepted += 1;
                }
                Outcome::Refused(why) => self.remember(matter, &why, now),
                // There is a next look.
                Outcome::Later => break,
            }
        }
        Ok(accepted)
    }

    /// The id follows from what was seen: the same look again, as after a crash, has its effect once.
    fn propose(
        &self,
        matter: &str,
        command: B::Command,
        seen: Position,
    ) -> Result<Outcome, PlanningError> {
        let name = self.planner.name();
        let id = CommandId::derive("planner", &format!("{name}/{matter}/{seen}"));
        let ask = Ask { actor: Actor::new("planner", name), ..Ask::by_system(id, command) };
        let answer = match self.around.submit.submit(ask) {
            Ok(answer) => answer,
            Err(NotTaken::Overloaded { .. } | NotTaken::NoRoom { .. }) => {
                return Ok(Outcome::Later);
            }
            Err(NotTaken::Stopped) => return Err(PlanningError::Stopped),
        };
        match answer.blocking_recv() {
            Err(_) => Err(PlanningError::Stopped),
            Ok(Ok(caused)) => Ok(Outcome::Accepted(caused.position().unwrap_or(seen))),
            Ok(Err(Rejection::Refused(refusal))) => Ok(Outcome::Refused(refusal.to_string())),
            Ok(Err(other)) => Ok(Outcome::Refused(other.to_string())),
        }
    }

    fn rests(&mut self, matter: &str, now: Timestamp) -> bool {
        let until = self.refused.get(matter).and_then(|refused| refused.rests_until);
        if until.is_some_and(|until| now >= until) {
            self.refused.remove(matter);
        }
        until.is_some_and(|until| now < until)
    }

    /// The refusal was true when it was said: the view must have come so far to know better.
    fn remember(&mut self, matter: String, why: &str, now: Timestamp) {
        self.not_before = self.not_before.max(self.around.feed.tip());
        if self.refused.len() >= REFUSED && !self.refused.contains_key(&matter) {
            self.refused.pop_first();
        }
        let name = self.planner.name();
        let refused = self.refused.entry(matter.clone()).or_default();
        refused.tries += 1;
        if refused.tries >= TRIES {
            refused.rests_until = Some(now + REST);
            let text = format!(
                "planner {name} was refused {TRIES} times about {matter}, at last: {why}; it rests \
                 for an hour: do it by hand, or see whether the view is right"
            );
            self.around.alarms.raise(now, "plan_refused", text);
        }
    }
}

enum Outcome {
    Accepted(Position),
    Refused(String),
    Later,
}

/// A planner with a thread of its own, which looks every so often.
pub struct PlannerThread {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl PlannerThread {
    /// Looks at once, and then every `pace` until it is stopped; an alarm tells when it cannot go on.
    ///
    /// # Errors
    /// When there is no room for a thread.
    pub fn start<B: Business>(
        mut planning: Planning<B>,
        pace: Duration,
    ) -> std::io::Result<PlannerThread> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let shared = stop.clone();
        let thread = Builder::new().name(planning.planner.name().into()).spawn(move || {
            let mut stopped = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
            while !*stopped {
                drop(stopped);
                if let Err(error) = planning.look() {
                    let (around, name) = (&planning.around, planning.planner.name());
                    let text = format!("planner {name} has stopped: {error}");
                    around.alarms.raise(around.clock.now(), "planner_stopped", text);
                    return;
                }
                stopped = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                let waited = shared.1.wait_timeout_while(stopped, pace, |stopped| !*stopped);
                stopped = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        })?;
        Ok(PlannerThread { stop, thread: Some(thread) })
    }

    /// Waits until it cannot go on.
    pub fn wait(&mut self) {
        // A thread that panicked has printed why.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Drop for PlannerThread {
    fn drop(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
        self.wait();
    }
}
