//! Joining: the one table of who decides and who hears, the stories, and what people look at.
//!
//! Read [`wiring`] first: it is the map. Then one story after the other.

pub mod wiring;

mod sell_order;

mod fulfil;

mod return_goods;

mod refunds;
pub mod routing;
mod tries;

pub mod views;

pub use fulfil::Fulfil;
pub use refunds::refund_by_staff;
pub use return_goods::ReturnGoods;
pub use sell_order::SellOrder;
pub use wiring::{Command, Fact, Heard, Refusal, Shop, State, Step, Stream, Told};

#[cfg(test)]
mod tests;
