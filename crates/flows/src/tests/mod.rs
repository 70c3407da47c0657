//! The stories step by step: what is heard, what is asked for next. Whole orders are told in `tests/it`.

mod fulfil;
mod return_goods;
mod sell_order;

use crate::{Command, Fact, Step};
use commerce::{
    orders::{CancelReason, OrderCommand, OrderFact, Units},
    payments::{PaymentCommand, PaymentFact},
};
use kernel::{Currency, FulfilmentId, LineId, Money, OrderId, PaymentId, Sku, Timestamp};
use warehouse::inventory::{StockCommand, StockFact};

fn order_id() -> OrderId {
    "018f0000-0000-7000-8000-000000000001".parse().unwrap()
}

fn part() -> FulfilmentId {
    FulfilmentId::new(order_id(), 1)
}

fn line(number: u32) -> LineId {
    LineId::new(order_id(), number)
}

fn sku(code: &str) -> Sku {
    code.parse().unwrap()
}

fn gbp(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn units(line: u32, units: u32) -> Units {
    Units { line, units }
}

fn order(fact: OrderFact) -> Fact {
    Fact::Order(order_id(), fact)
}

fn payment(number: u32, fact: PaymentFact) -> Fact {
    Fact::Payment(PaymentId::new(order_id(), number), fact)
}

fn stock(code: &str, fact: StockFact) -> Fact {
    Fact::Stock(sku(code), fact)
}

fn ask_order(command: OrderCommand) -> Step {
    Step::Ask(Command::Order(order_id(), command))
}

fn ask_payment(number: u32, command: PaymentCommand) -> Step {
    Step::Ask(Command::Payment(PaymentId::new(order_id(), number), command))
}

fn ask_stock(code: &str, command: StockCommand) -> Step {
    Step::Ask(Command::Stock(sku(code), command))
}

fn keep(reason: CancelReason, lines: Vec<Units>) -> Step {
    ask_order(OrderCommand::Keep { reason, lines })
}

fn wake(at: Timestamp, name: &'static str) -> Step {
    Step::Wake { at, name: name.into() }
}
