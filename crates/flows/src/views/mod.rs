//! What people look at: each view is named by its screen or its question.

mod available_to_promise;
mod cash_ledger;
mod order_summary;
mod order_timeline;
mod sales;
mod stock_on_hand;
mod work_lists;

#[cfg(test)]
mod tests;

pub use available_to_promise::{AvailableToPromise, Promises};
pub use cash_ledger::{Cash, CashLedger};
pub use order_summary::{OrderSummary, Summary, SummaryStatus};
pub use order_timeline::{Moment, OrderTimeline, Timeline};
pub use sales::{Sales, SalesPerCountry, SalesPerDay, SalesPerProduct};
pub use stock_on_hand::{OnHand, StockOnHand};
pub use work_lists::{PackList, PickList, ReturnList, ToPack, ToPick, ToReturn, ToShip, VanList};
