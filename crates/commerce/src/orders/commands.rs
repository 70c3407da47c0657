//! What may be asked of an order, and the reasons why not.

use super::{CancelReason, HoldReason, ShortLine, Units};
use crate::method::PaymentMethod;
use compact_str::CompactString;
use kernel::{Currency, Money, PersonId, Quantity, Sku, Timestamp, VaultId};
use serde::{Deserialize, Serialize};

/// Payment attempts of one order.
pub(super) const ATTEMPTS: u32 = 10;

/// What may be asked of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OrderCommand {
    /// A checkout.
    Request(Box<OrderRequest>),
    /// Not every line could be held.
    Reject { short: Vec<ShortLine> },
    /// Every line is held.
    Place { number: u64, pay_by: Timestamp },
    /// The customer tries another payment.
    TryPayment { method: PaymentMethod, token: Option<VaultId> },
    /// A payment was authorised.
    SecurePayment { payment: u32 },
    /// One site will send these.
    OpenFulfilment { fulfilment: u32, lines: Vec<Units> },
    /// The warehouse may begin.
    Release { fulfilment: u32 },
    /// What was found is picked.
    Pick { fulfilment: u32 },
    /// The parcel with these is sealed.
    Pack { fulfilment: u32, lines: Vec<Units> },
    /// The carrier has it.
    Ship { fulfilment: u32 },
    /// The customer has it; none: an order that has nothing to send is paid.
    Deliver { fulfilment: Option<u32> },
    /// The carrier has lost it.
    Lose { fulfilment: u32 },
    /// Do not send these, or anything that is not yet sent.
    Cancel { by: Canceller, reason: CancelReason, lines: Option<Vec<Units>> },
    /// Send no more than this of these lines: what a story asks, because it may ask twice. Counts all
    /// units of a line that are not cancelled, also those on their way.
    Keep { reason: CancelReason, lines: Vec<Units> },
    /// These came back and were accepted; `claimed` is what the customer asks for them.
    Return { return_id: u32, lines: Vec<Units>, claimed: Option<Money> },
    /// The return window is over.
    Complete,
    /// Somebody has to look.
    Hold { reason: HoldReason },
    /// Somebody has looked.
    Unhold { reason: HoldReason },
}

/// What a checkout asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// Who; a guest has an id as well.
    pub customer: PersonId,
    /// Where it goes, as the trade writes it; 2 to 60 letters.
    pub country: CompactString,
    /// Of all its amounts.
    pub currency: Currency,
    /// Numbered from 1 in this order.
    pub lines: Vec<NewLine>,
    /// What sending costs.
    pub shipping: Option<Money>,
    /// How it is paid.
    pub method: PaymentMethod,
    /// The provider's token, in the vault.
    pub token: Option<VaultId>,
    /// Name and address, in the vault.
    pub ship_to: Option<VaultId>,
    /// E-mail, in the vault.
    pub email: Option<VaultId>,
    /// How long a payment may take, where it is not the usual.
    pub pay_within_seconds: Option<u64>,
    /// How long it may be returned, where it is not the usual.
    pub return_window_days: Option<u16>,
    /// The cart of the same id is ordered with it.
    pub from_cart: bool,
    /// What this shop allows.
    pub limits: OrderLimits,
}

/// One line of a checkout; the price was looked up at the edge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// What one costs.
    pub unit_price: Money,
    /// False for postage and the like.
    pub stock_kept: bool,
}

/// How large an order may be; 100 lines unless configured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderLimits {
    /// Lines of one order.
    pub lines: u32,
    /// Units of one line.
    pub units: u32,
}

impl Default for OrderLimits {
    fn default() -> OrderLimits {
        OrderLimits { lines: 100, units: 9_999 }
    }
}

/// Who cancels; it decides until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Canceller {
    /// Until it is packed.
    Customer,
    /// Until it is handed over.
    Staff,
    /// A story: until it is handed over.
    System,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum OrderRefusal {
    /// There is such an order.
    #[error("this cart was ordered already: begin a new one")]
    AlreadyRequested,
    /// Nothing in it.
    #[error("name at least one line")]
    Empty,
    /// Beyond the shop's limit.
    #[error("an order has at most {max} lines: make two orders of it")]
    TooManyLines { max: u32 },
    /// Beyond the shop's limit.
    #[error("line {line} has more than {max} units: ask the shop")]
    TooManyUnits { line: u32, max: u32 },
    /// One order, one currency, no negative price.
    #[error("line {line} has a price in another currency, or a negative one")]
    BadPrice { line: u32 },
    /// Beyond what can be counted.
    #[error("the total is beyond what can be counted")]
    TooLarge,
    /// Sending costs something or nothing, in the order's currency.
    #[error("shipping is in another currency, or negative")]
    BadShipping,
    /// Not as long as a country's name.
    #[error("a country has 2 to 60 letters")]
    BadCountry,
    /// It has not come so far, or has gone on.
    #[error("the order is {status:?}: that is not possible now")]
    WrongStage { status: Status },
    /// Money first.
    #[error("the order is not paid")]
    NotPaid,
    /// Once is enough.
    #[error("the order is paid already")]
    AlreadyPaid,
    /// Nobody has begun it.
    #[error("attempt {payment} to pay was never made")]
    UnknownPayment { payment: u32 },
    /// It has to end somewhere.
    #[error("there were {ATTEMPTS} attempts to pay: place a new order")]
    TooManyAttempts,
    /// No such line, or no units of it named.
    #[error("line {line} is no line of this order, or no units of it were named")]
    BadLine { line: u32 },
    /// No such part.
    #[error("fulfilment {fulfilment} is no part of this order")]
    UnknownFulfilment { fulfilment: u32 },
    /// It went on meanwhile.
    #[error(
        "of line {line} only {left} units can still be cancelled: let the others come back as a return"
    )]
    TooLate { line: u32, left: u32 },
    /// Nothing is left that could be cancelled.
    #[error("nothing of this order can be cancelled any more")]
    NothingToCancel,
    /// Only what was delivered can come back.
    #[error("of line {line} only {left} delivered units are left to be returned")]
    NotDelivered { line: u32, left: u32 },
    /// One order, one currency.
    #[error("what is claimed is in another currency than the order")]
    OtherCurrency,
    /// Something is still on its way.
    #[error("something of this order is still to come")]
    NotFinished,
}

/// What people ask for first; a function of the counts and the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No such order.
    None,
    /// Nothing promised yet.
    Requested,
    /// Awaits its payment.
    Placed,
    /// Payment secured.
    Paid,
    /// The warehouse works on it.
    Released,
    /// Some parcels are on their way.
    PartlyShipped,
    /// All is on its way.
    Shipped,
    /// All that was not cancelled is there.
    Delivered,
    /// The return window is over.
    Completed,
    /// Nothing was sent and nothing is left.
    Cancelled,
    /// Not all was there.
    Rejected,
}
