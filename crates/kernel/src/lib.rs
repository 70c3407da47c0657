//! The words everyone shares: money, SKUs, quantities, ids and times, and the four verbs in which a
//! business is written (*decide, evolve, react*; *handle* lives in the engine).
//!
//! Nothing here waits, reads a clock, draws a random number or knows of a store.

mod decider;
mod process;
mod view;

mod fact;
mod ids;
mod money;
mod sku;
mod time;

mod business;
mod table;

pub mod spec;

pub use business::{Business, Identity};
pub use decider::Decider;
pub use fact::{Actor, CommandId, Origin, PARTITION, Position, Recorded};
pub use ids::{
    CreditNoteId, FulfilmentId, LineId, OrderId, PackId, ParcelId, PaymentId, PersonId, PickId,
    ProductId, ReturnId, SiteId, UnknownId, VaultId,
};
pub use iso_currency::Currency;
pub use money::{Money, MoneyError};
pub use process::{Heard, Process, Step, TimerName, Told};
pub use sku::{BadQuantity, BadSku, Quantity, Sku};
pub use time::{BadTime, Timestamp};
pub use view::{Column, Columns, View};

#[doc(hidden)]
pub use {serde, serde_json};
