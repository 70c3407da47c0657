//! What is not sent after all: stock, work and money go back where they came from.

use super::{
    CAPTURE_TIMER, Held, LAST_WORD, LAST_WORD_TIMER, PAY_BY, REFUND_TIMER, RETURN_TIMER, SellOrder,
    Stage, ask, cancel, release, wake,
};
use crate::{
    Command, Refusal, Step,
    refunds::{For, Owed},
};
use commerce::{
    orders::{CancelReason, OrderCommand, OrderFact, Units},
    payments::PaymentCommand,
};
use kernel::{FulfilmentId, OrderId, PaymentId, Timestamp};
use warehouse::{
    fulfilments::FulfilmentCommand,
    inventory::{StockCommand, StockRefusal},
};

/// The way back.
impl SellOrder {
    pub(super) fn short(&mut self, order: OrderId, number: u32, units: u32) -> Vec<Step> {
        let over = matches!(self.stage, Stage::None | Stage::Cancelled);
        let Some(line) = self.line(number).filter(|_| !over) else { return vec![] };
        line.short = (line.short + units).min(line.units);
        let (reason, units) = (CancelReason::OutOfStock, line.units - line.short);
        vec![ask(order, OrderCommand::Keep { reason, lines: vec![Units { line: number, units }] })]
    }

    pub(super) fn cancelled(&mut self, order: OrderId, fact: &OrderFact) -> Vec<Step> {
        let OrderFact::Cancelled { cancellation, reason, lines, all, refund, payment } = fact
        else {
            return vec![];
        };
        // Each is counted, so that one that is heard again is old news.
        if *cancellation <= self.cancellations {
            return vec![];
        }
        self.cancellations = *cancellation;
        let mut steps = self.give_back(order, lines);
        self.owed.extend(refund.zip(*payment).map(|(refund, payment)| {
            let payment = PaymentId::new(order, payment);
            Owed::new(payment, For::Cancellation(*cancellation), refund)
        }));
        // Also what was refused before, because nothing was captured yet.
        steps.extend(self.owed.iter_mut().map(Owed::ask));
        if *all {
            steps.extend(self.end(order));
        } else if self.is_only_postage() {
            steps.push(cancel(order, *reason));
        }
        steps
    }

    /// The stock gets its units back, and the warehouse has less to do.
    fn give_back(&mut self, order: OrderId, lines: &[Units]) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut keep: Vec<(u32, warehouse::Units)> = Vec::new();
        for Units { line: number, units } in lines {
            let Some(line) = self.line(*number) else { continue };
            line.units = line.units.saturating_sub(*units);
            line.short = line.short.saturating_sub(*units);
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
        steps
    }

    /// What is left has no stock and nothing to travel with.
    fn is_only_postage(&self) -> bool {
        let mut goods = self.lines.iter().filter(|line| line.stock_kept).peekable();
        !self.packed && goods.peek().is_some() && goods.all(|line| line.units == 0)
    }

    fn end(&mut self, order: OrderId) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.payment > 0
            && self.owed.is_empty()
            && self.asked.is_some_and(|asked| asked.minor > 0)
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

    pub(super) fn refused(
        &mut self,
        order: OrderId,
        told: (&Command, &Refusal),
        now: Timestamp,
    ) -> Vec<Step> {
        match told {
            (
                Command::Stock(_, StockCommand::Hold { line, .. }),
                Refusal::Stock(StockRefusal::OutOfStock { available }),
            ) => self.answered(order, line.number, Held::No(*available)),
            (Command::Order(_, OrderCommand::SecurePayment { payment }), _) => {
                let payment = PaymentId::new(order, *payment);
                vec![Step::Ask(Command::Payment(payment, PaymentCommand::Void))]
            }
            // The provider's yes has run out: as good as a capture that failed.
            (Command::Payment(_, PaymentCommand::Capture { .. }), _)
                if self.stage == Stage::Secured =>
            {
                self.capture_failed(order, now)
            }
            // Nothing was captured, so nothing is owed; should it be captured late, it is given back.
            (Command::Payment(_, PaymentCommand::Refund { refund, .. }), _)
                if self.stage == Stage::Cancelled =>
            {
                self.refunded(*refund)
            }
            // What is handed over already cannot run short any more.
            (Command::Order(_, OrderCommand::Keep { lines, .. }), _) => {
                for Units { line, .. } in lines {
                    self.line(*line).into_iter().for_each(|line| line.short = 0);
                }
                vec![]
            }
            // The hold went with a shortfall: the units are cancelled already.
            _ => vec![],
        }
    }

    pub(super) fn woke(&mut self, order: OrderId, name: &str, now: Timestamp) -> Vec<Step> {
        match (name, self.stage) {
            (PAY_BY, Stage::Placed) => {
                let payment = PaymentId::new(order, self.payment);
                let query = Step::Ask(Command::Payment(payment, PaymentCommand::Query));
                vec![query, wake(now + LAST_WORD, LAST_WORD_TIMER)]
            }
            (LAST_WORD_TIMER, Stage::Placed) => {
                vec![cancel(order, CancelReason::PaymentOverdue)]
            }
            (CAPTURE_TIMER, Stage::Secured) => {
                self.captures.again();
                self.capture_without_parcel(order)
            }
            (REFUND_TIMER, _) => self.owed.iter_mut().map(Owed::ask).collect(),
            (RETURN_TIMER, _) => vec![ask(order, OrderCommand::Complete)],
            _ => vec![],
        }
    }
}
