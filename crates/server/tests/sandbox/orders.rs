//! Whole orders from the request to the door: the engine, the real clients, and the sandbox, which tells
//! what happens by itself, often twice and out of order.

use crate::{
    keeper::{Keeper, SOON, row},
    scene::{Came, Inbox, Scene},
};
use commerce::{
    orders::{NewLine, OrderCommand, OrderLimits, OrderRequest},
    payments::{PaymentFact, PaymentMethod},
};
use engine::{Ask, Engine};
use flows::{Command, Fact, Shop};
use gateways::reconcile;
use kernel::{CommandId, Currency, Money, OrderId, PaymentId, PersonId, Quantity, Sku};
use serde_json::json;
use server::sandbox::{SandboxArgs, Secret};
use std::{collections::BTreeMap, sync::Arc};
use tokio::{runtime::Runtime, sync::mpsc};
use uuid::Uuid;
use warehouse::{
    inventory::StockCommand,
    packs::{PackCommand, PackFact},
    picks::{PickCommand, PickFact},
    shipping::{ParcelCommand, ParcelFact},
};

fn mug() -> Sku {
    "MUG".parse().expect("a plain name")
}

fn units(number: u64) -> Quantity {
    Quantity::new(number).expect("a few")
}

/// One mug for somebody who pays with this token and lives there.
fn place(keeper: &Keeper, token: &str, postal_code: &str) -> OrderId {
    let address = json!({"name": "A. Marker", "postal_code": postal_code, "country": "GB"});
    let (token, address) = (row("payment_token", token), row("address", &address.to_string()));
    let line = NewLine {
        sku: mug(),
        quantity: units(1),
        unit_price: Money::new(900, Currency::GBP),
        stock_kept: true,
    };
    let request = OrderRequest {
        customer: PersonId(Uuid::now_v7()),
        country: "United Kingdom".into(),
        currency: Currency::GBP,
        lines: vec![line],
        shipping: None,
        method: PaymentMethod::Card,
        token: Some(token.id),
        ship_to: Some(address.id),
        email: None,
        pay_within_seconds: None,
        return_window_days: None,
        from_cart: false,
        limits: OrderLimits::default(),
    };
    let order = OrderId(Uuid::now_v7());
    let request = OrderCommand::Request(Box::new(request));
    keeper.ask(Command::Order(order, request), vec![token, address]);
    order
}

/// What somebody in the warehouse does when he sees this on his list.
fn crew(fact: &Fact) -> Vec<Command> {
    let worker = kernel::Actor::new("worker", "1");
    match fact {
        Fact::Pick(id, PickFact::Opened { lines, .. }) => {
            let start = Command::Pick(*id, PickCommand::Start { worker });
            let pick = lines.iter().map(|wanted| {
                let (line, units) = (wanted.line, wanted.units);
                Command::Pick(*id, PickCommand::PickLine { line, units, tote: None })
            });
            [start].into_iter().chain(pick).collect()
        }
        Fact::Pack(id, PackFact::Opened { lines }) => {
            let verify = lines.iter().map(|goods| {
                let units = units(u64::from(goods.units));
                Command::Pack(*id, PackCommand::Verify { line: goods.line, units })
            });
            let seal = Command::Pack(*id, PackCommand::Seal { carton: None, weight_grams: 750 });
            verify.chain([seal]).collect()
        }
        Fact::Parcel(id, ParcelFact::Cleared) => {
            vec![Command::Parcel(*id, ParcelCommand::HandOver)]
        }
        _ => vec![],
    }
}

/// Reports what comes by itself, each message once; what the outside says is never refused.
async fn report(
    mut messages: mpsc::UnboundedReceiver<Came>,
    engine: Arc<Engine<Shop>>,
    secret: Secret,
) {
    while let Some(came) = messages.recv().await {
        let heard = came.heard(&secret);
        for (nth, command) in heard.commands.into_iter().enumerate() {
            let id = CommandId::derive("webhook/sandbox", &format!("{}/{nth}", heard.id));
            let answer = engine.submit(Ask::by_system(id, command)).expect("it is taken").await;
            answer.expect("an answer").expect("the outside is not refused");
        }
    }
}

