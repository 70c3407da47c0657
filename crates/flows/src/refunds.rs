//! Money that is owed to a customer: asked for until it has arrived, and a credit if it never does.
//!
//! Only a provider that says *no* is given another way. While nobody knows what became of a refund it
//! is asked for again under the same name, day by day, and people find it among the dead letters:
//! a credit note for it might be the second payment.

use crate::{
    Command, Step,
    tries::{Failure, Tries},
};
use commerce::{
    credit_notes::{CreditNoteCommand, CreditNoteIssue, CreditReason},
    payments::PaymentCommand,
};
use kernel::{CommandId, CreditNoteId, Money, PaymentId, ReturnId};
use serde::{Deserialize, Serialize};
use std::{fmt::Display, time::Duration};

/// How long a provider has to recover.
pub(crate) const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Refunds of a payment are numbered; what they are for tells the number.
pub(crate) const CANCELLATIONS: u32 = 1_000_000;
pub(crate) const LOSSES: u32 = 2_000_000;
/// What staff gives back has its number by chance: no story waits for it.
pub(crate) const STAFF: u32 = 3_000_000;
const LATE_CAPTURES: u32 = CANCELLATIONS + 500_000;

/// The number of a refund that staff asks for: the same when the command comes again.
pub fn refund_by_staff(command: CommandId) -> u32 {
    let (chance, _) = command.0.as_u64_pair();
    STAFF + u32::try_from(chance % u64::from(u32::MAX - STAFF)).unwrap_or(0)
}

/// What a refund is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    Return(u32),
    Cancellation(u32),
    /// The fulfilment that was lost.
    Loss(u32),
    /// The capture that came after everything was cancelled.
    LateCapture(u32),
}

impl For {
    pub(crate) fn number(self) -> u32 {
        match self {
            For::Return(number) => number,
            For::Cancellation(number) => CANCELLATIONS + number,
            For::Loss(number) => LOSSES + number,
            For::LateCapture(number) => LATE_CAPTURES + number,
        }
    }
}

/// A refund under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Owed {
    pub(crate) payment: PaymentId,
    pub(crate) refund: u32,
    pub(crate) amount: Money,
    /// After the last no the customer gets a credit note.
    #[serde(default)]
    tries: Tries,
}

impl Owed {
    pub(crate) fn new(payment: PaymentId, what: For, amount: Money) -> Owed {
        Owed { payment, refund: what.number(), amount, tries: Tries::default() }
    }

    pub(crate) fn ask(&mut self) -> Step {
        self.tries.again();
        let Owed { payment, refund, amount, .. } = *self;
        let ask = PaymentCommand::Refund { refund, amount, reason: None };
        Step::Ask(Command::Payment(payment, ask))
    }

    /// The provider said no.
    pub(crate) fn failed(&mut self) -> Failure {
        self.tries.failed()
    }

    /// The provider could not be reached: perhaps it was done. It is asked again, however often.
    pub(crate) fn in_doubt(&mut self) -> bool {
        self.tries.in_doubt()
    }

    /// For a capture that came after everything was cancelled.
    pub(crate) fn is_for_late_capture(&self) -> bool {
        (LATE_CAPTURES..LOSSES).contains(&self.refund)
    }

    /// Instead of the refund.
    pub(crate) fn credit(&self) -> Step {
        let Owed { payment, refund, amount, .. } = self;
        credit(format_args!("{payment}/{refund}"), *amount, None)
    }
}

/// A credit note whose id follows from what it is for, so that asking twice issues one.
pub(crate) fn credit(what: impl Display, amount: Money, return_id: Option<ReturnId>) -> Step {
    let id = CreditNoteId(CommandId::derive("credit-note", &what.to_string()).0);
    let (reason, customer, country) = (CreditReason::Goodwill, None, None);
    let issue =
        CreditNoteIssue { customer, country, amount, reason, return_id, sku: None, units: 0 };
    Step::Ask(Command::CreditNote(id, CreditNoteCommand::Issue(issue)))
}
