//! Every order's money, counted again from the facts.

use crate::simulate::machine::{Halt, broken};
use commerce::{
    credit_notes::CreditNoteFact,
    ledger::LedgerFact,
    orders::OrderFact,
    payments::{Errand, PROMISE, PaymentFact},
};
use flows::{Fact, Shop};
use kernel::{CommandId, CreditNoteId, LineId, OrderId, PaymentId, Recorded, ReturnId};
use std::collections::BTreeMap;
use warehouse::{returns::ReturnFact, shipping::ParcelFact};

/// One payment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::simulate) struct Paid {
    /// What was taken, by number of the capture.
    pub(in crate::simulate) captured: BTreeMap<u32, i64>,
    /// What was given back, by number of the refund.
    pub(in crate::simulate) refunded: BTreeMap<u32, i64>,
    /// How often the provider was asked, less what it answered, by number.
    captures_open: BTreeMap<u32, i64>,
    refunds_open: BTreeMap<u32, i64>,
    /// How often something was asked, less how often it was given up.
    patience: BTreeMap<(&'static str, Option<u32>), i64>,
    /// No provider knows of it.
    pub(in crate::simulate) promised: bool,
}

/// What travels together.
#[derive(Clone, Debug, Default, PartialEq)]
struct Part {
    amount: i64,
    payment: u32,
    sent: bool,
    delivered: bool,
}

/// One return.
#[derive(Clone, Debug, Default, PartialEq)]
struct Back {
    claimed: Option<i64>,
    worth: Option<(i64, i64)>,
    settled: bool,
    payment: u32,
}

/// One order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::simulate) struct OrderBook {
    total: i64,
    parts: BTreeMap<u32, Part>,
    delivered_without_parcel: i64,
    /// Units sent, by line, as the order tells.
    pub(in crate::simulate) packed: BTreeMap<LineId, i64>,
    /// True once it is rejected, cancelled or completed.
    pub(in crate::simulate) over: bool,
    returns: BTreeMap<u32, Back>,
}

/// Payments, orders, credit.
#[derive(Clone, Debug, Default)]
pub(in crate::simulate) struct MoneyBook {
    pub(in crate::simulate) payments: BTreeMap<PaymentId, Paid>,
    pub(in crate::simulate) orders: BTreeMap<OrderId, OrderBook>,
    notes: BTreeMap<CreditNoteId, i64>,
    pub(in crate::simulate) adjusted: i64,
}

impl MoneyBook {
    pub(super) fn read(&mut self, recorded: &Recorded<Shop>) -> Result<(), Halt> {
        match &recorded.fact {
            Fact::Payment(payment, fact) => self.payment(*payment, fact)?,
            Fact::Order(order, fact) => {
                let book = self.orders.entry(*order).or_default();
                book.read(*order, fact);
            }
            Fact::Parcel(parcel, ParcelFact::HandedOver) => {
                self.handed_over(parcel.order, parcel.number)?;
            }
            Fact::Return(id, fact) => self.back(*id, fact),
            Fact::CreditNote(id, CreditNoteFact::Issued(issue)) => {
                self.notes.insert(*id, issue.amount.minor);
            }
            Fact::Ledger(_, LedgerFact::Adjusted { amount, .. }) => self.adjusted += amount.minor,
            _ => {}
        }
        Ok(())
    }

    fn payment(&mut self, payment: PaymentId, fact: &PaymentFact) -> Result<(), Halt> {
        let paid = self.payments.entry(payment).or_default();
        match fact {
            PaymentFact::Authorised { reference, .. } if reference == PROMISE => {
                paid.promised = true;
            }
            _ if paid.promised => {}
            fact => paid.count(fact),
        }
        let before = match fact {
            PaymentFact::Captured { capture, amount } => {
                paid.captured.insert(*capture, amount.minor)
            }
            PaymentFact::Refunded { refund, amount } => paid.refunded.insert(*refund, amount.minor),
            _ => None,
        };
        if before.is_some() {
            return broken("nobody_pays_twice", format!("{payment}: {fact:?}"));
        }
        let open = paid.captures_open.values().chain(paid.refunds_open.values());
        if open.chain(paid.patience.values()).min().is_some_and(|open| *open < 0) {
            return broken("an_outcome_counts_once", format!("{payment}: {paid:?}"));
        }
        if paid.refunded.values().sum::<i64>() > paid.captured.values().sum::<i64>() {
            return broken("refunded_at_most_captured", format!("{payment}: {paid:?}"));
        }
        Ok(())
    }

