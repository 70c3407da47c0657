//! Views follow, stop alone, and are read as soon as they are written.

use super::toy::*;
use crate::views::*;
use std::{thread, time::Duration};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn documents_and_position_appear_together_when_they_are_written() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    let facts = house.happens([filled(1, 5), filled(2, 1), labelled(1, "plum")]);
    runner.apply(&facts);
    assert_eq!((house.jar(1), house.reader().position::<Jars>().unwrap()), (None, 0));
    runner.flush().unwrap();
    assert_eq!(house.jar(1), content(5, Some("plum")));
    assert_eq!(house.reader().position::<Jars>().unwrap(), 3);
    assert_eq!(house.reader().get::<Labels>("all").unwrap().unwrap()["plum"], 1);
}

#[test]
fn facts_that_are_known_already_are_skipped() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    let facts = house.happens([filled(1, 5), filled(1, 6)]);
    runner.apply(&facts[..1]);
    runner.apply(&facts);
    runner.apply(&facts);
    runner.flush().unwrap();
    assert_eq!(house.jar(1), content(11, None));
}

#[test]
fn a_document_that_is_as_before_its_first_fact_is_not_kept() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens([filled(1, 5)]);
    house.catch_up(&mut runner);
    house.happens([broken(1)]);
    house.catch_up(&mut runner);
    assert_eq!(house.jar(1), None);
    assert_eq!(house.reader().count::<Jars>(&Query::new()).unwrap(), 0);
    house.happens([filled(1, 7)]);
    house.catch_up(&mut runner);
    assert_eq!(house.jar(1), content(7, None));
}

#[test]
fn a_crash_between_two_flushes_loses_nothing() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens(chance(1, 300));
    house.catch_up(&mut runner);
    let lost = house.happens(chance(2, 300));
    runner.apply(&lost);
    drop(runner);
    let mut runner = house.runner(&views());
    assert_eq!(runner.position(), 300);
    house.catch_up(&mut runner);
    assert_eq!(house.reader().position::<Jars>().unwrap(), 600);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn memory_is_bounded_and_documents_come_back_from_the_table() {
    let mut house = House::new();
    house.bounds.documents = 4;
    for round in 0..50 {
        let mut runner = house.runner(&views());
        house.happens(chance(round, 40));
        house.catch_up(&mut runner);
        house.happens(chance(round + 100, 40));
        house.catch_up(&mut runner);
    }
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn too_many_unwritten_facts_or_documents_ask_for_a_flush() {
    let mut house = House::new();
    house.bounds = Bounds { unpublished_facts: 3, documents: 2, ..Bounds::default() };
    let mut runner = house.runner(&views());
    let facts = house.happens([filled(1, 1), filled(1, 1), filled(1, 1)]);
    runner.apply(&facts[..2]);
    assert!(!runner.is_full());
    runner.apply(&facts);
    assert!(runner.is_full());
    runner.flush().unwrap();
    let facts = house.happens([filled(2, 1), filled(3, 1)]);
    runner.apply(&facts);
    assert!(runner.is_full());
    runner.flush().unwrap();
    assert!(!runner.is_full());
}

#[test]
fn a_view_that_panics_stops_alone_and_stays_readable() {
    let mut house = House::new();
    let both = views().with::<Fragile>();
    let mut runner = house.runner(&both);
    house.happens([filled(1, 5)]);
    house.catch_up(&mut runner);
    house.happens([filled(2, 1), filled(1, 13), filled(1, 1)]);
    house.catch_up(&mut runner);
    assert_eq!(house.jar(1), content(19, None), "the others go on");
    let fragile = |n| house.reader().get::<Fragile>(&key(n)).unwrap();
    assert_eq!((fragile(1), fragile(2)), (content(5, None), None), "as it was written");
    assert_eq!(house.reader().position::<Fragile>().unwrap(), 1);
    let alarm = house.alarm("view_failed").unwrap();
    for part in ["fragile", "position 3", "thirteen", "cartage views rebuild fragile"] {
        assert!(alarm.contains(part), "{alarm}");
    }
    assert!(matches!(House::doing(&runner, "fragile"), Doing::Failed { position: 3, .. }));
    assert_eq!(house.alarms.all().len(), 1);
}

#[test]
fn a_view_that_failed_goes_on_from_where_it_stopped_once_it_was_mended() {
    let mut house = House::new();
    let mut runner = house.runner(&views().with::<Fragile>());
    house.happens([filled(1, 5)]);
    house.catch_up(&mut runner);
    house.happens([filled(1, 13)]);
    house.catch_up(&mut runner);
    let mended = views().with::<FragileMended>();
    let mut runner = house.runner(&mended);
    assert_eq!(House::doing(&runner, "fragile"), Doing::Building(1));
    house.happens([filled(1, 1)]);
    house.catch_up(&mut runner);
    assert_eq!(House::doing(&runner, "fragile"), Doing::Following);
    assert_eq!(house.reader().get::<FragileMended>(&key(1)).unwrap(), content(19, None));
    house.assert_equal_to_rebuilt(&mended);
}

#[test]
fn a_view_that_cannot_be_stored_stops_alone() {
    let mut house = House::new();
    let mut runner = house.runner(&views().with::<Crooked>());
    house.happens([filled(1, 5)]);
    house.catch_up(&mut runner);
    assert_eq!(house.jar(1), content(5, None));
    assert!(house.alarm("view_failed").unwrap().contains("0 columns instead of 1"));
    assert_eq!(house.reader().count::<Crooked>(&Query::new()).unwrap(), 0);
}

#[test]
fn a_corrupt_document_stops_its_view_until_it_is_rebuilt() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens([filled(1, 5), labelled(2, "plum")]);
    house.catch_up(&mut runner);
    house.meddle("UPDATE \"jars@1\" SET document = '{'");
    let error = house.reader().get::<Jars>(&key(1)).unwrap_err().to_string();
    assert!(error.contains(&key(1)) && error.contains("cartage views rebuild jars"), "{error}");
    let mut runner_after = house.runner(&views());
    drop(runner);
    house.happens([filled(1, 1), labelled(1, "pear")]);
    house.catch_up(&mut runner_after);
    assert!(house.alarm("view_failed").unwrap().contains("cannot be read"));
    assert_eq!(house.reader().get::<Labels>("all").unwrap().unwrap().len(), 2);
    runner_after.rebuild("jars").unwrap();
    house.catch_up(&mut runner_after);
    assert_eq!(house.jar(1), content(6, Some("pear")));
    assert_eq!(House::doing(&runner_after, "jars"), Doing::Following);
}

