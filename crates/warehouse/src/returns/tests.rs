//! What a return does, sentence by sentence.

use super::{
    Disposition, InspectedLine, Return, ReturnCommand as Command, ReturnFact as Fact, ReturnLine,
    ReturnReason, ReturnRefusal as Refusal, ReturnStage as Stage,
};
use crate::Units;
use kernel::{
    Currency, Money, Quantity,
    spec::{NOW, given},
};
use std::time::Duration;

fn line(line: u32, units: u64) -> ReturnLine {
    ReturnLine {
        line,
        sku: "CUP".parse().unwrap(),
        quantity: Quantity::new(units).unwrap(),
        reason: ReturnReason::Unwanted,
        stock_kept: true,
    }
}

fn request(lines: Vec<ReturnLine>) -> Command {
    Command::Request { lines, claimed: None, until: None }
}

fn requested() -> Fact {
    Fact::Requested { lines: vec![line(1, 5), line(2, 3)], claimed: None }
}

fn receive(lines: &[(u32, u32)]) -> Command {
    Command::Receive { lines: lines.iter().copied().map(Units::from).collect() }
}

fn received(lines: &[(u32, u32)]) -> Fact {
    Fact::Received { lines: lines.iter().copied().map(Units::from).collect() }
}

fn looked_at(lines: &[(u32, u32, Disposition)]) -> Vec<InspectedLine> {
    lines.iter().copied().map(InspectedLine::from).collect()
}

fn inspect(lines: &[(u32, u32, Disposition)]) -> Command {
    Command::Inspect { lines: looked_at(lines) }
}

fn inspected(lines: &[(u32, u32, Disposition)]) -> Fact {
    Fact::Inspected { lines: looked_at(lines) }
}

const GOOD: [(u32, u32, Disposition); 2] =
    [(1, 5, Disposition::Restock), (2, 3, Disposition::Scrap)];

