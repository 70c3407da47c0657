//! Money and label, then onto the van.

use super::{
    CAPTURE_TIMER, DAY, Fulfil, LABEL_TIMER, Line, MAY_BE_LABELLED, REFUND_TIMER, Stage,
    TRACK_TIMER, fulfilment, keep, order, parcel, stock, wake,
};
use crate::{
    Command, Step,
    refunds::{self, Owed},
    sell_order::CAPTURE_AGAIN,
    tries::Failure,
};
use commerce::{
    orders::{CancelReason, HoldReason, OrderCommand, Units},
    payments::{Errand, PaymentCommand, PaymentFact},
};
use kernel::{FulfilmentId, LineId, Money, OrderId, PaymentId, Timestamp, VaultId};
use warehouse::{
    fulfilments::FulfilmentCommand,
    inventory::StockCommand,
    shipping::{GaveUp, ParcelCommand, ParcelFact},
};

/// Money and label, then onto the van.
impl Fulfil {
    pub(super) fn packed(
        &mut self,
        id: FulfilmentId,
        amount: Money,
        payment: u32,
        address: Option<VaultId>,
    ) -> Vec<Step> {
        if self.stage != Stage::Sealed {
            return vec![];
        }
        self.amount = Some(amount);
        self.payment = payment;
        self.captured = amount.minor == 0;
        let mut steps: Vec<Step> = self.capture(id).into_iter().collect();
        let (fulfilment, weight_grams) = (id.number, self.weight_grams);
        steps.push(parcel(
            id,
            ParcelCommand::Create {
                fulfilment,
                weight_grams,
                carrier: None,
                service: None,
                address,
            },
        ));
        steps
    }

    pub(super) fn payment_id(&self, order: OrderId) -> PaymentId {
        PaymentId::new(order, self.payment)
    }

    pub(super) fn capture(&self, id: FulfilmentId) -> Option<Step> {
        let amount = self.amount.filter(|_| !self.captured)?;
        let capture = PaymentCommand::Capture { capture: id.number, amount };
        Some(Step::Ask(Command::Payment(self.payment_id(id.order), capture)))
    }

    pub(super) fn payment(
        &mut self,
        id: FulfilmentId,
        fact: &PaymentFact,
        now: Timestamp,
    ) -> Vec<Step> {
        match fact {
            PaymentFact::Captured { .. } if self.stage == Stage::Sealed && !self.captured => {
                self.captured = true;
                let mut steps = self.clear_when_ready(id);
                if self.captures.any() {
                    let unhold = OrderCommand::Unhold { reason: HoldReason::Payment };
                    steps.push(Step::Forget(CAPTURE_TIMER.into()));
                    steps.push(order(id, unhold));
                }
                steps
            }
            PaymentFact::CaptureFailed { .. }
            | PaymentFact::GaveUp { errand: Errand::Capture, .. }
                if self.stage == Stage::Sealed && !self.captured =>
            {
                self.capture_failed(id, now)
            }
            PaymentFact::Refunded { .. } if self.owed.is_some() => vec![Step::Done],
            PaymentFact::RefundFailed { .. } => match self.owed.as_mut().map(Owed::failed) {
                None | Some(Failure::Old) => vec![],
                Some(Failure::TryAgain(_)) => vec![wake(now + refunds::AGAIN, REFUND_TIMER)],
                Some(Failure::Final) => self.credit_instead(),
            },
            PaymentFact::GaveUp { errand: Errand::Refund, .. } => {
                match self.owed.as_mut().is_some_and(Owed::in_doubt) {
                    true => vec![wake(now + refunds::AGAIN, REFUND_TIMER)],
                    false => vec![],
                }
            }
            _ => vec![],
        }
    }

    /// The refund cannot be made: the customer gets the money another way.
    pub(super) fn credit_instead(&mut self) -> Vec<Step> {
        match self.owed.take() {
            Some(owed) => vec![owed.credit(), Step::Done],
            None => vec![],
        }
    }

    /// On hold, tried again, and in the end cancelled: what is in the parcel goes back.
    pub(super) fn capture_failed(&mut self, id: FulfilmentId, now: Timestamp) -> Vec<Step> {
        match self.captures.failed() {
            Failure::Old => vec![],
            Failure::Final => vec![keep(id, CancelReason::PaymentDeclined, self.nothing())],
            Failure::TryAgain(times) => {
                let hold = OrderCommand::Hold { reason: HoldReason::Payment };
                let again = now + CAPTURE_AGAIN * u32::from(times);
                vec![order(id, hold), wake(again, CAPTURE_TIMER)]
            }
        }
    }

