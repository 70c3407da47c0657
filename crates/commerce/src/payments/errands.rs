//! What a payment remembers of one capture or refund: how often it was asked, and what is in doubt.

use kernel::Money;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One capture or refund.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Errands {
    pub(super) amount: i64,
    pub(super) state: ErrandState,
    /// How often the provider has said no.
    #[serde(default)]
    pub(super) refused: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ErrandState {
    Asked,
    /// Given up: nobody knows whether it was done.
    InDoubt,
    Done,
    Failed,
}

impl Errands {
    /// It may be under way, or done without our knowledge.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, ErrandState::Asked | ErrandState::InDoubt)
    }

    /// It is under way or done: to ask once more changes nothing.
    pub(super) fn needs_no_ask(&self) -> bool {
        matches!(self.state, ErrandState::Asked | ErrandState::Done)
    }

    /// A no answers one attempt. One that is heard twice is no answer to the next.
    pub(super) fn hears_no(&self, attempt: u32) -> bool {
        self.is_open() && self.refused == attempt
    }
}

/// Asked for, for the first time or once more.
pub(super) fn ask(errands: &mut BTreeMap<u32, Errands>, number: u32, amount: Money, attempt: u32) {
    let asked = Errands { amount: amount.minor, state: ErrandState::Asked, refused: attempt };
    errands.insert(number, asked);
}

pub(super) fn done(errands: &mut BTreeMap<u32, Errands>, number: u32, amount: Money) {
    let refused = errands.get(&number).map_or(0, |known| known.refused);
    let done = Errands { amount: amount.minor, state: ErrandState::Done, refused };
    errands.insert(number, done);
}

pub(super) fn refuse(errands: &mut BTreeMap<u32, Errands>, number: u32, attempt: u32) {
    if let Some(known) = errands.get_mut(&number) {
        known.state = ErrandState::Failed;
        known.refused = attempt + 1;
    }
}

/// Of what may be under way, minor units.
pub(super) fn under_way(errands: &BTreeMap<u32, Errands>) -> i64 {
    errands.values().filter(|known| known.is_open()).map(|known| known.amount).sum()
}
