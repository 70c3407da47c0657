//! A view stands still for a while: its documents stay, the others go on, and it catches up.

use super::toy::*;
use crate::views::*;

#[test]
fn a_paused_view_stands_still_and_the_others_go_on() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens([filled(1, 5), labelled(1, "plum")]);
    house.catch_up(&mut runner);
    let facts = house.happens([filled(1, 1)]);
    runner.apply(&facts);
    runner.pause("jars").unwrap();
    house.happens([filled(1, 7), labelled(1, "pear")]);
    house.catch_up(&mut runner);
    assert_eq!(House::doing(&runner, "jars"), Doing::Paused(3));
    assert_eq!(house.jar(1), content(6, Some("plum")), "what was folded before is written");
    assert_eq!(house.reader().get::<Labels>("all").unwrap().unwrap()["pear"], 1);
    let seen = runner.seen();
    let positions = (seen.position(), seen.position_of("jars"), seen.position_of("labels"));
    assert_eq!(positions, (5, 3, 5));
}

#[test]
fn a_resumed_view_catches_up() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    runner.pause("jars").unwrap();
    for round in 0..5 {
        house.happens(chance(round, 50));
        house.catch_up(&mut runner);
    }
    runner.resume("jars").unwrap();
    assert_eq!(House::doing(&runner, "jars"), Doing::Building(0));
    house.happens(chance(5, 50));
    house.catch_up(&mut runner);
    assert_eq!(House::doing(&runner, "jars"), Doing::Following);
    assert_eq!(runner.seen().position_of("jars"), 300);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn a_pause_is_over_with_the_next_start() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    runner.pause("jars").unwrap();
    house.happens(chance(1, 50));
    house.catch_up(&mut runner);
    let mut runner = house.runner(&views());
    house.catch_up(&mut runner);
    assert_eq!(House::doing(&runner, "jars"), Doing::Following);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn what_is_built_beside_a_paused_view_waits_with_it() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens(chance(1, 50));
    house.happens(chance(2, 50));
    house.catch_up(&mut runner);
    runner.rebuild("jars").unwrap();
    runner.build().unwrap();
    runner.pause("jars").unwrap();
    assert!(!runner.build().unwrap(), "nobody is behind but those that wait");
    house.happens(chance(3, 50));
    house.catch_up(&mut runner);
    assert_eq!(House::doing(&runner, "jars"), Doing::Paused(100));
    runner.resume("jars").unwrap();
    house.catch_up(&mut runner);
    assert_eq!(House::doing(&runner, "jars"), Doing::Following);
    assert_eq!(house.alarms.all(), vec![]);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn a_view_that_failed_is_behind_until_it_is_rebuilt() {
    let mut house = House::new();
    let all = Views::new().with::<Fragile>().with::<Labels>();
    let mut runner = house.runner(&all);
    house.happens([filled(1, 5)]);
    house.catch_up(&mut runner);
    house.happens([filled(1, 13), labelled(1, "plum")]);
    house.catch_up(&mut runner);
    let seen = runner.seen();
    assert_eq!((seen.position(), seen.position_of("fragile")), (3, 1));
    let mended = Views::new().with::<FragileMended>().with::<Labels>();
    let mut runner = house.runner(&mended);
    runner.rebuild("fragile").unwrap();
    house.catch_up(&mut runner);
    assert_eq!(runner.seen().position_of("fragile"), 3);
}

#[test]
fn the_thread_pauses_and_resumes_when_somebody_asks() {
    let mut house = House::new();
    let runner = house.runner(&views());
    house.happens([filled(1, 5)]);
    let (seen, follow) = (runner.seen(), house.feed.follow(house.past(), 0));
    seen.pause("jars");
    seen.pause("no_such_view");
    let thread = std::thread::spawn(move || run(runner, follow));
    let patience = Duration::from_secs(20);
    let facts = house.happens([labelled(1, "plum")]);
    assert!(seen.wait_for(facts[0].position, patience));
    assert_eq!((seen.position_of("jars"), house.jar(1)), (0, None));
    assert!(house.alarm("view_unknown").unwrap().contains("there are jars, labels"));
    seen.resume("jars");
    while seen.statuses().iter().any(|status| status.doing != Doing::Following) {
        std::thread::yield_now();
    }
    house.feed.close();
    thread.join().unwrap().unwrap();
    assert_eq!((seen.position_of("jars"), house.jar(1)), (2, content(5, Some("plum"))));
}
