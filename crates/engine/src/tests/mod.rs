//! Each sentence of the engine's contract as a test.

pub(crate) mod bank;
mod cascade;
mod commit;
mod memory_bounds;
mod planners;
mod recovery;
mod timers;
