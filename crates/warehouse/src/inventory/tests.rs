//! What the stock of a SKU does, sentence by sentence.

use super::{
    AdjustReason, BlockReason, Disposition, Stage, Stock, StockCommand as Command,
    StockFact as Fact, StockRefusal as Refusal,
};
use kernel::{FulfilmentId, LineId, OrderId, Quantity, ReturnId, SiteId, spec::given};

mod shortage;

fn order(n: u32) -> OrderId {
    format!("00000000-0000-7000-8000-{n:012}").parse().unwrap()
}

/// Line 1 of the n-th order.
fn line(n: u32) -> LineId {
    LineId::new(order(n), 1)
}

fn site(name: &str) -> SiteId {
    name.parse().unwrap()
}

fn main() -> SiteId {
    site("MAIN")
}

fn quantity(units: u64) -> Quantity {
    Quantity::new(units).unwrap()
}

fn received(units: u32) -> Fact {
    Fact::Received { site: main(), units, location: None, lot: None, reference: None }
}

fn received_in(bin: &str, units: u32) -> Fact {
    let location = Some(bin.into());
    Fact::Received { site: main(), units, location, lot: None, reference: None }
}

fn hold(n: u32, units: u64) -> Command {
    Command::Hold { line: line(n), quantity: quantity(units) }
}

fn held(n: u32, units: u32) -> Fact {
    Fact::Held { line: line(n), units }
}

/// As it was written before it said how many.
fn committed(n: u32) -> Fact {
    Fact::Committed { line: line(n), units: 0 }
}

fn allocate(n: u32, fulfilment: u32, units: u32) -> Command {
    let (line, fulfilment) = (line(n), FulfilmentId::new(order(n), fulfilment));
    Command::Allocate { line, fulfilment, site: main(), units, location: None, lot: None }
}

fn allocated(n: u32, fulfilment: u32, units: u32) -> Fact {
    let (line, fulfilment) = (line(n), FulfilmentId::new(order(n), fulfilment));
    Fact::Allocated { line, fulfilment, site: main(), units, location: None, lot: None }
}

fn allocated_in(bin: &str, n: u32, units: u32) -> Fact {
    let (line, fulfilment, location) = (line(n), FulfilmentId::new(order(n), 1), Some(bin.into()));
    Fact::Allocated { line, fulfilment, site: main(), units, location, lot: None }
}

fn pick(n: u32, units: u32) -> Command {
    Command::Pick { line: line(n), units }
}

fn picked(n: u32, units: u32) -> Fact {
    Fact::Picked { line: line(n), units }
}

fn short_pick(n: u32, found: u32) -> Command {
    Command::ShortPick { line: line(n), found }
}

fn short_picked(n: u32, units: u32) -> Fact {
    Fact::ShortPicked { line: line(n), units }
}

fn pack(n: u32, units: u32) -> Command {
    Command::Pack { line: line(n), units }
}

fn packed(n: u32, units: u32) -> Fact {
    Fact::Packed { line: line(n), units }
}

fn hand_over(n: u32) -> Command {
    Command::HandOver { line: line(n) }
}

fn handed_over(n: u32, units: u32) -> Fact {
    Fact::HandedOver { line: line(n), units }
}

fn release(n: u32, keep: u32) -> Command {
    Command::Release { line: line(n), keep }
}

fn released(n: u32, units: u32, stage: Stage, short: u32) -> Fact {
    Fact::Released { line: line(n), units, stage, short }
}

fn adjust(change: i64) -> Command {
    let (site, reason) = (main(), AdjustReason::Count);
    Command::Adjust { site, change, reason, location: None, lot: None }
}

fn adjusted(change: i64) -> Fact {
    let (site, reason) = (main(), AdjustReason::Count);
    Fact::Adjusted { site, change, reason, location: None, lot: None }
}

fn shortfall(n: u32, units: u32, stage: Stage) -> Fact {
    Fact::Shortfall { line: line(n), units, stage }
}

fn covered(n: u32, units: u32, stage: Stage) -> Fact {
    Fact::Covered { line: line(n), units, stage }
}

fn blocked(units: u32, reason: BlockReason) -> Fact {
    Fact::Blocked { site: main(), units, reason, location: None, lot: None }
}

fn unblocked(units: u32, reason: BlockReason) -> Fact {
    Fact::Unblocked { site: main(), units, reason, location: None, lot: None }
}

/// The way of five units of the first order, as far as the n-th fact.
fn way(facts: usize) -> Vec<Fact> {
    let all = [
        received(10),
        held(1, 5),
        committed(1),
        allocated(1, 1, 5),
        picked(1, 5),
        packed(1, 5),
        handed_over(1, 5),
    ];
    all.into_iter().take(facts).collect()
}

