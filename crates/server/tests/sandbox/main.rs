//! The real clients against the sandbox, over a real wire: every token, every postal code, answers that
//! get lost, outages, lies, and messages that come early, late, often and forged.

mod keeper;
mod scene;

mod client;
mod errands;
mod messages;
mod orders;
mod outages;
mod parcels;
mod tokens;
