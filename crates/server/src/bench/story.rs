//! Whole stories: orders that are placed, paid, picked, packed, carried and delivered.

use super::{
    Fallible,
    chance::Chance,
    load::{Clients, Rush, Served, Shelf, Taste, place},
    shop::BenchShop,
};
use engine::{Ask, Clock, Follow};
use flows::{Command, Fact, Shop};
use kernel::{Actor, CommandId, Quantity, Recorded};
use std::time::{Duration, Instant};
use warehouse::{
    packs::{PackCommand, PackFact},
    picks::{PickCommand, PickFact},
    shipping::{ParcelCommand, ParcelFact},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Asked daily, the simulated carrier has delivered after three days at the latest.
const DAYS: u32 = 4;
/// Commands of the crew under way at once.
const HANDS: usize = 1024;

/// The people of the warehouse, who do what the journal says is to be done.
pub(super) struct Crew {
    follow: Follow<Shop>,
}

/// What a wave came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wave {
    pub(super) orders: u64,
    pub(super) facts: u64,
    pub(super) seconds: f64,
}

impl Crew {
    /// They begin with what happens from now on.
    pub(super) fn new(shop: &BenchShop) -> Fallible<Crew> {
        let feed = shop.engine.feed();
        Ok(Crew { follow: feed.follow(shop.engine.reader()?, feed.tip()) })
    }

    /// So many orders from the request to the door; ends when views and handlers are level.
    pub(super) fn deliver(
        &mut self,
        shop: &BenchShop,
        shelf: &Shelf,
        chance: &mut Chance,
        orders: u64,
    ) -> Fallible<(Wave, Served)> {
        let (begin, first) = (Instant::now(), shop.engine.feed().tip());
        let taste = Taste::Mixed { lines: 3 };
        let rush = Rush { taste, in_flight: 512, time: Duration::MAX, orders };
        let served = place(shop, shelf, chance, rush)?;
        self.work(shop)?;
        for _ in 0..DAYS {
            shop.clock.advance_to(shop.clock.now() + DAY);
            shop.engine.ring()?;
            self.work(shop)?;
        }
        let last = shop.settle()?;
        let seconds = begin.elapsed().as_secs_f64();
        Ok((Wave { orders: served.orders, facts: last - first, seconds }, served))
    }

    /// Until nothing is left to do.
    fn work(&mut self, shop: &BenchShop) -> Fallible<()> {
        let mut clients = Clients::new(shop);
        loop {
            while let Some(block) = self.follow.take_next()? {
                for recorded in &block.facts {
                    for ask in asks(recorded) {
                        clients.submit(ask)?;
                    }
                    clients.wait(HANDS)?;
                }
            }
            clients.wait(0)?;
            let handled = shop.handled()?;
            if self.follow.is_level() && shop.engine.feed().tip() == handled {
                break;
            }
        }
        match clients.refused() {
            0 => Ok(()),
            refused => Err(format!("{refused} commands of the crew were refused").into()),
        }
    }
}

/// What somebody does when he sees this on his list.
fn asks(recorded: &Recorded<Shop>) -> Vec<Ask<Shop>> {
    let worker = Actor::new("worker", "1");
    let mut asks = Vec::new();
    let mut add = |what: &str, line: u32, command: Command| {
        let key = format!("{what}/{}/{line}", recorded.position);
        let ask = Ask::by_system(CommandId::derive("bench", &key), command);
        asks.push(Ask { actor: worker.clone(), ..ask });
    };
    match &recorded.fact {
        Fact::Pick(id, PickFact::Opened { lines, .. }) => {
            let start = PickCommand::Start { worker: worker.clone() };
            add("start", 0, Command::Pick(*id, start));
            for wanted in lines {
                let (line, units) = (wanted.line, wanted.units);
                let pick = PickCommand::PickLine { line, units, tote: None };
                add("pick", line, Command::Pick(*id, pick));
            }
        }
        Fact::Pack(id, PackFact::Opened { lines }) => {
            for goods in lines {
                let units = u64::from(goods.units);
                let units = Quantity::new(units).expect("as many as were ordered");
                let verify = PackCommand::Verify { line: goods.line, units };
                add("verify", goods.line, Command::Pack(*id, verify));
            }
            let seal = PackCommand::Seal { carton: None, weight_grams: 750 };
            add("seal", 0, Command::Pack(*id, seal));
        }
        Fact::Parcel(id, ParcelFact::Cleared) => {
            add("hand-over", 0, Command::Parcel(*id, ParcelCommand::HandOver));
        }
        _ => {}
    }
    asks
}
