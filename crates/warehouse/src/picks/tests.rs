//! What a pick does, sentence by sentence.

use super::{
    Pick, PickCommand as Command, PickFact as Fact, PickLine, PickRefusal as Refusal, PickStage,
    ShortReason,
};
use crate::Units;
use kernel::{Actor, spec::given};

fn line(line: u32, units: u32) -> PickLine {
    PickLine { line, sku: "CUP".parse().unwrap(), units, location: None }
}

fn opened() -> Fact {
    Fact::Opened { fulfilment: 1, lines: vec![line(2, 3), line(1, 5)] }
}

fn ann() -> Actor {
    Actor::new("worker", 7)
}

fn started() -> Fact {
    Fact::Started { worker: ann() }
}

fn pick(line: u32, units: u32) -> Command {
    Command::PickLine { line, units, tote: None }
}

fn picked(line: u32, units: u32) -> Fact {
    Fact::LinePicked { line, units, tote: None }
}

fn short(line: u32, found: u32) -> Command {
    Command::ShortLine { line, found, reason: ShortReason::Short }
}

fn line_short(line: u32, found: u32) -> Fact {
    Fact::LineShort { line, found, reason: ShortReason::Short }
}

fn keep(lines: &[(u32, u32)]) -> Command {
    Command::CancelLines { keep: lines.iter().copied().map(Units::from).collect() }
}

fn cancelled(lines: &[(u32, u32)]) -> Fact {
    Fact::LinesCancelled { lines: lines.iter().copied().map(Units::from).collect() }
}

#[test]
fn a_pick_is_opened_once_with_lines_that_have_units() {
    let open = |lines| Command::Open { fulfilment: 1, lines };
    given::<Pick>([]).when(open(vec![line(2, 3), line(1, 5)])).then([opened()]);
    given::<Pick>([opened()]).when(open(vec![line(9, 9)])).then_nothing_happened();
    for bad in [vec![], vec![line(1, 0)], vec![line(1, 1), line(1, 1)]] {
        given::<Pick>([]).when(open(bad)).refused(Refusal::BadLines);
    }
    let nowhere = PickLine { location: Some("".into()), ..line(1, 1) };
    given::<Pick>([]).when(open(vec![nowhere])).refused(Refusal::BadText);
}

#[test]
fn a_pick_that_was_let_go_waits_for_somebody_and_keeps_its_tote() {
    let let_go = || given::<Pick>([opened(), started(), picked(1, 2), Fact::LetGo]);
    given::<Pick>([opened(), started()]).when(Command::LetGo).then([Fact::LetGo]);
    let_go().when(Command::LetGo).then_nothing_happened();
    let_go().when(pick(1, 5)).refused(Refusal::NotStarted);
    let_go().when(Command::Start { worker: ann() }).then([started()]);
    assert!(let_go().state().picked().any(|units| units == Units::new(1, 2)));
    given::<Pick>([]).when(Command::LetGo).refused(Refusal::Unknown);
}

#[test]
fn somebody_starts_it_and_somebody_else_may_take_over() {
    let start = |worker: Actor| Command::Start { worker };
    let bob = Actor::new("worker", 8);
    given::<Pick>([]).when(start(ann())).refused(Refusal::Unknown);
    given::<Pick>([opened()]).when(start(ann())).then([started()]);
    given::<Pick>([opened(), started()]).when(start(ann())).then_nothing_happened();
    given::<Pick>([opened(), started()])
        .when(start(bob.clone()))
        .then([Fact::Started { worker: bob.clone() }]);
    given::<Pick>([opened(), Fact::Cancelled]).when(start(bob)).refused(Refusal::Over);
    for end in [Fact::Cancelled, Fact::Done] {
        given::<Pick>([opened(), started(), end]).when(start(ann())).refused(Refusal::Over);
    }
}

#[test]
fn a_scan_says_how_many_in_all_and_may_be_sent_twice() {
    given::<Pick>([opened(), started()]).when(pick(1, 2)).then([picked(1, 2)]);
    given::<Pick>([opened(), started(), picked(1, 2)]).when(pick(1, 2)).then_nothing_happened();
    given::<Pick>([opened(), started(), picked(1, 2)]).when(pick(1, 5)).then([picked(1, 5)]);
}

#[test]
fn the_last_line_ends_the_pick_in_the_same_breath() {
    let before = [opened(), started(), picked(1, 5)];
    given::<Pick>(before.clone()).when(pick(2, 2)).then([picked(2, 2)]);
    given::<Pick>(before.clone()).when(pick(2, 3)).then([picked(2, 3), Fact::Done]);
    let done = given::<Pick>(before.into_iter().chain([picked(2, 3), Fact::Done]));
    assert_eq!(done.state().stage(), PickStage::Done);
    assert_eq!(done.state().picked().collect::<Vec<_>>(), [Units::new(1, 5), Units::new(2, 3)]);
    done.when(pick(2, 3)).then_nothing_happened();
}

