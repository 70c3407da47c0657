//! The shop that is measured: engine, views and handlers on SQLite, with a provider that can be told
//! to keep its answers back.

use crate::shop::{ShopError, all_views};
use engine::{
    Alarms, Clock, Engine, Limits, Parts, SimulatedClock,
    handlers::{
        BoxFuture, Call, Desk, Failure, Handler, HandlerLimits, Handlers, Request,
        Store as Letters, Surroundings,
    },
    views::{self, Bounds, Runner, Seen, Store},
};
use flows::{Command, Shop};
use gateways::{SimulatedCarrier, SimulatedProvider};
use journal::Journal;
use kernel::{Position, Recorded, Timestamp};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// How long views and handlers may take to come level.
const PATIENCE: Duration = Duration::from_secs(600);
/// Where simulated time begins: 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// A shop at work.
pub(super) struct BenchShop {
    pub(super) engine: Arc<Engine<Shop>>,
    pub(super) clock: SimulatedClock,
    seen: Seen,
    handlers: Handlers<Shop>,
    views: JoinHandle<()>,
    alarms: Arc<Alarms>,
    provider: Arc<Provider>,
}

/// The simulated provider, or one that takes its time: a real one answers after seconds, and what it
/// causes then is another measurement.
struct Provider {
    answers: SimulatedProvider,
    silent: AtomicBool,
}

impl Handler<Shop> for Provider {
    fn name(&self) -> &'static str {
        self.answers.name()
    }

    fn provider(&self) -> &'static str {
        self.answers.provider()
    }

    fn request(&self, recorded: &Recorded<Shop>) -> Option<Request> {
        self.answers.request(recorded)
    }

    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<Command>, Failure>> {
        if self.silent.load(Relaxed) {
            return Box::pin(std::future::ready(Ok(Vec::new())));
        }
        self.answers.call(call)
    }

    fn gave_up(&self, request: &Request, reason: &str) -> Vec<Command> {
        self.answers.gave_up(request, reason)
    }
}

impl BenchShop {
    /// Opens a folder with room for so many states in memory; none: as the program runs.
    pub(super) fn open(folder: &Path, states: Option<usize>) -> Result<BenchShop, ShopError> {
        let files = journal::sqlite::open(folder)?;
        let tip = files.journal.tip();
        let clock = SimulatedClock::at(tip.map_or(START, |tip| tip.at.max(START)));
        let (begin, views_reader) = (tip.map_or(0, |tip| tip.last), files.journal.reader()?);
        let usual = Limits::default();
        let limits = match states {
            Some(states) => Limits { states, commands: states, ..usual },
            None => usual,
        };
        let engine = Arc::new(Engine::start(Parts {
            journal: Box::new(files.journal),
            index: Box::new(files.index),
            clock: Arc::new(clock.clone()),
            limits,
        })?);
        let alarms = engine.alarms().clone();
        let store = Store::open(&folder.join("views.db"))?;
        let runner =
            Runner::open(&all_views(), store, views_reader, alarms.clone(), Bounds::default())?;
        let seen = runner.seen();
        let follow = engine.feed().follow(engine.reader()?, runner.position());
        let views = Builder::new().name("views".into()).spawn(move || {
            // An alarm tells why they stopped, and whoever waits for them is told.
            let _ = views::run(runner, follow);
        });
        let views = views.map_err(ShopError::Threads)?;
        let provider = Arc::new(Provider {
            answers: SimulatedProvider::default(),
            silent: AtomicBool::new(false),
        });
        let handlers = start_handlers(folder, &engine, &clock, (begin, provider.clone()))?;

        Ok(BenchShop { engine, clock, seen, handlers, views, alarms, provider })
    }

    /// Payments that are asked for now are answered when somebody asks again.
    pub(super) fn silence_provider(&self) {
        self.provider.silent.store(true, Relaxed);
    }

    /// Payments are answered at once.
    pub(super) fn wake_provider(&self) {
        self.provider.silent.store(false, Relaxed);
    }

    /// Waits until handlers have done, and views show, everything up to now.
    pub(super) fn settle(&self) -> Result<Position, ShopError> {
        loop {
            let tip = self.handled()?;
            if !self.seen.wait_for(tip, PATIENCE) {
                return Err(self.stuck("the views", tip));
            }
            if self.engine.feed().tip() == tip {
                return Ok(tip);
            }
        }
    }

    /// Waits until handlers have done everything up to now.
    pub(super) fn handled(&self) -> Result<Position, ShopError> {
        let tip = self.engine.feed().tip();
        match self.handlers.wait_until_done(tip, PATIENCE) {
            true => Ok(tip),
            false => Err(self.stuck("the handlers", tip)),
        }
    }

    fn stuck(&self, who: &'static str, position: Position) -> ShopError {
        if let Some(failure) = self.engine.failure() {
            return ShopError::Stopped(failure);
        }
        let alarms = self.alarms.all();
        let last = alarms.iter().rev().take(3).map(|alarm| alarm.text.clone());
        ShopError::Stuck { who, position, alarms: last.collect::<Vec<_>>().join("; ") }
    }

    /// What went wrong so far; nothing should.
    pub(super) fn alarm(&self) -> Option<String> {
        self.alarms.all().first().map(|alarm| alarm.text.clone())
    }

    /// Stops everything; what was answered is durable.
    pub(super) fn stop(self) -> Result<(), ShopError> {
        self.handlers.stop();
        let engine = Arc::into_inner(self.engine);
        engine.expect("handlers were the only others who held it").stop()?;
        // A thread that panicked has printed why.
        let _ = self.views.join();
        Ok(())
    }
}

fn start_handlers(
    folder: &Path,
    engine: &Arc<Engine<Shop>>,
    clock: &SimulatedClock,
    (begin, provider): (Position, Arc<Provider>),
) -> Result<Handlers<Shop>, ShopError> {
    let handlers: Vec<Arc<dyn Handler<Shop>>> =
        vec![provider, Arc::new(SimulatedCarrier::default())];
    let letters = Letters::open(&folder.join("letters.db"), "outside")?;
    let alarms = engine.alarms().clone();
    let desk = Desk::open(handlers, letters, HandlerLimits::default(), begin, alarms.clone())?;
    let around = Surroundings {
        feed: engine.feed().clone(),
        reader: engine.reader()?,
        submit: engine.clone(),
        clock: Arc::new(clock.clone()) as Arc<dyn Clock>,
        alarms,
    };
    Handlers::start(desk, around).map_err(ShopError::Threads)
}
