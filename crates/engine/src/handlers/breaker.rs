//! Leaves a provider alone that fails again and again, and tries now and then whether it is back.

use super::{HandlerLimits, Ticket};
use kernel::Timestamp;
use std::time::Duration;

/// Whether a provider is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BreakerState {
    /// Yes.
    Closed,
    /// No; after this time one call tries.
    Open {
        /// When.
        until: Timestamp,
    },
    /// One call is trying.
    Probing,
}

/// Of one provider.
pub(super) struct Breaker {
    state: BreakerState,
    probe: Option<Ticket>,
    failures: u32,
    /// How long it will be left alone next.
    cool_down: Duration,
}

impl Breaker {
    pub(super) fn new(limits: &HandlerLimits) -> Breaker {
        let cool_down = limits.cool_down;
        Breaker { state: BreakerState::Closed, probe: None, failures: 0, cool_down }
    }

    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    pub(super) fn permits(&self, now: Timestamp) -> bool {
        match self.state {
            BreakerState::Closed => true,
            BreakerState::Open { until } => now >= until,
            BreakerState::Probing => false,
        }
    }

    /// When one may ask again, if one may not now.
    pub(super) fn closed_until(&self) -> Option<Timestamp> {
        match self.state {
            BreakerState::Open { until } => Some(until),
            BreakerState::Closed | BreakerState::Probing => None,
        }
    }

    pub(super) fn started(&mut self, ticket: Ticket) {
        if let BreakerState::Open { .. } = self.state {
            self.state = BreakerState::Probing;
            self.probe = Some(ticket);
        }
    }

    /// The provider has answered, whatever it said.
    pub(super) fn answered(&mut self, limits: &HandlerLimits) {
        *self = Breaker::new(limits);
    }

    /// The provider could not be asked; true when it is left alone from now on.
    pub(super) fn failed(
        &mut self,
        ticket: Ticket,
        now: Timestamp,
        limits: &HandlerLimits,
    ) -> bool {
        match self.state {
            // Started before the breaker opened: this is known by now.
            BreakerState::Open { .. } => return false,
            BreakerState::Probing if self.probe != Some(ticket) => return false,
            BreakerState::Probing => {}
            BreakerState::Closed => {
                self.failures += 1;
                if self.failures < limits.breaker_failures {
                    return false;
                }
            }
        }
        let news = self.state == BreakerState::Closed;
        self.state = BreakerState::Open { until: now + self.cool_down };
        self.cool_down = (self.cool_down * 2).min(limits.cool_down_max);
        self.probe = None;
        news
    }
}
