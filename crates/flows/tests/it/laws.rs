//! What must be so whatever happens: stock adds up, money adds up, and every story ends.

use crate::{
    town::{ORDER, Town},
    world::World,
};
use commerce::{
    credit_notes::{CreditNoteFact, CreditReason},
    orders::OrderFact,
    payments::PaymentFact,
};
use flows::{Fact, State, Stream};
use kernel::Sku;
use std::collections::BTreeMap;
use warehouse::inventory::{self, Stage, StockFact};

/// What was taken and given back, in pence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Money {
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    /// Goodwill, also in place of a refund that failed.
    pub(crate) credited: i64,
    /// Of what was packed, what the customer has or may still get.
    pub(crate) worth: i64,
}

pub(crate) fn money(world: &World) -> Money {
    let mut sums = Money::default();
    let mut packed = BTreeMap::new();
    for fact in world.facts() {
        match fact {
            Fact::Payment(_, PaymentFact::Captured { amount, .. }) => sums.captured += amount.minor,
            Fact::Payment(_, PaymentFact::Refunded { amount, .. }) => sums.refunded += amount.minor,
            Fact::CreditNote(_, CreditNoteFact::Issued(issue)) => {
                assert_eq!(issue.reason, CreditReason::Goodwill);
                sums.credited += issue.amount.minor;
            }
            Fact::Order(_, fact) => match fact {
                OrderFact::Packed { fulfilment, amount, .. } => {
                    packed.insert(*fulfilment, amount.minor);
                    sums.worth += amount.minor;
                }
                OrderFact::Delivered { amount: Some(amount), .. } => sums.worth += amount.minor,
                OrderFact::Cancelled { refund: Some(back), .. } => sums.worth -= back.minor,
                OrderFact::Lost { amount, .. } => sums.worth -= amount.minor,
                OrderFact::Returned { refund, goodwill, .. } => {
                    sums.worth -= refund.minor;
                    sums.credited -= goodwill.minor;
                }
                _ => {}
            },
            _ => {}
        }
    }
    sums
}

impl Town {
    /// Stock and money add up, and people see them so; true at any moment.
    #[track_caller]
    pub(crate) fn adds_up(&self) -> &Town {
        crate::seen::views_agree(&self.world);
        let mut moved: BTreeMap<Sku, i64> = BTreeMap::new();
        for fact in self.world.facts() {
            let Fact::Stock(sku, fact) = fact else { continue };
            *moved.entry(sku.clone()).or_default() += match fact {
                StockFact::Received { units, .. } => i64::from(*units),
                StockFact::Restocked { units, disposition, .. }
                    if *disposition == inventory::Disposition::Restock =>
                {
                    i64::from(*units)
                }
                StockFact::Adjusted { change, .. } => *change,
                StockFact::HandedOver { units, .. } => -i64::from(*units),
                _ => 0,
            };
        }
        for (stream, state) in self.world.states() {
            match (stream, state) {
                (Stream::Stock(sku), State::Stock(stock)) => {
                    let promised: u64 = Stage::ALL.iter().map(|stage| stock.at(*stage)).sum();
                    let (left, right) =
                        (stock.sellable() + stock.short(), promised + stock.available());
                    assert_eq!(left, right, "{sku}: sellable + short = promised + available");
                    let on_hand = i64::try_from(stock.on_hand()).expect("a handful");
                    assert_eq!(on_hand, moved[sku], "{sku}: moved in and out = on hand");
                }
                (Stream::Payment(payment), State::Payment(known)) => {
                    let (captured, refunded) = known.balance();
                    assert!(refunded <= captured, "{payment}: {refunded} of {captured} refunded");
                }
                _ => {}
            }
        }
        self
    }

    /// Nothing is promised any more, every story is over, and nobody owes anybody anything.
    #[track_caller]
    pub(crate) fn is_settled(&self) -> &Town {
        self.adds_up();
        assert_eq!(self.world.open_stories(), Vec::<String>::new(), "every story is over");
        assert_eq!(self.world.next_timer(), None, "no timer is left");
        for (stream, state) in self.world.states() {
            if let State::Stock(stock) = state {
                let promised: Vec<_> = stock.promises().map(|(line, _)| line.to_string()).collect();
                assert_eq!(promised, Vec::<String>::new(), "{stream}: nothing is promised");
            }
        }
        let Money { captured, refunded, credited, worth } = money(&self.world);
        assert_eq!(captured - refunded - credited, worth, "the till has what the customer has");
        self
    }

    /// How far the order has come.
    pub(crate) fn status(&self) -> commerce::orders::Status {
        match self.world.state(&Stream::Order(ORDER)) {
            State::Order(order) => order.status(),
            _ => unreachable!("the state of an order"),
        }
    }

    /// How many of this can be promised, how many lie in the building, how many are blocked.
    pub(crate) fn stock(&self, code: &str) -> (u64, u64, u64) {
        match self.world.state(&Stream::Stock(crate::town::sku(code))) {
            State::Stock(stock) => (stock.available(), stock.on_hand(), stock.blocked()),
            _ => unreachable!("the state of a stock"),
        }
    }

    /// What the customer has been told of his order, in words.
    pub(crate) fn timeline(&self) -> Vec<String> {
        use flows::views::{OrderTimeline, Timeline};
        use kernel::View;
        let mut timeline = Timeline::default();
        for recorded in &self.world.journal {
            OrderTimeline::evolve(&mut timeline, "", recorded);
        }
        timeline.moments.iter().map(|moment| moment.what.to_string()).collect()
    }
}
