//! Runs a business: one sequencer decides, one writer makes durable, everything else follows.
//!
//! ```text
//! submit -> inbox -> sequencer: decide, evolve, react, until quiet -> batch -> writer: one block -> answers
//!                        ^ decides the next batch meanwhile                        |-> index (may lag)
//!                                                                                  |-> views (rebuildable)
//!                                                                                  '-> handlers, planners -> commands
//! ```
//!
//! Read in this order: [`world`] (the cascade), [`sequencer`] and [`writer`] (the two threads on the
//! way to an answer), [`feed`] (what consumers read), [`views`], [`handlers`], [`planners`].

#![warn(missing_docs)]

mod alarms;
mod answer;
mod audit;
mod batch;
mod cache;
mod cascade;
mod clock;
mod engine;
mod feed;
mod follower;
mod gauges;
mod limits;
mod live;
mod opening;
mod past;
mod recall;
mod sequencer;
mod shelf;
mod stepping;
mod timers;
mod world;
mod writer;

pub mod handlers;
pub mod planners;
pub mod views;

pub use alarms::{Alarm, Alarms};
pub use answer::{Answer, Ask, Caused, Looked, Rejection};
pub use audit::{Audit, audit};
pub use clock::{Clock, SimulatedClock, WallClock};
pub use engine::{Engine, NotTaken, Parts};
pub use feed::{Committed, Feed, Follow};
pub use gauges::Gauges;
pub use limits::Limits;
pub use past::Past;
pub use stepping::Stepping;

#[cfg(test)]
mod tests;
