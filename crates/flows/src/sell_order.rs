//! Selling an order: from the request to the end of the return window, and the way back from every point.
//!
//! | heard | asks | undone by |
//! |---|---|---|
//! | requested | hold every line that is kept in stock | release, reject |
//! | every line held | a number, then place | – |
//! | placed, another attempt | start the payment; wake at the deadline | void, cancel |
//! | authorised | secure the payment; void every other yes | void, refund |
//! | payment secured | commit the lines, open the fulfilments | release, cancel |
//! | shortfall | cancel the units that are gone, unless a picker found them gone | – |
//! | cancelled | release the stock, reduce the fulfilments, void or refund the money | – |
//! | delivered | wake when the return window is over, then complete | – |
//!
//! What happens to one fulfilment is told in [`crate::fulfil`]. Places kept for what comes later:
//! several means of payment begin in [`SellOrder::pay`], sites are chosen in [`crate::routing`],
//! coupons and points are given back in [`SellOrder::cancelled`].

use crate::{
    Command, Fact, Heard, Refusal, Shop, Step,
    refunds::{self, For, Owed},
    routing,
};
use commerce::{
    numbering::{NumbersCommand, NumbersFact, Series},
    orders::{
        CancelReason, Canceller, HoldReason, OrderCommand, OrderFact, Requested, ShortLine, Units,
    },
    payments::{Errand, PaymentCommand, PaymentFact, PaymentMethod},
};
use kernel::{
    FulfilmentId, LineId, Money, OrderId, PaymentId, Process, Quantity, Sku, Timestamp, VaultId,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use warehouse::{
    fulfilments::FulfilmentCommand,
    inventory::{StockCommand, StockFact, StockRefusal},
    picks::PickFact,
};

/// What a payment has, where the request says nothing (product.md, Orders).
const PAY_WITHIN: Duration = Duration::from_secs(15 * 60);
/// After the deadline the provider is asked once what became of the payment; then it is over.
const LAST_WORD: Duration = Duration::from_secs(300);
/// Days in which delivered goods may come back, where the request says nothing.
const RETURN_DAYS: u16 = 30;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DECLINES: usize = 3;
/// Captures that may fail before the order is cancelled.
pub(crate) const CAPTURE_TRIES: u8 = 3;
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
    total: Option<Money>,
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
    capture_tries: u8,
    owed: Vec<Owed>,
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
    /// Units that are not cancelled.
    units: u32,
    /// Units that are still with the stock.
    promised: u32,
    held: Held,
    /// Which fulfilment sends it.
    fulfilment: u32,
    /// Units that a picker did not find, and that the story of the fulfilment cancels.
    #[serde(default)]
    not_found: u32,
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
            Heard::Fact(Fact::Pick(_, PickFact::LineShort { line, found, .. })) => {
                if let Some(line) = self.line(*line) {
                    line.not_found = line.promised.saturating_sub(*found);
                }
                vec![]
            }
            Heard::Fact(Fact::Numbers(_, NumbersFact::Drawn { number, .. })) => {
                self.numbered(order, *number, now)
            }
            Heard::Fact(Fact::Payment(payment, fact)) => self.payment(*payment, fact, now),
            Heard::Fact(_) => vec![],
            Heard::Refused { command, refusal } => self.refused(order, command, refusal),
            Heard::Woke(name) => self.woke(order, name, now),
        }
    }
}

fn ask(order: OrderId, command: OrderCommand) -> Step {
    Step::Ask(Command::Order(order, command))
}

fn cancel(order: OrderId, reason: CancelReason, lines: Option<Vec<Units>>) -> Step {
    ask(order, OrderCommand::Cancel { by: Canceller::System, reason, lines })
}

fn wake(at: Timestamp, name: &'static str) -> Step {
    Step::Wake { at, name: name.into() }
}

