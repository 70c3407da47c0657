//! The shapes of what goes over the wire between Cartage and a provider of payments or a carrier.
//!
//! | request | answer |
//! |---|---|
//! | `POST /payments` [`PaymentOrder`] | [`Standing`] |
//! | `GET /payments/{payment}` | [`PaymentSheet`], 404 when it knows of none |
//! | `POST /payments/{payment}/captures` [`MoneyOrder`], `…/refunds` | [`MoneyOutcome`] |
//! | `POST /payments/{payment}/void` [`VoidOrder`] | [`Standing`] |
//! | `GET /settlement?date=2026-11-20` | a line of JSON for each movement of money: [`crate::reconcile::Settled`] |
//! | `POST /parcels` [`ParcelOrder`] | [`LabelOutcome`] |
//! | `GET /parcels/{parcel}` | [`ParcelSheet`], 404 when it knows of none |
//! | `POST /parcels/{parcel}/hand-over` | [`ParcelSheet`] |
//! | `POST /parcels/{parcel}/void` [`LabelVoid`] | [`ParcelSheet`] |
//!
//! Every POST carries an `Idempotency-Key`. A *no* is an answer with status 200; another status says
//! that the question itself could not be dealt with, with a body [`Complaint`]. Whoever holds a token or
//! an address has no `Debug`, so that neither gets into a log.

use commerce::payments::PaymentMethod;
use compact_str::CompactString;
use kernel::{Money, ParcelId, PaymentId, Timestamp};
use serde::{Deserialize, Serialize};
use warehouse::shipping::TrackingEvent;

/// May we take this much?
#[derive(Clone, Serialize, Deserialize)]
pub struct PaymentOrder {
    /// What we call it.
    pub reference: PaymentId,
    /// How much.
    pub amount: Money,
    /// How.
    pub method: PaymentMethod,
    /// Whose money it is, as the provider knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// How a payment stands with its provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Standing {
    /// It cannot say yet; a webhook follows.
    Pending,
    /// Yes.
    Authorised {
        /// What it calls this yes.
        authorisation: CompactString,
        /// Until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    /// No.
    Declined {
        /// Its code.
        reason: CompactString,
    },
    /// The customer has to do something first.
    ActionRequired {
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action_url: Option<String>,
    },
    /// The yes ran out.
    Expired,
    /// The yes was given back.
    Voided,
}

/// Take, or give back, this much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MoneyOrder {
    /// Which capture or refund of this payment.
    pub number: u32,
    /// How often the answer to this number was no.
    pub attempt: u32,
    /// How much.
    pub amount: Money,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum MoneyOutcome {
    /// The money has moved.
    Done {
        /// How much.
        amount: Money,
    },
    /// No.
    Refused {
        /// Its code.
        reason: CompactString,
    },
}

/// A capture or refund as the provider remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MoneyMoved {
    /// Which.
    pub number: u32,
    /// Counted from 0.
    pub attempt: u32,
    /// What came of it.
    pub outcome: MoneyOutcome,
}

/// A yes as the provider remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Authorisation {
    /// What it calls it.
    pub id: CompactString,
    /// It was given back.
    pub voided: bool,
}

/// Forget a yes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VoidOrder {
    /// This one; without, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorisation: Option<CompactString>,
}

/// All that the provider knows of a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentSheet {
    /// What we call it.
    pub reference: PaymentId,
    /// How it stands.
    pub standing: Standing,
    /// Every yes that it gave.
    pub authorisations: Vec<Authorisation>,
    /// In the order in which they were asked.
    pub captures: Vec<MoneyMoved>,
    /// In the order in which they were asked.
    pub refunds: Vec<MoneyMoved>,
}

/// Somebody's address, as in `routes.md`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// Whose.
    pub name: String,
    /// At which company.
    pub company: String,
    /// Street and number.
    pub line1: String,
    /// More of it.
    pub line2: String,
    /// Town.
    pub city: String,
    /// As the post of the country writes it.
    pub postal_code: String,
    /// State, province.
    pub region: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// For the driver.
    pub phone: String,
}

