//! What is published is read at once, whether or not it is in the file yet.

use super::toy::*;
use crate::views::*;
use kernel::Column;
use std::{
    thread,
    time::{Duration, Instant},
};

/// Everything that can be asked of the jars.
fn asked(house: &House) -> Vec<String> {
    let reader = house.reader();
    let (number, text) = (Column::Number, |text: &str| Column::Text(text.to_owned()));
    let filtered = [
        Query::new(),
        Query::new().equal("label", text("plum")),
        Query::new().equal("amount", number(7)),
        Query::new().absent("label"),
        Query::new().range("amount", number(3)..number(20)),
        Query::new().range("label", text("pear")..=text("plum")),
    ];
    let mut told = Vec::new();
    for filter in filtered {
        told.push(format!("{:?}", reader.count::<Jars>(&filter).unwrap()));
        let sorted = [
            filter.clone(),
            filter.clone().ascending("label"),
            filter.clone().descending("label"),
            filter.clone().ascending("amount"),
            filter.clone().descending("amount"),
        ];
        for (query, limit) in sorted.into_iter().flat_map(|query| [(query.clone(), 3), (query, 50)])
        {
            let mut query = query.limit(limit);
            loop {
                let page = reader.list::<Jars>(&query).unwrap();
                told.push(format!("{page:?}"));
                let Some(next) = page.next else { break };
                query = query.after(next);
            }
        }
    }
    reader.all::<Jars>(|key, content| told.push(format!("{key} {content:?}"))).unwrap();
    told.extend((0..40).map(|n| format!("{:?}", house.jar(n))));
    told
}

/// Steps of a runner that differ in nothing that can be read.
#[derive(Clone, Copy)]
enum Step {
    Publish,
    WriteBehind,
    Flush,
}

const STEPS: [Step; 7] = [
    Step::Publish,
    Step::WriteBehind,
    Step::Publish,
    Step::Publish,
    Step::Flush,
    Step::Publish,
    Step::WriteBehind,
];

fn take(runner: &mut Runner<Pantry>, step: Step) {
    match step {
        Step::Publish => runner.publish(),
        Step::WriteBehind => {
            runner.publish();
            runner.write_behind().unwrap();
        }
        Step::Flush => runner.flush().unwrap(),
    }
}

#[test]
fn whether_it_is_written_makes_no_difference_to_who_reads() {
    let folder = tempfile::tempdir().unwrap();
    for is_file in [false, true] {
        let mut written = House::new();
        let mut house = if is_file {
            House::over(Store::open(&folder.path().join("views.db")).unwrap())
        } else {
            House::new()
        };
        // Few documents in memory: those that were put out come back from what is not written.
        house.bounds = Bounds { documents: 5, ..Bounds::default() };
        let mut runners = (written.runner(&views()), house.runner(&views()));
        if is_file {
            runners.1.hire();
        }
        for round in 0..28 {
            let facts: Vec<_> = chance(round + 1, 15).collect();
            written.happens(facts.clone());
            written.catch_up(&mut runners.0);
            let facts = house.happens(facts);
            runners.1.apply(&facts);
            take(&mut runners.1, STEPS[round as usize % STEPS.len()]);
            assert_eq!(runners.1.seen().position(), facts.last().unwrap().position);
            assert_eq!(asked(&house), asked(&written), "round {round}");
        }
        runners.1.flush().unwrap();
        assert!(!runners.1.has_unwritten());
        assert_eq!(asked(&house), asked(&written));
        house.assert_equal_to_rebuilt(&views());
    }
}

#[test]
fn what_is_published_waits_for_its_bulk_and_a_new_runner_folds_it_again() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens([filled(1, 1)]);
    house.catch_up(&mut runner);
    let facts = house.happens([filled(1, 2)]);
    runner.apply(&facts);
    assert_eq!(house.jar(1), content(1, None), "it was folded only");
    runner.publish();
    assert_eq!(house.jar(1), content(3, None));
    assert_eq!(house.reader().position::<Jars>().unwrap(), 1, "the file knows nothing of it");
    assert!(runner.has_unwritten() && !runner.has_unpublished());
    let mut after_a_crash = house.runner(&views());
    assert_eq!(house.jar(1), content(1, None));
    house.catch_up(&mut after_a_crash);
    assert_eq!(house.jar(1), content(3, None));
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn no_more_waits_to_be_written_than_may() {
    let mut house = House::new();
    house.bounds.unwritten = 4_000;
    let mut runner = house.runner(&views());
    let facts = house.happens((0..5).map(|n| filled(n, 1)));
    runner.apply(&facts);
    runner.publish();
    assert!(!runner.is_full());
    let facts = house.happens((0..40).map(|n| filled(n, 1)));
    runner.apply(&facts);
    runner.publish();
    assert!(runner.is_full());
    runner.flush().unwrap();
    assert!(!runner.is_full());
}

