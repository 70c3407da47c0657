//! Plays a year of somebody's real trade through the shop, from order to door.

pub mod trade;