/// Expect this parcel.
#[derive(Clone, Serialize, Deserialize)]
pub struct ParcelOrder {
    /// What we call it.
    pub reference: ParcelId,
    /// Which label of the parcel is asked for, from 1. Each is a request of its own; those before are void, or
    /// are going to be.
    pub number: u32,
    /// What it weighs.
    pub weight_grams: u32,
    /// With whom, where that is chosen already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CompactString>,
    /// How fast, where that is chosen already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<CompactString>,
    /// Where to, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

/// Whether the carrier expects it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum LabelOutcome {
    /// Yes.
    Labelled {
        /// What the carrier calls it.
        tracking_number: CompactString,
        /// With whom.
        carrier: CompactString,
        /// How fast.
        service: CompactString,
    },
    /// No.
    Refused {
        /// Its code.
        reason: CompactString,
    },
}

/// A label that nobody will use: nothing is to be paid for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelVoid {
    /// This one, also when the carrier has yet to hear of it, and then never gives it; without, the
    /// parcel is not sent, and all of them are void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// What the carrier calls it, where it has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<CompactString>,
}

/// A label as the carrier remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelKnown {
    /// Which of the parcel's, from 1.
    pub number: u32,
    /// Whether it gave it.
    pub outcome: LabelOutcome,
    /// Nobody will use it.
    pub voided: bool,
}

/// All that the carrier knows of a parcel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParcelSheet {
    /// What we call it.
    pub reference: ParcelId,
    /// In the order of their numbers.
    pub labels: Vec<LabelKnown>,
    /// It is not sent.
    pub voided: bool,
    /// What it has seen so far.
    pub events: Vec<TrackingEvent>,
}

/// Why a question could not be dealt with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Complaint {
    /// Stable, lower snake.
    pub code: String,
}

/// What a webhook says, as in Standard Webhooks: `{"type": …, "timestamp": …, "data": …}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message<D> {
    /// What it says, and of which kind.
    #[serde(flatten)]
    pub news: D,
    /// When it happened, by the sender's clock.
    pub timestamp: Timestamp,
}

/// What a provider of payments tells by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum PaymentNews {
    /// Yes.
    #[serde(rename = "payment.authorised")]
    Authorised {
        /// Of which payment.
        payment: PaymentId,
        /// What it calls this yes.
        authorisation: CompactString,
        /// Until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    /// No.
    #[serde(rename = "payment.declined")]
    Declined {
        /// Of which payment.
        payment: PaymentId,
        /// Its code.
        reason: CompactString,
    },
    /// The customer has to do something first.
    #[serde(rename = "payment.action_required")]
    ActionRequired {
        /// Of which payment.
        payment: PaymentId,
    },
    /// The yes ran out.
    #[serde(rename = "payment.expired")]
    Expired {
        /// Of which payment.
        payment: PaymentId,
    },
    /// Money was taken.
    #[serde(rename = "payment.captured")]
    Captured {
        /// Of which payment.
        payment: PaymentId,
        /// By which capture.
        number: u32,
        /// How much.
        amount: Money,
    },
    /// Money could not be taken.
    #[serde(rename = "payment.capture_failed")]
    CaptureFailed {
        /// Of which payment.
        payment: PaymentId,
        /// By which capture.
        number: u32,
        /// At which attempt.
        attempt: u32,
        /// Its code.
        reason: CompactString,
    },
    /// Money was given back.
    #[serde(rename = "payment.refunded")]
    Refunded {
        /// Of which payment.
        payment: PaymentId,
        /// By which refund.
        number: u32,
        /// How much.
        amount: Money,
    },
    /// Money could not be given back.
    #[serde(rename = "payment.refund_failed")]
    RefundFailed {
        /// Of which payment.
        payment: PaymentId,
        /// By which refund.
        number: u32,
        /// At which attempt.
        attempt: u32,
        /// Its code.
        reason: CompactString,
    },
    /// The yes was given back.
    #[serde(rename = "payment.voided")]
    Voided {
        /// Of which payment.
        payment: PaymentId,
        /// Only this yes, of several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        authorisation: Option<CompactString>,
    },
}

impl PaymentNews {
    /// Every kind there is.
    pub const KINDS: [&str; 9] = [
        "payment.authorised",
        "payment.declined",
        "payment.action_required",
        "payment.expired",
        "payment.captured",
        "payment.capture_failed",
        "payment.refunded",
        "payment.refund_failed",
        "payment.voided",
    ];
}

/// What a carrier tells by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum ParcelNews {
    /// It was seen.
    #[serde(rename = "parcel.tracked")]
    Tracked {
        /// Which parcel.
        parcel: ParcelId,
        /// In any order, also repeated.
        events: Vec<TrackingEvent>,
    },
}

impl ParcelNews {
    /// Every kind there is.
    pub const KINDS: [&str; 1] = ["parcel.tracked"];
}
