//! What is true of an order whatever happens to it.

use super::{
    tests::{new_line, pence, request_of, requested, units},
    *,
};
use kernel::{Decider, Money, spec::NOW};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What a customer has been charged, and given back, as the facts tell it.
#[derive(Default)]
struct Till {
    charged: i64,
    given_back: i64,
    delivered: i64,
    returned: i64,
    lost: i64,
    parcels: BTreeMap<u32, i64>,
}

impl Till {
    fn hears(&mut self, fact: &OrderFact) {
        match fact {
            OrderFact::Packed { fulfilment, amount, .. } => {
                self.charged += amount.minor;
                self.parcels.insert(*fulfilment, amount.minor);
            }
            OrderFact::Delivered { fulfilment: None, amount } => {
                let amount = amount.map_or(0, |amount| amount.minor);
                self.charged += amount;
                self.delivered += amount;
            }
            OrderFact::Cancelled { refund, .. } => {
                self.given_back += refund.map_or(0, |refund| refund.minor);
            }
            OrderFact::Returned { refund, goodwill, .. } => {
                assert!(refund.minor >= 0 && goodwill.minor >= 0);
                self.returned += refund.minor;
            }
            OrderFact::Lost { amount, .. } => self.lost = amount.minor,
            _ => {}
        }
    }
}

fn any_lines() -> impl Strategy<Value = Vec<NewLine>> {
    let line = (1_u32..8, 0_i64..500, prop::bool::weighted(0.8));
    let line = line.prop_map(|(units, price, kept)| new_line("CUP", units, price, kept));
    prop::collection::vec(line, 1..5)
}

fn some_units() -> impl Strategy<Value = Vec<Units>> {
    prop::collection::vec((1_u32..5, 1_u32..5), 1..3).prop_map(|lines| units(&lines))
}

fn any_canceller() -> impl Strategy<Value = Canceller> {
    prop_oneof![Just(Canceller::Customer), Just(Canceller::Staff), Just(Canceller::System)]
}

fn any_command() -> impl Strategy<Value = OrderCommand> {
    let fulfilment = || 1_u32..4;
    let reason = CancelReason::Staff;
    let some = move |(by, lines)| OrderCommand::Cancel { by, reason, lines: Some(lines) };
    let back = |(return_id, lines, claimed): (u32, _, Option<i64>)| OrderCommand::Return {
        return_id,
        lines,
        claimed: claimed.map(pence),
    };
    prop_oneof![
        1 => Just(OrderCommand::SecurePayment { payment: 1 }),
        4 => (fulfilment(), some_units())
            .prop_map(|(fulfilment, lines)| OrderCommand::OpenFulfilment { fulfilment, lines }),
        4 => fulfilment().prop_map(|fulfilment| OrderCommand::Release { fulfilment }),
        4 => fulfilment().prop_map(|fulfilment| OrderCommand::Pick { fulfilment }),
        8 => (fulfilment(), some_units())
            .prop_map(|(fulfilment, lines)| OrderCommand::Pack { fulfilment, lines }),
        4 => fulfilment().prop_map(|fulfilment| OrderCommand::Ship { fulfilment }),
        4 => prop::option::weighted(0.9, fulfilment())
            .prop_map(|fulfilment| OrderCommand::Deliver { fulfilment }),
        1 => fulfilment().prop_map(|fulfilment| OrderCommand::Lose { fulfilment }),
        3 => (any_canceller(), some_units()).prop_map(some),
        2 => some_units().prop_map(move |lines| OrderCommand::Keep { reason, lines }),
        1 => any_canceller().prop_map(move |by| OrderCommand::Cancel { by, reason, lines: None }),
        4 => (1_u32..9, some_units(), prop::option::of(-10_i64..3_000)).prop_map(back),
        1 => Just(OrderCommand::Complete),
    ]
}

/// A process seals what is in its tote and opens what is there; noise alone never gets so far.
fn sensible(order: &Order, command: OrderCommand) -> OrderCommand {
    let lines_at = |stage, kept: bool| -> Vec<Units> {
        let lines = (1..).map_while(|number| Some((number, order.line(number)?)));
        let there = lines.filter(|(_, line)| line.stock_kept == kept && line.counts.at(stage) > 0);
        there.map(|(number, line)| (number, line.counts.at(stage)).into()).collect()
    };
    match command {
        OrderCommand::Pack { fulfilment, lines } => {
            let part = order.parts.get(&fulfilment).map(|part| part.lines.clone());
            OrderCommand::Pack { fulfilment, lines: part.unwrap_or(lines) }
        }
        OrderCommand::OpenFulfilment { fulfilment, .. } => {
            let lines = lines_at(Stage::Committed, true);
            let share = lines.len().div_ceil(2);
            OrderCommand::OpenFulfilment { fulfilment, lines: lines[..share].to_vec() }
        }
        OrderCommand::Cancel { by, reason, lines: Some(_) } => {
            let lines = Some(lines_at(Stage::Packed, true));
            OrderCommand::Cancel { by, reason, lines }
        }
        other => other,
    }
}

