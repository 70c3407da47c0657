//! Each sentence about views as a test.

mod files;
mod following;
mod reading;
mod rebuilding;
mod toy;
