//! What may have happened to an order. Published: variants are added, never changed.

use crate::method::PaymentMethod;
use compact_str::CompactString;
use kernel::{Currency, Money, PersonId, Sku, Timestamp, VaultId};
use serde::{Deserialize, Serialize};

/// Facts of a stream `order/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum OrderFact {
    /// Somebody wants to buy this; nothing is promised yet.
    #[serde(rename = "orders/requested@1")]
    Requested(Box<Requested>),
    /// Not all of it is there; the cart lives on and may try again.
    #[serde(rename = "orders/rejected@1")]
    Rejected {
        /// What was missing.
        short: Vec<ShortLine>,
    },
    /// Every line is held; now it is an order with a number.
    #[serde(rename = "orders/placed@1")]
    Placed {
        /// What people call it.
        number: u64,
        /// When it has to be paid.
        pay_by: Timestamp,
    },
    /// The customer tries another payment.
    #[serde(rename = "orders/payment_tried@1")]
    PaymentTried {
        /// Which attempt, from 2.
        payment: u32,
        /// How.
        method: PaymentMethod,
        /// The provider's token, in the vault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<VaultId>,
    },
    /// Authorised, captured, or promised.
    #[serde(rename = "orders/payment_secured@1")]
    PaymentSecured {
        /// By which attempt.
        payment: u32,
    },
    /// One site will send these units.
    #[serde(rename = "orders/fulfilment_opened@1")]
    FulfilmentOpened {
        /// From 1.
        fulfilment: u32,
        /// Which units.
        lines: Vec<Units>,
    },
    /// The warehouse may begin.
    #[serde(rename = "orders/released@1")]
    Released {
        /// Which part.
        fulfilment: u32,
    },
    /// All that was found is picked.
    #[serde(rename = "orders/picked@1")]
    Picked {
        /// Which part.
        fulfilment: u32,
    },
    /// The parcel is sealed; this is what is in it and what it costs.
    #[serde(rename = "orders/packed@1")]
    Packed {
        /// Which part.
        fulfilment: u32,
        /// What travels in it, with lines that are not kept in stock.
        lines: Vec<Units>,
        /// Its units' parts; shipping goes with the first parcel.
        amount: Money,
        /// The attempt that pays for it.
        payment: u32,
        /// Name and address, in the vault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ship_to: Option<VaultId>,
    },
    /// Handed over to the carrier.
    #[serde(rename = "orders/shipped@1")]
    Shipped {
        /// Which part.
        fulfilment: u32,
    },
    /// The customer has it.
    #[serde(rename = "orders/delivered@1")]
    Delivered {
        /// Which part; none for an order that has nothing to send.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fulfilment: Option<u32>,
        /// What was delivered without a parcel costs this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
    },
    /// The carrier has lost it.
    #[serde(rename = "orders/lost@1")]
    Lost {
        /// Which part.
        fulfilment: u32,
        /// What it cost.
        amount: Money,
        /// The attempt that paid for it.
        payment: u32,
    },
    /// These units will not be sent.
    #[serde(rename = "orders/cancelled@1")]
    Cancelled {
        /// Counted from 1.
        cancellation: u32,
        /// Why.
        reason: CancelReason,
        /// Which units.
        lines: Vec<Units>,
        /// True when nothing of the order is left.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all: bool,
        /// What of it was packed, and so charged: to be given back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund: Option<Money>,
        /// The attempt that paid, where one had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment: Option<u32>,
    },
    /// These units came back and were accepted.
    #[serde(rename = "orders/returned@1")]
    Returned {
        /// Number of the return.
        return_id: u32,
        /// Which units.
        lines: Vec<Units>,
        /// At most what they cost and the order has left.
        refund: Money,
        /// What was claimed beyond that.
        goodwill: Money,
        /// The attempt that paid.
        payment: u32,
    },
    /// The return window is over.
    #[serde(rename = "orders/completed@1")]
    Completed,
    /// Nothing goes on until somebody has looked.
    #[serde(rename = "orders/held@1")]
    Held {
        /// Why.
        reason: HoldReason,
    },
    /// Somebody has looked.
    #[serde(rename = "orders/unheld@1")]
    Unheld {
        /// What is settled.
        reason: HoldReason,
    },
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requested {
    /// Who; a guest has an id as well.
    pub customer: PersonId,
    /// Where it goes, as the trade writes it.
    pub country: CompactString,
    /// Of all its amounts.
    pub currency: Currency,
    /// Numbered from 1.
    pub lines: Vec<OrderLine>,
    /// What sending costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Money>,
    /// How the first attempt pays.
    pub method: PaymentMethod,
    /// The provider's token, in the vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<VaultId>,
    /// Name and address, in the vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_to: Option<VaultId>,
    /// E-mail, in the vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<VaultId>,
    /// How long a payment may take, where it is not the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_within_seconds: Option<u64>,
    /// How long it may be returned, where it is not the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_window_days: Option<u16>,
    /// The cart of the same id is ordered with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_cart: bool,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub units: u32,
    /// What one costs.
    pub unit_price: Money,
    /// False for postage and the like.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub stock_kept: bool,
}

fn yes() -> bool {
    true
}

/// Some units of a line; `[line, units]` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u32)", into = "(u32, u32)")]
pub struct Units {
    /// Number of the line.
    pub line: u32,
    /// How many.
    pub units: u32,
}

impl From<(u32, u32)> for Units {
    fn from((line, units): (u32, u32)) -> Units {
        Units { line, units }
    }
}

impl From<Units> for (u32, u32) {
    fn from(Units { line, units }: Units) -> (u32, u32) {
        (line, units)
    }
}

/// A line of which not enough is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortLine {
    /// Number of the line.
    pub line: u32,
    /// How many there are.
    pub available: u32,
}

/// Why units are not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The customer does not want it any more.
    CustomerRequest,
    /// It is not there after all.
    OutOfStock,
    /// Three payments were declined, or the capture failed for good.
    PaymentDeclined,
    /// Nobody paid in time.
    PaymentOverdue,
    /// It is not what it seems.
    Fraud,
    /// It cannot be brought there.
    Undeliverable,
    /// Staff decided so.
    Staff,
}

/// What somebody has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// It is perhaps not what it seems.
    Fraud,
    /// The address is no good.
    Address,
    /// The money could not be taken.
    Payment,
    /// No site can send it.
    Unroutable,
    /// Staff wants to look.
    Staff,
}
