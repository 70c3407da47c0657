//! Partners that are down, slow or out of their mind, and what the desk of the handlers makes of it.

use crate::scene::{AMOUNT, Rows, Scene, payment};
use commerce::payments::{PaymentCommand, PaymentFact, PaymentMethod};
use engine::{
    Alarms, Ask, Clock, Engine, Limits, Parts, WallClock,
    handlers::{
        BreakerState, Desk, Failure, Handler, HandlerLimits, Handlers, Store, Surroundings,
    },
};
use flows::{Command, Fact, Shop};
use gateways::http::{HttpProvider, Partner};
use journal::{VaultRow, memory::Memory};
use kernel::{CommandId, VaultId};
use server::sandbox::{Side, Switches};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_outage_is_passing_and_nonsense_is_not() {
    let scene = Scene::silent();
    let started = scene.started("tok_ok");
    let down = Switches { down: true, ..Switches::default() };
    scene.sandbox.switch(Side::Payments, down);
    let out = scene.pay(1, &started).await;
    assert!(matches!(out, Err(Failure::Transient(_))), "{out:?}");
    let garbled = Switches { garbled: true, ..Switches::default() };
    scene.sandbox.switch(Side::Payments, garbled);
    let nonsense = scene.pay(1, &started).await;
    assert!(matches!(nonsense, Err(Failure::Permanent(_))), "{nonsense:?}");
    scene.sandbox.switch(Side::Payments, Switches::default());
    assert!(scene.pay(1, &started).await.is_ok());
    assert_eq!(scene.sheet(1).await.authorisations.len(), 1);
}

#[tokio::test]
async fn nobody_at_the_other_end_is_passing_and_no_secret_is_told() {
    let scene = Scene::silent();
    let started = scene.started("tok_marker_4711");
    let Scene { sandbox, provider, carrier, vault } = scene;
    let url = sandbox.payments_url.clone();
    sandbox.stop();
    let gone = Scene {
        sandbox: server::sandbox::start(&Default::default()).expect("ports"),
        provider,
        carrier,
        vault,
    };
    let out = gone.pay(1, &started).await;
    let Err(Failure::Transient(why)) = out else { panic!("{out:?}") };
    assert!(!why.contains("4711") && !why.contains(&url), "{why}");
}