#[test]
fn nobody_picks_more_than_is_wanted_or_what_is_not_there() {
    let under_way = || given::<Pick>([opened(), started(), picked(1, 2)]);
    under_way().when(pick(1, 6)).refused(Refusal::BadCount { line: 1, picked: 2, wanted: 5 });
    under_way().when(pick(1, 1)).refused(Refusal::BadCount { line: 1, picked: 2, wanted: 5 });
    under_way().when(pick(3, 1)).refused(Refusal::NoSuchLine { line: 3 });
    given::<Pick>([]).when(pick(1, 1)).refused(Refusal::Unknown);
    given::<Pick>([opened()]).when(pick(1, 1)).refused(Refusal::NotStarted);
    given::<Pick>([opened(), started(), Fact::Done]).when(pick(1, 1)).refused(Refusal::Over);
    let nameless = Command::PickLine { line: 1, units: 3, tote: Some("".into()) };
    under_way().when(nameless).refused(Refusal::BadText);
}

#[test]
fn a_line_that_is_short_is_finished_with_what_was_found() {
    let before = [opened(), started(), picked(1, 2)];
    given::<Pick>(before.clone()).when(short(1, 2)).then([line_short(1, 2)]);
    given::<Pick>(before.clone()).when(short(1, 3)).then([picked(1, 3), line_short(1, 3)]);
    given::<Pick>(before.clone()).when(short(1, 1)).refused(Refusal::BadCount {
        line: 1,
        picked: 2,
        wanted: 5,
    });
    given::<Pick>(before.clone()).when(short(1, 5)).refused(Refusal::BadCount {
        line: 1,
        picked: 2,
        wanted: 5,
    });
    let after: Vec<Fact> = before.into_iter().chain([picked(1, 3), line_short(1, 3)]).collect();
    given::<Pick>(after.clone()).when(short(1, 3)).then_nothing_happened();
    given::<Pick>(after).when(short(2, 0)).then([line_short(2, 0), Fact::Done]);
    given::<Pick>([opened()]).when(short(1, 0)).refused(Refusal::NotStarted);
}

#[test]
fn cancelled_units_are_not_picked_any_more() {
    let before = [opened(), started(), picked(1, 2)];
    given::<Pick>(before.clone()).when(keep(&[(1, 3)])).then([cancelled(&[(1, 2)])]);
    let after: Vec<Fact> = before.into_iter().chain([cancelled(&[(1, 2)])]).collect();
    given::<Pick>(after.clone()).when(keep(&[(1, 3)])).then_nothing_happened();
    given::<Pick>(after.clone()).when(pick(1, 4)).refused(Refusal::BadCount {
        line: 1,
        picked: 2,
        wanted: 3,
    });
    given::<Pick>(after).when(pick(1, 3)).then([picked(1, 3)]);
}

#[test]
fn a_cancellation_that_leaves_only_finished_lines_ends_the_pick() {
    let before = [opened(), started(), picked(1, 5)];
    given::<Pick>(before.clone()).when(keep(&[(2, 0)])).then([cancelled(&[(2, 3)]), Fact::Done]);
    given::<Pick>(before)
        .when(keep(&[(1, 0), (2, 0)]))
        .then([cancelled(&[(1, 5), (2, 3)]), Fact::Cancelled]);
}

#[test]
fn a_pick_without_anything_to_pick_is_cancelled_even_before_it_starts() {
    let all = [cancelled(&[(1, 5), (2, 3)]), Fact::Cancelled];
    given::<Pick>([opened()]).when(keep(&[(1, 0), (2, 0)])).then(all.clone());
    let over = || given::<Pick>([opened()].into_iter().chain(all.clone()));
    over().when(keep(&[(1, 0)])).then_nothing_happened();
    over().when(pick(1, 1)).refused(Refusal::Over);
    given::<Pick>([]).when(keep(&[(1, 0)])).refused(Refusal::Unknown);
}

#[test]
fn after_the_end_there_is_nothing_to_cancel_here() {
    let done = [opened(), started(), picked(1, 5), picked(2, 3), Fact::Done];
    given::<Pick>(done).when(keep(&[(1, 0)])).then_nothing_happened();
}

#[test]
fn a_line_names_its_bin_only_where_bins_are_kept() {
    let written = |line: &PickLine| serde_json::to_string(line).unwrap();
    let in_bin = PickLine { location: Some("A-03".into()), ..line(1, 5) };
    assert_eq!(written(&line(1, 5)), r#"[1,"CUP",5]"#);
    assert_eq!(written(&in_bin), r#"[1,"CUP",5,"A-03"]"#);
    for line in [line(1, 5), in_bin] {
        assert_eq!(serde_json::from_str::<PickLine>(&written(&line)).unwrap(), line);
    }
}
