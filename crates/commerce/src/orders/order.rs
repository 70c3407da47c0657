//! One order: what it remembers, its rules, and what others may ask of it.

use super::{
    Counts, HoldReason, NewLine, OrderCommand, OrderFact, OrderLimits, OrderLine, OrderRefusal,
    OrderRequest, Requested, Stage, Status, Units, commands::ATTEMPTS, parts::Part,
};
use crate::method::PaymentMethod;
use kernel::{Currency, Decider, Money, OrderId, Timestamp, VaultId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What an order remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    pub(super) phase: Phase,
    pub(super) currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ship_to: Option<VaultId>,
    pub(super) lines: Vec<Line>,
    /// Minor units.
    pub(super) shipping: i64,
    /// Shipping was charged with a parcel.
    pub(super) shipping_charged: bool,
    pub(super) attempts: u32,
    pub(super) paid: Option<u32>,
    pub(super) parts: BTreeMap<u32, Part>,
    pub(super) cancellations: u32,
    pub(super) returns: BTreeSet<u32>,
    /// Minor units of what was delivered, less what was refunded.
    pub(super) value_left: i64,
    holds: BTreeSet<HoldReason>,
    /// The provider's token, in the vault, until a payment takes it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<VaultId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    #[default]
    None,
    Requested,
    Placed,
    Rejected,
    Cancelled,
    Completed,
}

/// A line as the order remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Minor units that one unit costs.
    pub price: i64,
    /// False for postage and the like.
    pub stock_kept: bool,
    /// Where its units are.
    pub counts: Counts,
}

impl Line {
    pub(super) fn is_cancelled(&self) -> bool {
        self.counts.at(Stage::Cancelled) == self.counts.total()
    }
}

pub(super) type Facts = Result<Vec<OrderFact>, OrderRefusal>;

pub(super) fn one(fact: OrderFact) -> Facts {
    Ok(vec![fact])
}

impl Decider for Order {
    type Id = OrderId;
    type Command = OrderCommand;
    type Fact = OrderFact;
    type Refusal = OrderRefusal;

    fn decide(&self, command: &OrderCommand, _: Timestamp) -> Facts {
        match command {
            OrderCommand::Request(request) => self.request(request),
            OrderCommand::Reject { short } => match self.phase {
                Phase::Requested => one(OrderFact::Rejected { short: short.clone() }),
                Phase::Rejected => Ok(vec![]),
                _ => self.wrong_stage(),
            },
            OrderCommand::Place { number, pay_by } => match self.phase {
                Phase::Requested => one(OrderFact::Placed { number: *number, pay_by: *pay_by }),
                Phase::Placed => Ok(vec![]),
                _ => self.wrong_stage(),
            },
            OrderCommand::TryPayment { method, token } => self.try_payment(*method, *token),
            OrderCommand::SecurePayment { payment } => match (self.phase, self.paid) {
                (Phase::Placed, None) if !(1..=self.attempts).contains(payment) => {
                    Err(OrderRefusal::UnknownPayment { payment: *payment })
                }
                (Phase::Placed, None) => one(OrderFact::PaymentSecured { payment: *payment }),
                (_, Some(paid)) if paid == *payment => Ok(vec![]),
                (_, Some(_)) => Err(OrderRefusal::AlreadyPaid),
                _ => self.wrong_stage(),
            },
            OrderCommand::OpenFulfilment { fulfilment, lines } => self.open(*fulfilment, lines),
            OrderCommand::Release { fulfilment } => {
                let released = OrderFact::Released { fulfilment: *fulfilment };
                self.forward(*fulfilment, Stage::Released, released)
            }
            OrderCommand::Pick { fulfilment } => {
                let picked = OrderFact::Picked { fulfilment: *fulfilment };
                self.forward(*fulfilment, Stage::Picked, picked)
            }
            OrderCommand::Pack { fulfilment, lines } => self.pack(*fulfilment, lines),
            OrderCommand::Ship { fulfilment } => {
                let shipped = OrderFact::Shipped { fulfilment: *fulfilment };
                self.forward(*fulfilment, Stage::Shipped, shipped)
            }
            OrderCommand::Deliver { fulfilment: Some(fulfilment) } => self.deliver(*fulfilment),
            OrderCommand::Deliver { fulfilment: None } => self.deliver_without_parcel(),
            OrderCommand::Lose { fulfilment } => self.lose(*fulfilment),
            OrderCommand::Cancel { by, reason, lines } => {
                self.cancel(*by, *reason, lines.as_deref())
            }
            OrderCommand::Keep { reason, lines } => self.keep(*reason, lines),
            OrderCommand::Return { return_id, lines, claimed } => {
                self.take_back(*return_id, lines, *claimed)
            }
            OrderCommand::Complete => self.complete(),
            OrderCommand::Hold { reason } if self.holds.contains(reason) => Ok(vec![]),
            OrderCommand::Hold { reason } => match self.phase {
                Phase::Requested | Phase::Placed => one(OrderFact::Held { reason: *reason }),
                _ => self.wrong_stage(),
            },
            OrderCommand::Unhold { reason } if !self.holds.contains(reason) => Ok(vec![]),
            OrderCommand::Unhold { reason } => one(OrderFact::Unheld { reason: *reason }),
        }
    }

