//! One payment: what it remembers, and its rules.

use super::{
    Errand, PaymentCommand, PaymentFact, PaymentMethod, PaymentRefusal, PaymentStatus,
    RefundReason,
    errands::{ErrandState, Errands, ask, done, refuse, under_way},
};
use compact_str::CompactString;
use kernel::{Decider, Money, PaymentId, Timestamp, VaultId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a payment remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Payment {
    status: PaymentStatus,
    amount: Option<Money>,
    reference: Option<CompactString>,
    captures: BTreeMap<u32, Errands>,
    refunds: BTreeMap<u32, Errands>,
    captured: i64,
    refunded: i64,
    void_asked: bool,
    /// The provider's token, in the vault, until it has said what becomes of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<VaultId>,
    /// What the provider calls the yeses that nobody needs.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    surplus: BTreeSet<CompactString>,
    /// To be paid on delivery.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    on_delivery: bool,
    /// No provider knows of it: the customer will pay at the door.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    promised: bool,
}

/// What a promise to pay at the door is called, where others have the provider's reference.
pub const PROMISE: &str = "promise";

type Facts = Result<Vec<PaymentFact>, PaymentRefusal>;

fn one(fact: PaymentFact) -> Facts {
    Ok(vec![fact])
}

impl Decider for Payment {
    type Id = PaymentId;
    type Command = PaymentCommand;
    type Fact = PaymentFact;
    type Refusal = PaymentRefusal;

    fn decide(&self, command: &PaymentCommand, _: Timestamp) -> Facts {
        if let PaymentCommand::Start { amount, method, token } = command {
            return self.start(*amount, *method, *token);
        }
        let amount = self.amount.ok_or(PaymentRefusal::NotStarted)?;
        match command {
            PaymentCommand::Start { .. } => Ok(vec![]),
            PaymentCommand::Authorise { reference, expires_at } => {
                self.authorise(reference, *expires_at)
            }
            PaymentCommand::Decline { reason } => match self.status {
                PaymentStatus::Started | PaymentStatus::ActionRequired => {
                    one(PaymentFact::Declined { reason: reason.clone() })
                }
                _ => Ok(vec![]),
            },
            PaymentCommand::RequireAction => match self.status {
                PaymentStatus::Started => one(PaymentFact::ActionRequired),
                _ => Ok(vec![]),
            },
            PaymentCommand::Expire => match self.status {
                PaymentStatus::Authorised => one(PaymentFact::Expired),
                _ => Ok(vec![]),
            },
            PaymentCommand::Capture { capture, amount: part } => {
                self.capture(*capture, *part, amount)
            }
            PaymentCommand::CaptureDone { capture, amount } => self.capture_done(*capture, *amount),
            PaymentCommand::CaptureFailed { capture, reason, attempt } => {
                self.capture_failed(*capture, reason, *attempt)
            }
            PaymentCommand::Refund { refund, amount, reason } => {
                self.refund(*refund, *amount, *reason)
            }
            PaymentCommand::RefundDone { refund, amount } => {
                match self.refunds.get(refund).map(|known| known.state) {
                    Some(ErrandState::Done) => Ok(vec![]),
                    _ => one(PaymentFact::Refunded { refund: *refund, amount: *amount }),
                }
            }
            PaymentCommand::RefundFailed { refund, reason, attempt } => {
                self.refund_failed(*refund, reason, *attempt)
            }
            PaymentCommand::Void => self.void(),
            PaymentCommand::VoidDone => match self.status {
                PaymentStatus::Voided => Ok(vec![]),
                _ => one(PaymentFact::Voided),
            },
            PaymentCommand::VoidSurplus { reference } if self.is_surplus(reference) => {
                one(PaymentFact::SurplusVoidAsked { reference: reference.clone() })
            }
            PaymentCommand::VoidSurplus { .. } => Ok(vec![]),
            PaymentCommand::VoidSurplusDone { reference } => {
                one(PaymentFact::SurplusVoided { reference: reference.clone() })
            }
            PaymentCommand::Query => match self.status {
                PaymentStatus::Started | PaymentStatus::ActionRequired => {
                    one(PaymentFact::QueryAsked)
                }
                _ => Ok(vec![]),
            },
            PaymentCommand::GiveUp { errand, number, reason } => {
                self.give_up(*errand, *number, reason)
            }
        }
    }

    /// A token is good for one question. Whatever became of that, another attempt brings its own.
    fn spent(&self, fact: &PaymentFact) -> Option<VaultId> {
        self.token.filter(|_| is_last_word(fact))
    }

    fn evolve(&mut self, fact: &PaymentFact) {
        if is_last_word(fact) {
            self.token = None;
        }
        match fact {
            PaymentFact::Started { amount, token, method } => {
                (self.amount, self.token) = (Some(*amount), *token);
                self.on_delivery = *method == PaymentMethod::CashOnDelivery;
                self.status = PaymentStatus::Started;
            }
            PaymentFact::ActionRequired => self.status = PaymentStatus::ActionRequired,
            PaymentFact::Authorised { reference, .. } => {
                // A second yes does not change where it stands; the first one pays.
                // Whatever a provider may call its yes, it is none.
                self.promised |= self.on_delivery && reference == PROMISE;
                if !self.has_a_yes() {
                    self.reference = Some(reference.clone());
                    self.status = PaymentStatus::Authorised;
                }
                self.void_asked = false;
            }
            PaymentFact::Declined { .. } => self.status = PaymentStatus::Declined,
            PaymentFact::Expired => self.status = PaymentStatus::Expired,
            PaymentFact::CaptureAsked { capture, amount, attempt } => {
                ask(&mut self.captures, *capture, *amount, *attempt);
            }
            PaymentFact::Captured { capture, amount } => {
                done(&mut self.captures, *capture, *amount);
                self.captured += amount.minor;
                self.status = self.status_of_money();
            }
            PaymentFact::CaptureFailed { capture, attempt, .. } => {
                refuse(&mut self.captures, *capture, *attempt);
                self.status = PaymentStatus::CaptureFailed;
            }
            PaymentFact::RefundAsked { refund, amount, attempt, .. } => {
                ask(&mut self.refunds, *refund, *amount, *attempt);
            }
            PaymentFact::Refunded { refund, amount } => {
                done(&mut self.refunds, *refund, *amount);
                self.refunded += amount.minor;
                self.status = self.status_of_money();
            }
            PaymentFact::RefundFailed { refund, attempt, .. } => {
                refuse(&mut self.refunds, *refund, *attempt);
            }
            PaymentFact::VoidAsked => self.void_asked = true,
            PaymentFact::Voided => self.status = PaymentStatus::Voided,
            PaymentFact::SurplusVoidAsked { reference } => {
                self.surplus.insert(reference.clone());
            }
            PaymentFact::SurplusVoided { .. } => {}
            PaymentFact::QueryAsked => {}
            PaymentFact::GaveUp { errand, number, .. } => {
                // It may be asked again; what comes of it late is recorded all the same.
                let errands = match errand {
                    Errand::Capture => &mut self.captures,
                    Errand::Refund => &mut self.refunds,
                    Errand::Void => {
                        self.void_asked = false;
                        return;
                    }
                    Errand::Authorise | Errand::Query => return,
                };
                if let Some(known) = number.and_then(|number| errands.get_mut(&number)) {
                    known.state = ErrandState::InDoubt;
                }
            }
        }
    }
}

/// The provider need not be asked again whether the money may be taken.
fn is_last_word(fact: &PaymentFact) -> bool {
    match fact {
        PaymentFact::Authorised { .. }
        | PaymentFact::Declined { .. }
        | PaymentFact::Expired
        | PaymentFact::Voided
        | PaymentFact::GaveUp { errand: Errand::Authorise, .. } => true,
        PaymentFact::Started { .. }
        | PaymentFact::ActionRequired
        | PaymentFact::CaptureAsked { .. }
        | PaymentFact::Captured { .. }
        | PaymentFact::CaptureFailed { .. }
        | PaymentFact::RefundAsked { .. }
        | PaymentFact::Refunded { .. }
        | PaymentFact::RefundFailed { .. }
        | PaymentFact::VoidAsked
        | PaymentFact::SurplusVoidAsked { .. }
        | PaymentFact::SurplusVoided { .. }
        | PaymentFact::QueryAsked
        | PaymentFact::GaveUp { .. } => false,
    }
}

impl Payment {
    fn start(&self, amount: Money, method: PaymentMethod, token: Option<VaultId>) -> Facts {
        match self.amount {
            Some(known) if known == amount => Ok(vec![]),
            Some(_) => Err(PaymentRefusal::AlreadyStarted),
            None if amount.minor <= 0 => Err(PaymentRefusal::Nothing),
            None if method == PaymentMethod::CashOnDelivery => {
                let promise =
                    PaymentFact::Authorised { reference: PROMISE.into(), expires_at: None };
                Ok(vec![PaymentFact::Started { amount, method, token: None }, promise])
            }
            None => one(PaymentFact::Started { amount, method, token }),
        }
    }

    /// A yes that comes late, or twice under two names, is recorded: the story gives it back.
    fn authorise(&self, reference: &CompactString, expires_at: Option<Timestamp>) -> Facts {
        let fresh = matches!(
            self.status,
            PaymentStatus::Started
                | PaymentStatus::ActionRequired
                | PaymentStatus::Declined
                | PaymentStatus::Expired
        );
        let known = self.reference.as_ref() == Some(reference) || self.surplus.contains(reference);
        if !fresh && known {
            return Ok(vec![]);
        }
        one(PaymentFact::Authorised { reference: reference.clone(), expires_at })
    }

    /// What is in doubt is asked for as it was: another amount would be another request, and both
    /// might be done.
    fn capture(&self, capture: u32, part: Money, amount: Money) -> Facts {
        let known = self.captures.get(&capture);
        if known.is_some_and(Errands::needs_no_ask) {
            return Ok(vec![]);
        }
        let open = matches!(
            self.status,
            PaymentStatus::Authorised
                | PaymentStatus::Captured
                | PaymentStatus::CaptureFailed
                | PaymentStatus::PartlyRefunded
                | PaymentStatus::Refunded
        );
        if !open || self.void_asked {
            return Err(PaymentRefusal::NotAuthorised(self.status));
        }
        let attempt = known.map_or(0, |known| known.refused);
        if let Some(doubtful) = known.filter(|known| known.is_open()) {
            let amount = Money::new(doubtful.amount, amount.currency);
            return one(PaymentFact::CaptureAsked { capture, amount, attempt });
        }
        same_currency(part, amount)?;
        let left = amount.minor - self.captured - under_way(&self.captures);
        if part.minor <= 0 {
            return Err(PaymentRefusal::Nothing);
        }
        if part.minor > left {
            let left = Money::new(left, amount.currency);
            return Err(PaymentRefusal::BeyondAuthorised { left });
        }
        if self.promised {
            return one(PaymentFact::Captured { capture, amount: part });
        }
        one(PaymentFact::CaptureAsked { capture, amount: part, attempt })
    }

    fn capture_done(&self, capture: u32, amount: Money) -> Facts {
        match self.captures.get(&capture).map(|known| known.state) {
            Some(ErrandState::Done) => Ok(vec![]),
            _ => one(PaymentFact::Captured { capture, amount }),
        }
    }

    fn capture_failed(&self, capture: u32, reason: &CompactString, attempt: u32) -> Facts {
        match self.captures.get(&capture) {
            Some(known) if known.hears_no(attempt) => {
                one(PaymentFact::CaptureFailed { capture, reason: reason.clone(), attempt })
            }
            _ => Ok(vec![]),
        }
    }

    /// As for a capture: what is in doubt is asked for as it was, and never refused.
    fn refund(&self, refund: u32, part: Money, reason: Option<RefundReason>) -> Facts {
        let known = self.refunds.get(&refund);
        if known.is_some_and(Errands::needs_no_ask) {
            return Ok(vec![]);
        }
        let amount = self.amount.ok_or(PaymentRefusal::NotStarted)?;
        let attempt = known.map_or(0, |known| known.refused);
        if let Some(doubtful) = known.filter(|known| known.is_open()) {
            let amount = Money::new(doubtful.amount, amount.currency);
            return one(PaymentFact::RefundAsked { refund, amount, attempt, reason });
        }
        same_currency(part, amount)?;
        let left = self.captured - self.refunded - under_way(&self.refunds);
        if part.minor <= 0 {
            return Err(PaymentRefusal::Nothing);
        }
        if part.minor > left {
            let left = Money::new(left, amount.currency);
            return Err(PaymentRefusal::BeyondCaptured { left });
        }
        if self.promised {
            return one(PaymentFact::Refunded { refund, amount: part });
        }
        one(PaymentFact::RefundAsked { refund, amount: part, attempt, reason })
    }

    fn refund_failed(&self, refund: u32, reason: &CompactString, attempt: u32) -> Facts {
        match self.refunds.get(&refund) {
            Some(known) if known.hears_no(attempt) => {
                one(PaymentFact::RefundFailed { refund, reason: reason.clone(), attempt })
            }
            _ => Ok(vec![]),
        }
    }

    /// The last to hear is whoever gave up: what became of it may be known from another answer.
    fn give_up(&self, errand: Errand, number: Option<u32>, reason: &CompactString) -> Facts {
        let errands = match errand {
            Errand::Capture => Some(&self.captures),
            Errand::Refund => Some(&self.refunds),
            Errand::Authorise | Errand::Void | Errand::Query => None,
        };
        let known = errands.zip(number).and_then(|(errands, number)| errands.get(&number));
        if known.is_some_and(|known| known.state != ErrandState::Asked) {
            return Ok(vec![]);
        }
        one(PaymentFact::GaveUp { errand, number, reason: reason.clone() })
    }

    fn void(&self) -> Facts {
        let amount = self.amount.ok_or(PaymentRefusal::NotStarted)?;
        match self.status {
            _ if self.captured > 0 => {
                let captured = Money::new(self.captured, amount.currency);
                Err(PaymentRefusal::AlreadyCaptured { captured })
            }
            PaymentStatus::Voided | PaymentStatus::Declined | PaymentStatus::Expired => Ok(vec![]),
            _ if self.void_asked => Ok(vec![]),
            _ if self.promised => one(PaymentFact::Voided),
            _ => one(PaymentFact::VoidAsked),
        }
    }

    /// Something was taken, or may be.
    fn has_a_yes(&self) -> bool {
        let yes = matches!(self.status, PaymentStatus::Authorised | PaymentStatus::CaptureFailed);
        self.captured > 0 || (yes && !self.void_asked)
    }

    /// A yes beside the one that pays, of which the provider does not know yet that nobody needs it.
    fn is_surplus(&self, reference: &CompactString) -> bool {
        self.reference.as_ref().is_some_and(|paying| paying != reference)
            && !self.surplus.contains(reference)
    }

    fn status_of_money(&self) -> PaymentStatus {
        match self.refunded {
            0 => PaymentStatus::Captured,
            refunded if refunded < self.captured => PaymentStatus::PartlyRefunded,
            _ => PaymentStatus::Refunded,
        }
    }

    /// Where it stands.
    pub fn status(&self) -> PaymentStatus {
        self.status
    }

    /// Minor units taken, and given back.
    pub fn balance(&self) -> (i64, i64) {
        (self.captured, self.refunded)
    }

    /// True when no provider knows of it: the customer pays at the door.
    pub fn is_promised(&self) -> bool {
        self.promised
    }

    /// What it is for.
    pub fn amount(&self) -> Option<Money> {
        self.amount
    }
}

fn same_currency(part: Money, amount: Money) -> Result<(), PaymentRefusal> {
    if part.currency == amount.currency { Ok(()) } else { Err(PaymentRefusal::OtherCurrency) }
}
