//! Looking: an order, a list of orders, and a list that knows the newest order while others come in.

use super::{
    Ground, Paced, Rate, Who,
    placing::{Counter, measure, medians},
    rounds::{self, Round},
};
use crate::{
    Fallible,
    asks::{self, Payment},
    echo::{self, Sizes},
    goals::Found,
    load,
    pace::Schedule,
    postgres::Taste,
    shop::{self, Shop},
    visitors::{Follower, Shopper, Visitor},
    wire::Ask,
};
use std::{collections::BTreeMap, net::SocketAddr, rc::Rc, time::Duration};

/// As they stand in the tables.
pub(crate) const ORDER: &str = "an order by its id";
pub(crate) const LIST: &str = "a list of 50 orders";
pub(crate) const AFTER: &str = "a list that knows the newest order";

/// Orders that are looked at.
const ORDERS: usize = 10_000;
/// Of a list.
const LISTED: usize = 50;
/// Connections through which requests come at a fixed rate.
const LANES: usize = 256;
/// How often somebody asks for what is newest.
const FOLLOWED_PER_SECOND: f64 = 200.0;

/// Measures all three.
///
/// # Errors
/// When somebody does not start, or answers what is not expected.
pub(super) async fn run(ground: &Ground, found: &mut Found) -> Fallible<()> {
    let Some(shop) = ground.new_shop("reading").await? else {
        return echo_alone(ground, found).await;
    };
    let mut counter = Counter::open(&shop, Taste::Uniform { lines: 1 }, Payment::Card).await?;
    place_more(&mut counter, ORDERS).await?;
    let sizes = measure(&shop, &counter.carts, LISTED).await?;
    let (echo, echo_at) = echo::start(sizes, &ground.folder).await?;
    let orders: Fallible<Vec<Ask>> =
        counter.carts.placed.borrow().iter().map(asks::order).collect();
    let orders = Rc::new(orders?);
    let list = Rc::new(vec![shop::as_staff(asks::orders(LISTED)?)?]);
    for (deed, asks) in [(ORDER, &orders), (LIST, &list)] {
        let servers =
            [(Who::Shop, shop.at, shop.program.usage()), (Who::Echo, echo_at, echo.usage())];
        found.rates.extend(look(ground, deed, asks, &servers).await?);
        let top = found.top(deed, Who::Shop);
        found.paced.push(at_half(ground, &shop, (deed, asks), top).await?);
    }
    echo.stop(rustix::process::Signal::TERM).await?;
    found.paced.push(follow(ground, &mut counter, &list[0]).await?);
    shop.stop().await
}

/// Until so many have been placed.
async fn place_more(counter: &mut Counter<'_>, orders: usize) -> Fallible<()> {
    let placed = counter.carts.placed.borrow().len();
    counter.fill(orders.saturating_sub(placed)).await?;
    let shoppers = Shopper::crowd(64, counter.shop.at, &counter.carts);
    let window = load::Window { warm: Duration::ZERO, time: Duration::from_secs(3600) };
    load::closed(shoppers, window).await?.0.honest("placing orders to look at")?;
    counter.shop.until_quiet().await;
    Ok(())
}

/// A server, where it listens, and what it uses.
type Server = (Who, SocketAddr, crate::machine::Usage);

async fn look(
    ground: &Ground,
    deed: &str,
    asks: &Rc<Vec<Ask>>,
    servers: &[Server],
) -> Fallible<Vec<Rate>> {
    let mut all: BTreeMap<(Who, usize), Vec<Round>> = BTreeMap::new();
    for number in 1..=ground.scale.rounds {
        eprintln!("  {deed}: round {number} of {}", ground.scale.rounds);
        for clients in &ground.scale.clients {
            for (who, at, usage) in servers {
                let visitors = Visitor::crowd(*clients, *at, asks);
                let window = ground.scale.window();
                let round = rounds::top(deed, visitors, window, Some(*usage)).await?;
                all.entry((*who, *clients)).or_default().push(round);
            }
        }
    }
    Ok(medians(deed, all).collect())
}

/// p99 at half of the rate that it can take.
async fn at_half(
    ground: &Ground,
    shop: &Shop,
    (deed, asks): (&str, &Rc<Vec<Ask>>),
    top: f64,
) -> Fallible<Paced> {
    let schedule = Schedule { per_second: top / 2.0, time: ground.scale.paced };
    let mut rounds = Vec::new();
    for _ in 0..ground.scale.rounds {
        eprintln!("  {deed} at {:.0} a second", schedule.per_second);
        let visitors = Visitor::crowd(LANES, shop.at, asks);
        let usage = Some(shop.program.usage());
        rounds.push(rounds::paced(deed, visitors, schedule, usage).await?);
    }
    let (deed, arriving) = (deed.to_owned(), schedule.per_second);
    Ok(Paced { deed, who: Who::Shop, arriving, median: Round::median(&rounds), rounds })
}

/// Some ask for a list that knows the newest order, while orders come in at half of the top rate.
async fn follow(ground: &Ground, counter: &mut Counter<'_>, ask: &Ask) -> Fallible<Paced> {
    let top = counter.top(*ground.scale.clients.last().unwrap_or(&128), ground.scale.window());
    let placing = Schedule { per_second: top.await?.per_second / 2.0, time: ground.scale.paced };
    let following = Schedule { per_second: FOLLOWED_PER_SECOND, time: ground.scale.paced };
    let mut rounds = Vec::new();
    for _ in 0..ground.scale.rounds {
        eprintln!("  {AFTER}, while {:.0} orders a second come in", placing.per_second);
        counter.fill(usize::try_from(placing.total())? + 1).await?;
        counter.shop.until_quiet().await;
        let (at, carts) = (counter.shop.at, &counter.carts);
        let followed = rounds::paced(AFTER, Follower::crowd(32, at, ask, carts), following, None);
        let shoppers = Shopper::crowd(LANES, at, carts);
        let placed = rounds::paced("placing beside it", shoppers, placing, None);
        let (followed, placed) = futures_util::future::join(followed, placed).await;
        placed?;
        rounds.push(followed?);
    }
    let (deed, arriving) = (AFTER.to_owned(), FOLLOWED_PER_SECOND);
    Ok(Paced { deed, who: Who::Shop, arriving, median: Round::median(&rounds), rounds })
}

async fn echo_alone(ground: &Ground, found: &mut Found) -> Fallible<()> {
    let (echo, at) = echo::start(Sizes::TYPICAL, &ground.folder).await?;
    let order =
        Rc::new(vec![crate::wire::get("/api/v1/orders/018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10")?]);
    let list = Rc::new(vec![asks::orders(LISTED)?]);
    for (deed, asks) in [(ORDER, &order), (LIST, &list)] {
        let rates = look(ground, deed, asks, &[(Who::Echo, at, echo.usage())]).await?;
        found.rates.extend(rates);
    }
    echo.stop(rustix::process::Signal::TERM).await
}
