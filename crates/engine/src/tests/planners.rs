//! A planner reads what lags behind; what it proposes is judged by what is true.

use super::bank::*;
use crate::{
    planners::*,
    views::{Bounds, Reader, Runner, Seen, Store, Views},
    *,
};
use journal::memory;
use kernel::{Column, Columns, Recorded, Timestamp, View};
use std::{sync::Arc, time::Duration};

struct Balances;

impl View for Balances {
    type Business = Bank;
    type Document = i64;

    const NAME: &'static str = "balances";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["amount"];

    fn concerns(recorded: &Recorded<Bank>, keys: &mut Vec<String>) {
        if let Fact::Account(account, AccountFact::Paid { .. }) = &recorded.fact {
            keys.push(account.to_string());
        }
    }

    fn evolve(balance: &mut i64, _: &str, recorded: &Recorded<Bank>) {
        if let Fact::Account(_, AccountFact::Paid { amount, .. }) = &recorded.fact {
            *balance += amount;
        }
    }

    fn columns(balance: &i64) -> Columns {
        vec![Some(Column::Number(*balance))]
    }
}

/// Spends ten from account 1 as soon as it sees so much there.
struct Spender;

impl Planner<Bank> for Spender {
    fn name(&self) -> &'static str {
        "spender"
    }

    fn plan(&mut self, views: &Reader, _: Timestamp) -> views::Result<Vec<Proposal<Bank>>> {
        let balance = views.get::<Balances>(&account(1).to_string())?.unwrap_or_default();
        let proposal = Proposal { matter: "account/1".to_owned(), command: pay(1, -10) };
        Ok(if balance >= 10 { vec![proposal] } else { vec![] })
    }
}

/// A bank with a view that follows only when it is told to.
struct Office {
    journal: memory::Memory,
    clock: SimulatedClock,
    engine: Arc<Engine<Bank>>,
    runner: Runner<Bank>,
    reader: Reader,
    seen: Seen,
}

impl Office {
    fn new() -> Office {
        let (journal, clock) = (memory::Memory::default(), SimulatedClock::at(kernel::spec::NOW));
        let parts = Parts {
            journal: Box::new(journal.journal()),
            index: Box::new(journal.index()),
            clock: Arc::new(clock.clone()),
            limits: Limits::default(),
        };
        let engine = Arc::new(Engine::start(parts).unwrap());
        let store = Store::in_memory().unwrap();
        let (reader, views) = (store.reader(), Views::new().with::<Balances>());
        let past = engine.reader().unwrap();
        let alarms = engine.alarms().clone();
        let runner = Runner::open(&views, store, past, alarms, Bounds::default()).unwrap();
        let seen = runner.seen();
        Office { journal, clock, engine, runner, reader, seen }
    }

    fn pay(&self, key: &str, amount: i64) {
        let id = kernel::CommandId::derive("test", key);
        self.engine.ask(Ask::by_system(id, pay(1, amount))).unwrap().unwrap();
    }

    fn view_follows(&mut self) {
        let past = self.engine.reader().unwrap();
        let mut follow = self.engine.feed().follow(past, self.runner.position());
        while let Some(block) = follow.take_next().unwrap() {
            self.runner.apply(&block.facts);
        }
        self.runner.flush().unwrap();
    }

    fn planning(&self) -> Planning<Bank> {
        let around = Around {
            feed: self.engine.feed().clone(),
            submit: self.engine.clone(),
            views: self.reader.clone(),
            seen: self.seen.clone(),
            clock: Arc::new(self.clock.clone()),
            alarms: self.engine.alarms().clone(),
        };
        Planning::new(Box::new(Spender), around)
    }

    fn balance(&self) -> i64 {
        match self.engine.past().unwrap().state_at(&Stream::Account(account(1)), u64::MAX).unwrap()
        {
            (State::Account(account), _) => account.balance,
            (other, _) => panic!("{other:?} is no account"),
        }
    }

    fn alarms(&self, kind: &str) -> usize {
        self.engine.alarms().all().iter().filter(|alarm| alarm.kind == kind).count()
    }
}

#[test]
fn a_planner_looks_again_only_when_its_view_has_seen_what_came_of_the_last_look() {
    let mut office = Office::new();
    let mut planning = office.planning();
    office.pay("a", 25);
    assert_eq!(planning.look().unwrap(), 0, "the view knows nothing yet");
    office.view_follows();
    assert_eq!(planning.look().unwrap(), 1);
    assert_eq!(planning.look().unwrap(), 0, "the view still shows 25");
    office.view_follows();
    assert_eq!(planning.look().unwrap(), 1);
    office.view_follows();
    assert_eq!((planning.look().unwrap(), office.balance()), (0, 5));
}

#[test]
fn what_the_truth_refuses_is_planned_again_once_the_view_knows_why() {
    let mut office = Office::new();
    let mut planning = office.planning();
    office.pay("a", 10);
    office.view_follows();
    office.pay("b", -4);
    assert_eq!(planning.look().unwrap(), 0, "only 6 are left");
    office.pay("c", 8);
    assert_eq!(planning.look().unwrap(), 0, "the view has not seen the refusal");
    office.view_follows();
    assert_eq!(
        (planning.look().unwrap(), office.balance(), office.alarms("plan_refused")),
        (1, 4, 0)
    );
}

#[test]
fn the_same_look_again_after_a_crash_has_its_effect_once() {
    let mut office = Office::new();
    office.pay("a", 30);
    office.view_follows();
    assert_eq!(office.planning().look().unwrap(), 1);
    assert_eq!(office.planning().look().unwrap(), 1, "the answer of the first look");
    assert_eq!(office.balance(), 20);
}

#[test]
fn five_refusals_in_a_row_raise_an_alarm_and_the_matter_rests_for_an_hour() {
    let mut office = Office::new();
    let mut planning = office.planning();
    for n in 0..7 {
        office.pay(&format!("in {n}"), 10);
        office.view_follows();
        office.pay(&format!("out {n}"), -10);
        assert_eq!(planning.look().unwrap(), 0);
        assert_eq!(office.alarms("plan_refused"), usize::from(n >= 4), "after refusal {}", n + 1);
        office.view_follows();
    }
    office.pay("at last", 10);
    office.view_follows();
    assert_eq!(planning.look().unwrap(), 0, "it rests");
    office.clock.advance_to(office.clock.now() + Duration::from_secs(3600));
    assert_eq!((planning.look().unwrap(), office.balance()), (1, 0));
}

#[test]
fn a_planner_with_a_thread_looks_at_once_and_stops_when_it_is_dropped() {
    let mut office = Office::new();
    office.pay("a", 10);
    office.view_follows();
    let thread = PlannerThread::start(office.planning(), Duration::from_secs(600)).unwrap();
    assert!(office.engine.feed().wait(1, Duration::from_secs(20)), "it looks at once");
    drop(thread);
    assert_eq!(office.balance(), 0);
}

#[test]
fn a_planner_whose_engine_has_stopped_says_so_and_ends() {
    let mut office = Office::new();
    office.pay("a", 10);
    office.view_follows();
    office.journal.fail_append(1, false);
    let mut thread = PlannerThread::start(office.planning(), Duration::ZERO).unwrap();
    thread.wait();
    assert_eq!(office.alarms("planner_stopped"), 1);
}
