//! Every arrival is asked for once, and whoever stands still is seen.

use super::*;
use tokio::task::LocalSet;

const NEVER: Duration = Duration::MAX;

/// Answers at once, but for one time when he stands still.
struct Clerk {
    asked: Rc<Cell<u64>>,
    stands_still_at: u64,
    stall: Duration,
    /// After so many there is nothing more to ask for.
    dry_after: u64,
}

impl Clerk {
    fn new(asked: &Rc<Cell<u64>>) -> Clerk {
        let (stands_still_at, stall, dry_after) = (u64::MAX, Duration::ZERO, u64::MAX);
        Clerk { asked: asked.clone(), stands_still_at, stall, dry_after }
    }
}

impl Client for Clerk {
    async fn ready(&mut self) -> Fallible<()> {
        Ok(())
    }

    async fn ask(&mut self) -> Outcome {
        let number = self.asked.replace(self.asked.get() + 1);
        if number >= self.dry_after {
            return Outcome::Dry;
        }
        if number == self.stands_still_at {
            sleep(self.stall).await;
        }
        Outcome::Done
    }
}

fn several(many: usize, one: impl Fn(&Rc<Cell<u64>>) -> Clerk) -> Vec<Clerk> {
    let asked = Rc::default();
    (0..many).map(|_| one(&asked)).collect()
}

const SCHEDULE: Schedule = Schedule { per_second: 2000.0, time: Duration::from_millis(250) };

async fn opened(clerks: Vec<Clerk>, patience: Duration) -> Load {
    let run = LocalSet::new();
    let (load, _) = run.run_until(open(clerks, SCHEDULE, patience)).await.expect("nobody panics");
    load
}

#[tokio::test]
async fn every_arrival_is_asked_for_exactly_once() {
    let load = opened(several(8, Clerk::new), NEVER).await;
    assert_eq!((load.done, load.unsent, load.failed), (500, 0, 0));
    // What is at its time is no faster than the time that it takes.
    assert!(load.seconds >= 0.25, "{}", load.seconds);
}

#[tokio::test]
async fn who_arrives_while_somebody_stands_still_has_waited_since_his_arrival() {
    let stall = Duration::from_millis(100);
    let one = |asked: &_| Clerk { stands_still_at: 50, stall, ..Clerk::new(asked) };
    let load = opened(several(1, one), NEVER).await;
    assert_eq!(load.done, 500);
    assert!(load.waits.millis(0.99) > 50.0, "{}", load.waits.millis(0.99));
    // Only one of five hundred was under way meanwhile: the sender alone would not have noticed.
    assert!(load.since_sent.millis(0.99) < load.waits.millis(0.99) / 2.0);
}

#[tokio::test]
async fn whoever_cannot_be_sent_in_time_goes_home_and_is_counted() {
    let stall = Duration::from_millis(100);
    let one = |asked: &_| Clerk { stands_still_at: 50, stall, ..Clerk::new(asked) };
    let load = opened(several(1, one), Duration::from_millis(20)).await;
    assert!(load.unsent > 50, "{}", load.unsent);
    assert_eq!(load.done + load.unsent, 500);
}

#[tokio::test]
async fn a_run_ends_when_there_is_nothing_more_to_ask_for() {
    let one = |asked: &_| Clerk { dry_after: 100, ..Clerk::new(asked) };
    let load = opened(several(4, one), NEVER).await;
    assert_eq!(load.done, 100);
    let window = Window { warm: Duration::ZERO, time: Duration::from_secs(60) };
    let run = LocalSet::new();
    let (load, _) = run.run_until(closed(several(4, one), window)).await.expect("nobody panics");
    assert_eq!(load.done, 100);
    assert!(load.seconds < 60.0);
}

#[test]
fn an_answer_that_was_not_expected_is_no_result() {
    let load = Load { done: 10, seconds: 1.0, ..Load::default() };
    assert_eq!(load.per_second(), 10.0);
    assert!(load.clone().honest("placing").is_ok());
    let failed = Load { failed: 1, first_failure: Some("500".into()), ..load };
    let said = failed.honest("placing").expect_err("one failed").to_string();
    assert_eq!(said, "placing: 1 of 11 failed, the first: 500");
    assert!(Load::default().honest("placing").is_err());
}
