//! What a pack does, sentence by sentence.

use super::{
    Pack, PackCommand as Command, PackFact as Fact, PackRefusal as Refusal, PackStage as Stage,
};
use crate::{Goods, Units};
use kernel::{Quantity, spec::given};

fn goods(line: u32, units: u32) -> Goods {
    Goods { line, sku: "CUP".parse().unwrap(), units }
}

fn opened() -> Fact {
    Fact::Opened { lines: vec![goods(2, 3), goods(1, 5)] }
}

fn verify(line: u32, units: u64) -> Command {
    Command::Verify { line, units: Quantity::new(units).unwrap() }
}

fn verified(line: u32, units: u32) -> Fact {
    Fact::Verified { line, units }
}

fn seal() -> Command {
    Command::Seal { carton: None, weight_grams: 900 }
}

fn sealed() -> Fact {
    Fact::Sealed { carton: None, weight_grams: 900 }
}

fn keep(lines: &[(u32, u32)]) -> Command {
    Command::CancelLines { keep: lines.iter().copied().map(Units::from).collect() }
}

fn cancelled(lines: &[(u32, u32)]) -> Fact {
    Fact::LinesCancelled { lines: lines.iter().copied().map(Units::from).collect() }
}

fn all_verified() -> Vec<Fact> {
    vec![opened(), verified(1, 5), verified(2, 3)]
}

#[test]
fn a_pack_is_opened_once_with_lines_that_have_units() {
    let open = |lines| Command::Open { lines };
    given::<Pack>([]).when(open(vec![goods(2, 3), goods(1, 5)])).then([opened()]);
    given::<Pack>([opened()]).when(open(vec![goods(9, 9)])).then_nothing_happened();
    for bad in [vec![], vec![goods(1, 0)], vec![goods(1, 1), goods(1, 1)]] {
        given::<Pack>([]).when(open(bad)).refused(Refusal::BadLines);
    }
}

#[test]
fn each_piece_is_checked_and_none_too_many() {
    given::<Pack>([opened()]).when(verify(1, 2)).then([verified(1, 2)]);
    let some = || given::<Pack>([opened(), verified(1, 2)]);
    some().when(verify(1, 3)).then([verified(1, 3)]);
    some().when(verify(1, 4)).refused(Refusal::TooMany { line: 1, missing: 3 });
    some().when(verify(3, 1)).refused(Refusal::NoSuchLine { line: 3 });
    given::<Pack>([]).when(verify(1, 1)).refused(Refusal::Unknown);
}

#[test]
fn a_pack_is_sealed_once_when_everything_in_it_is_checked() {
    given::<Pack>([]).when(seal()).refused(Refusal::Unknown);
    given::<Pack>([opened(), verified(1, 5)])
        .when(seal())
        .refused(Refusal::NotVerified { missing: 3 });
    given::<Pack>(all_verified()).when(seal()).then([sealed()]);
    let nameless = Command::Seal { carton: Some("".into()), weight_grams: 1 };
    given::<Pack>(all_verified()).when(nameless).refused(Refusal::BadCarton);
    let closed = || given::<Pack>(all_verified().into_iter().chain([sealed()]));
    closed().when(seal()).then_nothing_happened();
    closed().when(verify(1, 1)).refused(Refusal::Over);
}

#[test]
fn what_is_cancelled_comes_out_again_and_is_not_waited_for() {
    let some = [opened(), verified(1, 5)];
    given::<Pack>(some.clone()).when(keep(&[(2, 0)])).then([cancelled(&[(2, 3)])]);
    let fewer = || given::<Pack>(some.clone().into_iter().chain([cancelled(&[(2, 3)])]));
    fewer().when(keep(&[(2, 0)])).then_nothing_happened();
    fewer().when(seal()).then([sealed()]);
    given::<Pack>([]).when(keep(&[(2, 0)])).refused(Refusal::Unknown);
}

#[test]
fn what_was_checked_before_it_was_cancelled_is_not_waited_for_again() {
    let facts = [opened(), verified(1, 4), cancelled(&[(1, 2)]), verified(2, 3)];
    given::<Pack>(facts.clone()).when(seal()).then([sealed()]);
    given::<Pack>(facts).when(verify(1, 1)).refused(Refusal::TooMany { line: 1, missing: 0 });
}

#[test]
fn a_pack_of_which_nothing_is_left_is_cancelled_even_when_sealed() {
    let nothing = [cancelled(&[(1, 5), (2, 3)]), Fact::Cancelled];
    for before in [vec![opened()], all_verified().into_iter().chain([sealed()]).collect()] {
        given::<Pack>(before.clone()).when(keep(&[(1, 0), (2, 0)])).then(nothing.clone());
        let over = || given::<Pack>(before.clone().into_iter().chain(nothing.clone()));
        assert_eq!(over().state().stage(), Stage::Cancelled);
        assert_eq!(Units::sum(&over().state().lines().collect::<Vec<_>>()), 0);
        over().when(keep(&[(1, 0)])).then_nothing_happened();
        over().when(seal()).refused(Refusal::Over);
        over().when(verify(1, 1)).refused(Refusal::Over);
    }
}
