//! A shop of the smallest kind: an engine with its journal in memory, and a desk that asks the sandbox.

use crate::scene::{AMOUNT, Scene, payment};
use commerce::payments::{PaymentCommand, PaymentFact, PaymentMethod};
use engine::{
    Alarms, Ask, Clock, Engine, Limits, Parts, WallClock,
    handlers::{BreakerState, Desk, Handler, HandlerLimits, Handlers, Store, Surroundings},
};
use flows::{Command, Fact, Shop};
use gateways::http::{HttpCarrier, HttpProvider, Partner};
use journal::{VaultRow, memory::Memory};
use kernel::{CommandId, VaultId};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// Longer than anything here takes.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Something for the vault.
pub(crate) fn row(kind: &str, content: &str) -> VaultRow {
    let id = VaultId(Uuid::now_v7());
    VaultRow { id, subject: None, kind: kind.to_owned(), content: content.into() }
}

/// An engine, and a desk that asks the sandbox.
pub(crate) struct Keeper {
    pub(crate) engine: Arc<Engine<Shop>>,
    pub(crate) handlers: Handlers<Shop>,
}

impl Keeper {
    pub(crate) fn open(scene: &Scene) -> Keeper {
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
        let vault = engine.reader().expect("a reader");
        let partner = Partner::new("sandbox-carrier", scene.sandbox.carrier_url.clone());
        let carrier = HttpCarrier::new(partner, vault).expect("an address");
        let outside: Vec<Arc<dyn Handler<Shop>>> = vec![Arc::new(provider), Arc::new(carrier)];
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
        Keeper { engine, handlers }
    }

    /// Asks for something, and keeps what it needs in the vault.
    pub(crate) fn ask(&self, command: Command, vault: Vec<VaultRow>) {
        let ask = Ask::by_system(CommandId(Uuid::now_v7()), command);
        self.engine.ask(Ask { vault, ..ask }).expect("it is taken").expect("it is accepted");
    }

    /// A payment without an order.
    pub(crate) fn start(&self, number: u32, token: &str) {
        let row = row("payment_token", token);
        let (method, token) = (PaymentMethod::Card, Some(row.id));
        let start = PaymentCommand::Start { amount: AMOUNT, method, token };
        self.ask(Command::Payment(payment(number), start), vec![row]);
    }

    /// Waits until a fact has happened; the facts of payments until then.
    pub(crate) fn until(&self, wanted: impl Fn(&PaymentFact) -> bool) -> Vec<PaymentFact> {
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
    pub(crate) fn until_closed(&self, closed: bool) {
        let begun = std::time::Instant::now();
        while self.handlers.breakers().iter().all(|(_, state)| *state == BreakerState::Closed)
            != closed
        {
            assert!(begun.elapsed() < SOON, "the breaker stays as it is");
            std::thread::yield_now();
        }
    }
}
