//! The desk: who asks for what, what is under way, what comes next. It is told what happened and
//! what time it is, so it works the same in a simulation.

mod answers;
mod care;
mod giving_up;
mod lane;
mod opening;
mod pausing;
mod work;

use super::{
    Errand, Handler, HandlerLimits, Letter, LetterState, Request, Store, StoreError,
    breaker::{Breaker, BreakerState},
    store::Change,
};
use crate::{Alarms, Ask};
use kernel::{Business, Position, Recorded, Timestamp};
use lane::Lane;
pub use pausing::HandlerStatus;
use rustc_hash::{FxHashMap, FxHashSet};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Changes that may wait to be written before no further facts are read.
const UNSAVED: usize = 10_000;

/// Names a call, or a report, until it is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// A call to make now.
pub struct Started<B: Business> {
    /// To finish it by.
    pub ticket: Ticket,
    /// Whose.
    pub handler: Arc<dyn Handler<B>>,
    /// What is asked for.
    pub request: Request,
    /// See [`super::Call::idempotency_key`].
    pub idempotency_key: String,
    /// When the fact happened.
    pub at: Timestamp,
    /// The time of this attempt.
    pub now: Timestamp,
    /// Counted from 1.
    pub attempt: u32,
    /// See [`super::Call::uncertain`].
    pub uncertain: bool,
}

/// Commands that tell the business what came of a request; to be answered with [`Desk::answered`].
#[derive(Clone, Debug)]
pub struct Report<B: Business> {
    /// To answer it by.
    pub ticket: Ticket,
    /// To be submitted in this order; never none.
    pub asks: Vec<Ask<B>>,
}

/// How a desk is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// The newest fact that was heard.
    pub heard: Position,
    /// Everything up to this fact is done, lies in the letters, or waits for a paused handler.
    pub done: Position,
    /// Requests that are not done, without those that were put aside.
    pub waiting: usize,
    /// Of these, calls under way.
    pub in_flight: usize,
    /// Requests that were put aside: they wait behind letters, or for a paused handler.
    pub behind_letters: usize,
    /// Letters that await a decision.
    pub letters: usize,
}

/// Whose request, and of which fact.
type Place = (usize, Position);

/// What is being asked, by lanes; letters; how far it has come.
pub struct Desk<B: Business> {
    handlers: Vec<Counter<B>>,
    providers: Vec<Provider>,
    tasks: FxHashMap<Ticket, Task>,
    /// What the journal has to bring back after a crash: neither done nor kept in the store.
    live: BTreeSet<(Position, usize)>,
    delayed: BinaryHeap<Reverse<(Timestamp, Ticket)>>,
    reports: VecDeque<Report<B>>,
    letters: BTreeMap<Place, Letter>,
    /// Letters of handlers that are no longer there.
    orphans: Vec<Letter>,
    /// When stories have to be told about letters by themselves.
    deadlines: BTreeSet<(Timestamp, Place)>,
    /// Not before this time is any request too old to go on trying.
    expiry: Timestamp,
    /// When one last looked for those.
    looked: Timestamp,
    /// What the store knew at the beginning and the journal may tell again.
    known: FxHashSet<Place>,
    heard: Position,
    next_ticket: u64,
    in_flight: usize,
    behind_letters: usize,
    /// The provider that is served first the next time.
    turn: usize,
    store: Store,
    unsaved: Vec<Change>,
    saved: Position,
    limits: HandlerLimits,
    /// To be raised as soon as somebody says what time it is.
    warning: Option<String>,
    alarms: Arc<Alarms>,
}

/// One handler with its lanes.
struct Counter<B: Business> {
    handler: Arc<dyn Handler<B>>,
    name: &'static str,
    provider: usize,
    /// It does not hear what happened before it was there.
    began: Position,
    lanes: FxHashMap<String, Lane>,
    /// It starts no call.
    paused: bool,
    /// What it would be called for, in order, were it not paused.
    held: VecDeque<Ticket>,
}

/// One provider, with whatever may be asked of it now.
struct Provider {
    name: &'static str,
    breaker: Breaker,
    ready: VecDeque<Ticket>,
    in_flight: usize,
}

/// A request in memory.
struct Task {
    handler: usize,
    errand: Errand,
    /// Failures since it was heard, or since people asked to try again.
    failures: u32,
    last_failure: String,
    kept: Kept,
    stage: Stage,
}

/// Whether the store would bring a request back.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    /// The journal does.
    No,
    /// As one that waits behind a letter, or for a paused handler.
    Waiting,
    /// As a letter.
    Letter,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// In its lane.
    Queued,
    /// First of its lane, and may be called.
    Ready,
    /// First of its lane, and called again later.
    Delayed,
    Calling,
    /// Commands are on their way.
    Reporting(News),
}

