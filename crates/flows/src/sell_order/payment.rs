//! What the provider says, also too late or twice, and what follows from it.

use super::{
    CAPTURE_AGAIN, CAPTURE_TIMER, DECLINES, REFUND_TIMER, SellOrder, Stage, WITHOUT_PARCEL, ask,
    cancel, wake,
};
use crate::{
    Command, Step,
    refunds::{self, For, Owed},
    tries::Failure,
};
use commerce::{
    orders::{CancelReason, HoldReason, OrderCommand},
    payments::{Errand, PaymentCommand, PaymentFact},
};
use compact_str::CompactString;
use kernel::{Money, OrderId, PaymentId, Timestamp};

/// What the provider says; also when it comes too late, or twice.
impl SellOrder {
    pub(super) fn payment(
        &mut self,
        payment: PaymentId,
        fact: &PaymentFact,
        now: Timestamp,
    ) -> Vec<Step> {
        match fact {
            PaymentFact::Authorised { reference, .. } => self.authorised(payment, reference),
            PaymentFact::Declined { .. } if self.stage == Stage::Placed => {
                if !self.declined.contains(&payment.number) {
                    self.declined.push(payment.number);
                }
                match self.declined.len() >= DECLINES {
                    true => vec![cancel(payment.order, CancelReason::PaymentDeclined)],
                    false => vec![],
                }
            }
            PaymentFact::Captured { capture: WITHOUT_PARCEL, amount }
                if self.stage == Stage::Secured =>
            {
                self.captured_without_parcel(payment, *amount)
            }
            PaymentFact::Captured { capture, amount } => self.captured(payment, *capture, *amount),
            PaymentFact::CaptureFailed { capture: WITHOUT_PARCEL, .. }
            | PaymentFact::GaveUp {
                errand: Errand::Capture, number: Some(WITHOUT_PARCEL), ..
            } if self.stage == Stage::Secured => self.capture_failed(payment.order, now),
            PaymentFact::GaveUp { errand: Errand::Query, .. } if self.stage == Stage::Placed => {
                vec![cancel(payment.order, CancelReason::PaymentOverdue)]
            }
            PaymentFact::Refunded { refund, .. } => self.refunded(*refund),
            PaymentFact::RefundFailed { refund, .. } => self.refund_failed(*refund, now),
            PaymentFact::GaveUp { errand: Errand::Refund, number: Some(refund), .. } => {
                let owed = self.owed.iter_mut().find(|owed| owed.refund == *refund);
                match owed.is_some_and(Owed::in_doubt) {
                    true => vec![wake(now + refunds::AGAIN, REFUND_TIMER)],
                    false => vec![],
                }
            }
            _ => vec![],
        }
    }

    /// What was cancelled while the provider took it is given back.
    fn captured_without_parcel(&mut self, payment: PaymentId, amount: Money) -> Vec<Step> {
        let mut steps = vec![ask(payment.order, OrderCommand::Deliver { fulfilment: None })];
        steps.extend(self.capture_settled(payment.order));
        let cost = self.cost().map_or(0, |cost| cost.minor);
        let over = Money::new(amount.minor - cost, amount.currency);
        if over.minor > 0 {
            let mut owed = Owed::new(payment, For::LateCapture(WITHOUT_PARCEL), over);
            steps.push(owed.ask());
            self.owed.push(owed);
        }
        steps
    }

    /// What was cancelled meanwhile is given back, now that it was taken after all.
    fn captured(&mut self, payment: PaymentId, capture: u32, amount: Money) -> Vec<Step> {
        let over = matches!(self.stage, Stage::None | Stage::Cancelled);
        let late = Owed::new(payment, For::LateCapture(capture), amount);
        // What the cancellation itself owes is this very money.
        let owed = |owed: &Owed| !owed.is_for_late_capture() || owed.refund == late.refund;
        if over && !self.owed.iter().any(owed) {
            self.stage = Stage::Cancelled;
            self.owed.push(late);
        }
        self.owed.iter_mut().map(Owed::ask).collect()
    }

    fn authorised(&mut self, payment: PaymentId, reference: &CompactString) -> Vec<Step> {
        // The payment knows which yes came first, and keeps that one.
        let surplus = PaymentCommand::VoidSurplus { reference: reference.clone() };
        let surplus = Step::Ask(Command::Payment(payment, surplus));
        match self.stage {
            Stage::Placed => {
                vec![ask(payment.order, OrderCommand::SecurePayment { payment: payment.number })]
            }
            Stage::Secured if payment.number == self.payment => vec![surplus],
            // A yes too late, or one too many.
            _ => vec![surplus, Step::Ask(Command::Payment(payment, PaymentCommand::Void))],
        }
    }

    pub(super) fn capture_failed(&mut self, order: OrderId, now: Timestamp) -> Vec<Step> {
        match self.captures.failed() {
            Failure::Old => vec![],
            Failure::Final => vec![cancel(order, CancelReason::PaymentDeclined)],
            Failure::TryAgain(times) => {
                let hold = OrderCommand::Hold { reason: HoldReason::Payment };
                let again = now + CAPTURE_AGAIN * u32::from(times);
                vec![ask(order, hold), wake(again, CAPTURE_TIMER)]
            }
        }
    }

    fn capture_settled(&mut self, order: OrderId) -> Option<Step> {
        let failed_before = std::mem::take(&mut self.captures).any();
        let unhold = OrderCommand::Unhold { reason: HoldReason::Payment };
        failed_before.then(|| ask(order, unhold))
    }

    pub(super) fn refunded(&mut self, refund: u32) -> Vec<Step> {
        self.owed.retain(|owed| owed.refund != refund);
        self.end_if_settled()
    }

    fn refund_failed(&mut self, refund: u32, now: Timestamp) -> Vec<Step> {
        let Some(owed) = self.owed.iter_mut().find(|owed| owed.refund == refund) else {
            return vec![];
        };
        match owed.failed() {
            Failure::Old => vec![],
            Failure::TryAgain(_) => vec![wake(now + refunds::AGAIN, REFUND_TIMER)],
            Failure::Final => {
                let mut steps = vec![owed.credit()];
                steps.extend(self.refunded(refund));
                steps
            }
        }
    }

    pub(super) fn end_if_settled(&self) -> Vec<Step> {
        let over = self.stage == Stage::Cancelled && self.owed.is_empty();
        if over { vec![Step::Done] } else { vec![] }
    }
}
