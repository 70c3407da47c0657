//! Selling an order: from the request to the end of the return window, and the way back from every point.
//!
//! | heard | asks | undone by |
//! |---|---|---|
//! | requested | hold every line that is kept in stock | release, reject |
//! | every line held | a number, then place | – |
//! | placed, another attempt | start the payment; wake at the deadline | void, cancel |
//! | authorised | secure the payment; void every other yes | void, refund |
//! | payment secured | commit the lines, open the fulfilments | release, cancel |
//! | shortfall | keep no more units than are there | – |
//! | cancelled | release the stock, reduce the fulfilments, void or refund the money | – |
//! | delivered | wake when the return window is over, then complete | – |
//!
//! What happens to one fulfilment is told in [`crate::fulfil`]. Places kept for what comes later:
//! several means of payment begin in [`SellOrder::pay`], sites are chosen in [`crate::routing`],
//! coupons and points are given back in [`SellOrder::cancelled`].

mod way_there;

mod payment;

mod way_back;

use crate::{Command, Fact, Heard, Shop, Step, refunds::Owed, tries::Tries};
use commerce::{
    numbering::NumbersFact,
    orders::{CancelReason, Canceller, OrderCommand},
    payments::PaymentMethod,
};
use kernel::{Currency, LineId, Money, OrderId, Process, Sku, Timestamp, VaultId};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use warehouse::inventory::{StockCommand, StockFact};

/// What a payment has, where the request says nothing.
const PAY_WITHIN: Duration = Duration::from_secs(15 * 60);
/// After the deadline the provider is asked once what became of the payment; then it is over.
const LAST_WORD: Duration = Duration::from_secs(300);
/// Days in which delivered goods may come back, where the request says nothing.
const RETURN_DAYS: u16 = 30;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DECLINES: usize = 3;
/// How long a provider has before a capture is tried again.
pub(crate) const CAPTURE_AGAIN: Duration = Duration::from_secs(60 * 60);
/// The capture of an order that has nothing to send.
const WITHOUT_PARCEL: u32 = 0;

const PAY_BY: &str = "pay_by";
const LAST_WORD_TIMER: &str = "last_word";
const CAPTURE_TIMER: &str = "capture_again";
const REFUND_TIMER: &str = "refund_again";
const RETURN_TIMER: &str = "return_window";

/// The story of one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SellOrder {
    stage: Stage,
    lines: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    /// Minor units that sending it costs.
    shipping: i64,
    /// What the attempt under way is to pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<Money>,
    method: PaymentMethod,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<VaultId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_within_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_days: Option<u16>,
    /// The attempt under way, or the one that has paid.
    payment: u32,
    declined: Vec<u32>,
    fulfilments: u32,
    packed: bool,
    /// The cart of the same id is ordered with it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    from_cart: bool,
    captures: Tries,
    owed: Vec<Owed>,
    /// The last cancellation that was heard.
    cancellations: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// No order: not yet, or no longer.
    #[default]
    None,
    Requested,
    Placed,
    Secured,
    /// Cancelled, and money is still to be given back.
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    sku: Sku,
    stock_kept: bool,
    /// Minor units that one unit costs.
    price: i64,
    /// Units that are not cancelled.
    units: u32,
    /// Units that are still with the stock.
    promised: u32,
    held: Held,
    /// Which fulfilment sends it.
    fulfilment: u32,
    /// Units that are gone from the stock and not yet cancelled.
    #[serde(default)]
    short: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Held {
    Asked,
    Yes,
    /// So many are available.
    No(u32),
}

impl Process for SellOrder {
    type Business = Shop;
    type Key = OrderId;

    fn react(&mut self, order: &OrderId, heard: Heard<'_>, now: Timestamp) -> Vec<Step> {
        let order = *order;
        match heard {
            Heard::Fact(Fact::Order(_, fact)) => self.order(order, fact, now),
            Heard::Fact(Fact::Stock(_, StockFact::Held { line, .. })) => {
                self.answered(order, line.number, Held::Yes)
            }
            Heard::Fact(Fact::Stock(_, StockFact::Shortfall { line, units, .. })) => {
                self.short(order, line.number, *units)
            }
            Heard::Fact(Fact::Numbers(_, NumbersFact::Drawn { number, .. })) => {
                self.numbered(order, *number, now)
            }
            Heard::Fact(Fact::Payment(payment, fact)) => self.payment(*payment, fact, now),
            Heard::Fact(_) => vec![],
            Heard::Refused { command, refusal } => self.refused(order, (command, refusal), now),
            Heard::Woke(name) => self.woke(order, name, now),
        }
    }
}

fn ask(order: OrderId, command: OrderCommand) -> Step {
    Step::Ask(Command::Order(order, command))
}

/// All that is not yet sent.
fn cancel(order: OrderId, reason: CancelReason) -> Step {
    ask(order, OrderCommand::Cancel { by: Canceller::System, reason, lines: None })
}

fn wake(at: Timestamp, name: &'static str) -> Step {
    Step::Wake { at, name: name.into() }
}

fn release(order: OrderId, number: u32, line: &Line, keep: u32) -> Step {
    let release = StockCommand::Release { line: LineId::new(order, number), keep };
    Step::Ask(Command::Stock(line.sku.clone(), release))
}