fn with(facts: Vec<Fact>, more: impl IntoIterator<Item = Fact>) -> kernel::spec::Given<Stock> {
    given::<Stock>(facts.into_iter().chain(more))
}

#[test]
fn what_comes_in_can_be_promised() {
    let receive = Command::Receive {
        site: main(),
        quantity: quantity(10),
        location: None,
        lot: None,
        reference: None,
    };
    given::<Stock>([]).when(receive).then([received(10)]);
    assert_eq!(given::<Stock>(way(1)).state().available(), 10);
    let nowhere = Command::Receive {
        site: main(),
        quantity: quantity(1),
        location: Some("".into()),
        lot: None,
        reference: None,
    };
    given::<Stock>([]).when(nowhere).refused(Refusal::BadText);
}

#[test]
fn a_line_holds_what_is_available_and_no_more_and_asking_twice_holds_once() {
    given::<Stock>(way(1)).when(hold(1, 5)).then([held(1, 5)]);
    given::<Stock>(way(2)).when(hold(1, 5)).then_nothing_happened();
    given::<Stock>(way(2)).when(hold(2, 5)).then([held(2, 5)]);
    given::<Stock>(way(2)).when(hold(2, 6)).refused(Refusal::OutOfStock { available: 5 });
    given::<Stock>([]).when(hold(1, 1)).refused(Refusal::OutOfStock { available: 0 });
}

#[test]
fn what_is_held_is_committed_once_and_a_hold_that_is_gone_is_said() {
    let commit = || Command::Commit { line: line(1) };
    let all_that_was_held = Fact::Committed { line: line(1), units: 5 };
    given::<Stock>(way(2)).when(commit()).then([all_that_was_held]);
    given::<Stock>(way(3)).when(commit()).then_nothing_happened();
    given::<Stock>(way(1)).when(commit()).refused(Refusal::NotPromised { line: line(1) });
}

#[test]
fn a_site_sends_what_is_committed_and_asking_twice_allocates_once() {
    given::<Stock>(way(3)).when(allocate(1, 1, 5)).then([allocated(1, 1, 5)]);
    given::<Stock>(way(4)).when(allocate(1, 1, 5)).then_nothing_happened();
    let not_ready = |there| Refusal::NotReady { line: line(1), there };
    given::<Stock>(way(3)).when(allocate(1, 1, 6)).refused(not_ready(5));
    given::<Stock>(way(2)).when(allocate(1, 1, 5)).refused(not_ready(0));
    given::<Stock>(way(1)).when(allocate(1, 1, 5)).refused(Refusal::NotPromised { line: line(1) });
    given::<Stock>(way(3)).when(allocate(1, 1, 0)).then_nothing_happened();
}

#[test]
fn a_site_sends_only_what_lies_there_and_no_picker_is_after() {
    let elsewhere = |units| Command::Allocate {
        line: line(1),
        fulfilment: FulfilmentId::new(order(1), 1),
        site: site("NORTH"),
        units,
        location: None,
        lot: None,
    };
    let refusal = |available| Refusal::NotAtSite { site: site("NORTH"), available };
    given::<Stock>(way(3)).when(elsewhere(1)).refused(refusal(0));
    let north = Fact::Received {
        site: site("NORTH"),
        units: 3,
        location: None,
        lot: None,
        reference: None,
    };
    with(way(3), [north]).when(elsewhere(4)).refused(refusal(3));
}

#[test]
fn a_bin_gives_only_what_lies_in_it() {
    let facts = [received_in("A", 2), received_in("B", 8), held(1, 5), committed(1)];
    let from = |bin: &str| Command::Allocate {
        line: line(1),
        fulfilment: FulfilmentId::new(order(1), 1),
        site: main(),
        units: 5,
        location: Some(bin.into()),
        lot: None,
    };
    let few = Refusal::NotAtSite { site: main(), available: 2 };
    given::<Stock>(facts.clone()).when(from("A")).refused(few);
    given::<Stock>(facts.clone()).when(from("B")).then([allocated_in("B", 1, 5)]);
    let picked = given::<Stock>(facts.into_iter().chain([allocated_in("B", 1, 5), picked(1, 5)]));
    let places: Vec<_> = picked.state().sites()[0]
        .places()
        .iter()
        .map(|place| (place.location.as_deref(), place.units))
        .collect();
    assert_eq!(places, [(Some("A"), 2), (Some("B"), 3)]);
}

#[test]
fn a_line_is_with_one_fulfilment_at_a_time() {
    let part = [received(10), held(1, 5), committed(1), allocated(1, 1, 3)];
    let other = Refusal::OtherFulfilment { line: line(1) };
    given::<Stock>(part.clone()).when(allocate(1, 2, 2)).refused(other.clone());
    let gone = [picked(1, 3), packed(1, 3), handed_over(1, 3)];
    let rest = || given::<Stock>(part.clone().into_iter().chain(gone.clone()));
    rest().when(allocate(1, 1, 3)).then_nothing_happened();
    rest().when(allocate(1, 2, 2)).then([allocated(1, 2, 2)]);
    let second = with(part.into_iter().chain(gone).collect(), [allocated(1, 2, 2)]);
    second.when(allocate(1, 1, 3)).refused(other);
}

