//! Stories of whole orders, each named by what it tells.

mod straight;

mod paying;

mod picking;

mod cancelling;

mod sending;

mod returning;
