//! The world outside, which remembers: what the provider really took and gave back, when provider and
//! carrier were out of reach, and what was done although the answer was lost.

use commerce::payments::PaymentCommand;
use engine::handlers::{BoxFuture, Call, Failure, Handler, Request};
use flows::{Command, Shop};
use gateways::{Mood, SimulatedProvider};
use kernel::{PaymentId, Recorded, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

/// What happens to whoever is outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Weather {
    /// Out of reach from then to then.
    outages: Vec<(Timestamp, Timestamp)>,
    /// From now on everyone is there and answers at once.
    calm: Arc<AtomicBool>,
}

impl Weather {
    pub(super) fn with(outages: Vec<(Timestamp, Timestamp)>) -> Weather {
        Weather { outages, ..Weather::default() }
    }

    pub(super) fn calm_down(&self) {
        self.calm.store(true, SeqCst);
    }

    pub(super) fn is_calm(&self) -> bool {
        self.calm.load(SeqCst)
    }

    pub(super) fn is_out(&self, now: Timestamp) -> bool {
        !self.is_calm() && self.outages.iter().any(|(from, until)| *from <= now && now < *until)
    }
}

/// What the provider has done, by payment and number of the capture or refund.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct BankBook {
    pub(super) captured: BTreeMap<(PaymentId, u32), i64>,
    pub(super) refunded: BTreeMap<(PaymentId, u32), i64>,
    /// Requests by their key: what was asked, and what it said.
    known: BTreeMap<String, (serde_json::Value, Vec<Command>)>,
    /// Keys under which two different things were asked.
    pub(super) confused: Vec<String>,
}

impl BankBook {
    /// Money moves each time that this is said for the first time.
    fn note(&mut self, said: &Command) {
        let Command::Payment(payment, said) = said else { return };
        match said {
            PaymentCommand::CaptureDone { capture, amount } => {
                *self.captured.entry((*payment, *capture)).or_default() += amount.minor;
            }
            PaymentCommand::RefundDone { refund, amount } => {
                *self.refunded.entry((*payment, *refund)).or_default() += amount.minor;
            }
            _ => {}
        }
    }
}

/// A provider with a memory, as real ones have: it knows requests by their key and by nothing else.
/// What it has said to one it says whenever that is asked again; another key is another request.
pub(super) struct Bank {
    pub(super) mood: Mood,
    pub(super) weather: Weather,
    pub(super) book: Mutex<BankBook>,
}

impl Bank {
    pub(super) fn new(mood: Mood, weather: Weather) -> Bank {
        Bank { mood, weather, book: Mutex::default() }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, BankBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, call: &Call<'_>) -> Result<Vec<Command>, Failure> {
        if self.weather.is_out(call.now) {
            return Err(Failure::Transient("no line".to_owned()));
        }
        let calm = Mood { fails: 0, loses: 0, repeats: 0, ..self.mood };
        let mood = if self.weather.is_calm() { calm } else { self.mood };
        let heard = now(SimulatedProvider { mood }.call(call.clone()));
        match heard {
            Err(Failure::Transient(_)) if is_done_all_the_same(call) => {
                self.do_once(call, now(SimulatedProvider { mood: calm }.call(call.clone()))?);
                Err(Failure::Transient("the answer was lost".to_owned()))
            }
            Err(failure) => Err(failure),
            Ok(said) => Ok(self.do_once(call, said)),
        }
    }

    /// Does what it says, unless it knows the request: then it says again what it said first. An
    /// answer may come several times.
    fn do_once(&self, call: &Call<'_>, said: Vec<Command>) -> Vec<Command> {
        let (times, mut book) = (said.len(), self.book());
        let asked = call.request.body.clone();
        if let Some((before, first)) = book.known.get(call.idempotency_key) {
            let (same, first) = (*before == asked, first.clone());
            if !same {
                book.confused.push(call.idempotency_key.to_owned());
            }
            return first.into_iter().cycle().take(times).collect();
        }
        let once: Vec<Command> = said.iter().take(1).cloned().collect();
        once.iter().for_each(|command| book.note(command));
        book.known.insert(call.idempotency_key.to_owned(), (asked, once));
        said
    }
}

/// Half of the requests whose answer is lost have arrived.
pub(super) fn is_done_all_the_same(call: &Call<'_>) -> bool {
    let sum: u32 = call.idempotency_key.bytes().map(u32::from).sum();
    (sum + call.attempt).is_multiple_of(2)
}

/// These futures are through at once.
pub(super) fn now<T>(mut future: BoxFuture<'_, Result<T, Failure>>) -> Result<T, Failure> {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(Failure::Transient("no answer at once".to_owned())),
    }
}

impl Handler<Shop> for Bank {
    fn name(&self) -> &'static str {
        SimulatedProvider::default().name()
    }

    fn provider(&self) -> &'static str {
        SimulatedProvider::default().provider()
    }

    fn request(&self, recorded: &Recorded<Shop>) -> Option<Request> {
        SimulatedProvider::default().request(recorded)
    }

    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<Command>, Failure>> {
        Box::pin(std::future::ready(self.answer(&call)))
    }

    fn gave_up(&self, request: &Request, reason: &str) -> Vec<Command> {
        SimulatedProvider::default().gave_up(request, reason)
    }
}
