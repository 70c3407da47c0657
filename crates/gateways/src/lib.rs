//! Reaching outside: whom Cartage asks for money and for transport.
//!
//! So far both are simulated: they keep no memory, what they say follows from what they are asked and
//! from a seed, so a replay or a simulation can be stopped and goes on as if nothing had happened.

mod carrier;
mod mood;
mod payments;

pub use carrier::SimulatedCarrier;
pub use mood::Mood;
pub use payments::SimulatedProvider;
