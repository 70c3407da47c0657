//! The bench does what it says it measures.

use super::{
    chance::Chance,
    load::{Rush, Shelf, Taste, place},
    placing::{self, Case},
    shop::BenchShop,
    story::Crew,
    yardsticks,
};
use flows::{Fact, Shop};
use std::time::Duration;

fn count(shop: &BenchShop, wanted: impl Fn(&Fact) -> bool) -> usize {
    let reader = shop.engine.reader().expect("a reader");
    let mut lines = journal::LineReader::<Shop>::default();
    let (mut position, mut found) = (0, 0);
    while let Some(block) = reader.block_after(position).expect("a block") {
        for line in block.text().expect("a sound block").lines() {
            found += usize::from(wanted(&lines.read(line).expect("a fact").fact));
        }
        position = block.last;
    }
    found
}

fn is_delivered(fact: &Fact) -> bool {
    matches!(fact, Fact::Order(_, commerce::orders::OrderFact::Delivered { .. }))
}

#[test]
fn a_wave_brings_every_order_to_the_door() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = BenchShop::open(folder.path(), None).expect("a shop");
    let shelf = Shelf::fill(&shop, 10).expect("goods");
    let mut crew = Crew::new(&shop).expect("a crew");
    let (wave, served) =
        crew.deliver(&shop, &shelf, &mut Chance::new(1), 30).expect("a wave of orders");
    assert_eq!((wave.orders, served.refused, served.ids.len()), (30, 0, 30));
    assert_eq!(count(&shop, is_delivered), 30);
    assert_eq!(shop.alarm(), None);
    shop.stop().expect("a clean stop");
}

#[test]
fn a_silent_provider_leaves_orders_placed_and_unpaid() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = BenchShop::open(folder.path(), None).expect("a shop");
    let shelf = Shelf::fill(&shop, 10).expect("goods");
    let first = shop.settle().expect("goods on the shelves");
    shop.silence_provider();
    let taste = Taste::Uniform { lines: 1 };
    let rush = Rush { taste, in_flight: 8, time: Duration::MAX, orders: 20 };
    let served = place(&shop, &shelf, &mut Chance::new(1), rush).expect("orders");
    let last = shop.settle().expect("views and handlers that come level");
    assert_eq!((served.orders, served.waits.len()), (20, 20));
    assert_eq!(last - first, 20 * 5, "five facts an order, and none that follows from a payment");
    let reader = shop.engine.reader().expect("a reader");
    let batches = yardsticks::batches(&*reader, first, u64::MAX - first).expect("what was written");
    assert_eq!(yardsticks::facts(&batches), 20 * 5);
    shop.stop().expect("a clean stop");
}

#[test]
fn a_case_has_a_figure_for_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = BenchShop::open(folder.path(), Some(100)).expect("a shop");
    let shelf = Shelf::fill(&shop, 300).expect("goods");
    let time = Duration::from_millis(50);
    let case = Case { taste: Taste::Hot, in_flight: 16, rounds: 2, time };
    let placed = placing::measure(&shop, &shelf, &mut Chance::new(1), (case, folder.path()))
        .expect("a case");
    assert!(placed.orders_per_second > 0.0 && placed.p99_ms >= placed.p50_ms, "{placed:?}");
    assert!(placed.of_rows > 0.0 && placed.of_blocks > 0.0, "{placed:?}");
    shop.stop().expect("a clean stop");
}
