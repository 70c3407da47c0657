//! Numbers by which one sees how the engine is doing; also how its threads tell each other.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// Live numbers; read them at any time.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Commands that have been submitted and not yet answered.
    pub waiting: AtomicUsize,
    /// Position of the newest durable fact.
    pub committed: AtomicU64,
    /// Position up to which the index has followed.
    pub indexed: AtomicU64,
    /// Blocks written since the start.
    pub blocks: AtomicU64,
    /// Bytes of those blocks.
    pub block_bytes: AtomicU64,
    /// Nanoseconds spent on writing lines and packing them.
    pub encoding: AtomicU64,
    /// Nanoseconds spent on commits.
    pub committing: AtomicU64,
    /// Nanoseconds for which commits waited for the index.
    pub held_back: AtomicU64,
    /// Commands answered since the start.
    pub answered: AtomicU64,
}

impl Gauges {
    pub(crate) fn add(gauge: &AtomicU64, time: Duration) {
        gauge.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }
}