    /// Where there will be no payment, nobody else spends its token.
    fn spent(&self, fact: &OrderFact) -> Option<VaultId> {
        match fact {
            OrderFact::Rejected { .. } => self.token,
            OrderFact::Placed { .. } if self.costs_nothing() => self.token,
            OrderFact::PaymentTried { token, .. } if self.costs_nothing() => *token,
            _ => None,
        }
    }

    fn evolve(&mut self, fact: &OrderFact) {
        match fact {
            OrderFact::Requested(requested) => *self = Order::requested(requested),
            OrderFact::Rejected { .. } => (self.phase, self.token) = (Phase::Rejected, None),
            OrderFact::Placed { .. } => {
                (self.phase, self.token) = (Phase::Placed, None);
                self.attempts = 1;
                self.shift_all(Stage::Open, Stage::Held);
            }
            OrderFact::PaymentTried { payment, .. } => self.attempts = *payment,
            OrderFact::PaymentSecured { payment } => {
                self.paid = Some(*payment);
                self.shift_all(Stage::Held, Stage::Committed);
            }
            OrderFact::FulfilmentOpened { fulfilment, lines } => {
                self.opened(*fulfilment, lines);
            }
            OrderFact::Released { fulfilment } => self.move_part(*fulfilment, Stage::Released),
            OrderFact::Picked { fulfilment } => self.move_part(*fulfilment, Stage::Picked),
            OrderFact::Packed { fulfilment, lines, amount, .. } => {
                self.packed(*fulfilment, lines, amount.minor);
            }
            OrderFact::Shipped { fulfilment } => self.move_part(*fulfilment, Stage::Shipped),
            OrderFact::Delivered { fulfilment: Some(fulfilment), .. } => {
                self.delivered(*fulfilment);
            }
            OrderFact::Delivered { fulfilment: None, amount } => {
                self.delivered_without_parcel(amount.map_or(0, |amount| amount.minor));
            }
            OrderFact::Lost { fulfilment, .. } => self.move_part(*fulfilment, Stage::Lost),
            OrderFact::Cancelled { lines, all, cancellation, .. } => {
                self.cancellations = *cancellation;
                self.cancelled(lines, *all);
            }
            OrderFact::Returned { return_id, lines, refund, .. } => {
                self.returned(*return_id, lines, refund.minor);
            }
            OrderFact::Completed => self.phase = Phase::Completed,
            OrderFact::Held { reason } => drop(self.holds.insert(*reason)),
            OrderFact::Unheld { reason } => drop(self.holds.remove(reason)),
        }
    }
}

/// What was asked for, and what it is worth.
impl Order {
    fn request(&self, request: &OrderRequest) -> Facts {
        if !matches!(self.phase, Phase::None | Phase::Rejected) {
            return Err(OrderRefusal::AlreadyRequested);
        }
        let OrderLimits { lines: max_lines, units: max_units } = request.limits;
        if request.lines.is_empty() {
            return Err(OrderRefusal::Empty);
        }
        if request.lines.len() > max_lines as usize {
            return Err(OrderRefusal::TooManyLines { max: max_lines });
        }
        if !(2..=60).contains(&request.country.chars().count()) {
            return Err(OrderRefusal::BadCountry);
        }
        let mut total = request.shipping.unwrap_or(Money::zero(request.currency));
        if total.currency != request.currency || total.minor < 0 {
            return Err(OrderRefusal::BadShipping);
        }
        for (line, new) in (1..).zip(&request.lines) {
            if new.quantity.units() > max_units {
                return Err(OrderRefusal::TooManyUnits { line, max: max_units });
            }
            if new.unit_price.currency != request.currency || new.unit_price.minor < 0 {
                return Err(OrderRefusal::BadPrice { line });
            }
            let price = new.unit_price.times(new.quantity.units());
            let sum = price.and_then(|price| total.plus(price));
            total = sum.map_err(|_| OrderRefusal::TooLarge)?;
        }
        let line = |new: &NewLine| OrderLine {
            sku: new.sku.clone(),
            units: new.quantity.units(),
            unit_price: new.unit_price,
            stock_kept: new.stock_kept,
        };
        one(OrderFact::Requested(Box::new(Requested {
            customer: request.customer,
            country: request.country.clone(),
            currency: request.currency,
            lines: request.lines.iter().map(line).collect(),
            shipping: request.shipping.filter(|shipping| !shipping.is_zero()),
            method: request.method,
            token: request.token,
            ship_to: request.ship_to,
            email: request.email,
            pay_within_seconds: request.pay_within_seconds,
            return_window_days: request.return_window_days,
            from_cart: request.from_cart,
        })))
    }

