//! Clients who place orders: so many at once, each with his next order as soon as the last is answered.

use super::{Fallible, chance::Chance, shop::BenchShop};
use commerce::{
    orders::{NewLine, OrderCommand, OrderLimits, OrderRequest},
    payments::PaymentMethod,
};
use engine::{Answer, Ask, Clock};
use flows::{Command, Shop, routing};
use kernel::{Actor, CommandId, Currency, Money, OrderId, PersonId, Quantity, Sku, VaultId};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;
use warehouse::inventory::StockCommand;

/// What everybody wants when there is a hot one.
pub(super) const HOT: &str = "HOT-1";
/// Units of each SKU that come in at the beginning: more than any bench sells.
const UNITS: u64 = 1_000_000;
/// How many clients the bench has while it only prepares something.
const HANDS: usize = 2048;

/// What is on sale.
pub(super) struct Shelf {
    pub(super) skus: Vec<Sku>,
    hot: Sku,
}

/// Which SKUs an order names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Taste {
    /// So many different ones, each as likely as any other.
    Uniform { lines: usize },
    /// One line, of the hot one.
    Hot,
    /// As uniform; of every twenty orders one has the hot one, too.
    Mixed { lines: usize },
}

/// What clients saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Served {
    pub(super) orders: u64,
    pub(super) refused: u64,
    pub(super) seconds: f64,
    /// Of each order from submit to answer, ascending, in seconds.
    pub(super) waits: Vec<f64>,
    pub(super) ids: Vec<OrderId>,
}

impl Served {
    pub(super) fn per_second(&self) -> f64 {
        self.orders as f64 / self.seconds.max(1e-9)
    }

    /// The wait that this share of all orders stays below, in milliseconds.
    pub(super) fn wait_ms(&self, share: f64) -> f64 {
        quantile(&self.waits, share) * 1e3
    }
}

/// Of ascending values; 0 where there are none.
pub(super) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let last = ascending.len().saturating_sub(1) as f64;
    ascending.get((last * share).round() as usize).copied().unwrap_or(0.0)
}

impl Shelf {
    /// Receives goods of every SKU.
    pub(super) fn fill(shop: &BenchShop, skus: usize) -> Fallible<Shelf> {
        let shelf = Shelf::of(skus);
        shelf.receive(shop, UNITS)?;
        Ok(shelf)
    }

    /// One unit more of every SKU, so that memory holds those states that it has room for; says how
    /// many seconds that took.
    pub(super) fn touch(&self, shop: &BenchShop) -> Fallible<f64> {
        let begin = Instant::now();
        self.receive(shop, 1)?;
        Ok(begin.elapsed().as_secs_f64())
    }

    fn receive(&self, shop: &BenchShop, units: u64) -> Fallible<()> {
        let mut chance = Chance::new(units ^ shop.engine.feed().tip());
        let mut clients = Clients::new(shop);
        let home = routing::home();
        for sku in self.skus.iter().chain([&self.hot]) {
            let receive = StockCommand::Receive {
                site: home.clone(),
                quantity: Quantity::new(units).expect("not more than a line may have"),
                location: None,
                lot: None,
                reference: None,
            };
            let id = CommandId(chance.uuid());
            clients.submit(Ask::by_system(id, Command::Stock(sku.clone(), receive)))?;
            clients.wait(HANDS)?;
        }
        clients.wait(0)
    }

    /// What [`Shelf::fill`] has put there.
    pub(super) fn of(skus: usize) -> Shelf {
        let name = |n: usize| format!("SKU-{n:07}").parse().expect("letters and digits");
        Shelf { skus: (0..skus).map(name).collect(), hot: HOT.parse().expect("a plain name") }
    }

