//! Placing an order: the shop, the echo and PostgreSQL in turn, with few clients and many.

use super::{
    Ground, Paced, Rate, Who,
    rounds::{self, Round},
};
use crate::{
    Fallible,
    asks::{self, Payment},
    chance::Chance,
    echo::{self, Sizes},
    goals::Found,
    load::Window,
    pace::Schedule,
    postgres::{Form, SKUS, Taste},
    shop::{self, Shop},
    visitors::{Carts, Shopper, Visitor},
    wire::{Ask, Wire},
};
use std::{collections::BTreeMap, path::Path, rc::Rc};

/// As much as a first look needs.
const FIRST: usize = 2000;
/// Connections through which requests come at a fixed rate: more than are ever busy.
const LANES: usize = 512;

/// A shop with carts that wait.
pub(super) struct Counter<'a> {
    pub(super) shop: &'a Shop,
    pub(super) carts: Rc<Carts>,
    taste: Taste,
    chance: Chance,
    /// The most that were placed in a second so far.
    top: f64,
}

impl<'a> Counter<'a> {
    /// Places a few orders, to know about how fast it is.
    ///
    /// # Errors
    /// When the shop refuses one.
    pub(super) async fn open(
        shop: &'a Shop,
        taste: Taste,
        payment: Payment,
    ) -> Fallible<Counter<'a>> {
        let carts = Rc::new(Carts { payment, ..Carts::default() });
        let chance = Chance::new(20_101_201);
        let mut counter = Counter { shop, carts, taste, chance, top: 0.0 };
        counter.fill(FIRST).await?;
        let shoppers = Shopper::crowd(32, shop.at, &counter.carts);
        let window = Window { warm: std::time::Duration::ZERO, time: LONG };
        let round = rounds::top("a first look", shoppers, window, None).await?;
        counter.top = round.per_second;
        Ok(counter)
    }

    /// Sees to it that so many carts wait.
    ///
    /// # Errors
    /// When the shop refuses one.
    pub(super) async fn fill(&mut self, many: usize) -> Fallible<()> {
        let waiting = self.carts.waiting.borrow().len();
        let more = self.shop.carts(many.saturating_sub(waiting), self.taste, &mut self.chance);
        let more = more.await?;
        self.carts.waiting.borrow_mut().extend(more);
        Ok(())
    }

    /// One round at the top rate.
    ///
    /// # Errors
    /// When the shop refuses an order.
    pub(super) async fn top(&mut self, clients: usize, window: Window) -> Fallible<Round> {
        let seconds = (window.warm + window.time).as_secs_f64();
        self.fill((self.top * seconds * 1.5) as usize + FIRST).await?;
        self.shop.until_quiet().await;
        eprintln!("    {clients} clients");
        let shoppers = Shopper::crowd(clients, self.shop.at, &self.carts);
        let usage = self.shop.program.usage();
        let round = rounds::top("placing an order", shoppers, window, Some(usage)).await?;
        self.top = self.top.max(round.per_second);
        Ok(round)
    }

    /// One round at a fixed rate.
    ///
    /// # Errors
    /// When the shop refuses an order or sends somebody away.
    pub(super) async fn paced(&mut self, schedule: Schedule) -> Fallible<Round> {
        self.fill(usize::try_from(schedule.total())? + 1).await?;
        self.shop.until_quiet().await;
        let shoppers = Shopper::crowd(LANES, self.shop.at, &self.carts);
        let usage = self.shop.program.usage();
        rounds::paced("placing an order", shoppers, schedule, Some(usage)).await
    }
}

/// Longer than a first look takes: it ends when there are no more carts.
const LONG: std::time::Duration = std::time::Duration::from_secs(60);

/// How orders are paid where they are held against others, who know of no payment.
const PAID: Payment = Payment::AtTheDoor;

/// Rounds by who answered and how many asked.
type Rounds = BTreeMap<(Who, usize), Vec<Round>>;

/// Measures each taste in turn, then p99 at half of the top rate.
///
/// # Errors
/// When somebody does not start, or answers what is not expected.
pub(super) async fn run(ground: &Ground, found: &mut Found) -> Fallible<()> {
    let shop = ground.new_shop("placing").await?;
    for taste in [Taste::Uniform { lines: 1 }, Taste::Uniform { lines: 3 }, Taste::Hot] {
        let mut counter = match &shop {
            Some(shop) => Some(Counter::open(shop, taste, PAID).await?),
            None => None,
        };
        let mut all = Rounds::new();
        for number in 1..=ground.scale.rounds {
            let rounds = ground.scale.rounds;
            eprintln!("  placing, {}: round {number} of {rounds}", taste.name());
            round(ground, &mut counter, taste, &mut all).await?;
        }
        found.rates.extend(medians(&deed(taste), all));
        if let (Some(counter), Taste::Uniform { lines: 1 }) = (&mut counter, taste) {
            found.paced.push(at_half(ground, counter, found.top(&deed(taste), Who::Shop)).await?);
        }
        if let Some(postgres) = &ground.postgres {
            postgres.check().await?;
        }
    }
    if let Some(shop) = &shop {
        by_card(ground, shop, found).await?;
    }
    match shop {
        Some(shop) => shop.stop().await,
        None => Ok(()),
    }
}