#[test]
fn a_picker_tells_how_many_in_all() {
    given::<Stock>(way(4)).when(pick(1, 3)).then([picked(1, 3)]);
    with(way(4), [picked(1, 3)]).when(pick(1, 3)).then_nothing_happened();
    with(way(4), [picked(1, 3)]).when(pick(1, 5)).then([picked(1, 2)]);
    let too_many = Refusal::NotReady { line: line(1), there: 2 };
    with(way(4), [picked(1, 3)]).when(pick(1, 6)).refused(too_many);
    given::<Stock>(way(1)).when(pick(1, 1)).refused(Refusal::NotPromised { line: line(1) });
}

#[test]
fn a_packer_tells_how_many_in_all() {
    given::<Stock>(way(5)).when(pack(1, 2)).then([packed(1, 2)]);
    with(way(5), [packed(1, 2)]).when(pack(1, 2)).then_nothing_happened();
    with(way(5), [packed(1, 2)]).when(pack(1, 5)).then([packed(1, 3)]);
    given::<Stock>(way(4)).when(pack(1, 1)).refused(Refusal::NotReady { line: line(1), there: 0 });
    given::<Stock>(way(1)).when(pack(1, 1)).refused(Refusal::NotPromised { line: line(1) });
}

#[test]
fn on_hand_falls_at_hand_over_and_not_before() {
    for facts in 1..=6 {
        assert_eq!(given::<Stock>(way(facts)).state().on_hand(), 10);
    }
    given::<Stock>(way(6)).when(hand_over(1)).then([handed_over(1, 5)]);
    let gone = given::<Stock>(way(7));
    assert_eq!((gone.state().on_hand(), gone.state().available()), (5, 5));
    assert_eq!(gone.state().promise(line(1)), None);
    gone.when(hand_over(1)).then_nothing_happened();
    given::<Stock>(way(5))
        .when(hand_over(1))
        .refused(Refusal::NotReady { line: line(1), there: 0 });
}

#[test]
fn a_released_unit_gives_back_exactly_what_it_took() {
    for (facts, stage) in [(2, Stage::Held), (3, Stage::Committed), (4, Stage::Allocated)] {
        given::<Stock>(way(facts)).when(release(1, 0)).then([released(1, 5, stage, 0)]);
        given::<Stock>(way(facts)).when(release(1, 3)).then([released(1, 2, stage, 0)]);
        let free = with(way(facts), [released(1, 5, stage, 0)]);
        assert_eq!((free.state().available(), free.state().promise(line(1))), (10, None));
        free.when(release(1, 0)).then_nothing_happened();
    }
    given::<Stock>(way(4)).when(release(1, 5)).then_nothing_happened();
}

#[test]
fn what_was_picked_or_packed_can_be_sold_again_once_it_is_put_back() {
    for (facts, stage) in [(5, Stage::Picked), (6, Stage::Packed)] {
        given::<Stock>(way(facts)).when(release(1, 1)).then([released(1, 4, stage, 0)]);
        let waiting = with(way(facts), [released(1, 4, stage, 0)]);
        let there = waiting.state();
        assert_eq!((there.on_hand(), there.available(), there.blocked()), (10, 5, 4));
        waiting.when(release(1, 1)).then_nothing_happened();
    }
    let put_back = |units| Command::PutBack {
        site: main(),
        quantity: quantity(units),
        location: Some("A".into()),
        lot: None,
    };
    let back = Fact::PutBack { site: main(), units: 4, location: Some("A".into()), lot: None };
    let waiting = || with(way(5), [released(1, 4, Stage::Picked, 0)]);
    waiting().when(put_back(4)).then([back.clone()]);
    waiting().when(put_back(5)).refused(Refusal::NotThere { there: 4 });
    let again = with(way(5), [released(1, 4, Stage::Picked, 0), back]);
    assert_eq!((again.state().available(), again.state().blocked()), (9, 0));
    again.when(put_back(1)).refused(Refusal::NotThere { there: 0 });
}

#[test]
fn the_earliest_stage_is_released_first() {
    let spread = [received(10), held(1, 9), committed(1), allocated(1, 1, 7), picked(1, 5)];
    let spread = || given::<Stock>(spread.clone().into_iter().chain([packed(1, 2)]));
    spread().when(release(1, 1)).then([
        released(1, 2, Stage::Committed, 0),
        released(1, 2, Stage::Allocated, 0),
        released(1, 3, Stage::Picked, 0),
        released(1, 1, Stage::Packed, 0),
    ]);
}
