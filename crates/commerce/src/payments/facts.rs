//! What may have happened to a payment. Published: variants are added, never changed.

use crate::method::PaymentMethod;
use compact_str::CompactString;
use kernel::{Money, Timestamp, VaultId};
use serde::{Deserialize, Serialize};

/// What is asked of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// May we take this much?
    Authorise,
    /// Take this much.
    Capture,
    /// Give this much back.
    Refund,
    /// We will not take it.
    Void,
    /// What became of it?
    Query,
}

/// Why staff gives money back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// To keep the customer.
    Goodwill,
    /// It came broken.
    Damaged,
    /// It did not come.
    NotReceived,
    /// It was cheaper elsewhere.
    PriceMatch,
    /// Something else.
    Other,
}

/// Facts of a stream `payment/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum PaymentFact {
    /// The provider is to be asked.
    #[serde(rename = "payments/started@1")]
    Started {
        /// How much.
        amount: Money,
        /// How.
        method: PaymentMethod,
        /// The provider's token, in the vault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<VaultId>,
    },
    /// The customer has to do something first.
    #[serde(rename = "payments/action_required@1")]
    ActionRequired,
    /// The money may be taken.
    #[serde(rename = "payments/authorised@1")]
    Authorised {
        /// What the provider calls it.
        reference: CompactString,
        /// Until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    /// No.
    #[serde(rename = "payments/declined@1")]
    Declined {
        /// The provider's code.
        reason: CompactString,
    },
    /// The authorisation has run out.
    #[serde(rename = "payments/expired@1")]
    Expired,
    /// The provider is to take this much.
    #[serde(rename = "payments/capture_asked@1")]
    CaptureAsked {
        /// Number of the capture: that of the fulfilment, 0 for an order without one.
        capture: u32,
        /// How much.
        amount: Money,
        /// How often the provider has said no to this number before. Together with the number it is
        /// one request to the provider, however often it is asked.
        #[serde(default, skip_serializing_if = "is_first")]
        attempt: u32,
    },
    /// The money was taken.
    #[serde(rename = "payments/captured@1")]
    Captured {
        /// Which.
        capture: u32,
        /// How much.
        amount: Money,
    },
    /// The money could not be taken.
    #[serde(rename = "payments/capture_failed@1")]
    CaptureFailed {
        /// Which.
        capture: u32,
        /// The provider's code.
        reason: CompactString,
        /// To which attempt.
        #[serde(default, skip_serializing_if = "is_first")]
        attempt: u32,
    },
    /// The provider is to give this much back.
    #[serde(rename = "payments/refund_asked@1")]
    RefundAsked {
        /// Number of the refund.
        refund: u32,
        /// How much.
        amount: Money,
        /// How often the provider has said no to this number before. Together with the number it is
        /// one request to the provider, however often it is asked.
        #[serde(default, skip_serializing_if = "is_first")]
        attempt: u32,
        /// Why, where staff asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<RefundReason>,
    },
    /// The money was given back.
    #[serde(rename = "payments/refunded@1")]
    Refunded {
        /// Which.
        refund: u32,
        /// How much.
        amount: Money,
    },
    /// The money could not be given back.
    #[serde(rename = "payments/refund_failed@1")]
    RefundFailed {
        /// Which.
        refund: u32,
        /// The provider's code.
        reason: CompactString,
        /// To which attempt.
        #[serde(default, skip_serializing_if = "is_first")]
        attempt: u32,
    },
    /// The provider is to forget the authorisation.
    #[serde(rename = "payments/void_asked@1")]
    VoidAsked,
    /// The authorisation is gone.
    #[serde(rename = "payments/voided@1")]
    Voided,
    /// It said yes once more, under another name: the provider is to forget that one.
    #[serde(rename = "payments/surplus_void_asked@1")]
    SurplusVoidAsked {
        /// What the provider calls the yes that nobody needs.
        reference: CompactString,
    },
    /// That one is gone; the payment stands.
    #[serde(rename = "payments/surplus_voided@1")]
    SurplusVoided {
        /// What the provider called it.
        reference: CompactString,
    },
    /// The provider is to say what became of it.
    #[serde(rename = "payments/query_asked@1")]
    QueryAsked,
    /// The provider could not be reached for too long.
    #[serde(rename = "payments/gave_up@1")]
    GaveUp {
        /// What was wanted.
        errand: Errand,
        /// Number of the capture or refund.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u32>,
        /// What went wrong.
        reason: CompactString,
    },
}

fn is_first(attempt: &u32) -> bool {
    *attempt == 0
}
