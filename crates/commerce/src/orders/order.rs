//! One order: commands, refusals, what it remembers, and its rules.

use super::{
    CancelReason, Counts, HoldReason, OrderFact, OrderLine, Requested, ShortLine, Stage, Units,
};
use crate::payments::PaymentMethod;
use compact_str::CompactString;
use kernel::{
    Currency, Decider, Money, OrderId, PersonId, Quantity, Sku, Timestamp, VaultId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Payment attempts of one order.
const ATTEMPTS: u32 = 10;

/// What may be asked of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OrderCommand {
    /// A checkout.
    Request(Box<OrderRequest>),
    /// Not every line could be held.
    Reject { short: Vec<ShortLine> },
    /// Every line is held.
    Place { number: u64, pay_by: Timestamp },
    /// The customer tries another payment.
    TryPayment { method: PaymentMethod, token: Option<VaultId> },
    /// A payment was authorised.
    SecurePayment { payment: u32 },
    /// One site will send these.
    OpenFulfilment { fulfilment: u32, lines: Vec<Units> },
    /// The warehouse may begin.
    Release { fulfilment: u32 },
    /// What was found is picked.
    Pick { fulfilment: u32 },
    /// The parcel with these is sealed.
    Pack { fulfilment: u32, lines: Vec<Units> },
    /// The carrier has it.
    Ship { fulfilment: u32 },
    /// The customer has it; none: an order that has nothing to send is paid.
    Deliver { fulfilment: Option<u32> },
    /// The carrier has lost it.
    Lose { fulfilment: u32 },
    /// Do not send these, or anything that is not yet sent.
    Cancel { by: Canceller, reason: CancelReason, lines: Option<Vec<Units>> },
    /// These came back and were accepted; `claimed` is what the customer asks for them.
    Return { return_id: u32, lines: Vec<Units>, claimed: Option<Money> },
    /// The return window is over.
    Complete,
    /// Somebody has to look.
    Hold { reason: HoldReason },
    /// Somebody has looked.
    Unhold { reason: HoldReason },
}

/// What a checkout asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// Who; a guest has an id as well.
    pub customer: PersonId,
    /// Where it goes, as the trade writes it; at most 60 bytes.
    pub country: CompactString,
    /// Of all its amounts.
    pub currency: Currency,
    /// Numbered from 1 in this order.
    pub lines: Vec<NewLine>,
    /// What sending costs.
    pub shipping: Option<Money>,
    /// How it is paid.
    pub method: PaymentMethod,
    /// The provider's token, in the vault.
    pub token: Option<VaultId>,
    /// Name and address, in the vault.
    pub ship_to: Option<VaultId>,
    /// E-mail, in the vault.
    pub email: Option<VaultId>,
    /// How long a payment may take, where it is not the usual.
    pub pay_within_seconds: Option<u64>,
    /// How long it may be returned, where it is not the usual.
    pub return_window_days: Option<u16>,
    /// What this shop allows.
    pub limits: OrderLimits,
}

/// One line of a checkout; the price was looked up at the edge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// What one costs.
    pub unit_price: Money,
    /// False for postage and the like.
    pub stock_kept: bool,
}

/// How large an order may be (product.md, Orders: 100 lines unless configured).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderLimits {
    /// Lines of one order.
    pub lines: u32,
    /// Units of one line.
    pub units: u32,
}

impl Default for OrderLimits {
    fn default() -> OrderLimits {
        OrderLimits { lines: 100, units: 9_999 }
    }
}

