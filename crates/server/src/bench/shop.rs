//! The shop that is measured: the one that runs, with a provider that can be told to keep its answers
//! back.

use crate::shop::{Outside, RunningShop, ShopError};
use engine::{
    Limits,
    handlers::{BoxFuture, Call, Failure, Handler, Request},
};
use flows::{Command, Shop};
use gateways::{SimulatedCarrier, SimulatedProvider};
use kernel::{Recorded, Timestamp};
use std::{
    ops::Deref,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// Where simulated time begins: 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// A shop at work.
pub(super) struct BenchShop {
    running: RunningShop,
    provider: Arc<Provider>,
}

impl Deref for BenchShop {
    type Target = RunningShop;

    fn deref(&self) -> &RunningShop {
        &self.running
    }
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
        let usual = Limits::default();
        let limits = match states {
            Some(states) => Limits { states, commands: states, ..usual },
            None => usual,
        };
        let provider = Arc::new(Provider {
            answers: SimulatedProvider::default(),
            silent: AtomicBool::new(false),
        });
        let outside: Outside = vec![provider.clone(), Arc::new(SimulatedCarrier::default())];
        let running = RunningShop::open_with(folder, START, limits, outside)?;
        Ok(BenchShop { running, provider })
    }

    /// Payments that are asked for now are answered when somebody asks again.
    pub(super) fn silence_provider(&self) {
        self.provider.silent.store(true, Relaxed);
    }

    /// Payments are answered at once.
    pub(super) fn wake_provider(&self) {
        self.provider.silent.store(false, Relaxed);
    }

    /// What went wrong so far; nothing should.
    pub(super) fn alarm(&self) -> Option<String> {
        self.alarms().all().first().map(|alarm| alarm.text.clone())
    }

    /// Stops everything; what was answered is durable.
    pub(super) fn stop(self) -> Result<(), ShopError> {
        self.running.stop()
    }
}
