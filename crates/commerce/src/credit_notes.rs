//! Credit notes: what a customer gets back without a refund: goodwill, or a return that belongs to no order.

use compact_str::CompactString;
use kernel::{CreditNoteId, Decider, Money, PersonId, ReturnId, Sku, Timestamp};
use serde::{Deserialize, Serialize};

/// What may be asked of a credit note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CreditNoteCommand {
    /// Issue it, once.
    Issue(CreditNoteIssue),
}

/// What stands on a credit note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreditNoteIssue {
    /// Whose it is, where he is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PersonId>,
    /// As the trade writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CompactString>,
    /// More than nothing.
    pub amount: Money,
    /// Why.
    pub reason: CreditReason,
    /// The return from which it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_id: Option<ReturnId>,
    /// What it is for, where that is goods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// How many of it; 0 where it is not for goods.
    #[serde(default)]
    pub units: u32,
}

/// Why there is a credit note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditReason {
    /// Something came back that belongs to no order.
    ReturnWithoutOrder,
    /// More than the return is worth, or the refund could not be made.
    Goodwill,
}

/// Facts of a stream `credit-note/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum CreditNoteFact {
    /// It is the customer's.
    #[serde(rename = "credit_notes/issued@1")]
    Issued(CreditNoteIssue),
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CreditNoteRefusal {
    /// A credit of nothing.
    #[error("a credit note is for more than nothing")]
    Nothing,
    /// It says something else already.
    #[error("this credit note was issued with other contents")]
    AlreadyIssued,
}

/// What a credit note remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreditNote {
    issued: Option<CreditNoteIssue>,
}

impl Decider for CreditNote {
    type Id = CreditNoteId;
    type Command = CreditNoteCommand;
    type Fact = CreditNoteFact;
    type Refusal = CreditNoteRefusal;

    fn decide(
        &self,
        command: &CreditNoteCommand,
        _: Timestamp,
    ) -> Result<Vec<CreditNoteFact>, CreditNoteRefusal> {
        let CreditNoteCommand::Issue(issue) = command;
        match &self.issued {
            Some(known) if known == issue => Ok(vec![]),
            Some(_) => Err(CreditNoteRefusal::AlreadyIssued),
            None if issue.amount.minor <= 0 => Err(CreditNoteRefusal::Nothing),
            None => Ok(vec![CreditNoteFact::Issued(issue.clone())]),
        }
    }

    fn evolve(&mut self, fact: &CreditNoteFact) {
        let CreditNoteFact::Issued(issue) = fact;
        self.issued = Some(issue.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Currency, spec::given};

    fn issue(minor: i64) -> CreditNoteIssue {
        CreditNoteIssue {
            customer: None,
            country: None,
            amount: Money::new(minor, Currency::GBP),
            reason: CreditReason::Goodwill,
            return_id: None,
            sku: None,
            units: 0,
        }
    }

    #[test]
    fn a_credit_note_is_issued_once() {
        let command = CreditNoteCommand::Issue(issue(5));
        given::<CreditNote>([]).when(command.clone()).then([CreditNoteFact::Issued(issue(5))]);
        let issued = || given::<CreditNote>([CreditNoteFact::Issued(issue(5))]);
        issued().when(command).then_nothing_happened();
        let other = CreditNoteCommand::Issue(issue(6));
        issued().when(other).refused(CreditNoteRefusal::AlreadyIssued);
        let nothing = CreditNoteCommand::Issue(issue(0));
        given::<CreditNote>([]).when(nothing).refused(CreditNoteRefusal::Nothing);
    }
}