/// The way there.
impl SellOrder {
    fn order(&mut self, order: OrderId, fact: &OrderFact, now: Timestamp) -> Vec<Step> {
        match fact {
            OrderFact::Requested(requested) => self.requested(order, requested),
            OrderFact::Placed { pay_by, .. } => {
                self.stage = Stage::Placed;
                let mut steps = self.pay(order, 1);
                steps.push(wake(*pay_by, PAY_BY));
                steps
            }
            OrderFact::PaymentTried { payment, method, token } => {
                (self.method, self.token) = (*method, *token);
                self.pay(order, *payment)
            }
            OrderFact::PaymentSecured { payment } => self.secured(order, *payment),
            OrderFact::FulfilmentOpened { fulfilment, lines } => {
                self.fulfilments = self.fulfilments.max(*fulfilment);
                for Units { line, .. } in lines {
                    if let Some(line) = self.line(*line) {
                        line.fulfilment = *fulfilment;
                    }
                }
                vec![]
            }
            OrderFact::Packed { .. } => {
                self.packed = true;
                vec![]
            }
            OrderFact::Shipped { fulfilment } => {
                let sent = |line: &&mut Line| line.fulfilment == *fulfilment;
                self.lines.iter_mut().filter(sent).for_each(|line| line.promised = 0);
                vec![]
            }
            OrderFact::Delivered { .. } | OrderFact::Lost { .. } => {
                let days = u32::from(self.return_days.unwrap_or(RETURN_DAYS));
                vec![wake(now + DAY * days, RETURN_TIMER)]
            }
            OrderFact::Cancelled { cancellation, reason, lines, all, refund, payment } => {
                let owed = refund.zip(*payment).map(|(refund, payment)| {
                    let payment = PaymentId::new(order, payment);
                    Owed::new(payment, For::Cancellation(*cancellation), refund)
                });
                self.cancelled(order, lines, *reason, owed, *all)
            }
            OrderFact::Rejected { .. } | OrderFact::Completed => vec![Step::Done],
            OrderFact::Released { .. }
            | OrderFact::Picked { .. }
            | OrderFact::Returned { .. }
            | OrderFact::Held { .. }
            | OrderFact::Unheld { .. } => vec![],
        }
    }

    fn requested(&mut self, order: OrderId, requested: &Requested) -> Vec<Step> {
        let price = |sum: i64, line: &commerce::orders::OrderLine| {
            sum + line.unit_price.minor * i64::from(line.units)
        };
        let shipping = requested.shipping.map_or(0, |shipping| shipping.minor);
        let total = requested.lines.iter().fold(shipping, price);
        let line = |line: &commerce::orders::OrderLine| Line {
            sku: line.sku.clone(),
            stock_kept: line.stock_kept,
            units: line.units,
            promised: if line.stock_kept { line.units } else { 0 },
            held: if line.stock_kept { Held::Asked } else { Held::Yes },
            fulfilment: 0,
            not_found: 0,
        };
        *self = SellOrder {
            stage: Stage::Requested,
            lines: requested.lines.iter().map(line).collect(),
            total: Some(Money::new(total, requested.currency)),
            method: requested.method,
            token: requested.token,
            pay_within_seconds: requested.pay_within_seconds,
            return_days: requested.return_window_days,
            ..SellOrder::default()
        };
        let mut steps = Vec::new();
        for (number, line) in (1..).zip(&self.lines).filter(|(_, line)| line.stock_kept) {
            let line_id = LineId::new(order, number);
            let quantity = Quantity::new(u64::from(line.units)).expect("checked by the order");
            let hold = StockCommand::Hold { line: line_id, quantity };
            steps.push(Step::Ask(Command::Stock(line.sku.clone(), hold)));
        }
        if steps.is_empty() { vec![draw(order)] } else { steps }
    }

    fn line(&mut self, number: u32) -> Option<&mut Line> {
        self.lines.get_mut((number as usize).checked_sub(1)?)
    }

    /// Held or not; once every line has its answer the order is placed, or rejected as a whole.
    fn answered(&mut self, order: OrderId, line: u32, held: Held) -> Vec<Step> {
        if self.stage != Stage::Requested {
            return vec![];
        }
        match self.line(line) {
            Some(line) if line.held == Held::Asked => line.held = held,
            _ => return vec![],
        }
        if self.lines.iter().any(|line| line.held == Held::Asked) {
            return vec![];
        }
        let mut short = Vec::new();
        let mut steps = Vec::new();
        for (number, line) in (1..).zip(&self.lines) {
            match line.held {
                Held::No(available) => short.push(ShortLine { line: number, available }),
                _ if line.stock_kept => steps.push(release(order, number, line, 0)),
                _ => {}
            }
        }
        if short.is_empty() {
            return vec![draw(order)];
        }
        steps.push(ask(order, OrderCommand::Reject { short }));
        steps
    }