/// The same when a provider is asked, who answers over HTTP from the same process.
async fn by_card(ground: &Ground, shop: &Shop, found: &mut Found) -> Fallible<()> {
    let taste = Taste::Uniform { lines: 1 };
    let mut counter = Counter::open(shop, taste, Payment::Card).await?;
    let mut all = Rounds::new();
    for number in 1..=ground.scale.rounds {
        eprintln!("  {BY_CARD}: round {number} of {}", ground.scale.rounds);
        for clients in &ground.scale.clients {
            let round = counter.top(*clients, ground.scale.window()).await?;
            all.entry((Who::Shop, *clients)).or_default().push(round);
            shop.until_quiet().await;
        }
    }
    found.rates.extend(medians(BY_CARD, all));
    let paced = at_half(ground, &mut counter, found.top(BY_CARD, Who::Shop)).await?;
    found.paced.push(Paced { deed: BY_CARD.to_owned(), ..paced });
    Ok(())
}

/// As it stands in the tables.
pub(crate) const BY_CARD: &str = "place, 1 line, by card";

/// As it stands in the tables.
pub(crate) fn deed(taste: Taste) -> String {
    format!("place, {}", taste.name())
}

/// Everybody once, with each number of clients.
async fn round(
    ground: &Ground,
    counter: &mut Option<Counter<'_>>,
    taste: Taste,
    all: &mut Rounds,
) -> Fallible<()> {
    let window = ground.scale.window();
    let echoed = taste == Taste::Uniform { lines: 1 };
    for clients in &ground.scale.clients {
        let mut note = |who, round| all.entry((who, *clients)).or_default().push(round);
        if let Some(counter) = counter {
            note(Who::Shop, counter.top(*clients, window).await?);
            counter.shop.until_quiet().await;
        }
        if echoed {
            let sizes = sizes(counter.as_ref().map(|counter| &*counter.carts));
            note(Who::Echo, echo_round(&ground.folder, sizes, *clients, window).await?);
        }
        let Some(postgres) = &ground.postgres else { continue };
        if !ground.scale.sql_clients.contains(clients) {
            continue;
        }
        for (form, who) in
            [(Form::Transaction, Who::Transaction), (Form::Procedure, Who::Procedure)]
        {
            let tellers = postgres.tellers(*clients, form, (taste, ground.scale.skus)).await?;
            postgres.settle().await?;
            note(who, rounds::top(who.name(), tellers, window, None).await?);
        }
    }
    Ok(())
}

fn sizes(carts: Option<&Carts>) -> Sizes {
    let placed = carts.map_or(0, |carts| carts.answer_bytes.get());
    match placed {
        0 => Sizes::TYPICAL,
        placed => Sizes { placed, ..Sizes::TYPICAL },
    }
}

/// An echo is asked to place orders, too; it knows no carts, and needs none.
async fn echo_round(
    folder: &Path,
    sizes: Sizes,
    clients: usize,
    window: Window,
) -> Fallible<Round> {
    let (program, at) = echo::start(sizes, folder).await?;
    let mut chance = Chance::new(7);
    let ticket = |chance: &mut Chance| asks::Ticket {
        id: chance.uuid().to_string(),
        token: format!("{}{}", chance.uuid().simple(), chance.uuid().simple()),
    };
    let asks: Fallible<Vec<Ask>> = (0..SKUS)
        .map(|_| asks::place_order(&ticket(&mut chance), &chance.uuid().to_string(), PAID))
        .collect();
    let visitors = Visitor::crowd(clients, at, &Rc::new(asks?));
    let round = rounds::top("the echo", visitors, window, Some(program.usage())).await?;
    program.stop(rustix::process::Signal::TERM).await?;
    Ok(round)
}

/// p99 while orders come in at half of the rate that it can take.
async fn at_half(ground: &Ground, counter: &mut Counter<'_>, top: f64) -> Fallible<Paced> {
    let schedule = Schedule { per_second: top / 2.0, time: ground.scale.paced };
    let mut rounds = Vec::new();
    for _ in 0..ground.scale.rounds {
        eprintln!("  placing at {:.0} a second", schedule.per_second);
        rounds.push(counter.paced(schedule).await?);
    }
    let (deed, arriving) = (deed(Taste::Uniform { lines: 1 }), schedule.per_second);
    Ok(Paced { deed, who: Who::Shop, arriving, median: Round::median(&rounds), rounds })
}

/// The middle of each.
pub(super) fn medians(deed: &str, all: Rounds) -> impl Iterator<Item = Rate> {
    all.into_iter().map(move |((who, clients), rounds)| Rate {
        deed: deed.to_owned(),
        who,
        clients,
        median: Round::median(&rounds),
        rounds,
    })
}

/// Bytes of an order and of a list of so many, as the shop answers them.
///
/// # Errors
/// When the shop refuses to show them.
pub(super) async fn measure(shop: &Shop, carts: &Carts, orders: usize) -> Fallible<Sizes> {
    let mut wire = Wire::new(shop.at);
    let ticket = carts.placed.borrow().first().cloned().ok_or("no order has been placed")?;
    let order = shop::insist(&mut wire, asks::order(&ticket)?).await?.body.len();
    let list = shop::insist(&mut wire, shop::as_staff(asks::orders(orders)?)?).await?.body.len();
    Ok(Sizes { placed: carts.answer_bytes.get(), order, list, orders })
}
