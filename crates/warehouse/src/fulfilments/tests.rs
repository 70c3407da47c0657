//! What a fulfilment does, sentence by sentence.

use super::{
    Fulfilment, FulfilmentCommand as Command, FulfilmentFact as Fact, FulfilmentRefusal as Refusal,
    FulfilmentStage as Stage,
};
use crate::{Goods, Units};
use kernel::spec::given;

fn goods(line: u32, units: u32) -> Goods {
    Goods { line, sku: "CUP".parse().unwrap(), units }
}

fn open() -> Command {
    Command::Open { site: "MAIN".parse().unwrap(), lines: vec![goods(2, 3), goods(1, 5)] }
}

fn opened() -> Fact {
    Fact::Opened { site: "MAIN".parse().unwrap(), lines: vec![goods(2, 3), goods(1, 5)] }
}

fn released() -> Fact {
    Fact::Released { wave: None }
}

/// The straight way: what is asked, and the fact it causes.
fn way() -> Vec<(Command, Fact)> {
    vec![
        (open(), opened()),
        (Command::Release { wave: None }, released()),
        (Command::StartPicking, Fact::PickingStarted),
        (Command::Pack, Fact::Packed),
        (Command::HandOver, Fact::HandedOver),
        (Command::Deliver, Fact::Delivered),
    ]
}

fn after(steps: usize) -> Vec<Fact> {
    way().into_iter().take(steps).map(|(_, fact)| fact).collect()
}

fn cancel(keep: &[(u32, u32)]) -> Command {
    Command::Cancel { keep: Some(keep.iter().copied().map(Units::from).collect()) }
}

#[test]
fn each_step_follows_the_one_before_and_is_old_news_afterwards() {
    for (step, (command, fact)) in way().into_iter().enumerate() {
        given::<Fulfilment>(after(step)).when(command.clone()).then([fact]);
        for later in step + 1..=way().len() {
            given::<Fulfilment>(after(later)).when(command.clone()).then_nothing_happened();
        }
    }
}

#[test]
fn no_step_is_left_out() {
    for (step, (command, _)) in way().into_iter().enumerate().skip(2) {
        for earlier in 1..step {
            let fulfilment = given::<Fulfilment>(after(earlier));
            let stage = fulfilment.state().stage();
            fulfilment.when(command.clone()).refused(Refusal::TooEarly { stage });
        }
    }
}

#[test]
fn nothing_can_be_asked_of_a_fulfilment_that_is_not_there() {
    for (command, _) in way().into_iter().skip(1) {
        given::<Fulfilment>([]).when(command).refused(Refusal::Unknown);
    }
    given::<Fulfilment>([]).when(cancel(&[])).refused(Refusal::Unknown);
    given::<Fulfilment>([]).when(Command::Lose).refused(Refusal::Unknown);
}

#[test]
fn a_fulfilment_has_lines_with_units() {
    for lines in [vec![], vec![goods(1, 0)], vec![goods(1, 1), goods(1, 1)]] {
        let open = Command::Open { site: "MAIN".parse().unwrap(), lines };
        given::<Fulfilment>([]).when(open).refused(Refusal::BadLines);
    }
}

#[test]
fn a_wave_has_a_name() {
    let release = |wave: &str| Command::Release { wave: Some(wave.into()) };
    given::<Fulfilment>(after(1)).when(release("")).refused(Refusal::BadWave);
    let named = Fact::Released { wave: Some("W-1".into()) };
    given::<Fulfilment>(after(1)).when(release("W-1")).then([named]);
}

#[test]
fn units_can_be_cancelled_until_the_carrier_has_them_and_asking_twice_cancels_once() {
    let fewer = Fact::Cancelled { lines: vec![Units::new(1, 3)], all: false };
    for steps in 1..=4 {
        let mut facts = after(steps);
        given::<Fulfilment>(facts.clone()).when(cancel(&[(1, 2)])).then([fewer.clone()]);
        facts.push(fewer.clone());
        let fulfilment = given::<Fulfilment>(facts);
        assert_eq!(fulfilment.state().lines(), [Units::new(1, 2), Units::new(2, 3)]);
        fulfilment.when(cancel(&[(1, 2)])).then_nothing_happened();
    }
    for (steps, stage) in [(5, Stage::HandedOver), (6, Stage::Delivered)] {
        given::<Fulfilment>(after(steps))
            .when(cancel(&[(1, 2)]))
            .refused(Refusal::TooLate { stage });
    }
}

#[test]
fn a_fulfilment_of_which_nothing_is_left_is_cancelled() {
    let all = || Fact::Cancelled { lines: vec![Units::new(1, 5), Units::new(2, 3)], all: true };
    given::<Fulfilment>([opened()]).when(Command::Cancel { keep: None }).then([all()]);
    given::<Fulfilment>([opened()]).when(cancel(&[(1, 0), (2, 0)])).then([all()]);
    let nothing = given::<Fulfilment>([opened(), all()]);
    assert_eq!(nothing.state().stage(), Stage::Cancelled);
    nothing.when(Command::Cancel { keep: None }).then_nothing_happened();
    for (command, _) in way().into_iter().skip(1) {
        given::<Fulfilment>([opened(), all()]).when(command).refused(Refusal::Cancelled);
    }
}

#[test]
fn the_last_units_cancelled_one_by_one_end_it_too() {
    let fewer = Fact::Cancelled { lines: vec![Units::new(1, 5)], all: false };
    let rest = Fact::Cancelled { lines: vec![Units::new(2, 3)], all: true };
    given::<Fulfilment>([opened(), fewer]).when(cancel(&[(2, 0)])).then([rest]);
}

#[test]
fn a_lost_fulfilment_may_be_delivered_after_all() {
    let mut facts = after(5);
    given::<Fulfilment>(facts.clone()).when(Command::Lose).then([Fact::Lost]);
    facts.push(Fact::Lost);
    given::<Fulfilment>(facts.clone()).when(Command::Lose).then_nothing_happened();
    given::<Fulfilment>(facts).when(Command::Deliver).then([Fact::Delivered]);
    let stage = Stage::Packed;
    given::<Fulfilment>(after(4)).when(Command::Lose).refused(Refusal::TooEarly { stage });
}