    fn numbered(&mut self, order: OrderId, number: u64, now: Timestamp) -> Vec<Step> {
        if self.stage != Stage::Requested {
            return vec![];
        }
        let within = self.pay_within_seconds.map_or(PAY_WITHIN, Duration::from_secs);
        vec![ask(order, OrderCommand::Place { number, pay_by: now + within })]
    }

    /// One means of payment pays for everything; several will be started here.
    fn pay(&mut self, order: OrderId, payment: u32) -> Vec<Step> {
        self.payment = payment;
        match self.total {
            Some(amount) if amount.minor > 0 => {
                let (method, token) = (self.method, self.token);
                let start = PaymentCommand::Start { amount, method, token };
                vec![Step::Ask(Command::Payment(PaymentId::new(order, payment), start))]
            }
            // Nothing to pay is paid.
            _ => vec![ask(order, OrderCommand::SecurePayment { payment })],
        }
    }

    fn secured(&mut self, order: OrderId, payment: u32) -> Vec<Step> {
        self.stage = Stage::Secured;
        self.payment = payment;
        let mut steps = vec![Step::Forget(PAY_BY.into()), Step::Forget(LAST_WORD_TIMER.into())];
        let stocked = || {
            let stocked = |(_, line): &(u32, &Line)| line.stock_kept && line.units > 0;
            (1..).zip(&self.lines).filter(stocked)
        };
        for (number, line) in stocked() {
            let commit = StockCommand::Commit { line: LineId::new(order, number) };
            steps.push(Step::Ask(Command::Stock(line.sku.clone(), commit)));
        }
        let parts = routing::route(stocked().map(|(number, line)| (number, &line.sku, line.units)));
        if parts.is_empty() {
            steps.extend(self.capture_without_parcel(order));
        }
        for (fulfilment, (site, goods)) in (1..).zip(parts) {
            let lines = goods.iter().map(|part| Units { line: part.line, units: part.units });
            let open = OrderCommand::OpenFulfilment { fulfilment, lines: lines.collect() };
            steps.push(ask(order, open));
            let id = FulfilmentId::new(order, fulfilment);
            let open = FulfilmentCommand::Open { site, lines: goods };
            steps.push(Step::Ask(Command::Fulfilment(id, open)));
        }
        steps
    }

    fn capture_without_parcel(&self, order: OrderId) -> Vec<Step> {
        match self.total {
            Some(amount) if amount.minor > 0 => {
                let capture = PaymentCommand::Capture { capture: WITHOUT_PARCEL, amount };
                vec![Step::Ask(Command::Payment(PaymentId::new(order, self.payment), capture))]
            }
            _ => vec![ask(order, OrderCommand::Deliver { fulfilment: None })],
        }
    }
}

fn draw(order: OrderId) -> Step {
    Step::Ask(Command::Numbers(Series::ORDERS, NumbersCommand::Draw { order }))
}

fn release(order: OrderId, number: u32, line: &Line, keep: u32) -> Step {
    let release = StockCommand::Release { line: LineId::new(order, number), keep };
    Step::Ask(Command::Stock(line.sku.clone(), release))
}

