//! How much is asked at once, how often again, and how long one waits in between.

use kernel::Position;
use std::{hash::Hasher, time::Duration};

/// How much of everything; unbounded is a bug.
#[derive(Clone, Debug)]
pub struct HandlerLimits {
    /// Requests in memory that are not done; beyond, no further facts are read.
    pub waiting: usize,
    /// Calls under way at once.
    pub in_flight: usize,
    /// Of these, to one provider, so that a slow one does not take all.
    pub in_flight_each: usize,
    /// Attempts, until people are asked.
    pub attempts: u32,
    /// Wait after the first failed attempt; doubles with each further one.
    pub backoff: Duration,
    /// The longest wait between attempts.
    pub backoff_max: Duration,
    /// Requests that wait behind a letter with their key; one more becomes a letter itself.
    pub behind_letter: usize,
    /// Requests that wait behind letters in all; one more becomes a letter itself.
    pub behind_letters: usize,
    /// Letters that await a decision; of more, the oldest whose story was told is dropped. While all
    /// of them keep a story waiting, no further facts are read.
    pub letters: usize,
    /// Transient failures in a row after which a provider is left alone for a while.
    pub breaker_failures: u32,
    /// How long it is left alone before one call tries again; doubles while that fails.
    pub cool_down: Duration,
    /// The longest it is left alone.
    pub cool_down_max: Duration,
    /// A call that takes longer counts as a transient failure.
    pub call_timeout: Duration,
    /// How often progress is written.
    pub save_every: Duration,
}

impl Default for HandlerLimits {
    fn default() -> HandlerLimits {
        HandlerLimits {
            waiting: 50_000,
            in_flight: 256,
            in_flight_each: 64,
            attempts: 12,
            backoff: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60 * 60),
            behind_letter: 1000,
            behind_letters: 100_000,
            letters: 10_000,
            breaker_failures: 5,
            cool_down: Duration::from_secs(30),
            cool_down_max: Duration::from_secs(10 * 60),
            call_timeout: Duration::from_secs(60),
            save_every: Duration::from_millis(100),
        }
    }
}

impl HandlerLimits {
    /// The wait after the n-th failed attempt in a row: half of it fixed, half by chance, so that
    /// those who failed together do not come back together. Chance is a hash of who asks, so that a
    /// simulation runs the same way again.
    pub fn wait(&self, handler: &str, position: Position, attempt: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let whole = self.backoff.saturating_mul(doubled).min(self.backoff_max);
        let mut hasher = rustc_hash::FxHasher::default();
        hasher.write(handler.as_bytes());
        hasher.write_u64(position);
        hasher.write_u32(attempt);
        let chance = hasher.finish() % 1024;
        whole / 2 + (whole / 2).mul_f64(chance as f64 / 1024.0)
    }
}
