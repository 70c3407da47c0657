//! Packs: what was picked is checked, put into a carton, weighed and sealed.
//!
//! `open → verified, item by item → sealed`.

mod facts;
mod pack;

#[cfg(test)]
mod tests;

pub use facts::PackFact;
pub use pack::{Pack, PackCommand, PackRefusal};
