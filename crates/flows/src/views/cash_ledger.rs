//! Cash ledger: what was taken, given back, credited and corrected, in each currency.

use crate::wiring::{Fact, Shop};
use commerce::{credit_notes::CreditNoteFact, ledger::LedgerFact, payments::PaymentFact};
use kernel::{Columns, Money, Recorded, View};
use serde::{Deserialize, Serialize};

/// Sums of minor units, under the currency's code.
pub struct CashLedger;

/// One currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cash {
    /// Taken from customers.
    pub captured: i64,
    /// Given back to customers.
    pub refunded: i64,
    /// Owed to customers as credit.
    pub credited: i64,
    /// Corrected by hand.
    pub adjusted: i64,
    /// *captured − refunded + adjusted*: what should be in the till.
    pub balance: i64,
}

impl View for CashLedger {
    type Business = Shop;
    type Document = Cash;

    const NAME: &'static str = "cash_ledger";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &[];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Some(amount) = amount(&recorded.fact) {
            keys.push(amount.currency.code().to_owned());
        }
    }

    fn evolve(cash: &mut Cash, _: &str, recorded: &Recorded<Shop>) {
        let Some(Money { minor, .. }) = amount(&recorded.fact) else { return };
        match &recorded.fact {
            Fact::Payment(_, PaymentFact::Captured { .. }) => cash.captured += minor,
            Fact::Payment(..) => cash.refunded += minor,
            Fact::CreditNote(..) => cash.credited += minor,
            _ => cash.adjusted += minor,
        }
        cash.balance = cash.captured - cash.refunded + cash.adjusted;
    }

    fn columns(_: &Cash) -> Columns {
        vec![]
    }
}

fn amount(fact: &Fact) -> Option<Money> {
    match fact {
        Fact::Payment(
            _,
            PaymentFact::Captured { amount, .. } | PaymentFact::Refunded { amount, .. },
        )
        | Fact::Ledger(_, LedgerFact::Adjusted { amount, .. }) => Some(*amount),
        Fact::CreditNote(_, CreditNoteFact::Issued(issue)) => Some(issue.amount),
        _ => None,
    }
}
