//! What may be asked of a payment, why not, and where it stands.

use super::{Errand, PaymentMethod, RefundReason};
use compact_str::CompactString;
use kernel::{Money, Timestamp, VaultId};
use serde::{Deserialize, Serialize};

/// What may be asked of a payment, and what its provider may say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PaymentCommand {
    /// Ask the provider for this much.
    Start { amount: Money, method: PaymentMethod, token: Option<VaultId> },
    /// It says yes.
    Authorise { reference: CompactString, expires_at: Option<Timestamp> },
    /// It says no.
    Decline { reason: CompactString },
    /// It wants the customer to do something.
    RequireAction,
    /// Its yes has run out.
    Expire,
    /// Take this much; the number makes it once.
    Capture { capture: u32, amount: Money },
    /// It has taken this much.
    CaptureDone { capture: u32, amount: Money },
    /// It could not take it; the attempt is that of the fact that asked for it.
    CaptureFailed {
        capture: u32,
        reason: CompactString,
        #[serde(default)]
        attempt: u32,
    },
    /// Give this much back; the number makes it once.
    Refund {
        refund: u32,
        amount: Money,
        /// Why, where staff asks for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<RefundReason>,
    },
    /// It has given this much back.
    RefundDone { refund: u32, amount: Money },
    /// It could not give it back; the attempt is that of the fact that asked for it.
    RefundFailed {
        refund: u32,
        reason: CompactString,
        #[serde(default)]
        attempt: u32,
    },
    /// We will not take it.
    Void,
    /// It has forgotten the authorisation.
    VoidDone,
    /// It said yes once more under this name; nothing happens where that is the yes that pays.
    VoidSurplus { reference: CompactString },
    /// It has forgotten that one.
    VoidSurplusDone { reference: CompactString },
    /// What became of it?
    Query,
    /// It could not be reached for too long.
    GiveUp { errand: Errand, number: Option<u32>, reason: CompactString },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PaymentRefusal {
    /// There is no such payment.
    #[error("there is no such payment")]
    NotStarted,
    /// This number pays something else.
    #[error("this payment was started for another amount")]
    AlreadyStarted,
    /// Nothing to pay.
    #[error("a payment is more than nothing")]
    Nothing,
    /// The provider has not said yes, or not any more.
    #[error("the payment is {0:?}: nothing can be captured")]
    NotAuthorised(PaymentStatus),
    /// More than the provider has said yes to.
    #[error("only {left} of the authorised amount is left")]
    BeyondAuthorised { left: Money },
    /// More than was taken.
    #[error("only {left} of the captured amount is left")]
    BeyondCaptured { left: Money },
    /// What was taken is given back, not voided.
    #[error("{captured} was captured: refund it instead")]
    AlreadyCaptured { captured: Money },
    /// One payment, one currency.
    #[error("a payment has one currency")]
    OtherCurrency,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// No such payment.
    #[default]
    None,
    /// The provider was asked.
    Started,
    /// The customer has to do something.
    ActionRequired,
    /// It may be taken.
    Authorised,
    /// Some of it was taken.
    Captured,
    /// The last capture failed.
    CaptureFailed,
    /// No.
    Declined,
    /// The yes ran out.
    Expired,
    /// The yes was given back.
    Voided,
    /// Some was given back.
    PartlyRefunded,
    /// All that was taken was given back.
    Refunded,
}
