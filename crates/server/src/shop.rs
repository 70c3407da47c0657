//! A running shop over a data folder: engine, views, handlers, and the clock they go by.

use engine::{
    Alarms, Clock, Engine, Limits, Parts, SimulatedClock, WallClock,
    handlers::{Handler, HandlerLimits, Handlers, Store as Letters, StoreError, Surroundings},
    views::{self, Bounds, Reader, Runner, Seen, Store, Views},
};
use flows::{
    Shop,
    views::{
        CashLedger, Fulfilments, OrderTimeline, Orders, Packs, Parcels, Picks, Products,
        ProductsByCategory, Returns, SalesPerCountry, SalesPerDay, SalesPerProduct, Stocks,
        Variants,
    },
};
use gateways::{SimulatedCarrier, SimulatedProvider};
use journal::Journal;
use kernel::{Position, Timestamp};
use std::{
    path::Path,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// Why a shop cannot run, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The views.
    #[error(transparent)]
    Views(#[from] views::Error),
    /// The letters.
    #[error(transparent)]
    Letters(#[from] StoreError),
    /// No room for threads.
    #[error("a thread could not be started: {0}")]
    Threads(std::io::Error),
    /// The engine stopped by itself.
    #[error("the engine has stopped: {0}")]
    Stopped(String),
    /// Views or handlers do not come forward.
    #[error("{who} did not reach position {position} within {} s: {alarms}", PATIENCE.as_secs())]
    Stuck {
        /// Who.
        who: &'static str,
        /// Where to.
        position: Position,
        /// What the alarms say.
        alarms: String,
    },
}

/// How long views and handlers may take for what is there already.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whoever reaches outside.
pub type Outside = Vec<Arc<dyn Handler<Shop>>>;

/// Everything that runs, in simulated time unless said otherwise.
pub struct RunningShop<C: Clock = SimulatedClock> {
    /// Takes commands.
    pub engine: Arc<Engine<Shop>>,
    /// What the shop goes by.
    pub clock: C,
    /// What people see.
    pub reader: Reader,
    /// How far what people see has come.
    pub seen: Seen,
    /// Who reaches outside.
    pub handlers: Handlers<Shop>,
    views: JoinHandle<()>,
    alarms: Arc<Alarms>,
}

/// Every view of the program.
pub fn all_views() -> Views<Shop> {
    Views::new()
        .with::<Orders>()
        .with::<OrderTimeline>()
        .with::<Stocks>()
        .with::<SalesPerDay>()
        .with::<SalesPerProduct>()
        .with::<SalesPerCountry>()
        .with::<CashLedger>()
        .with::<Products>()
        .with::<Variants>()
        .with::<ProductsByCategory>()
        .with::<Fulfilments>()
        .with::<Picks>()
        .with::<Packs>()
        .with::<Parcels>()
        .with::<Returns>()
}

impl RunningShop {
    /// Opens a data folder and starts everything, in simulated time from `start` on.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub fn open(folder: &Path, start: Timestamp) -> Result<RunningShop, ShopError> {
        let outside: Outside =
            vec![Arc::new(SimulatedProvider::default()), Arc::new(SimulatedCarrier::default())];
        RunningShop::open_with(folder, start, Limits::default(), outside)
    }

    /// The same with other limits, or another outside.
    ///
    /// # Errors
    /// As [`RunningShop::open`].
    pub fn open_with(
        folder: &Path,
        start: Timestamp,
        limits: Limits,
        outside: Outside,
    ) -> Result<RunningShop, ShopError> {
        let files = journal::sqlite::open(folder)?;
        let tip = files.journal.tip();
        let clock = SimulatedClock::at(tip.map_or(start, |tip| tip.at.max(start)));
        RunningShop::assemble(folder, files, clock, (limits, Bounds::default(), outside))
    }
}

impl RunningShop<WallClock> {
    /// Opens a data folder and starts everything, in the time that the machine's clock tells. Whoever
    /// reaches outside may look into the vault.
    ///
    /// # Errors
    /// As [`RunningShop::open`].
    pub fn open_now(
        folder: &Path,
        (limits, bounds): (Limits, Bounds),
        outside: impl FnOnce(Box<dyn journal::Reader>) -> Outside,
    ) -> Result<RunningShop<WallClock>, ShopError> {
        let files = journal::sqlite::open(folder)?;
        let outside = outside(files.journal.reader()?);
        RunningShop::assemble(folder, files, WallClock, (limits, bounds, outside))
    }
}

impl<C: Clock + Clone + 'static> RunningShop<C> {
    fn assemble(
        folder: &Path,
        files: journal::sqlite::Folder,
        clock: C,
        (limits, bounds, outside): (Limits, Bounds, Outside),
    ) -> Result<RunningShop<C>, ShopError> {
        let tip = files.journal.tip();
        let (begin, views_reader) = (tip.map_or(0, |tip| tip.last), files.journal.reader()?);
        let engine = Arc::new(Engine::start(Parts {
            journal: Box::new(files.journal),
            index: Box::new(files.index),
            clock: Arc::new(clock.clone()),
            limits,
        })?);
        let alarms = engine.alarms().clone();
        if let Some(why) = files.rebuilt {
            alarms.raise(clock.now(), "index_rebuilt", why);
        }
        let store = Store::open(&folder.join("views.db"))?;
        let reader = store.reader();
        let runner = Runner::open(&all_views(), store, views_reader, alarms.clone(), bounds)?;
        let seen = runner.seen();
        let follow = engine.feed().follow(engine.reader()?, runner.position());
        let views = Builder::new().name("views".into()).spawn(move || {
            // An alarm tells why they stopped, and whoever waits for them is told.
            let _ = views::run(runner, follow);
        });
        let views = views.map_err(ShopError::Threads)?;
        let handlers = start_handlers(folder, &engine, &clock, (begin, outside))?;
        Ok(RunningShop { engine, clock, reader, seen, handlers, views, alarms })
    }

    /// Waits until handlers have done, and views show, everything up to now.
    ///
    /// # Errors
    /// When they do not come so far.
    pub fn settle(&self) -> Result<Position, ShopError> {
        loop {
            let tip = self.handled()?;
            // What they were told may have led to more.
            if self.engine.feed().tip() == tip {
                return match self.seen.wait_for(tip, PATIENCE) {
                    true => Ok(tip),
                    false => Err(self.stuck("the views", tip)),
                };
            }
        }
    }

    /// Waits until handlers have done everything up to now.
    ///
    /// # Errors
    /// When they do not come so far.
    pub fn handled(&self) -> Result<Position, ShopError> {
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

    /// What people should look at.
    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// Stops everything; what was answered is durable.
    ///
    /// # Errors
    /// The error for which the engine had stopped by itself.
    pub fn stop(self) -> Result<(), ShopError> {
        self.handlers.stop();
        match Arc::into_inner(self.engine) {
            Some(engine) => engine.stop()?,
            // The last one who holds it stops it.
            None => return Err(ShopError::Stopped("somebody still holds the engine".into())),
        }
        // A thread that panicked has printed why.
        let _ = self.views.join();
        Ok(())
    }
}

fn start_handlers(
    folder: &Path,
    engine: &Arc<Engine<Shop>>,
    clock: &(impl Clock + Clone + 'static),
    (begin, outside): (Position, Outside),
) -> Result<Handlers<Shop>, ShopError> {
    let letters = Letters::open(&folder.join("letters.db"), "outside")?;
    let alarms = engine.alarms().clone();
    let limits = HandlerLimits::default();
    let desk = engine::handlers::Desk::open(outside, letters, limits, begin, alarms.clone())?;
    let around = Surroundings {
        feed: engine.feed().clone(),
        reader: engine.reader()?,
        submit: engine.clone(),
        clock: Arc::new(clock.clone()) as Arc<dyn Clock>,
        alarms,
    };
    Handlers::start(desk, around).map_err(ShopError::Threads)
}
