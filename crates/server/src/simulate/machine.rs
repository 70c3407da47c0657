//! The whole system on one thread: engine, views, handlers, and the stores that outlive a crash.

use super::{
    outside::Bank,
    planted::{self, Bug, Hasty, Sloppy},
    rules::{Rules, of_the_shop, to_the_engine},
    van::Van,
};
use crate::shop::all_views;
use engine::{
    Alarms, Answer, Ask, Follow, Limits, Parts, SimulatedClock, Stepping,
    handlers::{Handler, HandlerLimits, Report, Standing, Stepper, Store as Letters, StoreError},
    views::{self, Bounds, Runner, Store},
};
use flows::Shop;
use journal::{Index, Journal, memory::Memory};
use kernel::{Position, Recorded};
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::oneshot::Receiver;

/// Why a simulation does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Halt {
    /// The plug was pulled.
    #[error("crashed")]
    Crash,
    /// Something does not hold.
    #[error("{invariant}: {what}")]
    Broken {
        /// Which rule.
        invariant: &'static str,
        /// How it was broken.
        what: String,
    },
}

pub(super) fn broken<T>(invariant: &'static str, what: impl Into<String>) -> Result<T, Halt> {
    Err(Halt::Broken { invariant, what: what.into() })
}

impl From<journal::Error> for Halt {
    fn from(error: journal::Error) -> Halt {
        match error {
            journal::Error::Planted(_) => Halt::Crash,
            error => Halt::Broken { invariant: "the_journal_works", what: error.to_string() },
        }
    }
}

impl From<views::Error> for Halt {
    fn from(error: views::Error) -> Halt {
        Halt::Broken { invariant: "the_views_work", what: error.to_string() }
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Halt {
        Halt::Broken { invariant: "the_handlers_work", what: error.to_string() }
    }
}

/// What a machine is made of, the same after every crash.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) limits: Limits,
    pub(super) handler_limits: HandlerLimits,
    pub(super) clock: SimulatedClock,
    pub(super) alarms: Arc<Alarms>,
    pub(super) bank: Arc<Bank>,
    pub(super) van: Arc<Van>,
    pub(super) bug: Option<Bug>,
}

/// What a crash leaves.
pub(super) struct Disks {
    /// Journal and index.
    pub(super) journal: Memory,
    pub(super) views: Store,
}

/// Everything that runs.
pub(super) struct Machine<B: Rules> {
    pub(super) setup: Setup,
    pub(super) disks: Disks,
    pub(super) engine: Stepping<B>,
    pub(super) views: Runner<Shop>,
    pub(super) outside: Stepper<Shop>,
    views_follow: Follow<B>,
    outside_follow: Follow<B>,
    /// Published, and the handlers had no room for it yet.
    unheard: VecDeque<Recorded<Shop>>,
}

/// Whom an answer is for.
pub(super) type Awaited<B> = Receiver<Answer<B>>;

impl<B: Rules> Machine<B> {
    pub(super) fn new(setup: Setup) -> Result<Machine<B>, Halt> {
        let disks = Disks { journal: Memory::default(), views: Store::in_memory()? };
        let handlers: Vec<Arc<dyn Handler<Shop>>> = vec![setup.bank.clone(), setup.van.clone()];
        let letters = Letters::in_memory("outside")?;
        let limits = setup.handler_limits.clone();
        let outside = Stepper::open(handlers, letters, limits, 0, setup.alarms.clone())?;
        Machine::start(setup, disks, outside)
    }

    /// Loses its memory and starts again from the disks.
    pub(super) fn restart(self, disks: Disks) -> Result<Machine<B>, Halt> {
        let Machine { setup, outside, engine, .. } = self;
        drop(engine);
        let tip = disks.journal.tip().map_or(0, |tip| tip.last);
        let outside = outside.crash(tip)?;
        Machine::start(setup, disks, outside)
    }

    fn start(setup: Setup, disks: Disks, mut outside: Stepper<Shop>) -> Result<Machine<B>, Halt> {
        planted::opening(true);
        let engine = Stepping::<B>::open(setup.parts(&disks.journal), &setup.alarms);
        planted::opening(false);
        let engine = engine?;
        let (store, alarms) = (disks.views.clone(), setup.alarms.clone());
        let bounds = Bounds { documents: 64, ..Bounds::default() };
        let views = Runner::open(&all_views(), store, engine.reader()?, alarms, bounds)?;
        let views_follow = engine.feed().follow(engine.reader()?, views.position());
        let done = outside.desk().done();
        let outside_follow = engine.feed().follow(engine.reader()?, done);
        let unheard = VecDeque::new();
        Ok(Machine { setup, disks, engine, views, outside, views_follow, outside_follow, unheard })
    }

    pub(super) fn submit(&mut self, ask: &Ask<Shop>) -> Result<Awaited<B>, Halt> {
        Ok(self.engine.submit(to_the_engine(ask))?)
    }

    /// The views fold what is new; it is written when `flush_views` is called.
    pub(super) fn fold_views(&mut self) -> Result<(), Halt> {
        let mut position = self.views_follow.position();
        while let Some(block) = self.views_follow.take_next()? {
            let facts: Vec<_> = block.after(position).iter().map(of_the_shop).collect();
            self.views.apply(&facts);
            position = block.last();
        }
        while self.views.build()? {}
        Ok(())
    }

    pub(super) fn flush_views(&mut self) -> Result<(), Halt> {
        Ok(self.views.flush()?)
    }

    /// The handlers hear what is new, call outside, and say what is to be reported.
    pub(super) fn step_outside(&mut self) -> Result<Vec<Report<Shop>>, Halt> {
        let mut position = self.outside_follow.position();
        while let Some(block) = self.outside_follow.take_next()? {
            self.unheard.extend(block.after(position).iter().map(of_the_shop));
            position = block.last();
        }
        let heard = self.outside.hear(self.unheard.make_contiguous());
        self.unheard.drain(..heard);
        Ok(self.outside.step(engine::Clock::now(&self.setup.clock)))
    }

    /// How the handlers are doing: they listen no further while too much waits.
    pub(super) fn standing(&mut self) -> Standing {
        self.outside.desk().standing()
    }

    pub(super) fn tip(&self) -> Position {
        self.engine.feed().tip()
    }
}

impl Setup {
    fn parts(&self, memory: &Memory) -> Parts {
        let journal: Box<dyn Journal> = match self.bug {
            Some(Bug::AnswerBeforeCommit) => Box::new(Hasty::new(memory.journal())),
            _ => Box::new(memory.journal()),
        };
        let index: Box<dyn Index> = match self.bug {
            Some(bug @ (Bug::ForgottenTimer | Bug::EvictedEarly)) => {
                Box::new(Sloppy::new(memory.index(), bug))
            }
            _ => Box::new(memory.index()),
        };
        Parts { journal, index, clock: Arc::new(self.clock.clone()), limits: self.limits.clone() }
    }
}