    fn nothing(&self) -> Vec<Units> {
        self.lines.iter().map(|line| Units { line: line.line, units: 0 }).collect()
    }

    fn clear_when_ready(&self, id: FulfilmentId) -> Vec<Step> {
        let ready = self.stage == Stage::Sealed && self.captured && self.labelled;
        if ready && !self.cleared { vec![parcel(id, ParcelCommand::Clear)] } else { vec![] }
    }

    pub(super) fn parcel(
        &mut self,
        id: FulfilmentId,
        fact: &ParcelFact,
        now: Timestamp,
    ) -> Vec<Step> {
        match fact {
            ParcelFact::Labelled { .. } => self.labelled(id),
            ParcelFact::LabelFailed { .. } | ParcelFact::GaveUp { what: GaveUp::Label, .. } => {
                self.label_failed(now)
            }
            ParcelFact::LabelAsked { .. } => self.label_asked(),
            ParcelFact::Cleared => {
                self.cleared = true;
                vec![]
            }
            ParcelFact::HandedOver => self.handed_over(id, now),
            ParcelFact::CarrierAsked { inquiry } => {
                self.unanswered += u32::from(*inquiry > self.inquiries);
                self.inquiries = *inquiry;
                vec![]
            }
            ParcelFact::Tracked { .. } => {
                self.last_seen = self.last_seen.map(|_| now);
                self.unanswered = 0;
                vec![]
            }
            ParcelFact::Delivered { .. } => self.delivered(id),
            // What comes back undelivered is received like anything else that comes in; the customer
            // gets his money as for a parcel that was lost.
            ParcelFact::Lost { .. } | ParcelFact::ReturnedToSender { .. } => self.lost(id, now),
            ParcelFact::GaveUp { what: GaveUp::Inquiry | GaveUp::Void, .. }
            | ParcelFact::Created { .. }
            | ParcelFact::LabelVoidAsked { .. }
            | ParcelFact::Cancelled => vec![],
        }
    }

    fn labelled(&mut self, id: FulfilmentId) -> Vec<Step> {
        if self.stage != Stage::Sealed {
            return vec![];
        }
        self.labelled = true;
        let mut steps = self.clear_when_ready(id);
        steps.extend(self.wait_no_longer());
        steps
    }

    /// Whatever label there was is void, and the carrier is asked for another.
    fn label_asked(&mut self) -> Vec<Step> {
        self.labelled = false;
        self.wait_no_longer().into_iter().collect()
    }

    fn wait_no_longer(&mut self) -> Option<Step> {
        let waits = std::mem::replace(&mut self.unlabelled, false);
        waits.then(|| Step::Forget(LABEL_TIMER.into()))
    }

    /// No carrier takes it, or none answers: people may ask for another service, or just again.
    /// Another carrier could be asked here.
    fn label_failed(&mut self, now: Timestamp) -> Vec<Step> {
        if self.stage != Stage::Sealed || self.labelled || self.unlabelled {
            return vec![];
        }
        self.unlabelled = true;
        vec![wake(now + MAY_BE_LABELLED, LABEL_TIMER)]
    }

    /// What is in the parcel goes back.
    pub(super) fn undeliverable(&self, id: FulfilmentId) -> Vec<Step> {
        if self.stage != Stage::Sealed || self.labelled {
            return vec![];
        }
        vec![keep(id, CancelReason::Undeliverable, self.nothing())]
    }

    fn handed_over(&mut self, id: FulfilmentId, now: Timestamp) -> Vec<Step> {
        if self.stage != Stage::Sealed {
            return vec![];
        }
        self.stage = Stage::OnTheWay;
        self.last_seen = Some(now);
        let mut steps = Vec::new();
        for Line { line, sku, .. } in self.lines.iter().filter(|line| line.picked > 0) {
            let line = LineId::new(id.order, *line);
            steps.push(stock(sku, StockCommand::HandOver { line }));
        }
        steps.push(order(id, OrderCommand::Ship { fulfilment: id.number }));
        steps.push(fulfilment(id, FulfilmentCommand::HandOver));
        steps.push(wake(now + DAY, TRACK_TIMER));
        steps
    }
}
