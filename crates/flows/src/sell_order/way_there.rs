//! From the request to the door: what is asked when all goes well.

use super::{
    DAY, Held, LAST_WORD_TIMER, Line, PAY_BY, PAY_WITHIN, RETURN_DAYS, RETURN_TIMER, SellOrder,
    Stage, WITHOUT_PARCEL, ask, release, wake,
};
use crate::{Command, Step, routing};
use commerce::{
    carts::CartCommand,
    numbering::{NumbersCommand, Series},
    orders::{OrderCommand, OrderFact, OrderLine, Requested, ShortLine, Units},
    payments::PaymentCommand,
};
use kernel::{FulfilmentId, LineId, Money, OrderId, PaymentId, Quantity, Timestamp};
use std::time::Duration;
use warehouse::{fulfilments::FulfilmentCommand, inventory::StockCommand};

/// The way there.
impl SellOrder {
    pub(super) fn order(&mut self, order: OrderId, fact: &OrderFact, now: Timestamp) -> Vec<Step> {
        match fact {
            OrderFact::Requested(requested) => self.requested(order, requested),
            OrderFact::Placed { pay_by, .. } => {
                self.stage = Stage::Placed;
                let mut steps = self.pay(order, 1);
                steps.push(wake(*pay_by, PAY_BY));
                if self.from_cart {
                    steps.push(Step::Ask(Command::Cart(order, CartCommand::Convert)));
                }
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
            OrderFact::Cancelled { .. } => self.cancelled(order, fact),
            OrderFact::Rejected { .. } | OrderFact::Completed => vec![Step::Done],
            OrderFact::Released { .. }
            | OrderFact::Picked { .. }
            | OrderFact::Returned { .. }
            | OrderFact::Held { .. }
            | OrderFact::Unheld { .. } => vec![],
        }
    }

    fn requested(&mut self, order: OrderId, requested: &Requested) -> Vec<Step> {
        let line = |line: &OrderLine| Line {
            sku: line.sku.clone(),
            stock_kept: line.stock_kept,
            price: line.unit_price.minor,
            units: line.units,
            promised: if line.stock_kept { line.units } else { 0 },
            held: if line.stock_kept { Held::Asked } else { Held::Yes },
            fulfilment: 0,
            short: 0,
        };
        *self = SellOrder {
            stage: Stage::Requested,
            lines: requested.lines.iter().map(line).collect(),
            currency: Some(requested.currency),
            from_cart: requested.from_cart,
            shipping: requested.shipping.map_or(0, |shipping| shipping.minor),
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

    pub(super) fn line(&mut self, number: u32) -> Option<&mut Line> {
        self.lines.get_mut((number as usize).checked_sub(1)?)
    }

    /// Held or not; once every line has its answer the order is placed, or rejected as a whole.
    pub(super) fn answered(&mut self, order: OrderId, line: u32, held: Held) -> Vec<Step> {
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

    pub(super) fn numbered(&mut self, order: OrderId, number: u64, now: Timestamp) -> Vec<Step> {
        if self.stage != Stage::Requested {
            return vec![];
        }
        let within = self.pay_within_seconds.map_or(PAY_WITHIN, Duration::from_secs);
        vec![ask(order, OrderCommand::Place { number, pay_by: now + within })]
    }

    /// One means of payment pays for everything; several will be started here.
    fn pay(&mut self, order: OrderId, payment: u32) -> Vec<Step> {
        self.payment = payment;
        self.asked = self.cost();
        match self.asked {
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

    /// What is not cancelled costs this.
    pub(super) fn cost(&self) -> Option<Money> {
        let price = |sum: i64, line: &Line| sum + line.price * i64::from(line.units);
        Some(Money::new(self.lines.iter().fold(self.shipping, price), self.currency?))
    }

    pub(super) fn capture_without_parcel(&self, order: OrderId) -> Vec<Step> {
        match self.cost() {
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
