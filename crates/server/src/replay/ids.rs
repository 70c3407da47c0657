//! Names that follow from the trade file alone, so that a replay that was stopped goes on where it was.

use super::trade::Order;
use kernel::{CommandId, CreditNoteId, OrderId, PersonId, ProductId, Timestamp};
use uuid::Builder;

/// An order's id begins with its time, as ids made by a clock do.
pub(super) fn order(order: &Order, at: Timestamp) -> OrderId {
    let name = CommandId::derive("replay/order", &order.invoice).0;
    let mut random = [0; 10];
    random.copy_from_slice(&name.as_bytes()[6..]);
    let millis = u64::try_from(at.micros() / 1000).unwrap_or(0);
    OrderId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// Somebody whom the trade knows by number.
pub(super) fn customer(name: &str) -> PersonId {
    PersonId(CommandId::derive("replay/customer", name).0)
}

/// Nobody whom the trade knows: another one for every invoice.
pub(super) fn guest(invoice: &str) -> PersonId {
    PersonId(CommandId::derive("replay/guest", invoice).0)
}

pub(super) fn product(sku: &str) -> ProductId {
    ProductId(CommandId::derive("replay/product", sku).0)
}

pub(super) fn credit_note(line: u64) -> CreditNoteId {
    CreditNoteId(CommandId::derive("replay/credit-note", &line.to_string()).0)
}

/// The command that a row of the file leads to; `part` where it leads to several.
pub(super) fn command(line: u64, part: impl std::fmt::Display) -> CommandId {
    CommandId::derive("replay", &format!("{line}/{part}"))
}
