//! A breaker for each provider: who fails again and again is left alone for a while.

use kernel::Timestamp;
use std::time::Duration;

/// Failures in a row after which a provider is left alone.
const FAILURES: u32 = 5;
const COOL_DOWN: Duration = Duration::from_secs(30);
const COOL_DOWN_MAX: Duration = Duration::from_secs(10 * 60);

/// Whether a provider is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BreakerState {
    /// Yes.
    Closed,
    /// Not before this time.
    Open(Timestamp),
    /// One call tries whether it works again.
    Probing,
}

#[derive(Debug)]
pub(super) struct Breaker {
    state: BreakerState,
    failures: u32,
    cool_down: Duration,
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker { state: BreakerState::Closed, failures: 0, cool_down: COOL_DOWN }
    }
}

impl Breaker {
    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    /// True when a call may go now.
    pub(super) fn admits(&mut self, now: Timestamp) -> bool {
        match self.state {
            BreakerState::Closed => true,
            BreakerState::Open(until) if until <= now => {
                self.state = BreakerState::Probing;
                true
            }
            BreakerState::Open(_) | BreakerState::Probing => false,
        }
    }

    pub(super) fn succeeded(&mut self) {
        *self = Breaker::default();
    }

    /// True when it opens thereby.
    pub(super) fn failed(&mut self, now: Timestamp) -> bool {
        self.failures += 1;
        let probing = self.state == BreakerState::Probing;
        if !probing && self.failures < FAILURES {
            return false;
        }
        if probing {
            self.cool_down = (self.cool_down * 2).min(COOL_DOWN_MAX);
        }
        let newly = !matches!(self.state, BreakerState::Open(_));
        self.state = BreakerState::Open(now + self.cool_down);
        newly
    }
}
