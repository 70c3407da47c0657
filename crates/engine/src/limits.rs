//! Everything has a limit: queues, batches, cascades, caches, lag.

use std::time::Duration;

/// How much of everything; unbounded is a bug.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Commands that may wait for the sequencer; one more is told to come back later.
    pub queue: usize,
    /// Commands in one batch: more would keep the first too long for what one sync costs.
    pub batch_commands: usize,
    /// Facts after which a batch takes no further command.
    pub batch_facts: usize,
    /// How many asks deep a cascade may go.
    pub cascade_depth: u32,
    /// Commands and facts that may follow from one command, before its width is counted.
    pub cascade_steps: usize,
    /// Further steps for each ask of the widest reaction: an order's lines.
    pub cascade_steps_per_ask: usize,
    /// Facts after which the index is written.
    pub checkpoint_facts: usize,
    /// Facts by which the index may lag before commits wait for it.
    pub lag_facts: usize,
    /// How long nothing must happen before the index is written all the same.
    pub idle: Duration,
    /// States held in memory.
    pub states: usize,
    /// Command ids held in memory.
    pub commands: usize,
    /// Facts kept in memory for consumers that are nearly up to date.
    pub feed_facts: usize,
    /// Free bytes on the disk of the journal below which no command is taken any more.
    pub disk_reserve: u64,
    /// A clock that moves further than this at once stops the timers until somebody confirms it.
    pub clock_jump: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            queue: 16_384,
            batch_commands: 1024,
            batch_facts: 8192,
            cascade_depth: 32,
            cascade_steps: 1000,
            cascade_steps_per_ask: 64,
            checkpoint_facts: 16_384,
            lag_facts: 50_000,
            idle: Duration::from_millis(50),
            // Carts and articles beyond that are read back when they are wanted, which costs placing.
            states: 90_000,
            commands: 90_000,
            feed_facts: 1 << 17,
            disk_reserve: 128 * 1024 * 1024,
            clock_jump: Duration::from_secs(5 * 60),
        }
    }
}