/// Cancelling says how many more are cancelled, or that nothing is left: said twice it is twice.
fn may_repeat(command: &OrderCommand) -> bool {
    matches!(command, OrderCommand::Cancel { .. })
}

fn begun(lines: Vec<NewLine>, shipping: i64) -> Order {
    let mut order = Order::default();
    order.evolve(&requested(request_of(lines, Some(pence(shipping)))));
    order.evolve(&OrderFact::Placed { number: 100_001, pay_by: NOW });
    order
}

/// What units at these stages cost.
fn worth(order: &Order, stages: &[Stage]) -> i64 {
    let lines = (1..).map_while(|number| order.line(number));
    let units = |line: &Line| stages.iter().map(|at| i64::from(line.counts.at(*at))).sum::<i64>();
    lines.map(|line| line.price * units(line)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn units_and_money_always_add_up(
        lines in any_lines(),
        shipping in 0_i64..100,
        commands in prop::collection::vec((any::<bool>(), any_command()), 0..80),
    ) {
        let quantities: Vec<u32> = lines.iter().map(|line| line.quantity.units()).collect();
        let mut order = begun(lines, shipping);
        let total = order.total().minor;
        order.evolve(&OrderFact::PaymentSecured { payment: 1 });
        let mut till = Till::default();
        for (steered, command) in commands {
            let command = if steered { sensible(&order, command) } else { command };
            let Ok(facts) = order.decide(&command, NOW) else { continue };
            for fact in &facts {
                if let OrderFact::Delivered { fulfilment: Some(number), .. } = fact {
                    till.delivered += order.parts.get(number).map_or(0, |part| part.amount);
                }
                order.evolve(fact);
                till.hears(fact);
            }
            if !may_repeat(&command) {
                let again = order.decide(&command, NOW);
                prop_assert!(again == Ok(vec![]), "{command:?} twice: {again:?}");
            }
            for (number, quantity) in (1..).zip(&quantities) {
                prop_assert_eq!(order.counts(number).map(|counts| counts.total()), Some(*quantity));
            }
            check_money(&order, &till, total)?;
        }
    }

    #[test]
    fn the_refunds_of_all_units_equal_what_they_cost(
        lines in any_lines(),
        shipping in 0_i64..100,
        parts in prop::collection::vec((1_u32..5, 1_u32..8), 0..30),
    ) {
        let mut order = sent_in_one_parcel(lines, shipping);
        let value = order.value_left().minor;
        prop_assert_eq!(value, order.total().minor);
        let goods = worth(&order, &[Stage::Delivered]);
        let all: Vec<(u32, u32)> = (1..).map_while(|line| {
            order.line(line).map(|known| (line, known.counts.total()))
        }).collect();
        // Some units first, then whatever is left, each line in one piece.
        let mut refunded = 0;
        let rest = all.into_iter().flat_map(|(line, units)| (1..=units).rev().map(move |n| (line, n)));
        for (return_id, part) in (1..).zip(parts.into_iter().chain(rest)) {
            let lines = units(&[part]);
            let back = OrderCommand::Return { return_id, lines, claimed: None };
            for fact in order.decide(&back, NOW).unwrap_or_default() {
                if let OrderFact::Returned { refund, .. } = &fact {
                    refunded += refund.minor;
                }
                order.evolve(&fact);
            }
        }
        prop_assert_eq!(worth(&order, &[Stage::Delivered]), 0);
        prop_assert_eq!((refunded, order.value_left().minor), (goods, value - goods));
    }
}

fn check_money(order: &Order, till: &Till, total: i64) -> Result<(), TestCaseError> {
    let charged = till.charged - till.given_back;
    prop_assert!((0..=total).contains(&charged), "charged {charged} of {total}");
    let packed = [Stage::Packed, Stage::Shipped, Stage::Delivered, Stage::Returned, Stage::Lost];
    let units = worth(order, &packed);
    let shipping = charged - units;
    let sealed = [Stage::Packed, Stage::Shipped, Stage::Delivered, Stage::Lost];
    let under_way = |part: &parts::Part| sealed.contains(&part.stage) && !part.lines.is_empty();
    let sent = order.parts.values().any(under_way) || till.delivered > 0;
    let due = if sent { order.shipping } else { 0 };
    prop_assert!(
        shipping == due || shipping == 0 && order.parts.len() > 1,
        "{charged} for {units}"
    );
    prop_assert_eq!(order.value_left().minor, till.delivered - till.returned);
    prop_assert!((0..=till.delivered).contains(&order.value_left().minor));
    let parcels: i64 = order.parts.values().map(|part| part.amount).sum();
    prop_assert!(parcels <= charged && till.lost <= till.charged);
    for (number, part) in &order.parts {
        let sealed = till.parcels.get(number).copied().unwrap_or(0);
        prop_assert!((0..=sealed).contains(&part.amount), "parcel {number}: {}", part.amount);
    }
    check_claims(order)?;
    let all = order.status() == Status::Cancelled;
    prop_assert!(!all || charged == 0, "{charged} of a cancelled order");
    prop_assert!(order.unreleased() == 0 || !all);
    Ok(())
}

/// No two parts claim the same unit, and postage does not lie in a parcel that is not sent.
fn check_claims(order: &Order) -> Result<(), TestCaseError> {
    let mut claimed: BTreeMap<(u32, usize), u32> = BTreeMap::new();
    for part in order.parts.values() {
        for Units { line, units } in &part.lines {
            *claimed.entry((*line, part.stage as usize)).or_default() += units;
        }
        let kept = |units: &Units| order.line(units.line).is_some_and(|line| line.stock_kept);
        let goods = part.lines.iter().any(kept);
        prop_assert!(goods || part.amount == 0, "a parcel without goods costs {}", part.amount);
    }
    for (number, line) in (1..).map_while(|number| Some((number, order.line(number)?))) {
        for stage in
            [Stage::Committed, Stage::Released, Stage::Picked, Stage::Packed, Stage::Shipped]
        {
            let claimed = claimed.get(&(number, stage as usize)).copied().unwrap_or(0);
            prop_assert!(claimed <= line.counts.at(stage), "line {number}: {stage:?} {claimed}");
        }
    }
    Ok(())
}

/// Everything at the customer's.
fn sent_in_one_parcel(lines: Vec<NewLine>, shipping: i64) -> Order {
    let goods = (1..).zip(&lines).filter(|(_, line)| line.stock_kept);
    let goods: Vec<Units> = goods.map(|(line, new)| (line, new.quantity.units()).into()).collect();
    let mut order = begun(lines, shipping);
    let fulfilment = 1;
    let way = match goods.is_empty() {
        true => vec![OrderCommand::Deliver { fulfilment: None }],
        false => vec![
            OrderCommand::OpenFulfilment { fulfilment, lines: goods.clone() },
            OrderCommand::Release { fulfilment },
            OrderCommand::Pick { fulfilment },
            OrderCommand::Pack { fulfilment, lines: goods },
            OrderCommand::Ship { fulfilment },
            OrderCommand::Deliver { fulfilment: Some(fulfilment) },
        ],
    };
    for command in [OrderCommand::SecurePayment { payment: 1 }].into_iter().chain(way) {
        let facts = order.decide(&command, NOW).unwrap();
        facts.iter().for_each(|fact| order.evolve(fact));
    }
    order
}

#[test]
fn an_order_of_the_trade_s_greatest_size_is_cancelled_and_returned_in_one_go() {
    let lines: Vec<NewLine> = (0..1_114).map(|_| new_line("CUP", 3, 125, true)).collect();
    let mut request = request_of(lines.clone(), None);
    request.limits.lines = 1_114;
    let mut order = Order::default();
    let asked = order.decide(&OrderCommand::Request(Box::new(request)), NOW).unwrap();
    asked.iter().for_each(|fact| order.evolve(fact));
    let by = Canceller::Staff;
    let cancel = OrderCommand::Cancel { by, reason: CancelReason::Staff, lines: None };
    let facts = order.decide(&cancel, NOW).unwrap();
    facts.iter().for_each(|fact| order.evolve(fact));
    assert_eq!(order.status(), Status::Cancelled);
    assert_eq!(order.total(), Money::new(1_114 * 375, kernel::Currency::GBP));
}