/// What the provider says; also when it comes too late, or twice.
impl SellOrder {
    fn payment(&mut self, payment: PaymentId, fact: &PaymentFact, now: Timestamp) -> Vec<Step> {
        match fact {
            PaymentFact::Authorised { .. } => self.authorised(payment),
            PaymentFact::Declined { .. } if self.stage == Stage::Placed => {
                if !self.declined.contains(&payment.number) {
                    self.declined.push(payment.number);
                }
                match self.declined.len() >= DECLINES {
                    true => vec![cancel(payment.order, CancelReason::PaymentDeclined, None)],
                    false => vec![],
                }
            }
            PaymentFact::Captured { capture: WITHOUT_PARCEL, .. }
                if self.stage == Stage::Secured =>
            {
                let mut steps =
                    vec![ask(payment.order, OrderCommand::Deliver { fulfilment: None })];
                steps.extend(self.capture_settled(payment.order));
                steps
            }
            PaymentFact::Captured { capture, amount } => self.captured(payment, *capture, *amount),
            PaymentFact::CaptureFailed { capture: WITHOUT_PARCEL, .. }
            | PaymentFact::GaveUp {
                errand: Errand::Capture, number: Some(WITHOUT_PARCEL), ..
            } => self.capture_failed(payment.order, now),
            PaymentFact::GaveUp { errand: Errand::Query, .. } if self.stage == Stage::Placed => {
                vec![cancel(payment.order, CancelReason::PaymentOverdue, None)]
            }
            PaymentFact::Refunded { refund, .. } => self.refunded(*refund),
            PaymentFact::RefundFailed { refund, .. }
            | PaymentFact::GaveUp { errand: Errand::Refund, number: Some(refund), .. } => {
                self.refund_failed(*refund, now)
            }
            _ => vec![],
        }
    }

    /// What was cancelled meanwhile is given back, now that it was taken after all.
    fn captured(&mut self, payment: PaymentId, capture: u32, amount: Money) -> Vec<Step> {
        let over = matches!(self.stage, Stage::None | Stage::Cancelled);
        if over && self.owed.is_empty() {
            self.stage = Stage::Cancelled;
            self.owed.push(Owed::new(payment, For::LateCapture(capture), amount));
        }
        self.owed.iter().map(Owed::ask).collect()
    }

    fn authorised(&mut self, payment: PaymentId) -> Vec<Step> {
        match self.stage {
            Stage::Placed => {
                vec![ask(payment.order, OrderCommand::SecurePayment { payment: payment.number })]
            }
            Stage::Secured if payment.number == self.payment => vec![],
            // A yes too late, or one too many.
            _ => vec![Step::Ask(Command::Payment(payment, PaymentCommand::Void))],
        }
    }

    fn capture_failed(&mut self, order: OrderId, now: Timestamp) -> Vec<Step> {
        self.capture_tries += 1;
        if self.capture_tries >= CAPTURE_TRIES {
            return vec![cancel(order, CancelReason::PaymentDeclined, None)];
        }
        let hold = OrderCommand::Hold { reason: HoldReason::Payment };
        vec![ask(order, hold), wake(now + CAPTURE_AGAIN, CAPTURE_TIMER)]
    }

    fn capture_settled(&mut self, order: OrderId) -> Option<Step> {
        let failed_before = std::mem::take(&mut self.capture_tries) > 0;
        let unhold = OrderCommand::Unhold { reason: HoldReason::Payment };
        failed_before.then(|| ask(order, unhold))
    }

    fn refunded(&mut self, refund: u32) -> Vec<Step> {
        self.owed.retain(|owed| owed.refund != refund);
        self.end_if_settled()
    }

    fn refund_failed(&mut self, refund: u32, now: Timestamp) -> Vec<Step> {
        let Some(owed) = self.owed.iter_mut().find(|owed| owed.refund == refund) else {
            return vec![];
        };
        if owed.try_again() {
            return vec![wake(now + refunds::AGAIN, REFUND_TIMER)];
        }
        let mut steps = vec![owed.credit()];
        steps.extend(self.refunded(refund));
        steps
    }

    fn end_if_settled(&self) -> Vec<Step> {
        let over = self.stage == Stage::Cancelled && self.owed.is_empty();
        if over { vec![Step::Done] } else { vec![] }
    }
}

/// The way back.
impl SellOrder {
    fn short(&mut self, order: OrderId, line: u32, units: u32) -> Vec<Step> {
        let known = self.line(line).map_or(0, |line| line.not_found);
        let units = units.saturating_sub(known);
        if units == 0 {
            return vec![];
        }
        match self.stage {
            Stage::Placed | Stage::Secured => {
                let lines = vec![Units { line, units }];
                vec![cancel(order, CancelReason::OutOfStock, Some(lines))]
            }
            _ => vec![],
        }
    }

