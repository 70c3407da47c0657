//! Verdicts: at least, below, exactly; and nothing about what was not measured.

use super::*;
use crate::cases::Round;

fn rate(deed: &str, who: Who, clients: usize, per_second: f64) -> Rate {
    let median = Round { per_second, ..Round::default() };
    Rate { deed: deed.to_owned(), who, clients, median: median.clone(), rounds: vec![median] }
}

fn verdict<'a>(goals: &'a [Goal], what: &str) -> Option<&'a Goal> {
    goals.iter().find(|goal| goal.what == what)
}

#[test]
fn a_demand_is_met_at_its_limit_only_where_the_limit_is_allowed() {
    assert!(Goal::new("", 2.0, Side::AtLeast, 2.0).met);
    assert!(!Goal::new("", 1.99, Side::AtLeast, 2.0).met);
    assert!(!Goal::new("", 20.0, Side::Below, 20.0).met);
    assert!(Goal::new("", 500.0, Side::Exactly, 500.0).met);
    assert!(!Goal::new("", 501.0, Side::Exactly, 500.0).met);
}

#[test]
fn everybody_is_compared_at_his_best() {
    let found = Found {
        rates: vec![
            rate("place, 1 line", Who::Shop, 8, 3_000.0),
            rate("place, 1 line", Who::Shop, 512, 12_000.0),
            rate("place, 1 line", Who::Echo, 32, 30_000.0),
            rate("place, 1 line", Who::Echo, 512, 20_000.0),
            rate("place, 1 line", Who::Transaction, 8, 5_000.0),
        ],
        ..Found::default()
    };
    let goals = found.goals();
    let echo = verdict(&goals, "place, 1 line: times echo").expect("both were measured");
    assert_eq!((echo.found, echo.met), (0.4, true));
    let sql = verdict(&goals, "place, 1 line: times PostgreSQL, transaction");
    let sql = sql.expect("both were measured");
    assert_eq!((sql.found, sql.met), (2.4, false));
}

#[test]
fn the_hot_article_is_compared_at_32_clients() {
    let hot = "place, 1 line, hot SKU";
    let found = Found {
        rates: vec![
            rate(hot, Who::Shop, 32, 9_000.0),
            rate(hot, Who::Shop, 512, 20_000.0),
            rate(hot, Who::Transaction, 32, 800.0),
            rate(hot, Who::Transaction, 8, 1_500.0),
        ],
        ..Found::default()
    };
    let goals = found.goals();
    let what = "place, 1 line, hot SKU, 32 clients: times PostgreSQL, transaction";
    let goal = verdict(&goals, what).expect("both were measured");
    assert_eq!((goal.found, goal.met), (11.25, true));
}

#[test]
fn what_was_not_measured_is_not_judged() {
    assert_eq!(Found::default().goals(), []);
    let rates = vec![rate("place, 1 line", Who::Echo, 32, 30_000.0)];
    assert_eq!(Found { rates, ..Found::default() }.goals(), []);
}

#[test]
fn one_piece_too_many_is_a_miss() {
    let contended = Contended {
        shoppers: 10_000,
        pieces: 500,
        sold: 501,
        refused: 9_499,
        promised: 500,
        available: 0,
        stuck: 1,
        seconds: 2.0,
        settled_seconds: 3.0,
        p50_ms: 1.0,
        p99_ms: 2.0,
    };
    let found = Found { contended: Some(contended), ..Found::default() };
    let met: Vec<bool> = found.goals().into_iter().map(|goal| goal.met).collect();
    assert_eq!(met, [false, true, false]);
}

#[test]
fn a_push_that_was_not_pushed_proves_nothing() {
    let overloaded = Overloaded {
        accepted: 100,
        shed: 100,
        unsent: 200,
        memory_first: 10,
        memory_last: 10,
        ..Overloaded::default()
    };
    let found = Found { overloaded: Some(overloaded), ..Found::default() };
    let met: Vec<bool> = found.goals().into_iter().map(|goal| goal.met).collect();
    assert_eq!(met, [false, true, true, true, true]);
}
