//! The laws of the stock, under whatever is asked in whatever order.

use super::{
    AdjustReason, BlockReason, Disposition, Stage, Stock, StockCommand as Command,
    StockFact as Fact, StockRefusal as Refusal,
};
use compact_str::CompactString;
use kernel::{Decider, FulfilmentId, LineId, OrderId, Quantity, ReturnId, SiteId, spec::NOW};
use proptest::prelude::*;
use std::collections::BTreeMap;

const LINES: u32 = 5;

fn order() -> OrderId {
    "018f0000-0000-7000-8000-000000000001".parse().unwrap()
}

fn line() -> impl Strategy<Value = LineId> {
    (1..=LINES).prop_map(|number| LineId::new(order(), number))
}

fn site() -> impl Strategy<Value = SiteId> {
    prop_oneof![3 => Just("MAIN"), 1 => Just("NORTH")].prop_map(|name| name.parse().unwrap())
}

fn bin() -> impl Strategy<Value = Option<CompactString>> {
    prop_oneof![4 => Just(None), 1 => Just(Some("A")), 1 => Just(Some("B"))]
        .prop_map(|bin| bin.map(CompactString::from))
}

fn quantity(most: u64) -> impl Strategy<Value = Quantity> {
    (1..=most).prop_map(|units| Quantity::new(units).unwrap())
}

fn block_reason() -> impl Strategy<Value = BlockReason> {
    prop::sample::select(BlockReason::ALL.as_slice())
}

/// What a person does with goods in a place.
fn physical() -> impl Strategy<Value = Command> {
    let place = || (site(), quantity(6), bin());
    prop_oneof![
        3 => place().prop_map(|(site, quantity, location)| Command::Receive {
            site, quantity, location, lot: None, reference: None,
        }),
        3 => (site(), -8_i64..5, bin()).prop_map(|(site, change, location)| Command::Adjust {
            site, change, reason: AdjustReason::Count, location, lot: None,
        }),
        2 => place().prop_map(|(site, quantity, location)| Command::PutBack {
            site, quantity, location, lot: None,
        }),
        1 => (place(), block_reason()).prop_map(|((site, quantity, location), reason)| {
            Command::Block { site, quantity, reason, location, lot: None }
        }),
        1 => (place(), block_reason()).prop_map(|((site, quantity, location), reason)| {
            Command::Unblock { site, quantity, reason, location, lot: None }
        }),
    ]
}

/// What a story asks, perhaps twice.
fn asked() -> impl Strategy<Value = Command> {
    let fulfilment = (1..4_u32).prop_map(|number| FulfilmentId::new(order(), number));
    let disposition = prop_oneof![Just(Disposition::Restock), Just(Disposition::Scrap)];
    let back = (site(), 1..40_u32, 1..=LINES, quantity(4), disposition);
    prop_oneof![
        4 => (line(), quantity(6)).prop_map(|(line, quantity)| Command::Hold { line, quantity }),
        4 => line().prop_map(|line| Command::Commit { line }),
        2 => (line(), 0..6_u32).prop_map(|(line, keep)| Command::Release { line, keep }),
        5 => (line(), fulfilment, site(), 0..6_u32, bin()).prop_map(
            |(line, fulfilment, site, units, location)| Command::Allocate {
                line, fulfilment, site, units, location, lot: None,
            }
        ),
        4 => (line(), 0..7_u32).prop_map(|(line, units)| Command::Pick { line, units }),
        2 => (line(), 0..6_u32).prop_map(|(line, found)| Command::ShortPick { line, found }),
        4 => (line(), 0..7_u32).prop_map(|(line, units)| Command::Pack { line, units }),
        3 => line().prop_map(|line| Command::HandOver { line }),
        1 => back.prop_map(|(site, number, line, quantity, disposition)| Command::Restock {
            site, return_id: ReturnId::new(order(), number), line, quantity, disposition,
        }),
    ]
}