    fn cancelled(
        &mut self,
        order: OrderId,
        lines: &[Units],
        reason: CancelReason,
        owed: Option<Owed>,
        all: bool,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut keep: Vec<(u32, warehouse::Units)> = Vec::new();
        for Units { line: number, units } in lines {
            let Some(line) = self.line(*number) else { continue };
            line.units = line.units.saturating_sub(*units);
            line.not_found = line.not_found.saturating_sub(*units);
            if line.stock_kept {
                line.promised = line.promised.saturating_sub(*units);
                let left = line.promised;
                keep.push((line.fulfilment, warehouse::Units { line: *number, units: left }));
                steps.push(release(order, *number, line, left));
            }
        }
        for fulfilment in 1..=self.fulfilments {
            let keep = keep.iter().filter(|(whose, _)| *whose == fulfilment);
            let keep: Vec<_> = keep.map(|(_, units)| *units).collect();
            if !keep.is_empty() {
                let id = FulfilmentId::new(order, fulfilment);
                let reduce = FulfilmentCommand::Cancel { keep: Some(keep) };
                steps.push(Step::Ask(Command::Fulfilment(id, reduce)));
            }
        }
        if let Some(owed) = owed {
            steps.push(owed.ask());
            self.owed.push(owed);
        }
        if all {
            steps.extend(self.end(order));
        } else if self.is_only_postage() {
            steps.push(cancel(order, reason, None));
        }
        steps
    }

    /// What is left has no stock and nothing to travel with.
    fn is_only_postage(&self) -> bool {
        self.stage == Stage::Secured
            && self.fulfilments > 0
            && !self.packed
            && self.lines.iter().all(|line| !line.stock_kept || line.units == 0)
    }

    fn end(&mut self, order: OrderId) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.payment > 0
            && self.owed.is_empty()
            && self.total.is_some_and(|total| total.minor > 0)
        {
            let payment = PaymentId::new(order, self.payment);
            steps.push(Step::Ask(Command::Payment(payment, PaymentCommand::Void)));
        }
        for timer in [PAY_BY, LAST_WORD_TIMER, CAPTURE_TIMER] {
            steps.push(Step::Forget(timer.into()));
        }
        self.stage = Stage::Cancelled;
        steps.extend(self.end_if_settled());
        steps
    }

    fn refused(&mut self, order: OrderId, command: &Command, refusal: &Refusal) -> Vec<Step> {
        match (command, refusal) {
            (
                Command::Stock(_, StockCommand::Hold { line, .. }),
                Refusal::Stock(StockRefusal::OutOfStock { available }),
            ) => self.answered(order, line.number, Held::No(*available)),
            (Command::Order(_, OrderCommand::SecurePayment { payment }), _) => {
                let payment = PaymentId::new(order, *payment);
                vec![Step::Ask(Command::Payment(payment, PaymentCommand::Void))]
            }
            // Nothing was captured, so nothing is owed; should it be captured late, it is given back.
            (Command::Payment(_, PaymentCommand::Refund { refund, .. }), _)
                if self.stage == Stage::Cancelled =>
            {
                self.refunded(*refund)
            }
            // The hold went with a shortfall: the units are cancelled already.
            _ => vec![],
        }
    }

    fn woke(&mut self, order: OrderId, name: &str, now: Timestamp) -> Vec<Step> {
        match (name, self.stage) {
            (PAY_BY, Stage::Placed) => {
                let payment = PaymentId::new(order, self.payment);
                let query = Step::Ask(Command::Payment(payment, PaymentCommand::Query));
                vec![query, wake(now + LAST_WORD, LAST_WORD_TIMER)]
            }
            (LAST_WORD_TIMER, Stage::Placed) => {
                vec![cancel(order, CancelReason::PaymentOverdue, None)]
            }
            (CAPTURE_TIMER, Stage::Secured) => self.capture_without_parcel(order),
            (REFUND_TIMER, _) => self.owed.iter().map(Owed::ask).collect(),
            (RETURN_TIMER, _) => vec![ask(order, OrderCommand::Complete)],
            _ => vec![],
        }
    }
}
