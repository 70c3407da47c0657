//! Taking goods back: only what was looked at moves stock and money.
//!
//! | heard | asks |
//! |---|---|
//! | requested | authorise (rules with photos and reasons decide here later) |
//! | authorised | wake when nothing was sent in time |
//! | inspected | restock what can be sold; the order says what it is worth |
//! | returned | refund what was paid, credit the rest |
//! | refunded, credited | settle |
//! | refused, expired | close, once nothing can come of it any more |

use crate::{
    Command, Fact, Heard, Shop, Step,
    refunds::{self, For, Owed, credit},
    routing,
    tries::Failure,
};
use commerce::{
    orders::{OrderCommand, OrderFact, Units},
    payments::{Errand, PaymentCommand, PaymentFact},
};
use kernel::{Money, PaymentId, Process, Quantity, ReturnId, Sku, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use warehouse::{
    inventory::{self, StockCommand},
    returns::{Disposition, InspectedLine, ReturnCommand, ReturnFact},
};

/// Not sent for so long, it is off.
const SEND_WITHIN: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// What was refused or expired is remembered for so long.
const CLOSE_AFTER: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const EXPIRY_TIMER: &str = "not_sent";
const CLOSING_TIMER: &str = "closing";
const REFUND_TIMER: &str = "refund_again";

/// The story of one return.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReturnGoods {
    lines: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worth: Option<(Money, Money)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owed: Option<Owed>,
    credited: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    line: u32,
    sku: Sku,
    stock_kept: bool,
}

impl Process for ReturnGoods {
    type Business = Shop;
    type Key = ReturnId;

    fn react(&mut self, key: &ReturnId, heard: Heard<'_>, now: Timestamp) -> Vec<Step> {
        let id = *key;
        match heard {
            Heard::Fact(Fact::Return(_, fact)) => self.goods(id, fact, now),
            Heard::Fact(Fact::Order(_, OrderFact::Returned { refund, goodwill, payment, .. })) => {
                self.returned(id, *refund, *goodwill, *payment)
            }
            Heard::Fact(Fact::Payment(_, fact)) => self.payment(id, fact, now),
            Heard::Fact(Fact::CreditNote(..)) if !self.lines.is_empty() => {
                self.credited = true;
                self.settle_when_all_is_done(id)
            }
            Heard::Fact(_) => vec![],
            // The order knows of no such units any more: nothing is worth anything.
            Heard::Refused { command: Command::Order(_, OrderCommand::Return { .. }), .. } => {
                vec![ask(id, ReturnCommand::Close)]
            }
            Heard::Refused {
                command: Command::Payment(_, PaymentCommand::Refund { .. }), ..
            } => self.credit_instead(id),
            Heard::Refused { .. } => vec![],
            Heard::Woke(EXPIRY_TIMER) => vec![ask(id, ReturnCommand::Expire)],
            Heard::Woke(CLOSING_TIMER) => vec![ask(id, ReturnCommand::Close)],
            Heard::Woke(_) => self.owed.iter_mut().map(Owed::ask).collect(),
        }
    }
}

fn ask(id: ReturnId, command: ReturnCommand) -> Step {
    Step::Ask(Command::Return(id, command))
}

fn refund_again(now: Timestamp) -> Vec<Step> {
    vec![Step::Wake { at: now + refunds::AGAIN, name: REFUND_TIMER.into() }]
}

/// What the stock calls it.
fn to_stock(disposition: Disposition) -> inventory::Disposition {
    match disposition {
        Disposition::Restock => inventory::Disposition::Restock,
        Disposition::Refurbish => inventory::Disposition::Refurbish,
        Disposition::Scrap => inventory::Disposition::Scrap,
        Disposition::BackToSupplier => inventory::Disposition::BackToSupplier,
        Disposition::BackToCustomer => inventory::Disposition::BackToCustomer,
    }
}

