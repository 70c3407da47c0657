//! Delivering: what lies where and to whom it is promised, and the way of goods to the door and back.
//!
//! Each context knows the kernel and nothing else; stories that cross contexts are told in `flows`.

pub mod sites;

pub mod inventory;

pub mod fulfilments;

pub mod picks;

pub mod packs;

pub mod shipping;

pub mod returns;

mod units;

pub use units::{Goods, Units};