/// Something that happens to the stock.
#[derive(Clone, Debug)]
enum Event {
    /// A person does something.
    Physical(Command),
    /// A story asks for anything.
    Asked(Command),
    /// A story asks for what comes next for this line: one of the possible things, for some units.
    Onward { line: LineId, which: usize, units: u32 },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => physical().prop_map(Event::Physical),
        2 => asked().prop_map(Event::Asked),
        5 => (line(), 0..4_usize, 1..7_u32)
            .prop_map(|(line, which, units)| Event::Onward { line, which, units }),
    ]
}

/// What a well-behaved story could ask for next, some of it a little too much.
fn onward(stock: &Stock, line: LineId, which: usize, units: u32) -> Command {
    let Some(promise) = stock.promise(line) else {
        return Command::Hold { line, quantity: Quantity::new(u64::from(units)).unwrap() };
    };
    let part = |stage: Stage| units.min(promise.at(stage));
    let mut next = vec![];
    if promise.at(Stage::Held) > 0 {
        next.push(Command::Commit { line });
    }
    if promise.at(Stage::Committed) > 0 && promise.at_site() == 0 {
        let number = promise.source.as_ref().map_or(1, |source| source.fulfilment + 1);
        let fulfilment = FulfilmentId::new(order(), number);
        let most = stock.sites().iter().max_by_key(|site| site.free());
        next.extend(most.map(|site| Command::Allocate {
            line,
            fulfilment,
            site: site.site().clone(),
            units: part(Stage::Committed) - part(Stage::Committed).min(promise.short_open),
            location: None,
            lot: None,
        }));
    }
    if promise.at(Stage::Allocated) > 0 {
        next.push(Command::Pick { line, units: promise.taken + part(Stage::Allocated) });
        let missing = part(Stage::Allocated);
        let found = promise.taken + promise.at(Stage::Allocated) - missing;
        next.push(Command::ShortPick { line, found });
    }
    if promise.at(Stage::Picked) > 0 {
        next.push(Command::Pack { line, units: promise.boxed + part(Stage::Picked) });
    }
    if promise.at(Stage::Packed) > 0 {
        next.push(Command::HandOver { line });
    }
    let release = Command::Release { line, keep: promise.total() - units.min(promise.total()) };
    next.get(which % next.len().max(1)).cloned().unwrap_or(release)
}

/// A second, simpler bookkeeping that knows facts only, as a checker of the journal would.
#[derive(Default)]
struct Book {
    on_hand: i64,
    blocked: i64,
    short: i64,
    stages: BTreeMap<LineId, [i64; 5]>,
}

impl Book {
    fn shift(&mut self, line: LineId, from: Option<Stage>, to: Option<Stage>, units: u32) {
        let stages = self.stages.entry(line).or_default();
        if let Some(from) = from {
            stages[from as usize] -= i64::from(units);
        }
        if let Some(to) = to {
            stages[to as usize] += i64::from(units);
        }
    }

