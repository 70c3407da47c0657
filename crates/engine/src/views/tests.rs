//! Each sentence about views as a test.

mod files;
mod following;
mod fresh;
mod pausing;
mod reading;
mod rebuilding;
mod replaying;
mod toy;