    fn requested(requested: &Requested) -> Order {
        let line = |line: &OrderLine| Line {
            price: line.unit_price.minor,
            stock_kept: line.stock_kept,
            counts: Counts::open(line.units),
        };
        Order {
            phase: Phase::Requested,
            currency: Some(requested.currency),
            ship_to: requested.ship_to,
            token: requested.token,
            lines: requested.lines.iter().map(line).collect(),
            shipping: requested.shipping.map_or(0, |shipping| shipping.minor),
            ..Order::default()
        }
    }

    fn try_payment(&self, method: PaymentMethod, token: Option<VaultId>) -> Facts {
        match (self.phase, self.paid) {
            (_, Some(_)) => Err(OrderRefusal::AlreadyPaid),
            (Phase::Placed, None) if self.attempts >= ATTEMPTS => {
                Err(OrderRefusal::TooManyAttempts)
            }
            (Phase::Placed, None) => {
                one(OrderFact::PaymentTried { payment: self.attempts + 1, method, token })
            }
            _ => self.wrong_stage(),
        }
    }

    fn costs_nothing(&self) -> bool {
        let is_free = |line: &Line| line.price == 0 || line.is_cancelled();
        self.shipping == 0 && self.lines.iter().all(is_free)
    }

    pub(super) fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency.unwrap_or(Currency::XXX))
    }

    /// What these units cost; quantities and prices were checked when they were requested.
    pub(super) fn worth(&self, lines: &[Units]) -> i64 {
        lines
            .iter()
            .filter_map(|Units { line, units }| Some(self.line(*line)?.price * i64::from(*units)))
            .sum()
    }

    pub(super) fn wrong_stage(&self) -> Facts {
        Err(OrderRefusal::WrongStage { status: self.status() })
    }
}

/// What others may ask.
impl Order {
    /// How far it has come.
    pub fn status(&self) -> Status {
        match self.phase {
            Phase::None => Status::None,
            Phase::Requested => Status::Requested,
            Phase::Rejected => Status::Rejected,
            Phase::Cancelled => Status::Cancelled,
            Phase::Completed => Status::Completed,
            Phase::Placed => self.status_of_placed(),
        }
    }

    fn status_of_placed(&self) -> Status {
        let any = |stages: &[Stage]| {
            self.lines.iter().any(|line| stages.iter().any(|stage| line.counts.at(*stage) > 0))
        };
        let before =
            any(&[Stage::Held, Stage::Committed, Stage::Released, Stage::Picked, Stage::Packed]);
        let under_way = any(&[Stage::Shipped]);
        let sent = any(&[Stage::Shipped, Stage::Delivered, Stage::Returned, Stage::Lost]);
        match (self.paid.is_some(), before, under_way, sent) {
            (false, ..) => Status::Placed,
            (true, true, _, true) => Status::PartlyShipped,
            (true, true, _, false) if any(&[Stage::Released, Stage::Picked, Stage::Packed]) => {
                Status::Released
            }
            (true, true, _, false) => Status::Paid,
            (true, false, true, _) => Status::Shipped,
            (true, false, false, _) => Status::Delivered,
        }
    }

    /// How many lines it has.
    pub fn lines(&self) -> usize {
        self.lines.len()
    }

    /// A line by its number, which counts from 1.
    pub fn line(&self, number: u32) -> Option<&Line> {
        self.lines.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// Units of a line by stage.
    pub fn counts(&self, line: u32) -> Option<Counts> {
        self.line(line).map(|line| line.counts)
    }

    /// What was asked for costs this, with shipping and with what was cancelled since.
    pub fn total(&self) -> Money {
        let worth = |line: &Line| line.price * i64::from(line.counts.total());
        self.money(self.lines.iter().map(worth).sum::<i64>() + self.shipping)
    }

    /// What was delivered cost this, less what was refunded for returns.
    pub fn value_left(&self) -> Money {
        self.money(self.value_left)
    }

    /// Units that are kept in stock and the warehouse does not work on yet.
    pub fn unreleased(&self) -> u64 {
        let soft = [Stage::Open, Stage::Held, Stage::Committed];
        let units = |line: &Line| soft.iter().map(|at| u64::from(line.counts.at(*at))).sum::<u64>();
        self.lines.iter().filter(|line| line.stock_kept).map(units).sum()
    }

    /// The attempt that has paid.
    pub fn paid_by(&self) -> Option<u32> {
        self.paid
    }

    /// How often somebody tried to pay.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How far a fulfilment has come.
    pub fn fulfilment(&self, fulfilment: u32) -> Option<Stage> {
        self.parts.get(&fulfilment).map(|part| part.stage)
    }

    /// What somebody has to look at.
    pub fn holds(&self) -> impl Iterator<Item = HoldReason> + '_ {
        self.holds.iter().copied()
    }
}
