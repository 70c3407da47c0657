//! The HTTP API as its specification: what every route promises, asked over a real port.

mod harness;
mod logs;

mod consumers;
mod conventions;
mod events;
mod idempotency;
mod labels;
mod selling;
mod who;

mod bad_input;
mod fields;
mod marker;