    fn read(&mut self, fact: &Fact) {
        use Stage::{Allocated, Committed, Held, Packed, Picked};
        match fact {
            Fact::Received { units, .. } => self.on_hand += i64::from(*units),
            Fact::Adjusted { change, .. } => self.on_hand += change,
            Fact::Held { line, units } => self.shift(*line, None, Some(Held), *units),
            Fact::Committed { line, units } => {
                let held = self.stages[line][Held as usize];
                assert_eq!(i64::from(*units), held, "all that was held is committed");
                self.shift(*line, Some(Held), Some(Committed), held.try_into().unwrap());
            }
            Fact::Released { line, units, stage, short } => {
                self.shift(*line, Some(*stage), None, *units);
                self.short -= i64::from(*short);
                if matches!(stage, Picked | Packed) {
                    self.blocked += i64::from(*units);
                }
            }
            Fact::Allocated { line, units, .. } => {
                self.shift(*line, Some(Committed), Some(Allocated), *units);
            }
            Fact::Picked { line, units } => {
                self.shift(*line, Some(Allocated), Some(Picked), *units)
            }
            Fact::ShortPicked { line, units } => {
                self.shift(*line, Some(Allocated), Some(Committed), *units);
            }
            Fact::Packed { line, units } => self.shift(*line, Some(Picked), Some(Packed), *units),
            Fact::HandedOver { line, units } => {
                self.shift(*line, Some(Packed), None, *units);
                self.on_hand -= i64::from(*units);
            }
            Fact::PutBack { units, .. } => self.blocked -= i64::from(*units),
            Fact::Restocked { units, disposition, .. } => {
                if *disposition == Disposition::Restock {
                    self.on_hand += i64::from(*units);
                }
            }
            Fact::Shortfall { units, .. } => self.short += i64::from(*units),
            Fact::Covered { units, .. } => self.short -= i64::from(*units),
            Fact::Blocked { units, .. } => self.blocked += i64::from(*units),
            Fact::Unblocked { units, .. } => self.blocked -= i64::from(*units),
        }
    }

    /// The stock equation, and the stock against this book.
    fn check(&self, stock: &Stock) -> Result<(), TestCaseError> {
        let mut promised = 0;
        for stage in Stage::ALL {
            let units: i64 = self.stages.values().map(|stages| stages[stage as usize]).sum();
            prop_assert_eq!(whole(stock.at(stage)), units);
            promised += units;
        }
        let least = self.stages.values().flatten().min().copied().unwrap_or(0);
        prop_assert!(least >= 0 && self.short >= 0 && self.blocked >= 0);
        prop_assert!(self.on_hand >= self.blocked);
        let available = self.on_hand - self.blocked + self.short - promised;
        prop_assert!(available >= 0, "promised {} too many", -available);
        prop_assert_eq!(whole(stock.available()), available);
        prop_assert_eq!(whole(stock.on_hand()), self.on_hand);
        prop_assert_eq!(whole(stock.sellable()), self.on_hand - self.blocked);
        prop_assert_eq!(whole(stock.blocked()), self.blocked);
        prop_assert_eq!(whole(stock.short()), self.short);
        Ok(())
    }
}

fn whole(units: u64) -> i64 {
    i64::try_from(units).unwrap()
}

/// What is kept twice agrees, and every site's own equation holds.
fn agree(stock: &Stock) -> Result<(), TestCaseError> {
    for site in stock.sites() {
        let here = |stage: Stage| -> u64 {
            let lines = stock.promises().filter(|(_, promise)| promise.site() == Some(site.site()));
            lines.map(|(_, promise)| u64::from(promise.at(stage))).sum()
        };
        let mut promised = 0;
        for stage in [Stage::Allocated, Stage::Picked, Stage::Packed] {
            prop_assert_eq!(site.at(stage), here(stage));
            promised += here(stage);
        }
        prop_assert_eq!(site.sellable() + site.short(), promised + site.free());
        let blocked: u64 = BlockReason::ALL.iter().map(|reason| site.blocked_for(*reason)).sum();
        prop_assert_eq!(site.blocked(), blocked);
        let bins: u64 = site.places().iter().map(|place| place.units).sum();
        prop_assert_eq!(bins + site.at(Stage::Picked) + site.at(Stage::Packed), site.on_hand());
        prop_assert!(site.places().iter().all(|place| place.units > 0));
    }
    let mut short = 0;
    for (line, promise) in stock.promises() {
        prop_assert!(promise.total() > 0, "nothing is left of {}", line);
        prop_assert!(promise.at(Stage::Held) == 0 || promise.at(Stage::Committed) == 0);
        prop_assert!(promise.short_open <= promise.at(Stage::Held) + promise.at(Stage::Committed));
        prop_assert!(promise.short_allocated <= promise.at(Stage::Allocated));
        short += u64::from(promise.short());
    }
    prop_assert_eq!(stock.short(), short);
    Ok(())
}

