//! Orders: all that people ask about an order, in one document.
//!
//! It counts the units of each line as the order itself does, and stands where the order stands; the
//! drills compare the two after every scenario.

mod parts;
mod payments;
mod units;

use super::brief::{add, is_default, is_true, micros, time, word, yes};
use crate::wiring::{Fact, Shop};
use commerce::orders::{CancelReason, HoldReason, OrderFact, Requested, Stage};
use compact_str::CompactString;
use kernel::{Column, Columns, Currency, Money, PersonId, Recorded, Sku, Timestamp, View};
use serde::{Deserialize, Serialize};
use warehouse::{returns::ReturnFact, shipping::ParcelFact};

pub use parts::{OrderFulfilment, OrderParcel, OrderReturn};
pub use payments::OrderPayment;
pub use units::LineUnits;

/// Orders, under the order's id. Columns: `number`, `status`, `placed_at`, `customer`.
pub struct Orders;

/// One order. Amounts are minor units of its currency unless they are [`Money`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// What people call it; 0 until it is placed.
    #[serde(skip_serializing_if = "is_default")]
    pub number: u64,
    /// How far it has come.
    pub status: OrderStatus,
    /// What somebody has to look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on_hold: Vec<HoldReason>,
    /// Why units were cancelled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<CancelReason>,
    /// Who ordered.
    pub customer: Option<PersonId>,
    /// Where it goes, as the trade writes it.
    pub country: CompactString,
    /// Of all its amounts.
    pub currency: Option<Currency>,
    /// Numbered from 1.
    pub lines: Vec<OrderLine>,
    /// What sending costs.
    #[serde(skip_serializing_if = "is_default")]
    pub shipping: i64,
    /// By attempt, from 1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<OrderPayment>,
    /// The attempt that pays, once it is secured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_by: Option<u32>,
    /// What each site sends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fulfilments: Vec<OrderFulfilment>,
    /// With the carrier, or on their way to him.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parcels: Vec<OrderParcel>,
    /// What comes back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<OrderReturn>,
    /// When it was placed.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub placed_at: Option<Timestamp>,
    /// When it has to be paid.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub pay_by: Option<Timestamp>,
    /// When something happened last.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// Of the order's own stream.
    pub version: u64,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderLine {
    /// What.
    pub sku: Sku,
    /// How many were ordered.
    pub quantity: u32,
    /// What one costs.
    pub unit_price: i64,
    /// False for postage and the like.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub stock_kept: bool,
    /// Where they are; they add up to the quantity.
    pub units: LineUnits,
    /// What was given back for it, or will be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refunded: i64,
}

/// What an order costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Its lines.
    pub goods: Money,
    /// Taken off.
    pub discount: Money,
    /// What sending costs.
    pub shipping: Money,
    /// Of the total.
    pub tax: Money,
    /// All together.
    pub total: Money,
    /// Prices are with tax.
    pub tax_included: bool,
}

/// How far an order has come, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Nothing is promised yet.
    #[default]
    Requested,
    /// Not all was there.
    Rejected,
    /// Awaits its payment.
    Placed,
    /// Paid for.
    Paid,
    /// The warehouse works on it.
    Released,
    /// Some of it is on its way.
    PartlyShipped,
    /// All of it is on its way.
    Shipped,
    /// All of it is there.
    Delivered,
    /// The return window is over.
    Completed,
    /// Nothing of it was sent.
    Cancelled,
}

impl View for Orders {
    type Business = Shop;
    type Document = Order;

    const NAME: &'static str = "orders";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["number", "status", "placed_at", "customer"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        let order = match &recorded.fact {
            Fact::Order(order, _) => order,
            Fact::Payment(payment, fact) if payments::is_told(fact) => &payment.order,
            Fact::Fulfilment(fulfilment, _) => &fulfilment.order,
            Fact::Parcel(parcel, fact) if is_told(fact) => &parcel.order,
            // Units received and inspected are the return's affair until it says how it ended.
            Fact::Return(id, _) => &id.order,
            _ => return,
        };
        keys.push(order.to_string());
    }

    fn evolve(order: &mut Order, _: &str, recorded: &Recorded<Shop>) {
        order.changed_at = Some(recorded.at());
        match &recorded.fact {
            Fact::Order(_, fact) => {
                order.hear(fact, recorded.at());
                order.version = recorded.version;
            }
            Fact::Payment(payment, fact) => order.hear_payment(payment.number, fact),
            Fact::Fulfilment(fulfilment, fact) => {
                order.fulfilment(fulfilment.number).hear(fact);
            }
            Fact::Parcel(parcel, fact) => order.parcel(parcel.number).hear(fact),
            Fact::Return(id, fact) => order.hear_return(id.number, fact),
            _ => {}
        }
    }

    fn columns(order: &Order) -> Columns {
        let number = i64::try_from(order.number).ok().filter(|number| *number > 0);
        vec![
            number.map(Column::Number),
            word(&order.status),
            time(order.placed_at),
            order.customer.map(|customer| Column::Text(customer.to_string())),
        ]
    }
}

/// What changes how a parcel looks from its order.
fn is_told(fact: &ParcelFact) -> bool {
    match fact {
        ParcelFact::Created { .. }
        | ParcelFact::Labelled { .. }
        | ParcelFact::LabelAsked { .. }
        | ParcelFact::HandedOver
        | ParcelFact::Tracked(_)
        | ParcelFact::Delivered { .. }
        | ParcelFact::Lost { .. }
        | ParcelFact::ReturnedToSender { .. }
        | ParcelFact::Cancelled => true,
        ParcelFact::LabelFailed { .. }
        | ParcelFact::LabelVoidAsked { .. }
        | ParcelFact::Cleared
        | ParcelFact::CarrierAsked { .. }
        | ParcelFact::GaveUp { .. } => false,
    }
}

