//! What people look at: each view is named by its screen or its question.
//!
//! Documents are what the HTTP API shows, without what it looks up beside them. Many views have a
//! column `since` that is set only while something waits: a query for what has a value there, in its
//! order, is the work list, and costs what waits and not what was ever done.

mod brief;

mod cash_ledger;
mod fulfilments;
mod order_timeline;
mod orders;
mod packs;
mod parcels;
mod picks;
mod products;
mod returns;
mod sales;
mod stocks;

#[cfg(test)]
mod tests;

pub use cash_ledger::{Cash, CashLedger};
pub use fulfilments::{Fulfilment, Fulfilments};
pub use order_timeline::{Moment, OrderTimeline, Timeline};
pub use orders::{
    LineUnits, Order, OrderFulfilment, OrderLine, OrderParcel, OrderPayment, OrderReturn,
    OrderStatus, Orders, Totals,
};
pub use packs::{LineToPack, Pack, PackStatus, Packs};
pub use parcels::{Parcel, Parcels};
pub use picks::{LineToPick, Pick, Picks};
pub use products::{
    InCategory, Product, ProductSearch, ProductVariant, Products, ProductsByCategory, Variant,
    Variants,
};
pub use returns::{LineToReturn, Return, Returns};
pub use sales::{Sales, SalesPerCountry, SalesPerDay, SalesPerProduct};
pub use stocks::{Stock, StockAtSite, StockMoved, Stocks};
