//! How the payments of an order stand.

use super::{Order, add, is_default, micros};
use commerce::payments::{Errand, PaymentFact, PaymentMethod, PaymentStatus};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// One attempt to pay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderPayment {
    /// Which attempt, from 1; its id is made of the order's id and this.
    pub number: u32,
    /// How.
    #[serde(skip_serializing_if = "is_default")]
    pub method: PaymentMethod,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Minor units to be paid.
    pub amount: i64,
    /// Minor units taken.
    #[serde(skip_serializing_if = "is_default")]
    pub captured: i64,
    /// Minor units given back.
    #[serde(skip_serializing_if = "is_default")]
    pub refunded: i64,
    /// Until when the provider's yes holds.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The provider was told to forget its yes.
    #[serde(skip_serializing_if = "is_default")]
    void_asked: bool,
}

/// What changes how a payment looks.
pub(super) fn is_told(fact: &PaymentFact) -> bool {
    match fact {
        PaymentFact::Started { .. }
        | PaymentFact::ActionRequired
        | PaymentFact::Authorised { .. }
        | PaymentFact::Declined { .. }
        | PaymentFact::Expired
        | PaymentFact::Captured { .. }
        | PaymentFact::CaptureFailed { .. }
        | PaymentFact::Refunded { .. }
        | PaymentFact::VoidAsked
        | PaymentFact::Voided
        | PaymentFact::GaveUp { errand: Errand::Void, .. } => true,
        PaymentFact::CaptureAsked { .. }
        | PaymentFact::RefundAsked { .. }
        | PaymentFact::RefundFailed { .. }
        | PaymentFact::SurplusVoidAsked { .. }
        | PaymentFact::SurplusVoided { .. }
        | PaymentFact::QueryAsked
        | PaymentFact::GaveUp { .. } => false,
    }
}

impl Order {
    pub(super) fn hear_payment(&mut self, number: u32, fact: &PaymentFact) {
        let at = match self.payments.iter().position(|known| known.number == number) {
            Some(at) => at,
            None => {
                add(&mut self.payments, OrderPayment { number, ..OrderPayment::default() });
                self.payments.len() - 1
            }
        };
        self.payments[at].hear(fact);
    }
}

impl OrderPayment {
    fn hear(&mut self, fact: &PaymentFact) {
        match fact {
            PaymentFact::Started { amount, method, .. } => {
                (self.amount, self.method) = (amount.minor, *method);
                self.status = PaymentStatus::Started;
            }
            PaymentFact::ActionRequired => self.status = PaymentStatus::ActionRequired,
            PaymentFact::Authorised { expires_at, .. } => {
                // A second yes does not change where it stands; the first one pays.
                if !self.has_a_yes() {
                    self.status = PaymentStatus::Authorised;
                    self.expires_at = *expires_at;
                }
                self.void_asked = false;
            }
            PaymentFact::Declined { .. } => self.status = PaymentStatus::Declined,
            PaymentFact::Expired => self.status = PaymentStatus::Expired,
            PaymentFact::Captured { amount, .. } => {
                self.captured += amount.minor;
                self.status = self.status_of_money();
            }
            PaymentFact::CaptureFailed { .. } => self.status = PaymentStatus::CaptureFailed,
            PaymentFact::Refunded { amount, .. } => {
                self.refunded += amount.minor;
                self.status = self.status_of_money();
            }
            PaymentFact::VoidAsked => self.void_asked = true,
            PaymentFact::Voided => self.status = PaymentStatus::Voided,
            PaymentFact::GaveUp { errand: Errand::Void, .. } => self.void_asked = false,
            PaymentFact::CaptureAsked { .. }
            | PaymentFact::RefundAsked { .. }
            | PaymentFact::RefundFailed { .. }
            | PaymentFact::SurplusVoidAsked { .. }
            | PaymentFact::SurplusVoided { .. }
            | PaymentFact::QueryAsked
            | PaymentFact::GaveUp { .. } => {}
        }
    }

    fn has_a_yes(&self) -> bool {
        let yes = matches!(self.status, PaymentStatus::Authorised | PaymentStatus::CaptureFailed);
        self.captured > 0 || (yes && !self.void_asked)
    }

    fn status_of_money(&self) -> PaymentStatus {
        match self.refunded {
            0 => PaymentStatus::Captured,
            refunded if refunded < self.captured => PaymentStatus::PartlyRefunded,
            _ => PaymentStatus::Refunded,
        }
    }
}