fn money(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn settle() -> Command {
    Command::Settle { refund: money(700), goodwill: money(0) }
}

fn settled() -> Fact {
    Fact::Settled { refund: money(700), goodwill: money(0) }
}

/// The straight way: what is asked, and the fact it causes.
fn way() -> Vec<(Command, Fact)> {
    vec![
        (request(vec![line(1, 5), line(2, 3)]), requested()),
        (Command::Authorise, Fact::Authorised),
        (Command::MarkInTransit, Fact::InTransit),
        (receive(&[(1, 5), (2, 3)]), received(&[(1, 5), (2, 3)])),
        (inspect(&GOOD), inspected(&GOOD)),
        (settle(), settled()),
        (Command::Close, Fact::Closed),
    ]
}

fn after(steps: usize) -> Vec<Fact> {
    way().into_iter().take(steps).map(|(_, fact)| fact).collect()
}

#[test]
fn each_step_follows_the_one_before_and_is_old_news_afterwards() {
    for (step, (command, fact)) in way().into_iter().enumerate() {
        given::<Return>(after(step)).when(command.clone()).then([fact]);
        for later in step + 1..=way().len() {
            given::<Return>(after(later)).when(command.clone()).then_nothing_happened();
        }
    }
}

#[test]
fn no_step_is_left_out_but_the_carrier_and_a_settlement_of_nothing() {
    for (step, (command, _)) in way().into_iter().enumerate().skip(2) {
        for earlier in (1..step).filter(|earlier| ![(3, 2), (6, 5)].contains(&(step, *earlier))) {
            let back = given::<Return>(after(earlier));
            let stage = back.state().stage();
            back.when(command.clone()).refused(Refusal::TooEarly { stage });
        }
    }
    given::<Return>(after(5)).when(Command::Close).then([Fact::Closed]);
    let arrived = received(&[(1, 5), (2, 3)]);
    given::<Return>(after(2)).when(receive(&[(1, 5), (2, 3)])).then([arrived]);
}

#[test]
fn nothing_can_be_asked_of_a_return_that_is_not_there() {
    for (command, _) in way().into_iter().skip(1) {
        given::<Return>([]).when(command).refused(Refusal::Unknown);
    }
    for command in [Command::Refuse { note: None }, Command::Expire] {
        given::<Return>([]).when(command).refused(Refusal::Unknown);
    }
}

#[test]
fn a_return_is_requested_once_with_each_line_once() {
    for bad in [vec![], vec![line(1, 1), line(1, 2)]] {
        given::<Return>([]).when(request(bad)).refused(Refusal::BadLines);
    }
    let other = request(vec![line(1, 4), line(2, 3)]);
    given::<Return>([requested()]).when(other).refused(Refusal::AlreadyRequested);
    let lines = || vec![line(1, 5)];
    let claims =
        |minor| Command::Request { lines: lines(), claimed: Some(money(minor)), until: None };
    given::<Return>([]).when(claims(-1)).refused(Refusal::BadClaim);
    let claimed = Fact::Requested { lines: lines(), claimed: Some(money(900)) };
    given::<Return>([]).when(claims(900)).then([claimed]);
}

#[test]
fn goods_can_be_returned_until_the_window_closes() {
    let until = |until| Command::Request {
        lines: vec![line(1, 5), line(2, 3)],
        claimed: None,
        until: Some(until),
    };
    let past = NOW - Duration::from_secs(1);
    given::<Return>([]).when(until(NOW)).then([requested()]);
    given::<Return>([]).when(until(past)).refused(Refusal::WindowOver { until: past });
    given::<Return>([requested()]).when(until(past)).then_nothing_happened();
}

#[test]
fn a_request_can_be_refused_and_the_refusal_taken_back() {
    let refuse = || Command::Refuse { note: None };
    let refused = Fact::Refused { note: None };
    given::<Return>([requested()]).when(refuse()).then([refused.clone()]);
    let no = || given::<Return>([requested(), refused.clone()]);
    no().when(refuse()).then_nothing_happened();
    no().when(receive(&[(1, 1)])).refused(Refusal::TooEarly { stage: Stage::Refused });
    no().when(Command::Authorise).then([Fact::Authorised]);
    no().when(Command::Close).then([Fact::Closed]);
    let stage = Stage::Authorised;
    given::<Return>(after(2)).when(refuse()).refused(Refusal::TooLate { stage });
}

#[test]
fn a_return_that_is_not_sent_in_time_expires_and_is_taken_when_it_comes_all_the_same() {
    given::<Return>(after(2)).when(Command::Expire).then([Fact::Expired]);
    let expired = || given::<Return>(after(2).into_iter().chain([Fact::Expired]));
    expired().when(Command::Expire).then_nothing_happened();
    expired().when(Command::MarkInTransit).then([Fact::InTransit]);
    expired().when(receive(&[(1, 5)])).then([received(&[(1, 5)])]);
    expired().when(Command::Close).then([Fact::Closed]);
    for steps in 3..=way().len() {
        given::<Return>(after(steps)).when(Command::Expire).then_nothing_happened();
    }
    let stage = Stage::Requested;
    given::<Return>(after(1)).when(Command::Expire).refused(Refusal::TooEarly { stage });
}

#[test]
fn what_arrives_is_told_in_all_and_never_more_than_was_requested() {
    let some = || given::<Return>(after(3).into_iter().chain([received(&[(1, 2)])]));
    given::<Return>(after(3)).when(receive(&[(1, 2), (2, 0)])).then([received(&[(1, 2)])]);
    some().when(receive(&[(1, 2)])).then_nothing_happened();
    some().when(receive(&[(1, 4), (2, 3)])).then([received(&[(1, 2), (2, 3)])]);
    some().when(receive(&[(1, 6)])).refused(Refusal::TooMany { line: 1, there: 5 });
    some().when(receive(&[(9, 1)])).refused(Refusal::NoSuchLine { line: 9 });
    let looked = after(3)
        .into_iter()
        .chain([received(&[(1, 2)]), inspected(&[(1, 2, Disposition::Restock)])]);
    let stage = Stage::Inspected;
    given::<Return>(looked).when(receive(&[(1, 4)])).refused(Refusal::TooLate { stage });
}

#[test]
fn an_inspection_says_what_becomes_of_each_unit_that_arrived() {
    let arrived = || given::<Return>(after(3).into_iter().chain([received(&[(1, 4)])]));
    let split = [
        (1, 2, Disposition::Restock),
        (1, 1, Disposition::Refurbish),
        (1, 1, Disposition::BackToCustomer),
    ];
    arrived().when(inspect(&split)).then([inspected(&split)]);
    arrived().when(inspect(&split[..1])).refused(Refusal::NotInspected { line: 1, missing: 2 });
    let many = [(1, 3, Disposition::Restock), (1, 2, Disposition::Scrap)];
    arrived().when(inspect(&many)).refused(Refusal::TooMany { line: 1, there: 4 });
    arrived().when(inspect(&[(9, 1, Disposition::Scrap)])).refused(Refusal::NoSuchLine { line: 9 });
    let all = after(3).into_iter().chain([received(&[(1, 4)]), inspected(&split)]);
    let accepted: Vec<Units> = given::<Return>(all).state().accepted().collect();
    assert_eq!(accepted, [Units::new(1, 3), Units::new(2, 0)]);
}