    /// Nothing leaves the house that is not paid.
    fn handed_over(&mut self, order: OrderId, fulfilment: u32) -> Result<(), Halt> {
        let book = self.orders.entry(order).or_default();
        let Some(part) = book.parts.get_mut(&fulfilment) else {
            return broken("sent_is_paid", format!("{order}.{fulfilment} was never packed"));
        };
        part.sent = true;
        let payment = PaymentId::new(order, part.payment);
        let captured = self.payments.get(&payment).and_then(|paid| paid.captured.get(&fulfilment));
        if part.amount > 0 && captured.is_none_or(|captured| *captured < part.amount) {
            let what = format!("{order}.{fulfilment}: {part:?}, captured {captured:?}");
            return broken("sent_is_paid", what);
        }
        Ok(())
    }

    fn back(&mut self, id: ReturnId, fact: &ReturnFact) {
        let book = self.orders.entry(id.order).or_default();
        let back = book.returns.entry(id.number).or_default();
        match fact {
            ReturnFact::Requested { claimed, .. } => {
                back.claimed = claimed.map(|claimed| claimed.minor);
            }
            ReturnFact::Settled { .. } => back.settled = true,
            _ => {}
        }
    }

    /// A credit note that was issued in place of this refund.
    fn instead(&self, payment: PaymentId, refund: u32) -> i64 {
        let name = CommandId::derive("credit-note", &format!("{payment}/{refund}"));
        self.notes.get(&CreditNoteId(name.0)).copied().unwrap_or(0)
    }

    /// What holds of an order once everything is over.
    ///
    /// # Errors
    /// What does not.
    pub(in crate::simulate) fn close(&self, order: OrderId) -> Result<(), Halt> {
        let Some(book) = self.orders.get(&order) else { return Ok(()) };
        let mut taken = 0;
        for (payment, paid) in &self.payments {
            if payment.order == order {
                taken += paid.captured.values().sum::<i64>();
                taken -= paid.refunded.values().sum::<i64>();
                let refunds = paid.refunds_open.keys();
                taken -= refunds.map(|refund| self.instead(*payment, *refund)).sum::<i64>();
            }
        }
        let value = book.value();
        if taken != value {
            let what = format!("{order}: {taken} kept, worth {value}: {book:?}");
            return broken("captured_is_delivered", what);
        }
        for (number, back) in &book.returns {
            self.close_return(ReturnId::new(order, *number), back)?;
        }
        Ok(())
    }

    /// Refund and goodwill are what it was worth, and both have arrived.
    fn close_return(&self, id: ReturnId, back: &Back) -> Result<(), Halt> {
        let Some((refund, goodwill)) = back.worth else { return Ok(()) };
        let payment = PaymentId::new(id.order, back.payment);
        let refunded = self.payments.get(&payment).and_then(|paid| paid.refunded.get(&id.number));
        let refunded = refunded.copied().unwrap_or(0) + self.instead(payment, id.number);
        let note = CreditNoteId(CommandId::derive("credit-note", &id.to_string()).0);
        let credited = self.notes.get(&note).copied().unwrap_or(0);
        let whole = back.claimed.is_none_or(|claimed| claimed == refund + goodwill);
        if !back.settled || !whole || (refunded, credited) != (refund, goodwill) {
            let what = format!("{id}: {back:?}, refunded {refunded}, credited {credited}");
            return broken("returns_are_paid", what);
        }
        Ok(())
    }
}