/// Nobody waits for what lies there.
fn nobody_waits_in_vain(stock: &Stock) -> Result<(), TestCaseError> {
    prop_assert!(stock.short_open == 0 || stock.available() == 0);
    for site in stock.sites().iter().filter(|site| site.short() > 0) {
        prop_assert!(site.free() == 0 || stock.available() == 0);
    }
    Ok(())
}

fn stored(stock: &Stock, facts: &[Fact]) -> Result<(), TestCaseError> {
    let json = serde_json::to_string(stock).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Stock>(&json).unwrap(), stock);
    let json = serde_json::to_string(facts).unwrap();
    prop_assert_eq!(serde_json::from_str::<Vec<Fact>>(&json).unwrap(), facts);
    Ok(())
}

fn play(events: Vec<Event>) -> Result<(), TestCaseError> {
    let (mut stock, mut book) = (Stock::default(), Book::default());
    for event in events {
        let (command, by_story) = match event {
            Event::Physical(command) => (command, false),
            Event::Asked(command) => (command, true),
            Event::Onward { line, which, units } => (onward(&stock, line, which, units), true),
        };
        let Ok(facts) = stock.decide(&command, NOW) else { continue };
        for fact in &facts {
            stock.evolve(fact);
            book.read(fact);
            book.check(&stock)?;
            agree(&stock)?;
        }
        nobody_waits_in_vain(&stock)?;
        stored(&stock, &facts)?;
        if by_story {
            let again = stock.decide(&command, NOW);
            let old_news = match &again {
                Ok(facts) => facts.is_empty(),
                // The last unit has left, and with it the line's memory.
                Err(Refusal::NotPromised { line }) => stock.promise(*line).is_none(),
                Err(_) => false,
            };
            prop_assert!(old_news, "{:?} again led to {:?}", command, again);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_stock_equation_holds_at_every_fact_whatever_is_asked(
        events in prop::collection::vec(event(), 1..150),
    ) {
        play(events)?;
    }

    #[test]
    fn what_a_release_gives_back_is_what_the_line_took(units in 1..50_u64, steps in 0..6_usize) {
        let id = LineId::new(order(), 1);
        let (site, fulfilment): (SiteId, _) = ("MAIN".parse().unwrap(), FulfilmentId::new(order(), 1));
        let (amount, all) = (Quantity::new(units).unwrap(), u32::try_from(units).unwrap());
        let mut stock = Stock::default();
        let mut ask = |command: Command| {
            let facts = stock.decide(&command, NOW).unwrap();
            facts.iter().for_each(|fact| stock.evolve(fact));
            (stock.available(), stock.on_hand())
        };
        let (location, lot) = (None, None);
        let receive = Command::Receive {
            site: site.clone(), quantity: Quantity::new(50).unwrap(), location: None, lot: None,
            reference: None,
        };
        let before = ask(receive);
        let way = [
            Command::Hold { line: id, quantity: amount },
            Command::Commit { line: id },
            Command::Allocate { line: id, fulfilment, site: site.clone(), units: all, location, lot },
            Command::Pick { line: id, units: all },
            Command::Pack { line: id, units: all },
        ];
        way.into_iter().take(steps).for_each(|command| { ask(command); });
        let mut after = ask(Command::Release { line: id, keep: 0 });
        if steps > 3 {
            prop_assert_eq!(after, (50 - units, 50));
            after = ask(Command::PutBack { site, quantity: amount, location: None, lot: None });
        }
        prop_assert_eq!(after, before);
    }
}

#[test]
fn the_stock_of_one_pile_is_small_in_the_store() {
    let mut stock = Stock::default();
    stock.evolve(&Fact::Received {
        site: "MAIN".parse().unwrap(),
        units: 100,
        location: None,
        lot: None,
        reference: None,
    });
    let json = serde_json::to_string(&stock).unwrap();
    assert!(json.len() < 140, "{} bytes: {json}", json.len());
}