/// How the orders ended.
#[derive(Debug, Default)]
struct Ends {
    parcels: BTreeMap<OrderId, &'static str>,
    declined: u32,
    captured: BTreeMap<OrderId, u32>,
    money: Vec<(PaymentId, PaymentFact)>,
}

impl Ends {
    fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::Parcel(id, ParcelFact::Delivered { .. }) => {
                self.parcels.insert(id.order, "delivered");
            }
            Fact::Parcel(id, ParcelFact::Lost { .. }) => {
                self.parcels.insert(id.order, "lost");
            }
            Fact::Parcel(id, ParcelFact::ReturnedToSender { .. }) => {
                self.parcels.insert(id.order, "returned");
            }
            Fact::Payment(id, fact) => {
                self.money.push((*id, fact.clone()));
                match fact {
                    PaymentFact::Declined { .. } => self.declined += 1,
                    PaymentFact::Captured { .. } => {
                        *self.captured.entry(id.order).or_default() += 1
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// Works until this is so.
fn work(keeper: &Keeper, over: impl Fn(&Ends) -> bool) -> Ends {
    let reader = keeper.engine.reader().expect("a reader");
    let mut follow = keeper.engine.feed().follow(reader, 0);
    let mut ends = Ends::default();
    while !over(&ends) {
        match follow.take_next().expect("it can be read") {
            Some(block) => {
                for recorded in &block.facts {
                    ends.note(&recorded.fact);
                    crew(&recorded.fact)
                        .into_iter()
                        .for_each(|command| keeper.ask(command, vec![]));
                }
            }
            None => assert!(follow.wait(SOON), "it goes no further: {ends:?}"),
        }
    }
    ends
}

#[test]
fn orders_reach_the_door_whatever_provider_and_carrier_do() {
    let runtime = Runtime::new().expect("a runtime");
    let inbox = runtime.block_on(Inbox::open());
    let url = Some(inbox.url.clone());
    let scene = Scene::with(SandboxArgs { webhooks: url, repeats: 400, ..SandboxArgs::default() });
    let keeper = Keeper::open(&scene);
    let secret = scene.sandbox.secret.clone();
    let reports = runtime.spawn(report(inbox.into_messages(), keeper.engine.clone(), secret));
    let receive = StockCommand::Receive {
        site: flows::routing::home(),
        quantity: units(100),
        location: None,
        lot: None,
        reference: None,
    };
    keeper.ask(Command::Stock(mug(), receive), vec![]);
    let expected: BTreeMap<OrderId, &str> = [
        ("tok_ok", "N1 9GU", "delivered"),
        ("tok_no_answer", "SLOW 1", "delivered"),
        ("tok_error", "FAIL 3", "returned"),
        ("tok_twice", "LOST 1", "lost"),
        ("tok_webhook_first", "N1 9GU", "delivered"),
        ("tok_late", "N1 9GU", "delivered"),
        ("tok_slow", "N1 9GU", "delivered"),
    ]
    .into_iter()
    .map(|(token, postal_code, end)| (place(&keeper, token, postal_code), end))
    .collect();
    place(&keeper, "tok_declined", "N1 9GU");
    let ends = work(&keeper, |ends| ends.parcels.len() == expected.len() && ends.declined == 1);
    assert_eq!(ends.parcels, expected);
    let once: BTreeMap<OrderId, u32> = expected.keys().map(|order| (*order, 1)).collect();
    assert_eq!(ends.captured, once, "each is charged once, who was declined never");
    assert_eq!(keeper.handlers.letters(), []);
    let day = crate::scene::sandbox_time().day();
    let file = runtime.block_on(scene.provider.settlement(&day)).expect("a file");
    let settled = reconcile::read(&file).expect("lines that can be read");
    let ours = ends.money.iter().map(|(payment, fact)| (*payment, fact));
    assert_eq!(reconcile::reconcile(settled, ours), [], "the books agree");
    assert!(!reports.is_finished(), "nothing that came by itself was refused");
}
