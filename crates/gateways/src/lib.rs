//! Reaching outside: whom Cartage asks for money and for transport, and what they tell by themselves.
//!
//! | module | what |
//! |---|---|
//! | [`SimulatedProvider`], [`SimulatedCarrier`] | keep no memory: what they say follows from what they are asked and from a seed, so a replay or a simulation can be stopped and goes on as if nothing had happened |
//! | [`http`] | the same questions as JSON over HTTP, to a provider and a carrier that are really there |
//! | [`wire`] | the shapes of that JSON |
//! | [`webhooks`] | what they tell by themselves: signed, checked, turned into commands |
//! | [`reconcile`] | whether their books agree with ours |

mod asked;
mod carrier;
mod mood;
mod payments;
mod said;

pub mod wire;

pub mod http;

pub mod webhooks;

pub mod reconcile;

pub use carrier::{SERVICES, SimulatedCarrier, UNKNOWN_SERVICE};
pub use mood::Mood;
pub use payments::SimulatedProvider;
