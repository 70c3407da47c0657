//! Handlers at work on their threads, with an engine.

use super::toy::*;
use crate::{handlers::*, *};
use journal::memory;
use kernel::{CommandId, spec::NOW};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::oneshot;

const PATIENCE: Duration = Duration::from_secs(20);

struct House {
    engine: Arc<Engine<Toy>>,
    clock: SimulatedClock,
    handlers: Handlers<Toy>,
}

fn house(handlers: Vec<Arc<dyn Handler<Toy>>>) -> House {
    let (journal, clock) = (memory::Memory::default(), SimulatedClock::at(NOW));
    let parts = Parts {
        journal: Box::new(journal.journal()),
        index: Box::new(journal.index()),
        clock: Arc::new(clock.clone()),
        limits: Limits::default(),
    };
    let engine = Arc::new(Engine::start(parts).unwrap());
    let handlers = at_work(handlers, &engine, engine.clone());
    House { engine, clock, handlers }
}

fn at_work(
    handlers: Vec<Arc<dyn Handler<Toy>>>,
    engine: &Arc<Engine<Toy>>,
    submit: Arc<dyn Submit<Toy>>,
) -> Handlers<Toy> {
    let (store, alarms) = (Store::in_memory("test").unwrap(), engine.alarms().clone());
    let limits = HandlerLimits::default();
    let desk = Desk::open(handlers, store, limits, engine.feed().tip(), alarms.clone()).unwrap();
    let around = Surroundings {
        feed: engine.feed().clone(),
        reader: engine.reader().unwrap(),
        submit,
        clock: engine.clock().clone(),
        alarms,
    };
    Handlers::start(desk, around).unwrap()
}

fn ask(engine: &Engine<Toy>, n: usize, key: &str) {
    let command = Command::Job(job(), JobCommand::Ask { key: key.to_owned() });
    let id = CommandId::derive("test", &n.to_string());
    engine.ask(Ask::by_system(id, command)).unwrap().unwrap();
}

#[test]
fn every_request_is_reported_and_one_can_wait_until_all_is_done() {
    let house = house(vec![Outside::willing()]);
    (0..100).for_each(|n| ask(&house.engine, n, &(n % 7).to_string()));
    assert!(house.handlers.wait_until_done(house.engine.feed().tip(), PATIENCE));
    assert!(house.engine.feed().tip() >= 200);
    assert!(house.handlers.wait_until_done(200, PATIENCE));
    assert_eq!(house.handlers.standing().waiting, 0);
}

#[test]
fn a_retry_follows_the_simulated_clock() {
    let outside = Outside::new("say", "post", |call| {
        if call.attempt == 1 { not_now() } else { Ok(vec![report("yes")]) }
    });
    let house = house(vec![outside.clone()]);
    ask(&house.engine, 1, "a");
    assert!(!house.handlers.wait_until_done(1, Duration::from_millis(20)));
    let later = |seconds| {
        house.clock.advance_to(NOW + Duration::from_secs(seconds));
        house.handlers.wait_until_done(2, Duration::from_millis(20))
    };
    assert!((1..1000).any(later));
    assert_eq!(outside.calls(), ["say/1", "say/1"]);
}

#[test]
fn a_letter_is_decided_while_they_work() {
    let house = house(vec![Outside::unwilling("a")]);
    ask(&house.engine, 1, "a");
    assert!(house.handlers.wait_until_done(1, PATIENCE));
    assert_eq!(house.handlers.letters().len(), 1);
    house.handlers.drop_letter("say/1", ("staff/7", "hopeless")).unwrap();
    assert!(house.handlers.wait_until_done(2, PATIENCE));
    assert_eq!(house.engine.feed().tip(), 2);
}

/// Answers when it is told to, like a provider far away.
struct Far(Mutex<Vec<oneshot::Receiver<()>>>);

impl Handler<Toy> for Far {
    fn name(&self) -> &'static str {
        "call"
    }

    fn provider(&self) -> &'static str {
        "far"
    }

    fn request(&self, recorded: &kernel::Recorded<Toy>) -> Option<Request> {
        match &recorded.fact {
            Fact::Job(_, JobFact::Asked { key }) => {
                Some(Request { key: key.clone(), body: ().into(), reference: None })
            }
            _ => None,
        }
    }

    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<Command>, Failure>> {
        let line = self.0.lock().unwrap().pop();
        Box::pin(async move {
            match line {
                Some(line) => line.await.map_err(|_| Failure::Permanent("hung up".to_owned()))?,
                None => panic!("no line left"),
            }
            Ok(vec![report(&call.request.key)])
        })
    }

    fn gave_up(&self, _: &Request, _: &str) -> Vec<Command> {
        Vec::new()
    }
}

#[test]
fn calls_that_take_their_time_run_side_by_side_and_a_panic_is_a_letter() {
    let (first, line_1) = oneshot::channel();
    let (second, line_2) = oneshot::channel();
    let house = house(vec![Arc::new(Far(Mutex::new(vec![line_2, line_1])))]);
    ask(&house.engine, 1, "a");
    ask(&house.engine, 2, "b");
    second.send(()).unwrap();
    assert!(!house.handlers.wait_until_done(1, Duration::from_millis(20)));
    first.send(()).unwrap();
    assert!(house.handlers.wait_until_done(4, PATIENCE), "two asked, two reported");
    ask(&house.engine, 3, "c");
    assert!(house.handlers.wait_until_done(5, PATIENCE));
    assert_eq!(house.handlers.letters()[0].reason, "the handler panicked");
}

/// An engine that has room only every third time.
struct Crowded(Arc<Engine<Toy>>, AtomicUsize);

impl Submit<Toy> for Crowded {
    fn submit(&self, ask: Ask<Toy>) -> Result<oneshot::Receiver<Answer<Toy>>, NotTaken> {
        if self.1.fetch_add(1, Relaxed) % 3 < 2 {
            return Err(NotTaken::Overloaded { retry_after: Duration::from_micros(200) });
        }
        self.0.submit(ask)
    }
}

#[test]
fn an_overloaded_engine_is_asked_again_and_nothing_is_lost() {
    let quiet = house(vec![]);
    let crowded = Arc::new(Crowded(quiet.engine.clone(), AtomicUsize::new(0)));
    let handlers = at_work(vec![Outside::willing()], &quiet.engine, crowded);
    (0..50).for_each(|n| ask(&quiet.engine, n, &n.to_string()));
    assert!(handlers.wait_until_done(100, PATIENCE));
    assert_eq!(quiet.engine.feed().tip(), 100);
}