#[tokio::test]
async fn switches_are_set_over_the_wire_and_mistakes_are_told() {
    let scene = Scene::silent();
    let url = format!("{}/control", scene.sandbox.payments_url);
    let client = reqwest::Client::new();
    let put = |body: &'static str| client.put(&url).body(body).send();
    let set = put(r#"{"down": true}"#).await.expect("an answer");
    assert!(set.status().is_success());
    assert!(scene.pay(1, &scene.started("tok_ok")).await.is_err());
    let wrong = put(r#"{"dwon": true}"#).await.expect("an answer");
    assert_eq!(wrong.status().as_u16(), 400);
    let read: Switches =
        client.get(&url).send().await.expect("an answer").json().await.expect("switches");
    assert_eq!(read, Switches { down: true, ..Switches::default() });
}

/// An engine with nothing but a desk that asks the sandbox.
struct Shopkeeper {
    engine: Arc<Engine<Shop>>,
    handlers: Handlers<Shop>,
}

impl Shopkeeper {
    fn open(scene: &Scene) -> Shopkeeper {
        let (memory, clock) = (Memory::default(), Arc::new(WallClock) as Arc<dyn Clock>);
        let parts = Parts {
            journal: Box::new(memory.journal()),
            index: Box::new(memory.index()),
            clock: clock.clone(),
            limits: Limits::default(),
        };
        let engine: Arc<Engine<Shop>> = Arc::new(Engine::start(parts).expect("a journal"));
        let vault = engine.reader().expect("a reader");
        let partner = Partner::new("sandbox-payments", scene.sandbox.payments_url.clone());
        let provider = HttpProvider::new(partner, vault).expect("an address");
        let outside: Vec<Arc<dyn Handler<Shop>>> = vec![Arc::new(provider)];
        let limits = HandlerLimits {
            attempts: 50,
            backoff: Duration::from_millis(10),
            backoff_max: Duration::from_millis(40),
            cool_down: Duration::from_millis(50),
            cool_down_max: Duration::from_millis(100),
            ..HandlerLimits::default()
        };
        let alarms: Arc<Alarms> = engine.alarms().clone();
        let store = Store::in_memory("outside").expect("a store");
        let desk = Desk::open(outside, store, limits, 0, alarms.clone()).expect("a desk");
        let around = Surroundings {
            feed: engine.feed().clone(),
            reader: engine.reader().expect("a reader"),
            submit: engine.clone(),
            clock,
            alarms,
        };
        let handlers = Handlers::start(desk, around).expect("threads");
        Shopkeeper { engine, handlers }
    }

    fn start(&self, number: u32, token: &str) {
        let id = VaultId(Uuid::now_v7());
        let (kind, content) = ("payment_token".to_owned(), token.into());
        let vault = vec![VaultRow { id, subject: None, kind, content }];
        let method = PaymentMethod::Card;
        let start = PaymentCommand::Start { amount: AMOUNT, method, token: Some(id) };
        let command = Command::Payment(payment(number), start);
        let ask = Ask::by_system(CommandId(Uuid::now_v7()), command);
        self.engine.ask(Ask { vault, ..ask }).expect("it is taken").expect("it is accepted");
    }

    /// Waits until a fact has happened; the facts of payments until then.
    fn until(&self, wanted: impl Fn(&PaymentFact) -> bool) -> Vec<PaymentFact> {
        let reader = self.engine.reader().expect("a reader");
        let mut follow = self.engine.feed().follow(reader, 0);
        let mut facts = vec![];
        loop {
            while let Some(block) = follow.take_next().expect("it can be read") {
                for recorded in &block.facts {
                    if let Fact::Payment(_, fact) = &recorded.fact {
                        facts.push(fact.clone());
                    }
                }
            }
            if facts.iter().any(&wanted) {
                return facts;
            }
            assert!(follow.wait(SOON), "it does not happen; so far {facts:?}");
        }
    }

    /// Waits until the breaker is, or is not, closed.
    fn until_closed(&self, closed: bool) {
        let begun = std::time::Instant::now();
        while self.handlers.breakers().iter().all(|(_, state)| *state == BreakerState::Closed)
            != closed
        {
            assert!(begun.elapsed() < SOON, "the breaker stays as it is");
            std::thread::yield_now();
        }
    }
}

fn is_authorised(fact: &PaymentFact) -> bool {
    matches!(fact, PaymentFact::Authorised { .. })
}

#[test]
fn the_breaker_opens_on_an_outage_and_closes_when_it_is_over() {
    let scene = Scene::silent();
    let shop = Shopkeeper::open(&scene);
    let down = Switches { down: true, ..Switches::default() };
    scene.sandbox.switch(Side::Payments, down);
    for number in 1..=8 {
        shop.start(number, "tok_ok");
    }
    shop.until_closed(false);
    scene.sandbox.switch(Side::Payments, Switches::default());
    let facts = shop.until(is_authorised);
    assert!(!facts.iter().any(|fact| matches!(fact, PaymentFact::GaveUp { .. })));
    shop.until_closed(true);
    assert!(shop.handlers.letters().is_empty());
}

#[test]
fn the_desk_asks_again_what_was_lost_and_charges_once() {
    let scene = Scene::silent();
    let shop = Shopkeeper::open(&scene);
    shop.start(1, "tok_no_answer");
    let facts = shop.until(is_authorised);
    assert!(facts.iter().all(|fact| !matches!(fact, PaymentFact::Declined { .. })));
    // Nobody has ordered anything: the yes is given back by itself.
    shop.until(|fact| matches!(fact, PaymentFact::Voided));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sheet = runtime.block_on(scene.sheet(1));
    assert_eq!(sheet.authorisations.len(), 1);
    assert!(sheet.authorisations[0].voided);
}

#[test]
fn nonsense_becomes_a_letter_that_holds_no_token_and_is_delivered_later() {
    let scene = Scene::silent();
    let shop = Shopkeeper::open(&scene);
    let garbled = Switches { garbled: true, ..Switches::default() };
    scene.sandbox.switch(Side::Payments, garbled);
    shop.start(1, "tok_ok");
    assert!(shop.handlers.wait_until_done(1, SOON));
    let letters = shop.handlers.letters();
    let [letter] = letters.as_slice() else { panic!("one letter, not {letters:?}") };
    let text = serde_json::to_string(letter).expect("texts and numbers");
    assert!(!text.contains("tok_ok"), "{text}");
    scene.sandbox.switch(Side::Payments, Switches::default());
    shop.handlers.retry(&letter.id, "staff/1").expect("it awaits a decision");
    shop.until(is_authorised);
}

#[test]
fn an_address_of_nowhere_is_refused_at_once() {
    for url in ["", "localhost:7071", "ftp://example.org", "http://", "http://a/?b=c"] {
        let partner = Partner::new("nowhere", url);
        assert!(HttpProvider::new(partner, Box::new(Rows::default())).is_err(), "{url}");
    }
}
