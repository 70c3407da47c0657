//! A view is built again beside the one that is read, and only then takes its place.

use super::toy::*;
use crate::views::*;

#[test]
fn a_rebuild_sees_the_facts_that_come_meanwhile() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    for round in 0..10 {
        house.happens(chance(round, 50));
    }
    house.catch_up(&mut runner);
    runner.rebuild("jars").unwrap();
    runner.rebuild("jars").unwrap();
    let mut rounds = 0;
    while House::doing(&runner, "jars") != Doing::Following {
        let facts = house.happens([filled(1, 1)]);
        runner.apply(&facts);
        runner.build().unwrap();
        runner.build().unwrap();
        runner.flush().unwrap();
        assert_eq!(house.reader().position::<Jars>().unwrap(), facts[0].position);
        rounds += 1;
        assert!(rounds < 100, "it never ends");
    }
    assert!(rounds > 2);
    assert_eq!(house.alarms.all(), vec![]);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn a_rebuild_that_finds_something_else_raises_an_alarm_and_is_taken() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens([filled(1, 5), filled(2, 6), labelled(1, "plum"), labelled(2, "pear")]);
    house.catch_up(&mut runner);
    house.meddle("UPDATE \"jars@1\" SET document = replace(document, '6', '7')");
    runner.rebuild("jars").unwrap();
    runner.rebuild("labels").unwrap();
    house.catch_up(&mut runner);
    let alarm = house.alarm("view_differs").unwrap();
    assert!(alarm.contains("view jars") && alarm.contains(&key(2)), "{alarm}");
    assert!(!alarm.contains(&key(1)), "{alarm}");
    assert_eq!(house.alarms.all().len(), 1, "maps written in another order are the same");
    assert_eq!(house.jar(2), content(6, Some("pear")));
}

#[test]
fn another_shape_is_built_beside_and_then_swapped() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens([filled(1, 5)]);
    house.catch_up(&mut runner);
    drop(runner);
    let doubled = Views::new().with::<JarsDoubled>().with::<Labels>();
    let mut runner = house.runner(&doubled);
    assert_eq!(House::doing(&runner, "jars"), Doing::Building(0));
    let error = house.reader().get::<JarsDoubled>(&key(1)).unwrap_err();
    assert!(matches!(error, Error::NotBuilt { view: "jars", .. }), "{error}");
    assert_eq!(house.jar(1), content(5, None), "an older program reads on");
    house.catch_up(&mut runner);
    assert_eq!(house.reader().get::<JarsDoubled>(&key(1)).unwrap(), content(10, None));
    assert!(matches!(house.reader().get::<Jars>(&key(1)), Err(Error::NotBuilt { .. })));
    house.assert_equal_to_rebuilt(&doubled);
}

#[test]
fn a_new_view_is_built_from_the_beginning_while_the_others_go_on() {
    let mut house = House::new();
    let mut runner = house.runner(&Views::new().with::<Labels>());
    house.happens(chance(1, 100));
    house.catch_up(&mut runner);
    let mut runner = house.runner(&views());
    assert_eq!(runner.position(), 100);
    let facts = house.happens([labelled(1, "quince")]);
    runner.apply(&facts);
    runner.flush().unwrap();
    assert_eq!(house.reader().get::<Labels>("all").unwrap().unwrap()["quince"], 1);
    assert!(matches!(house.reader().get::<Jars>(&key(1)), Err(Error::NotBuilt { .. })));
    house.catch_up(&mut runner);
    assert_eq!(house.reader().position::<Jars>().unwrap(), 101);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn a_rebuild_that_fails_leaves_the_live_view_as_it_was() {
    let mut house = House::new();
    let mended = Views::new().with::<FragileMended>();
    let mut runner = house.runner(&mended);
    house.happens([filled(1, 13)]);
    house.catch_up(&mut runner);
    let mut runner = house.runner(&Views::new().with::<Fragile>());
    runner.rebuild("fragile").unwrap();
    house.catch_up(&mut runner);
    assert!(house.alarm("view_failed").unwrap().contains("the view as it was before goes on"));
    house.happens([filled(1, 1)]);
    house.catch_up(&mut runner);
    assert_eq!(house.reader().get::<Fragile>(&key(1)).unwrap(), content(14, None));
    assert_eq!(House::doing(&runner, "fragile"), Doing::Following);
}

#[test]
fn a_crash_while_rebuilding_leaves_the_live_view_and_no_remains() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens(chance(1, 50));
    house.happens(chance(2, 50));
    house.catch_up(&mut runner);
    runner.rebuild("jars").unwrap();
    runner.build().unwrap();
    runner.flush().unwrap();
    drop(runner);
    let mut runner = house.runner(&views());
    assert_eq!(House::doing(&runner, "jars"), Doing::Following);
    runner.rebuild("jars").unwrap();
    house.catch_up(&mut runner);
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name LIKE 'jars@%'";
    let count = house.store.connection().query_row(tables, [], |row| row.get::<_, i64>(0));
    assert_eq!(count.unwrap(), 1);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn the_thread_rebuilds_when_somebody_asks() {
    let mut house = House::new();
    let runner = house.runner(&views());
    house.happens([filled(1, 5)]);
    let (seen, follow) = (runner.seen(), house.feed.follow(house.past(), 0));
    seen.rebuild("jars");
    seen.rebuild("no_such_view");
    house.feed.close();
    run(runner, follow).unwrap();
    assert!(seen.statuses().iter().all(|status| status.doing == Doing::Following));
    assert!(house.alarm("view_unknown").unwrap().contains("there are jars, labels"));
    assert_eq!(house.jar(1), content(5, None));
}

#[test]
fn a_document_is_shown_as_it_was_at_a_position() {
    let mut house = House::new();
    house.happens([filled(1, 5), filled(2, 9)]);
    house.happens([filled(1, 6), broken(1)]);
    let jar = |position| at::<Jars>(&*house.past(), &key(1), position).unwrap();
    assert_eq!(jar(0), None);
    assert_eq!((jar(1), jar(2), jar(3)), (content(5, None), content(5, None), content(11, None)));
    assert_eq!((jar(4), jar(1000)), (None, None));
}

#[test]
fn a_comparison_with_the_journal_names_what_differs() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens([filled(1, 5), filled(2, 6), filled(3, 7)]);
    house.catch_up(&mut runner);
    house.assert_equal_to_rebuilt(&views());
    house.meddle("UPDATE \"jars@1\" SET document = replace(document, '6', '7')");
    house.meddle(&format!("DELETE FROM \"jars@1\" WHERE key = '{}'", key(3)));
    house.meddle("INSERT INTO \"labels@1\" VALUES ('more', '{\"plum\":1}')");
    let compared = equal_to_rebuilt(&views(), &house.reader(), &*house.past()).unwrap();
    let named = |view, key: &str| Difference { view, key: key.to_owned() };
    let expected = vec![named("jars", &key(2)), named("jars", &key(3)), named("labels", "more")];
    assert_eq!((compared.facts, compared.documents, compared.different), (3, 3, 3));
    assert_eq!(compared.differences, expected);
}