/// What a report tells.
#[derive(Clone, Copy, PartialEq)]
enum News {
    Outcome,
    /// Somebody dropped the letter.
    Dropped,
    /// Nobody decided in time.
    GivenUp,
}

impl<B: Business> Desk<B> {
    /// Takes requests from facts, in order; those that it has heard are passed over. Says how many
    /// of the facts it is through with: fewer than all when it cannot take more for now.
    pub fn hear(&mut self, facts: &[Recorded<B>]) -> usize {
        for (index, recorded) in facts.iter().enumerate() {
            if recorded.position <= self.heard {
                continue;
            }
            if self.room() == 0 {
                return index;
            }
            for handler in 0..self.handlers.len() {
                self.hear_one(handler, recorded);
            }
            self.heard = recorded.position;
        }
        facts.len()
    }

    /// How many more requests it takes.
    pub fn room(&self) -> usize {
        let full = self.letters.len() >= self.limits.letters || self.unsaved.len() >= UNSAVED;
        let waiting = self.tasks.len().saturating_sub(self.behind_letters);
        if full { 0 } else { self.limits.waiting.saturating_sub(waiting) }
    }

    /// Everything up to here is done, lies in the letters, or waits for a paused handler.
    pub fn done(&self) -> Position {
        self.live.first().map_or(self.heard, |(position, _)| position - 1)
    }

    /// How it is doing.
    pub fn standing(&self) -> Standing {
        Standing {
            heard: self.heard,
            done: self.done(),
            waiting: self.tasks.len().saturating_sub(self.behind_letters),
            in_flight: self.in_flight,
            behind_letters: self.behind_letters,
            letters: self.letters.len(),
        }
    }

    /// The providers and whether they are asked.
    pub fn breakers(&self) -> Vec<(&'static str, BreakerState)> {
        self.providers.iter().map(|provider| (provider.name, provider.breaker.state())).collect()
    }

    /// How much of everything.
    pub fn limits(&self) -> &HandlerLimits {
        &self.limits
    }

    /// The next time at which [`Desk::start`] has something to do by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        let delayed = self.delayed.peek().map(|Reverse((at, _))| *at);
        let letter = self.deadlines.first().map(|(at, _)| *at);
        let busy = self.expiry < Timestamp::MAX && !self.tasks.is_empty();
        let expiry = busy.then(|| self.next_look());
        let blocked = self.providers.iter().filter(|provider| !provider.ready.is_empty());
        let breaker = blocked.filter_map(|provider| provider.breaker.closed_until()).min();
        [delayed, letter, expiry, breaker].into_iter().flatten().min()
    }

    /// True when the store does not know all of it.
    pub fn is_unsaved(&self) -> bool {
        !self.unsaved.is_empty() || self.saved != self.done()
    }

    /// Writes how far it has come, and letters, in one transaction.
    ///
    /// # Errors
    /// When the store cannot be written; the next call tries again.
    pub fn save(&mut self) -> Result<(), StoreError> {
        let done = self.done();
        self.store.write(done, &self.unsaved)?;
        self.unsaved.clear();
        self.saved = done;
        Ok(())
    }

    /// What a crash leaves: the store as it was last saved.
    pub fn crash(self) -> Store {
        self.store
    }

    fn hear_one(&mut self, handler: usize, recorded: &Recorded<B>) {
        let counter = &self.handlers[handler];
        if recorded.position <= counter.began {
            return;
        }
        let asked = || counter.handler.request(recorded);
        let request = match catch_unwind(AssertUnwindSafe(asked)) {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(_) => {
                let (name, position) = (counter.name, recorded.position);
                let text =
                    format!("{name} panicked on the fact at {position}: it asks for nothing");
                return self.alarms.raise(recorded.at(), "panic", text);
            }
        };
        let place = (handler, recorded.position);
        if !self.known.is_empty() && self.known.remove(&place) {
            return;
        }
        let origin = &recorded.origin;
        let errand = Errand {
            position: recorded.position,
            at: origin.at,
            correlation: origin.correlation.or(origin.command),
            request,
            attempts: 0,
            revision: 0,
        };
        self.live.insert((recorded.position, handler));
        self.admit(Task::new(handler, errand, Kept::No));
    }

    fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    fn keep(&mut self, place: Place) {
        if let Some(letter) = self.letters.get(&place) {
            self.unsaved.push(Change::Letter(Box::new(letter.clone())));
        }
    }

    fn id_of(&self, (handler, position): Place) -> String {
        format!("{}/{position}", self.handlers[handler].name)
    }
}

impl Task {
    fn new(handler: usize, errand: Errand, kept: Kept) -> Task {
        let last_failure = String::new();
        Task { handler, errand, failures: 0, last_failure, kept, stage: Stage::Queued }
    }

    fn place(&self) -> Place {
        (self.handler, self.errand.position)
    }
}
