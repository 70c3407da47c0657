//! Selling: who buys, what there is to buy, what is in the cart, what was ordered, how it is paid.
//!
//! Each context knows the kernel and nothing else; stories that cross contexts are told in `flows`.

mod method;

pub mod customers;

pub mod catalog;

pub mod carts;

pub mod orders;

pub mod payments;

pub mod credit_notes;
pub mod ledger;
pub mod numbering;