#[test]
fn a_view_that_stops_keeps_what_was_published() {
    let mut house = House::new();
    let mut runner = house.runner(&views().with::<Fragile>());
    let facts = house.happens([filled(1, 5)]);
    runner.apply(&facts);
    runner.publish();
    let facts = house.happens([filled(1, 1), filled(1, 13)]);
    runner.apply(&facts);
    runner.flush().unwrap();
    assert!(matches!(House::doing(&runner, "fragile"), Doing::Failed { position: 3, .. }));
    assert_eq!(house.reader().get::<Fragile>(&key(1)).unwrap(), content(5, None));
    assert_eq!(house.reader().position::<Fragile>().unwrap(), 1, "and it was written");
    assert_eq!((house.jar(1), runner.seen().position_of("fragile")), (content(19, None), 1));
}

#[test]
fn what_is_written_by_another_thread_and_fails_is_told_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::over(Store::open(&folder.path().join("views.db")).unwrap());
    let mut runner = house.runner(&views());
    runner.hire();
    house.meddle("PRAGMA query_only = ON");
    let facts = house.happens([filled(1, 5)]);
    runner.apply(&facts);
    runner.publish();
    runner.write_behind().unwrap();
    assert!(matches!(runner.settle(true), Err(Error::ReadOnly { .. })));
    assert_eq!(house.jar(1), content(5, None), "it can be read all the same");
    house.meddle("PRAGMA query_only = OFF");
    let facts = house.happens([filled(1, 1), filled(2, 2)]);
    runner.apply(&facts);
    runner.flush().unwrap();
    assert_eq!((house.jar(1), house.jar(2)), (content(6, None), content(2, None)));
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn many_read_while_one_publishes_and_another_writes() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::over(Store::open(&folder.path().join("views.db")).unwrap());
    house.bounds.delay = Duration::from_millis(2);
    house.bounds.hold = Duration::from_millis(2);
    house.bounds.linger = Duration::from_millis(1);
    house.happens((0..40).map(|n| filled(n, 1)));
    let runner = house.runner(&views());
    let (seen, follow) = (runner.seen(), house.feed.follow(house.past(), 0));
    let views_thread = thread::spawn(move || run(runner, follow));
    assert!(seen.wait_for(40, Duration::from_secs(60)));
    let reader = house.reader();
    thread::scope(|scope| {
        let walk = || {
            for _ in 0..200 {
                // No jar is ever emptied here: each is found once, wherever it is at the moment.
                let query = Query::new().descending("amount").limit(100);
                let page = reader.list::<Jars>(&query).unwrap();
                assert_eq!(page.rows.len(), 40);
                assert_eq!(reader.count::<Jars>(&Query::new()).unwrap(), 40);
                let mut keys = Vec::new();
                reader.all::<Jars>(|key, _| keys.push(key)).unwrap();
                assert!(keys.is_sorted() && keys.len() == 40);
            }
        };
        let readers = [scope.spawn(walk), scope.spawn(walk)];
        while !readers.iter().all(|reader| reader.is_finished()) {
            let facts = house.happens((0..40).step_by(3).map(|n| filled(n, 1)));
            assert!(seen.wait_for(facts.last().unwrap().position, Duration::from_secs(60)));
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
    house.feed.close();
    views_thread.join().unwrap().unwrap();
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn what_is_written_waits_no_longer_even_if_nothing_more_happens() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::over(Store::open(&folder.path().join("views.db")).unwrap());
    let runner = house.runner(&views());
    let (seen, follow) = (runner.seen(), house.feed.follow(house.past(), 0));
    let views_thread = thread::spawn(move || run(runner, follow));
    house.happens([filled(1, 1)]);
    assert!(seen.wait_for(1, Duration::from_secs(60)));
    let waits = || !house.store.fresh().layer("jars", Side::Live).is_empty();
    let deadline = Instant::now() + Duration::from_secs(60);
    while waits() && Instant::now() < deadline {
        thread::yield_now();
    }
    assert!(!waits());
    assert_eq!(house.jar(1), content(1, None));
    house.feed.close();
    views_thread.join().unwrap().unwrap();
}