/// Who cancels; it decides until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Canceller {
    /// Until it is packed.
    Customer,
    /// Until it is handed over.
    Staff,
    /// A story: until it is handed over.
    System,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum OrderRefusal {
    /// There is such an order.
    #[error("this cart was ordered already: begin a new one")]
    AlreadyRequested,
    /// Nothing in it.
    #[error("an order needs at least one line")]
    Empty,
    /// Beyond the shop's limit.
    #[error("an order has at most {max} lines: make two orders of it")]
    TooManyLines { max: u32 },
    /// Beyond the shop's limit.
    #[error("line {line} has more than {max} units: ask the shop")]
    TooManyUnits { line: u32, max: u32 },
    /// One order, one currency, no negative price.
    #[error("line {line} has a price in another currency, or a negative one")]
    BadPrice { line: u32 },
    /// Beyond what can be counted.
    #[error("the total is beyond what can be counted")]
    TooLarge,
    /// Longer than a country's name.
    #[error("the country has more than 60 bytes")]
    BadCountry,
    /// It has not come so far, or has gone on.
    #[error("the order is {status:?}: that is not possible now")]
    WrongStage { status: Status },
    /// Money first.
    #[error("the order is not paid")]
    NotPaid,
    /// Once is enough.
    #[error("the order is paid already")]
    AlreadyPaid,
    /// It has to end somewhere.
    #[error("there were {ATTEMPTS} attempts to pay: place a new order")]
    TooManyAttempts,
    /// No such line, or no units of it named.
    #[error("line {line} is no line of this order, or no units of it were named")]
    BadLine { line: u32 },
    /// No such part.
    #[error("fulfilment {fulfilment} is no part of this order")]
    UnknownFulfilment { fulfilment: u32 },
    /// It went on meanwhile.
    #[error("of line {line} only {left} units can still be cancelled: let the others come back as a return")]
    TooLate { line: u32, left: u32 },
    /// Nothing is left that could be cancelled.
    #[error("nothing of this order can be cancelled any more")]
    NothingToCancel,
    /// Only what was delivered can come back.
    #[error("of line {line} only {left} delivered units are left to be returned")]
    NotDelivered { line: u32, left: u32 },
    /// Something is still on its way.
    #[error("something of this order is still to come")]
    NotFinished,
}

/// What people ask for first; a function of the counts and the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No such order.
    None,
    /// Nothing promised yet.
    Requested,
    /// Awaits its payment.
    Placed,
    /// Payment secured.
    Paid,
    /// The warehouse works on it.
    Released,
    /// Some parcels are on their way.
    PartlyShipped,
    /// All is on its way.
    Shipped,
    /// All that was not cancelled is there.
    Delivered,
    /// The return window is over.
    Completed,
    /// Nothing was sent and nothing is left.
    Cancelled,
    /// Not all was there.
    Rejected,
}

/// What an order remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    pub(super) phase: Phase,
    pub(super) currency: Option<Currency>,
    pub(super) lines: Vec<Line>,
    /// Minor units.
    shipping: i64,
    /// Shipping was charged with a parcel.
    shipping_charged: bool,
    attempts: u32,
    paid: Option<u32>,
    parts: BTreeMap<u32, Part>,
    cancellations: u32,
    returns: BTreeSet<u32>,
    /// Minor units of what was delivered, less what was refunded.
    value_left: i64,
    holds: BTreeSet<HoldReason>,
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) price: i64,
    pub(super) stock_kept: bool,
    pub(super) counts: Counts,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    stage: Stage,
    lines: Vec<Units>,
    amount: i64,
}

type Facts = Result<Vec<OrderFact>, OrderRefusal>;

