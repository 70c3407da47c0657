//! Handlers, from the outside: what is asked, in which order, how often, and what the business hears.

mod crashes;
mod lanes;
mod letters;
mod pausing;
mod retries;
mod running;
mod toy;