impl Paid {
    /// What is asked for, and what the provider says to it: once to each time that it was asked.
    fn count(&mut self, fact: &PaymentFact) {
        let mut ask = |errand, number| *self.patience.entry((errand, number)).or_default() += 1;
        match fact {
            PaymentFact::Started { .. } => ask(name_of(Errand::Authorise), None),
            PaymentFact::VoidAsked => ask(name_of(Errand::Void), None),
            PaymentFact::QueryAsked => ask(name_of(Errand::Query), None),
            PaymentFact::CaptureAsked { capture, .. } => {
                ask(name_of(Errand::Capture), Some(*capture));
                *self.captures_open.entry(*capture).or_default() += 1;
            }
            PaymentFact::RefundAsked { refund, .. } => {
                ask(name_of(Errand::Refund), Some(*refund));
                *self.refunds_open.entry(*refund).or_default() += 1;
            }
            PaymentFact::Captured { capture, .. } | PaymentFact::CaptureFailed { capture, .. } => {
                *self.captures_open.entry(*capture).or_default() -= 1;
            }
            PaymentFact::Refunded { refund, .. } | PaymentFact::RefundFailed { refund, .. } => {
                *self.refunds_open.entry(*refund).or_default() -= 1;
            }
            // To give up is no answer: that may still come.
            PaymentFact::GaveUp { errand, number, .. } => {
                *self.patience.entry((name_of(*errand), *number)).or_default() -= 1;
            }
            _ => {}
        }
    }
}

fn name_of(errand: Errand) -> &'static str {
    match errand {
        Errand::Authorise => "authorise",
        Errand::Capture => "capture",
        Errand::Refund => "refund",
        Errand::Void => "void",
        Errand::Query => "query",
    }
}

impl OrderBook {
    fn read(&mut self, order: OrderId, fact: &OrderFact) {
        match fact {
            OrderFact::Requested(requested) => {
                let price = |line: &commerce::orders::OrderLine| {
                    line.unit_price.minor * i64::from(line.units)
                };
                let shipping = requested.shipping.map_or(0, |shipping| shipping.minor);
                self.total = shipping + requested.lines.iter().map(price).sum::<i64>();
                self.over = false;
            }
            OrderFact::Packed { fulfilment, lines, amount, payment, .. } => {
                let part = Part { amount: amount.minor, payment: *payment, ..Part::default() };
                self.parts.insert(*fulfilment, part);
                for part in lines {
                    let line = LineId::new(order, part.line);
                    *self.packed.entry(line).or_default() += i64::from(part.units);
                }
            }
            // One site sends all, so what was packed is in the one part that there is.
            OrderFact::Cancelled { refund, lines, all, .. } => {
                self.over |= *all;
                for part in self.parts.values_mut().filter(|part| !part.sent) {
                    part.amount -= refund.map_or(0, |refund| refund.minor);
                    for gone in lines {
                        let packed = self.packed.get_mut(&LineId::new(order, gone.line));
                        packed.into_iter().for_each(|units| *units -= i64::from(gone.units));
                    }
                }
            }
            OrderFact::Delivered { fulfilment: None, amount } => {
                self.delivered_without_parcel += amount.map_or(0, |amount| amount.minor);
            }
            OrderFact::Delivered { fulfilment: Some(fulfilment), .. } => {
                self.parts.entry(*fulfilment).or_default().delivered = true;
            }
            OrderFact::Returned { return_id, refund, goodwill, payment, .. } => {
                let back = self.returns.entry(*return_id).or_default();
                back.worth = Some((refund.minor, goodwill.minor));
                back.payment = *payment;
            }
            OrderFact::Rejected { .. } | OrderFact::Completed => self.over = true,
            _ => {}
        }
    }

    /// What the customer has, less what he has brought back.
    fn value(&self) -> i64 {
        let delivered = self.parts.values().filter(|part| part.delivered);
        let delivered: i64 = delivered.map(|part| part.amount).sum();
        let back = self.returns.values().filter_map(|back| back.worth);
        delivered + self.delivered_without_parcel - back.map(|(refund, _)| refund).sum::<i64>()
    }
}
