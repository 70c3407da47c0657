//! A toy: errands that are asked for, and end with a word or are given up; and a bench for a desk.

#![expect(unreachable_pub, reason = "the table of a business writes public items")]

use crate::{Alarms, handlers::*};
use kernel::{
    Actor, CommandId, Decider, OrderId, Origin, Position, Process, Recorded, Timestamp, spec::NOW,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Job;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum JobCommand {
    Ask { key: String },
    Report(String),
    GiveUp(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum JobFact {
    #[serde(rename = "job/asked@1")]
    Asked { key: String },
    #[serde(rename = "job/reported@1")]
    Reported { word: String },
    #[serde(rename = "job/given_up@1")]
    GivenUp { reason: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("nobody wants to hear this")]
pub struct Unheard;

impl Decider for Job {
    type Id = OrderId;
    type Command = JobCommand;
    type Fact = JobFact;
    type Refusal = Unheard;

    fn decide(&self, command: &JobCommand, _: Timestamp) -> Result<Vec<JobFact>, Unheard> {
        match command {
            JobCommand::Ask { key } => Ok(vec![JobFact::Asked { key: key.clone() }]),
            JobCommand::Report(word) if word == "unheard" => Err(Unheard),
            JobCommand::Report(word) => Ok(vec![JobFact::Reported { word: word.clone() }]),
            JobCommand::GiveUp(reason) => Ok(vec![JobFact::GivenUp { reason: reason.clone() }]),
        }
    }

    fn evolve(&mut self, _: &JobFact) {}
}

/// Listens, and wants nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Listener;

impl Process for Listener {
    type Business = Toy;
    type Key = OrderId;

    fn react(&mut self, _: &OrderId, _: Heard<'_>, _: Timestamp) -> Vec<Step> {
        Vec::new()
    }
}

kernel::business! {
    /// The toy.
    Toy
    deciders { "job" => Job }
    processes { "listener" => Listener hears { Fact::Job(job, JobFact::GivenUp { .. }) => job } }
}

pub fn job() -> OrderId {
    "00000000-0000-4000-8000-000000000001".parse().unwrap()
}

pub fn report(word: &str) -> Command {
    Command::Job(job(), JobCommand::Report(word.to_owned()))
}

/// The n-th fact: somebody asks with a key.
pub fn asked(position: Position, key: &str) -> Recorded<Toy> {
    let origin = Origin {
        at: NOW,
        command: Some(CommandId::derive("test", &position.to_string())),
        correlation: None,
        actor: Actor::SYSTEM,
        fingerprint: None,
    };
    let fact = Fact::Job(job(), JobFact::Asked { key: key.to_owned() });
    Recorded { position, version: position, cause: None, origin: Arc::new(origin), fact }
}

type Script = dyn FnMut(&Call<'_>) -> Result<Vec<Command>, Failure> + Send;

/// A handler that does what a test says, and remembers with what it was called.
pub struct Outside {
    pub name: &'static str,
    pub provider: &'static str,
    pub give_up_after: Option<Duration>,
    pub calls: Mutex<Vec<String>>,
    script: Mutex<Box<Script>>,
}

impl Outside {
    pub fn new(
        name: &'static str,
        provider: &'static str,
        script: impl FnMut(&Call<'_>) -> Result<Vec<Command>, Failure> + Send + 'static,
    ) -> Arc<Outside> {
        Outside::patient(name, provider, Some(Duration::from_secs(24 * 60 * 60)), script)
    }

    pub fn patient(
        name: &'static str,
        provider: &'static str,
        give_up_after: Option<Duration>,
        script: impl FnMut(&Call<'_>) -> Result<Vec<Command>, Failure> + Send + 'static,
    ) -> Arc<Outside> {
        let (calls, script) = (Mutex::default(), Mutex::new(Box::new(script) as Box<Script>));
        Arc::new(Outside { name, provider, give_up_after, calls, script })
    }

    /// Always says yes, with the request's key.
    pub fn willing() -> Arc<Outside> {
        Outside::new("say", "post", |call| Ok(vec![report(&call.request.key)]))
    }

    /// Says yes, but never to this key, until it is edited.
    pub fn unwilling(key: &'static str) -> Arc<Outside> {
        Outside::new("say", "post", move |call| {
            let refused = call.request.key == key && call.request.body == "as asked";
            if refused { no() } else { Ok(vec![report(&call.request.key)]) }
        })
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

pub fn no<T>() -> Result<T, Failure> {
    Err(Failure::Permanent("malformed".to_owned()))
}

pub fn not_now<T>() -> Result<T, Failure> {
    Err(Failure::Transient("no line".to_owned()))
}

impl Handler<Toy> for Outside {
    fn name(&self) -> &'static str {
        self.name
    }

    fn provider(&self) -> &'static str {
        self.provider
    }

    fn request(&self, recorded: &Recorded<Toy>) -> Option<Request> {
        match &recorded.fact {
            Fact::Job(_, JobFact::Asked { key }) => {
                Some(Request { key: key.clone(), body: "as asked".into(), reference: None })
            }
            _ => None,
        }
    }

    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<Command>, Failure>> {
        let unsure = if call.uncertain { "?" } else { "" };
        self.calls.lock().unwrap().push(format!("{}{unsure}", call.idempotency_key));
        let result = (self.script.lock().unwrap())(&call);
        Box::pin(async move { result })
    }

    fn gave_up(&self, _: &Request, reason: &str) -> Vec<Command> {
        vec![Command::Job(job(), JobCommand::GiveUp(reason.to_owned()))]
    }

    fn give_up_after(&self) -> Option<Duration> {
        self.give_up_after
    }
}

/// A desk on a bench, with a business that takes every command once.
pub struct Bench {
    pub stepper: Stepper<Toy>,
    pub alarms: Arc<Alarms>,
    pub now: Timestamp,
    pub tip: Position,
    /// What the business was told, by command id; the same id again changes nothing.
    pub told: BTreeMap<CommandId, Command>,
}

impl Bench {
    pub fn new(handlers: Vec<Arc<Outside>>) -> Bench {
        Bench::with(handlers, HandlerLimits::default())
    }

    pub fn with(handlers: Vec<Arc<Outside>>, limits: HandlerLimits) -> Bench {
        let handlers = handlers.into_iter().map(|handler| handler as Arc<dyn Handler<Toy>>);
        let alarms = Arc::new(Alarms::default());
        let store = Store::in_memory("test").unwrap();
        let stepper = Stepper::open(handlers.collect(), store, limits, 0, alarms.clone()).unwrap();
        Bench { stepper, alarms, now: NOW, tip: 0, told: BTreeMap::new() }
    }

    /// These are asked for, one after the other.
    pub fn hear(&mut self, keys: &[&str]) {
        for key in keys {
            self.tip += 1;
            assert_eq!(self.stepper.hear(&[asked(self.tip, key)]), 1, "there is room");
        }
    }

    pub fn take(&mut self, report: Report<Toy>) {
        let refused = report.asks.iter().any(|ask| ask.command == self::report("unheard"));
        for ask in report.asks {
            self.told.entry(ask.id).or_insert(ask.command);
        }
        let result = if refused { Err(Unheard.to_string()) } else { Ok(()) };
        self.stepper.answered(report.ticket, result, self.now);
    }

    /// Steps until nothing more happens at this time.
    pub fn settle(&mut self) {
        loop {
            let reports = self.stepper.step(self.now);
            if reports.is_empty() {
                return;
            }
            reports.into_iter().for_each(|report| self.take(report));
        }
    }

    pub fn later(&mut self, time: Duration) {
        self.now = self.now + time;
        self.settle();
    }

    /// Pulls the plug, starts again, and hears again what was not done.
    pub fn crash(mut self, keys: &[&str]) -> Bench {
        self.stepper = self.stepper.crash(self.tip).unwrap();
        let done = usize::try_from(self.stepper.desk().done()).unwrap();
        for (index, key) in keys.iter().enumerate().skip(done) {
            self.stepper.hear(&[asked(index as u64 + 1, key)]);
        }
        self
    }

    pub fn done(&mut self) -> Position {
        self.stepper.desk().done()
    }

    pub fn states(&mut self) -> Vec<(String, LetterState)> {
        let letters = self.stepper.desk().letters();
        letters.into_iter().map(|letter| (letter.id, letter.state)).collect()
    }

    /// How often the business heard this.
    pub fn heard(&self, command: &Command) -> usize {
        self.told.values().filter(|told| *told == command).count()
    }

    pub fn given_up(&self) -> usize {
        let given_up =
            |command: &&Command| matches!(command, Command::Job(_, JobCommand::GiveUp(_)));
        self.told.values().filter(given_up).count()
    }
}