fn one(fact: OrderFact) -> Facts {
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

    fn evolve(&mut self, fact: &OrderFact) {
        match fact {
            OrderFact::Requested(requested) => *self = Order::requested(requested),
            OrderFact::Rejected { .. } => self.phase = Phase::Rejected,
            OrderFact::Placed { .. } => {
                self.phase = Phase::Placed;
                self.attempts = 1;
                self.shift_all(Stage::Open, Stage::Held);
            }
            OrderFact::PaymentTried { payment, .. } => self.attempts = *payment,
            OrderFact::PaymentSecured { payment } => {
                self.paid = Some(*payment);
                self.shift_all(Stage::Held, Stage::Committed);
            }
            OrderFact::FulfilmentOpened { fulfilment, lines } => {
                let part = Part { stage: Stage::Committed, lines: lines.clone(), amount: 0 };
                self.parts.insert(*fulfilment, part);
            }
            OrderFact::Released { fulfilment } => self.move_part(*fulfilment, Stage::Released),
            OrderFact::Picked { fulfilment } => self.move_part(*fulfilment, Stage::Picked),
            OrderFact::Packed { fulfilment, lines, amount, .. } => {
                self.packed(*fulfilment, lines, *amount);
            }
            OrderFact::Shipped { fulfilment } => self.move_part(*fulfilment, Stage::Shipped),
            OrderFact::Delivered { fulfilment: Some(fulfilment), .. } => {
                let amount = self.parts.get(fulfilment).map_or(0, |part| part.amount);
                self.value_left += amount;
                self.move_part(*fulfilment, Stage::Delivered);
            }
            OrderFact::Delivered { fulfilment: None, amount } => {
                self.value_left += amount.map_or(0, |amount| amount.minor);
                self.shift_all(Stage::Committed, Stage::Delivered);
            }
            OrderFact::Lost { fulfilment, .. } => self.move_part(*fulfilment, Stage::Lost),
            OrderFact::Cancelled { lines, all, cancellation, .. } => {
                self.cancellations = *cancellation;
                self.cancelled(lines, *all);
            }
            OrderFact::Returned { return_id, lines, refund, .. } => {
                self.returns.insert(*return_id);
                self.value_left -= refund.minor;
                for Units { line, units } in lines {
                    self.shift(*line, Stage::Delivered, Stage::Returned, *units);
                }
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
        if request.country.len() > 60 {
            return Err(OrderRefusal::BadCountry);
        }
        let mut total = request.shipping.unwrap_or(Money::zero(request.currency));
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

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency.unwrap_or(Currency::XXX))
    }

    /// What these units cost; quantities and prices were checked when they were requested.
    fn worth(&self, lines: &[Units]) -> i64 {
        lines
            .iter()
            .filter_map(|Units { line, units }| Some(self.line(*line)?.price * i64::from(*units)))
            .sum()
    }

    pub(super) fn line(&self, number: u32) -> Option<&Line> {
        self.lines.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    fn wrong_stage(&self) -> Facts {
        Err(OrderRefusal::WrongStage { status: self.status() })
    }
}

/// The way to the customer, part by part.
impl Order {
    fn open(&self, fulfilment: u32, lines: &[Units]) -> Facts {
        if self.parts.contains_key(&fulfilment) {
            return Ok(vec![]);
        }
        self.must_be_paid()?;
        for Units { line, units } in lines {
            let known = self.line(*line).filter(|known| known.stock_kept && *units > 0);
            if known.is_none_or(|known| known.counts.at(Stage::Committed) < *units) {
                return Err(OrderRefusal::BadLine { line: *line });
            }
        }
        one(OrderFact::FulfilmentOpened { fulfilment, lines: lines.to_vec() })
    }

    fn must_be_paid(&self) -> Result<u32, OrderRefusal> {
        match (self.phase, self.paid) {
            (Phase::Placed, Some(payment)) => Ok(payment),
            (Phase::Placed, None) => Err(OrderRefusal::NotPaid),
            _ => Err(OrderRefusal::WrongStage { status: self.status() }),
        }
    }

    fn part(&self, fulfilment: u32) -> Result<&Part, OrderRefusal> {
        self.parts.get(&fulfilment).ok_or(OrderRefusal::UnknownFulfilment { fulfilment })
    }

    /// A stage further; what has gone further already is old news.
    fn forward(&self, fulfilment: u32, to: Stage, fact: OrderFact) -> Facts {
        let part = self.part(fulfilment)?;
        let step = to as usize - 1;
        match part.stage as usize {
            stage if stage >= to as usize => Ok(vec![]),
            stage if stage == step && !part.lines.is_empty() => one(fact),
            _ => self.wrong_stage(),
        }
    }

    fn pack(&self, fulfilment: u32, lines: &[Units]) -> Facts {
        let payment = self.must_be_paid()?;
        let part = self.part(fulfilment)?;
        match part.stage {
            Stage::Picked => {}
            Stage::Packed | Stage::Shipped | Stage::Delivered | Stage::Lost => return Ok(vec![]),
            _ => return self.wrong_stage(),
        }
        for Units { line, units } in lines {
            let planned = part.lines.iter().find(|planned| planned.line == *line);
            if planned.is_none_or(|planned| *units == 0 || *units > planned.units) {
                return Err(OrderRefusal::BadLine { line: *line });
            }
        }
        if lines.is_empty() {
            return self.wrong_stage();
        }
        let mut lines = lines.to_vec();
        // Postage and the like travel with the first parcel that is sealed.
        for (number, line) in (1..).zip(&self.lines) {
            let units = line.counts.at(Stage::Committed);
            if !line.stock_kept && units > 0 {
                lines.push(Units { line: number, units });
            }
        }
        let shipping = if self.shipping_charged { 0 } else { self.shipping };
        let amount = self.money(self.worth(&lines) + shipping);
        one(OrderFact::Packed { fulfilment, lines, amount, payment })
    }

    fn packed(&mut self, fulfilment: u32, lines: &[Units], amount: Money) {
        self.shipping_charged = true;
        let Some(mut part) = self.parts.remove(&fulfilment) else { return };
        for Units { line, units } in lines {
            let stage = match self.line(*line) {
                Some(known) if known.stock_kept => Stage::Picked,
                _ => Stage::Committed,
            };
            self.shift(*line, stage, Stage::Packed, *units);
        }
        part.lines = lines.to_vec();
        part.amount = amount.minor;
        part.stage = Stage::Packed;
        self.parts.insert(fulfilment, part);
    }

    fn deliver(&self, fulfilment: u32) -> Facts {
        // What was given up as lost and arrives after all is recorded.
        let fact = OrderFact::Delivered { fulfilment: Some(fulfilment), amount: None };
        match self.part(fulfilment)?.stage {
            Stage::Lost => one(fact),
            _ => self.forward(fulfilment, Stage::Delivered, fact),
        }
    }

    fn lose(&self, fulfilment: u32) -> Facts {
        let payment = self.paid.ok_or(OrderRefusal::NotPaid)?;
        let part = self.part(fulfilment)?;
        let amount = self.money(part.amount);
        match part.stage {
            Stage::Shipped => one(OrderFact::Lost { fulfilment, amount, payment }),
            Stage::Lost | Stage::Delivered => Ok(vec![]),
            _ => self.wrong_stage(),
        }
    }

    fn deliver_without_parcel(&self) -> Facts {
        self.must_be_paid()?;
        let mut sum = if self.shipping_charged { 0 } else { self.shipping };
        for line in &self.lines {
            let units = line.counts.at(Stage::Committed);
            if line.stock_kept && units > 0 || !self.parts.is_empty() {
                return self.wrong_stage();
            }
            sum += line.price * i64::from(units);
        }
        if self.lines.iter().all(|line| line.counts.at(Stage::Committed) == 0) {
            return Ok(vec![]);
        }
        one(OrderFact::Delivered { fulfilment: None, amount: Some(self.money(sum)) })
    }

    fn complete(&self) -> Facts {
        match self.phase {
            Phase::Completed => Ok(vec![]),
            Phase::Placed if self.status() == Status::Delivered => one(OrderFact::Completed),
            Phase::Placed => Err(OrderRefusal::NotFinished),
            _ => self.wrong_stage(),
        }
    }

    fn move_part(&mut self, fulfilment: u32, to: Stage) {
        let Some(mut part) = self.parts.remove(&fulfilment) else { return };
        for Units { line, units } in &part.lines {
            self.shift(*line, part.stage, to, *units);
        }
        part.stage = to;
        self.parts.insert(fulfilment, part);
    }

    fn shift(&mut self, line: u32, from: Stage, to: Stage, units: u32) -> u32 {
        let at = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
        match at.and_then(|at| self.lines.get_mut(at)) {
            Some(line) => line.counts.shift(from, to, units),
            None => 0,
        }
    }

    fn shift_all(&mut self, from: Stage, to: Stage) {
        for line in &mut self.lines {
            line.counts.shift(from, to, u32::MAX);
        }
    }
}

/// The way back.
impl Order {
    fn cancel(&self, by: Canceller, reason: CancelReason, lines: Option<&[Units]>) -> Facts {
        if !matches!(self.phase, Phase::Requested | Phase::Placed) {
            return match self.phase {
                Phase::Cancelled => Ok(vec![]),
                _ => self.wrong_stage(),
            };
        }
        let stages = cancellable(by);
        let left = |line: &Line| stages.iter().map(|stage| line.counts.at(*stage)).sum::<u32>();
        let lines: Vec<Units> = match lines {
            Some(lines) => {
                for Units { line, units } in lines {
                    let known = self.line(*line).filter(|_| *units > 0);
                    let left = left(known.ok_or(OrderRefusal::BadLine { line: *line })?);
                    if left < *units {
                        return Err(OrderRefusal::TooLate { line: *line, left });
                    }
                }
                lines.to_vec()
            }
            None => {
                let all = (1..).zip(&self.lines).map(|(line, known)| (line, left(known)));
                all.filter(|(_, units)| *units > 0).map(Units::from).collect()
            }
        };
        if lines.is_empty() {
            return Err(OrderRefusal::NothingToCancel);
        }
        let cancellation = self.cancellations + 1;
        let all = self.is_all(&lines);
        let refund = self.charged(&lines, all);
        let payment = self.paid;
        one(OrderFact::Cancelled { cancellation, reason, lines, all, refund, payment })
    }

    /// Nothing else of the order is left, and nothing was sent.
    fn is_all(&self, lines: &[Units]) -> bool {
        let mut left: Vec<u32> = self
            .lines
            .iter()
            .map(|line| line.counts.total() - line.counts.at(Stage::Cancelled))
            .collect();
        for Units { line, units } in lines {
            left[*line as usize - 1] = left[*line as usize - 1].saturating_sub(*units);
        }
        left.iter().all(|units| *units == 0)
    }

    /// What of these units was packed, and so charged; the last ones of a parcel take its shipping along.
    fn charged(&self, lines: &[Units], all: bool) -> Option<Money> {
        let before = |line: &Line| -> u32 {
            let soft = cancellable(Canceller::Customer);
            soft.iter().map(|stage| line.counts.at(*stage)).sum()
        };
        let packed = lines.iter().filter_map(|Units { line, units }| {
            let known = self.line(*line)?;
            Some(known.price * i64::from(units.saturating_sub(before(known))))
        });
        let packed: i64 = packed.sum();
        let shipping = if all && self.shipping_charged { self.shipping } else { 0 };
        let refund = packed + shipping;
        (refund > 0).then(|| self.money(refund))
    }

    fn cancelled(&mut self, lines: &[Units], all: bool) {
        for Units { line, units } in lines {
            let mut left = *units;
            for stage in cancellable(Canceller::System) {
                let moved = self.shift(*line, *stage, Stage::Cancelled, left);
                if moved > 0 {
                    self.take_from_parts(*line, *stage, moved);
                }
                left -= moved;
            }
        }
        if all {
            self.phase = Phase::Cancelled;
        }
    }

    fn take_from_parts(&mut self, line: u32, stage: Stage, mut units: u32) {
        let price = self.line(line).map_or(0, |line| line.price);
        for part in self.parts.values_mut().filter(|part| part.stage == stage) {
            for planned in part.lines.iter_mut().filter(|planned| planned.line == line) {
                let taken = units.min(planned.units);
                planned.units -= taken;
                units -= taken;
                if stage == Stage::Packed {
                    part.amount -= price * i64::from(taken);
                }
            }
            part.lines.retain(|planned| planned.units > 0);
        }
    }

    fn take_back(&self, return_id: u32, lines: &[Units], claimed: Option<Money>) -> Facts {
        if self.returns.contains(&return_id) {
            return Ok(vec![]);
        }
        let payment = self.paid.ok_or(OrderRefusal::NotPaid)?;
        let mut asked: BTreeMap<u32, u32> = BTreeMap::new();
        for Units { line, units } in lines {
            let known = self.line(*line).filter(|_| *units > 0);
            let known = known.ok_or(OrderRefusal::BadLine { line: *line })?;
            let asked = asked.entry(*line).or_default();
            *asked = asked.saturating_add(*units);
            let left = known.counts.at(Stage::Delivered);
            if *asked > left {
                return Err(OrderRefusal::NotDelivered { line: *line, left });
            }
        }
        if lines.is_empty() {
            return Err(OrderRefusal::Empty);
        }
        let parts = self.worth(lines);
        let claimed = claimed.map_or(parts, |claimed| claimed.minor.max(0));
        let refund = claimed.min(parts).min(self.value_left).max(0);
        one(OrderFact::Returned {
            return_id,
            lines: lines.to_vec(),
            refund: self.money(refund),
            goodwill: self.money(claimed - refund),
            payment,
        })
    }
}

/// From the earliest stage on: what is least far along is cancelled first.
fn cancellable(by: Canceller) -> &'static [Stage] {
    const STAGES: &[Stage] = &[
        Stage::Open,
        Stage::Held,
        Stage::Committed,
        Stage::Released,
        Stage::Picked,
        Stage::Packed,
    ];
    match by {
        Canceller::Customer => &STAGES[..5],
        Canceller::Staff | Canceller::System => STAGES,
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
        let before = any(&[Stage::Held, Stage::Committed, Stage::Released, Stage::Picked, Stage::Packed]);
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

    /// Units of a line by stage.
    pub fn counts(&self, line: u32) -> Option<Counts> {
        self.line(line).map(|line| line.counts)
    }

    /// How many lines it has.
    pub fn lines(&self) -> usize {
        self.lines.len()
    }

    /// What somebody has to look at.
    pub fn holds(&self) -> impl Iterator<Item = HoldReason> + '_ {
        self.holds.iter().copied()
    }
}