    /// An order as a checkout asks for it; what is personal is in the vault since the cart.
    fn order(&self, taste: Taste, chance: &mut Chance, millis: u64) -> (OrderId, Ask<Shop>) {
        let customer = PersonId(chance.uuid());
        let lines = match taste {
            Taste::Hot => 1,
            Taste::Uniform { lines } | Taste::Mixed { lines } => lines,
        };
        let hot = match taste {
            Taste::Hot => true,
            Taste::Uniform { .. } => false,
            Taste::Mixed { .. } => chance.below(20) == 0,
        };
        let line = |nth: usize, chance: &mut Chance| NewLine {
            sku: match hot && nth == 0 {
                true => self.hot.clone(),
                false => self.skus[chance.below(self.skus.len())].clone(),
            },
            quantity: Quantity::new(1 + chance.next() % 3).expect("one to three"),
            unit_price: Money::new(199 + (chance.next() % 5000).cast_signed(), Currency::GBP),
            stock_kept: true,
        };
        let request = OrderRequest {
            customer,
            country: "United Kingdom".into(),
            currency: Currency::GBP,
            lines: (0..lines).map(|nth| line(nth, chance)).collect(),
            shipping: None,
            method: PaymentMethod::Card,
            token: Some(VaultId(chance.uuid())),
            ship_to: Some(VaultId(chance.uuid())),
            email: None,
            pay_within_seconds: None,
            return_window_days: None,
            from_cart: false,
            limits: OrderLimits::default(),
        };
        let order = OrderId(chance.uuid_at(millis));
        let command = Command::Order(order, OrderCommand::Request(Box::new(request)));
        let ask = Ask {
            id: CommandId(chance.uuid()),
            command,
            actor: Actor::new("person", customer),
            correlation: None,
            fingerprint: Some(chance.next()),
            vault: Vec::new(),
            if_version: None,
        };
        (order, ask)
    }
}

/// How many at once, and when it is enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rush {
    pub(super) taste: Taste,
    pub(super) in_flight: usize,
    /// No order is begun after this time.
    pub(super) time: Duration,
    /// Nor after so many.
    pub(super) orders: u64,
}

/// Places orders until time or number is up, and waits for all answers.
pub(super) fn place(
    shop: &BenchShop,
    shelf: &Shelf,
    chance: &mut Chance,
    rush: Rush,
) -> Fallible<Served> {
    let mut clients = Clients::new(shop);
    let (begin, clock) = (Instant::now(), shop.clock.now());
    let mut begun = 0;
    loop {
        let elapsed = begin.elapsed();
        // Simulated time passes as real time does, so that deadlines lie as far apart as they would.
        shop.clock.advance_to(clock + elapsed);
        let millis = u64::try_from((clock + elapsed).micros() / 1000).unwrap_or(0);
        while elapsed < rush.time && begun < rush.orders && clients.waiting.len() < rush.in_flight {
            let (order, ask) = shelf.order(rush.taste, chance, millis);
            clients.served.ids.push(order);
            clients.submit(ask)?;
            begun += 1;
        }
        if clients.waiting.is_empty() {
            break;
        }
        clients.take_answers()?;
    }
    let mut served = clients.served;
    served.seconds = begin.elapsed().as_secs_f64();
    served.orders = begun - served.refused;
    served.waits.sort_by(f64::total_cmp);
    Ok(served)
}

/// Commands under way, oldest first.
pub(super) struct Clients<'a> {
    shop: &'a BenchShop,
    waiting: VecDeque<(Instant, oneshot::Receiver<Answer<Shop>>)>,
    served: Served,
}

impl<'a> Clients<'a> {
    pub(super) fn new(shop: &'a BenchShop) -> Clients<'a> {
        Clients { shop, waiting: VecDeque::new(), served: Served::default() }
    }

    pub(super) fn submit(&mut self, ask: Ask<Shop>) -> Fallible<()> {
        let answer = self.shop.engine.submit(ask)?;
        self.waiting.push_back((Instant::now(), answer));
        Ok(())
    }

    /// Until no more than so many are under way.
    pub(super) fn wait(&mut self, left: usize) -> Fallible<()> {
        while self.waiting.len() > left {
            self.take_answers()?;
        }
        Ok(())
    }

    /// Commands that were refused.
    pub(super) fn refused(&self) -> u64 {
        self.served.refused
    }

    /// Waits for the oldest answer, and takes all that came with it: those of a batch come together.
    fn take_answers(&mut self) -> Fallible<()> {
        let Some((since, answer)) = self.waiting.pop_front() else { return Ok(()) };
        let gone = || self.shop.engine.failure().unwrap_or_else(|| "it has stopped".to_owned());
        let answer = answer.blocking_recv().map_err(|_| gone())?;
        let now = Instant::now();
        self.served.note(now - since, &answer);
        while let Some((since, answer)) = self.waiting.front_mut() {
            let Ok(answer) = answer.try_recv() else { break };
            self.served.note(now.saturating_duration_since(*since), &answer);
            self.waiting.pop_front();
        }
        Ok(())
    }
}

impl Served {
    fn note(&mut self, wait: Duration, answer: &Answer<Shop>) {
        self.waits.push(wait.as_secs_f64());
        self.refused += u64::from(answer.is_err());
    }
}
