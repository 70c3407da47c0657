//! What tests and people can switch: out of order, slow, answers that get lost, lies.

use serde::{Deserialize, Serialize};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How one of the two servers behaves, besides what tokens and postal codes say. `GET` and `PUT
/// /control`; what is left out is switched off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Every request is answered 503.
    pub down: bool,
    /// Every answer takes this much longer.
    pub slow_ms: u64,
    /// So many of the next requests are answered 500, and nothing is done.
    pub errors: u32,
    /// So many of the next requests are done, and their answer is lost.
    pub lost_answers: u32,
    /// Requests are done and answered with something that is no JSON.
    pub garbled: bool,
    /// Captures are refused.
    pub refuse_captures: bool,
    /// Refunds are refused.
    pub refuse_refunds: bool,
    /// Labels are refused.
    pub refuse_labels: bool,
    /// Nothing is told by itself.
    pub mute: bool,
    /// What it says it did is not what it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lie: Option<Lie>,
}

/// What stands in the settlement file of a capture or refund that was answered with yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// Nothing.
    Forgets,
    /// The same twice.
    Doubles,
    /// One minor unit more.
    Adds,
}

/// What becomes of a request.
pub(super) enum Fate {
    Fails(u16),
    Done { slow: Duration, lost: bool, garbled: bool },
}

/// The switches of one server.
#[derive(Default)]
pub(super) struct Switchboard(Mutex<Switches>);

impl Switchboard {
    pub(super) fn now(&self) -> Switches {
        self.lock().clone()
    }

    pub(super) fn set(&self, switches: Switches) {
        *self.lock() = switches;
    }

    /// Of the next request.
    pub(super) fn fate(&self) -> Fate {
        let mut switches = self.lock();
        if switches.down {
            return Fate::Fails(503);
        }
        if counted_down(&mut switches.errors) {
            return Fate::Fails(500);
        }
        let slow = Duration::from_millis(switches.slow_ms);
        let lost = counted_down(&mut switches.lost_answers);
        Fate::Done { slow, lost, garbled: switches.garbled }
    }

    fn lock(&self) -> MutexGuard<'_, Switches> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// True while there was one left.
fn counted_down(left: &mut u32) -> bool {
    let any = *left > 0;
    *left -= u32::from(any);
    any
}