/// What others may ask.
impl Order {
    /// An amount of this order.
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency.unwrap_or(Currency::XXX))
    }

    /// What was ordered costs this, with what was cancelled since.
    pub fn totals(&self) -> Totals {
        let worth = |line: &OrderLine| line.unit_price * i64::from(line.quantity);
        let goods: i64 = self.lines.iter().map(worth).sum();
        let none = self.money(0);
        Totals {
            goods: self.money(goods),
            discount: none,
            shipping: self.money(self.shipping),
            tax: none,
            total: self.money(goods + self.shipping),
            tax_included: true,
        }
    }

    /// Units ordered, of all lines.
    pub fn quantity(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.quantity)).sum()
    }

    /// Units at a stage, of all lines.
    pub fn units(&self, stage: Stage) -> u64 {
        self.lines.iter().map(|line| u64::from(line.units.at(stage))).sum()
    }
}

impl Order {
    fn hear(&mut self, fact: &OrderFact, at: Timestamp) {
        match fact {
            OrderFact::Requested(requested) => self.requested(requested),
            OrderFact::Rejected { .. } => self.status = OrderStatus::Rejected,
            OrderFact::Placed { number, pay_by } => {
                (self.number, self.placed_at, self.pay_by) = (*number, Some(at), Some(*pay_by));
                self.status = OrderStatus::Placed;
                self.shift_all(Stage::Open, Stage::Held);
            }
            OrderFact::PaymentSecured { payment } => {
                (self.paid_by, self.pay_by) = (Some(*payment), None);
                self.shift_all(Stage::Held, Stage::Committed);
            }
            OrderFact::FulfilmentOpened { fulfilment, lines } => {
                self.fulfilment(*fulfilment).lines = lines.clone();
            }
            OrderFact::Released { fulfilment } => self.move_part(*fulfilment, Stage::Released),
            OrderFact::Picked { fulfilment } => self.move_part(*fulfilment, Stage::Picked),
            OrderFact::Packed { fulfilment, lines, .. } => self.packed(*fulfilment, lines),
            OrderFact::Shipped { fulfilment } => self.move_part(*fulfilment, Stage::Shipped),
            OrderFact::Delivered { fulfilment: Some(fulfilment), .. } => {
                self.move_part(*fulfilment, Stage::Delivered);
            }
            OrderFact::Delivered { fulfilment: None, .. } => {
                self.shift_all(Stage::Committed, Stage::Delivered);
            }
            OrderFact::Lost { fulfilment, amount, .. } => {
                self.move_part(*fulfilment, Stage::Lost);
                let lines = self.fulfilment(*fulfilment).lines.clone();
                self.refund(&lines, amount.minor);
            }
            OrderFact::Cancelled { lines, all, reason, refund, .. } => {
                self.cancel_reason = Some(*reason);
                let packed = self.take_out(lines);
                self.refund(&packed, refund.map_or(0, |refund| refund.minor));
                if *all {
                    (self.status, self.pay_by) = (OrderStatus::Cancelled, None);
                }
            }
            OrderFact::Returned { lines, refund, .. } => {
                for line in lines {
                    self.shift(line.line, Stage::Delivered, Stage::Returned, line.units);
                }
                self.refund(lines, refund.minor);
            }
            OrderFact::Completed => self.status = OrderStatus::Completed,
            OrderFact::Held { reason } => self.on_hold.push(*reason),
            OrderFact::Unheld { reason } => self.on_hold.retain(|held| held != reason),
            OrderFact::PaymentTried { .. } => {}
        }
        self.judge();
    }

    fn requested(&mut self, requested: &Requested) {
        let line = |line: &commerce::orders::OrderLine| OrderLine {
            sku: line.sku.clone(),
            quantity: line.units,
            unit_price: line.unit_price.minor,
            stock_kept: line.stock_kept,
            units: LineUnits::open(line.units),
            refunded: 0,
        };
        *self = Order {
            customer: Some(requested.customer),
            country: requested.country.clone(),
            currency: Some(requested.currency),
            lines: requested.lines.iter().map(line).collect(),
            shipping: requested.shipping.map_or(0, |shipping| shipping.minor),
            changed_at: self.changed_at,
            ..Order::default()
        };
    }

    /// The status of what is placed is a function of the counts and the payment.
    fn judge(&mut self) {
        use OrderStatus as Status;
        if let Status::Requested | Status::Rejected | Status::Completed | Status::Cancelled =
            self.status
        {
            return;
        }
        let any = |stages: &[Stage]| stages.iter().any(|stage| self.units(*stage) > 0);
        let working = any(&[Stage::Released, Stage::Picked, Stage::Packed]);
        let before = working || any(&[Stage::Held, Stage::Committed]);
        let under_way = any(&[Stage::Shipped]);
        let sent = under_way || any(&[Stage::Delivered, Stage::Returned, Stage::Lost]);
        self.status = match (self.paid_by.is_some(), before, under_way) {
            (false, ..) => Status::Placed,
            (true, true, _) if sent => Status::PartlyShipped,
            (true, true, _) if working => Status::Released,
            (true, true, _) => Status::Paid,
            (true, false, true) => Status::Shipped,
            (true, false, false) => Status::Delivered,
        };
    }

    fn hear_return(&mut self, number: u32, fact: &ReturnFact) {
        self.coming_back(number).hear(fact);
    }
}
