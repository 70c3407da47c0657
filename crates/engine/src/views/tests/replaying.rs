//! A view is built again slowly, or only to be compared.

use super::toy::*;
use crate::views::*;
use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

fn slowly(facts_a_second: u32) -> Replay {
    Replay { rate: NonZeroU32::new(facts_a_second), then: Then::Swap }
}

fn compare() -> Replay {
    Replay { rate: None, then: Then::Compare }
}

fn checked(runner: &Runner<Pantry>, view: &str) -> Option<Checked> {
    runner.statuses().into_iter().find(|status| status.view == view).unwrap().checked
}

#[test]
fn a_replay_is_no_faster_than_it_may_be() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens(chance(1, 300));
    house.catch_up(&mut runner);
    runner.replay("jars", slowly(100)).unwrap();
    let begin = Instant::now();
    let mut at = |milliseconds| {
        let now = begin + Duration::from_millis(milliseconds);
        while runner.build_at(now).unwrap() {}
        House::doing(&runner, "jars")
    };
    assert_eq!(at(0), Doing::Building(0));
    let Doing::Building(first) = at(500) else { panic!("it is built") };
    assert!((50..=51).contains(&first), "{first}");
    assert_eq!(at(550), Doing::Building(first), "ten steps a second at most");
    assert_eq!(at(60_000), Doing::Building(first + 100), "a second is never made up for");
    assert_eq!(at(61_000), Doing::Building(first + 200));
    assert_eq!(at(62_000), Doing::Following);
    assert_eq!(house.alarms.all(), vec![]);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn a_slow_replay_does_not_slow_down_the_others() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens(chance(1, 100));
    house.happens(chance(2, 100));
    house.catch_up(&mut runner);
    runner.replay("jars", slowly(1)).unwrap();
    runner.rebuild("labels").unwrap();
    let now = Instant::now();
    while runner.build_at(now).unwrap() {}
    assert_eq!(House::doing(&runner, "labels"), Doing::Following);
    assert_eq!(House::doing(&runner, "jars"), Doing::Building(0));
}

#[test]
fn a_comparison_leaves_the_live_view_and_tells_what_differs() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens([filled(1, 5), filled(2, 6)]);
    house.catch_up(&mut runner);
    runner.replay("jars", compare()).unwrap();
    house.catch_up(&mut runner);
    let same = checked(&runner, "jars").unwrap();
    assert_eq!((same.position, same.built.documents, same.different), (2, 2, 0));
    assert_eq!(same.live, Some(same.built));
    house.meddle("UPDATE \"jars@1\" SET document = replace(document, '6', '7')");
    runner.replay("jars", compare()).unwrap();
    assert_eq!(checked(&runner, "jars"), None, "the old answer is no answer any more");
    house.catch_up(&mut runner);
    let other = checked(&runner, "jars").unwrap();
    assert_eq!((other.different, other.keys), (1, vec![key(2)]));
    assert_eq!((other.built, other.live != Some(other.built)), (same.built, true));
    assert_eq!(house.jar(2), content(7, None), "the live one stays as it is");
    assert_eq!(House::doing(&runner, "jars"), Doing::Following);
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name LIKE 'jars@%'";
    let count = house.store.connection().query_row(tables, [], |row| row.get::<_, i64>(0));
    assert_eq!(count.unwrap(), 1);
}
