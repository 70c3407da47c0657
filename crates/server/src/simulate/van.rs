//! The carrier outside, which remembers: which labels it gave, which of them are void, and what it did
//! although its answer was lost.

use super::{
    outside::{Weather, is_done_all_the_same, now},
    planted::Bug,
};
use engine::handlers::{BoxFuture, Call, Failure, Handler, Request};
use flows::{Command, Shop};
use gateways::{Mood, SimulatedCarrier};
use kernel::{ParcelId, Recorded};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use warehouse::shipping::ParcelCommand;

/// What the carrier has done.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CarrierBook {
    /// What it calls the labels that it gave.
    pub(super) labels: BTreeMap<(ParcelId, u32), String>,
    /// Labels that nobody has to pay for; without a number, all of a parcel that is not sent.
    void: BTreeSet<(ParcelId, Option<u32>)>,
    /// Requests for labels by their key: what was asked, and what it said.
    known: BTreeMap<String, (serde_json::Value, Command)>,
    /// Keys under which two different things were asked.
    pub(super) confused: Vec<String>,
}

impl CarrierBook {
    pub(super) fn is_void(&self, parcel: ParcelId, number: u32) -> bool {
        self.void.contains(&(parcel, Some(number))) || self.void.contains(&(parcel, None))
    }

    /// A label is made void; one that it has yet to hear of is never given.
    fn note_void(&mut self, request: &Request) {
        let parcel = request.key.parse::<ParcelId>();
        let number = request.body["number"].as_u64().and_then(|number| u32::try_from(number).ok());
        self.void.extend(parcel.map(|parcel| (parcel, number)));
    }

    /// Says what it says, unless it knows the request: then it says again what it said first.
    fn label_once(&mut self, call: &Call<'_>, said: Command) -> Command {
        let asked = call.request.body.clone();
        if let Some((before, first)) = self.known.get(call.idempotency_key) {
            let (same, first) = (*before == asked, first.clone());
            if !same {
                self.confused.push(call.idempotency_key.to_owned());
            }
            return first;
        }
        let said = match said {
            Command::Parcel(parcel, ParcelCommand::Label { number, .. })
                if self.is_void(parcel, number) =>
            {
                let reason = "void".into();
                Command::Parcel(parcel, ParcelCommand::LabelFailed { number, reason })
            }
            said => said,
        };
        if let Command::Parcel(parcel, ParcelCommand::Label { number, tracking_number, .. }) = &said
        {
            self.labels.insert((*parcel, *number), tracking_number.to_string());
        }
        self.known.insert(call.idempotency_key.to_owned(), (asked, said.clone()));
        said
    }
}

/// A carrier with a memory, and days on which nobody answers.
pub(super) struct Van {
    pub(super) carrier: SimulatedCarrier,
    pub(super) weather: Weather,
    pub(super) book: Mutex<CarrierBook>,
    /// Planted: it lets a parcel leave as soon as it has a label, paid or not; or nobody tells it which
    /// label is not used.
    pub(super) bug: Option<Bug>,
}

impl Van {
    pub(super) fn book(&self) -> MutexGuard<'_, CarrierBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, call: &Call<'_>) -> Result<Vec<Command>, Failure> {
        if self.weather.is_out(call.now) {
            return Err(Failure::Transient("no line".to_owned()));
        }
        let calm = Mood { fails: 0, repeats: 0, ..self.carrier.mood };
        let mood = if self.weather.is_calm() { calm } else { self.carrier.mood };
        let asks = |mood| now(SimulatedCarrier { mood, ..self.carrier }.call(call.clone()));
        match asks(mood) {
            Err(Failure::Transient(_)) if is_done_all_the_same(call) => {
                self.do_once(call, asks(calm)?);
                Err(Failure::Transient("the answer was lost".to_owned()))
            }
            Err(failure) => Err(failure),
            Ok(said) => Ok(self.do_once(call, said)),
        }
    }

    /// An answer may come several times.
    fn do_once(&self, call: &Call<'_>, said: Vec<Command>) -> Vec<Command> {
        if is_void(call.request) {
            self.book().note_void(call.request);
            return said;
        }
        if !call.idempotency_key.contains("/label/") {
            return said;
        }
        let mut book = self.book();
        let mut said: Vec<Command> =
            said.into_iter().map(|said| book.label_once(call, said)).collect();
        if let (true, Some(Command::Parcel(parcel, ParcelCommand::Label { .. }))) =
            (self.bug == Some(Bug::HandOverUnpaid), said.first())
        {
            let clear = Command::Parcel(*parcel, ParcelCommand::Clear);
            said.push(clear);
        }
        said
    }
}

/// True for what makes one label of a parcel void that is sent with another.
fn voids_one(request: &Request) -> bool {
    is_void(request) && request.body.get("number").is_some()
}

/// True for what only makes labels void.
pub(super) fn is_void(request: &Request) -> bool {
    request.body["notice"] == "void"
}

impl Handler<Shop> for Van {
    fn name(&self) -> &'static str {
        self.carrier.name()
    }

    fn provider(&self) -> &'static str {
        self.carrier.provider()
    }

    fn request(&self, recorded: &Recorded<Shop>) -> Option<Request> {
        let forgets = self.bug == Some(Bug::LabelNotVoided);
        self.carrier.request(recorded).filter(|request| !(forgets && voids_one(request)))
    }

    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<Command>, Failure>> {
        Box::pin(std::future::ready(self.answer(&call)))
    }

    fn gave_up(&self, request: &Request, reason: &str) -> Vec<Command> {
        self.carrier.gave_up(request, reason)
    }
}
