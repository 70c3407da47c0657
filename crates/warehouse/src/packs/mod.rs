//! Packs: what was picked is checked piece by piece, put into a carton, weighed and sealed.
//!
//! ```text
//! opened → verified … → sealed
//!    └── lines cancelled ──┴→ cancelled, when nothing is left in it
//! ```

mod facts;
mod pack;

#[cfg(test)]
mod tests;

pub use facts::PackFact;
pub use pack::{Pack, PackCommand, PackRefusal, PackStage};
