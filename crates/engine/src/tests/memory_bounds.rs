//! Caches have limits, and whatever they drop is found again.

use super::bank::*;
use crate::Limits;

#[test]
fn a_cache_of_ten_entries_is_enough_for_ten_thousand_accounts() {
    let limits = Limits { states: 10, commands: 10, checkpoint_facts: 100, ..Limits::default() };
    let house = House::with(limits);
    for round in 0..3 {
        for n in 0..500 {
            house.ask(&format!("{round}/{n}"), pay(n, 1)).unwrap();
        }
    }
    assert!((0..500).all(|n| house.balance(n) == 3));
    assert!(house.ask("0/17", pay(17, 1)).unwrap().repeated);
}

#[test]
fn with_the_checkpoint_paused_a_full_cache_forces_one() {
    let limits =
        Limits { states: 10, commands: 10, checkpoint_facts: usize::MAX, ..Limits::default() };
    let house = House::with(limits);
    for round in 0..3 {
        (0..100).for_each(|n| drop(house.ask(&format!("{round}/{n}"), pay(n, 1)).unwrap()));
    }
    assert!((0..100).all(|n| house.balance(n) == 3));
}
