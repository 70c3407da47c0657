//! Whole stories: the business in memory with everyone around it, and what must be so whatever happens.

mod town;
mod world;

mod laws;
mod samples;
mod scenarios;
mod seen;

mod forever;
mod golden;

mod blessed;
mod documents;

mod drills;
mod stories;
