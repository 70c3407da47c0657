//! Plays a year of somebody's real trade through the shop, from order to door.
//!
//! ```text
//! trade file -> plan -> player: commands as the rows say, the clock follows the rows
//!                          every few hours: the people work (pick, pack, load, take back)
//!                       handlers: the provider and the carrier answer
//!                    -> report
//! ```

pub mod trade;

mod ids;
mod people;
mod player;
mod report;

pub use player::{Ended, Ending, PlayError, Progress, play, play_to};
pub use report::{Report, inspect};

use kernel::{ProductId, Sku};

/// The product that a replay makes of a SKU.
pub fn product_of(sku: &Sku) -> ProductId {
    ids::product(sku.as_str())
}