impl ReturnGoods {
    fn goods(&mut self, id: ReturnId, fact: &ReturnFact, now: Timestamp) -> Vec<Step> {
        match fact {
            ReturnFact::Requested { lines, claimed } => {
                let known = lines.iter().map(|line| Line {
                    line: line.line,
                    sku: line.sku.clone(),
                    stock_kept: line.stock_kept,
                });
                *self =
                    ReturnGoods { lines: known.collect(), claimed: *claimed, ..Default::default() };
                vec![ask(id, ReturnCommand::Authorise)]
            }
            ReturnFact::Authorised => {
                let at = now + SEND_WITHIN;
                vec![
                    Step::Forget(CLOSING_TIMER.into()),
                    Step::Wake { at, name: EXPIRY_TIMER.into() },
                ]
            }
            ReturnFact::InTransit | ReturnFact::Received { .. } => {
                vec![Step::Forget(EXPIRY_TIMER.into()), Step::Forget(CLOSING_TIMER.into())]
            }
            // Somebody may still change his mind, and what was sent late may still arrive.
            ReturnFact::Refused { .. } | ReturnFact::Expired => {
                vec![Step::Wake { at: now + CLOSE_AFTER, name: CLOSING_TIMER.into() }]
            }
            ReturnFact::Inspected { lines } => self.inspected(id, lines),
            ReturnFact::Settled { .. } => vec![ask(id, ReturnCommand::Close)],
            ReturnFact::Closed => vec![Step::Done],
        }
    }

    fn inspected(&mut self, id: ReturnId, lines: &[InspectedLine]) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut accepted: Vec<Units> = Vec::new();
        for InspectedLine { line, units, disposition } in lines {
            let Some(known) = self.lines.iter().find(|known| known.line == *line) else { continue };
            if *disposition == Disposition::BackToCustomer || *units == 0 {
                continue;
            }
            match accepted.iter_mut().find(|part| part.line == *line) {
                Some(part) => part.units += units,
                None => accepted.push(Units { line: *line, units: *units }),
            }
            if let (true, Ok(quantity)) = (known.stock_kept, Quantity::new(u64::from(*units))) {
                let restock = StockCommand::Restock {
                    site: routing::home(),
                    return_id: id,
                    line: *line,
                    quantity,
                    disposition: to_stock(*disposition),
                };
                steps.push(Step::Ask(Command::Stock(known.sku.clone(), restock)));
            }
        }
        if accepted.is_empty() {
            return vec![ask(id, ReturnCommand::Close)];
        }
        let (return_id, claimed) = (id.number, self.claimed);
        let worth = OrderCommand::Return { return_id, lines: accepted, claimed };
        steps.push(Step::Ask(Command::Order(id.order, worth)));
        steps
    }

    fn returned(
        &mut self,
        id: ReturnId,
        refund: Money,
        goodwill: Money,
        payment: u32,
    ) -> Vec<Step> {
        self.worth = Some((refund, goodwill));
        self.credited = goodwill.minor == 0;
        let mut steps = Vec::new();
        if refund.minor > 0 {
            let payment = PaymentId::new(id.order, payment);
            let owed = Owed::new(payment, For::Return(id.number), refund);
            steps.push(self.owed.insert(owed).ask());
        }
        if goodwill.minor > 0 {
            steps.push(credit(id, goodwill, Some(id)));
        }
        steps.extend(self.settle_when_all_is_done(id));
        steps
    }

    fn payment(&mut self, id: ReturnId, fact: &PaymentFact, now: Timestamp) -> Vec<Step> {
        let Some(owed) = &mut self.owed else { return vec![] };
        match fact {
            PaymentFact::Refunded { .. } => {
                self.owed = None;
                self.settle_when_all_is_done(id)
            }
            PaymentFact::RefundFailed { .. } => match owed.failed() {
                Failure::Old => vec![],
                Failure::TryAgain(_) => refund_again(now),
                Failure::Final => self.credit_instead(id),
            },
            PaymentFact::GaveUp { errand: Errand::Refund, .. } => match owed.in_doubt() {
                true => refund_again(now),
                false => vec![],
            },
            _ => vec![],
        }
    }

    /// The refund cannot be made: the customer gets the money another way.
    fn credit_instead(&mut self, id: ReturnId) -> Vec<Step> {
        let instead = self.owed.take().map(|owed| owed.credit());
        instead.into_iter().chain(self.settle_when_all_is_done(id)).collect()
    }

    fn settle_when_all_is_done(&self, id: ReturnId) -> Vec<Step> {
        match self.worth.filter(|_| self.owed.is_none() && self.credited) {
            Some((refund, goodwill)) => vec![ask(id, ReturnCommand::Settle { refund, goodwill })],
            None => vec![],
        }
    }
}