#[test]
fn what_could_not_be_written_can_be_read_and_is_written_with_what_comes_next() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens([filled(1, 5)]);
    house.catch_up(&mut runner);
    let facts = house.happens([filled(1, 1), labelled(2, "plum")]);
    runner.apply(&facts);
    house.meddle("PRAGMA query_only = ON");
    assert!(matches!(runner.flush(), Err(Error::ReadOnly { .. })));
    assert_eq!((house.jar(1), runner.seen().position()), (content(6, None), 3));
    assert_eq!(house.reader().position::<Jars>().unwrap(), 1);
    house.meddle("PRAGMA query_only = OFF");
    house.happens([filled(1, 1)]);
    house.catch_up(&mut runner);
    assert_eq!((house.jar(1), runner.seen().position()), (content(7, None), 4));
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn whoever_waits_for_a_position_reads_his_own_words() {
    let mut house = House::new();
    house.bounds.delay = Duration::from_secs(3600);
    house.bounds.linger = Duration::from_secs(3600);
    let runner = house.runner(&views());
    let (seen, follow) = (runner.seen(), house.feed.follow(house.past(), 0));
    let thread = thread::spawn(move || run(runner, follow));
    for n in 1..=200 {
        let facts = house.happens([filled(1, 1)]);
        assert!(seen.wait_for(facts[0].position, PATIENCE));
        assert_eq!(house.jar(1), content(n, None));
    }
    assert!(!seen.wait_for(1000, Duration::ZERO));
    house.feed.close();
    thread.join().unwrap().unwrap();
    assert!(!seen.wait_for(1000, PATIENCE), "nobody waits for what will not come");
}

#[test]
fn the_end_of_the_feed_finds_everything_written() {
    let mut house = House::new();
    let runner = house.runner(&views());
    house.happens(chance(3, 500));
    house.happens(chance(4, 500));
    house.feed.close();
    let follow = house.feed.follow(house.past(), 0);
    run(runner, follow).unwrap();
    assert_eq!(house.reader().position::<Jars>().unwrap(), 1000);
    house.assert_equal_to_rebuilt(&views());
}
