//! The front door: the HTTP API and the pages, over one running shop.
//!
//! Read in this order: [`door`] (sockets and limits), [`front`] (what every route knows, and how a command
//! is put to the shop), [`problem`] and [`refused`] (every *no*), [`submission`] and [`asking`] (what comes
//! in), [`routes`] (what there is).

pub mod door;
pub mod front;
pub mod secrets;
pub mod telemetry;

mod answer;
mod asking;
mod caller;
mod catalogue;
mod correlation;
mod openapi;
mod pages;
mod past;
mod patient;
pub(crate) mod problem;
pub(crate) mod refused;
mod routes;
pub(crate) mod shapes;
mod shown;
mod stream;
mod strict;
pub(crate) mod submission;
mod turnstile;
mod unrecorded;
mod upload;
