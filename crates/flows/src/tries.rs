//! Things that may fail a few times before a story takes another way.

use serde::{Deserialize, Serialize};

/// So often something is tried in all.
const TRIES: u8 = 3;

/// How often something has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tries {
    failed: u8,
    /// It failed and was not tried again since: the same failure may be heard twice.
    waits: bool,
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It is known already.
    Old,
    /// So many times now: try again later.
    TryAgain(u8),
    /// It was tried often enough.
    Final,
}

impl Tries {
    pub(crate) fn failed(&mut self) -> Failure {
        if std::mem::replace(&mut self.waits, true) {
            return Failure::Old;
        }
        self.failed += 1;
        if self.failed < TRIES { Failure::TryAgain(self.failed) } else { Failure::Final }
    }

    /// Nobody knows whether it failed: that does not count. True when it was not known already.
    pub(crate) fn in_doubt(&mut self) -> bool {
        !std::mem::replace(&mut self.waits, true)
    }

    /// It is tried again.
    pub(crate) fn again(&mut self) {
        self.waits = false;
    }

    /// True when it has failed at least once.
    pub(crate) fn any(self) -> bool {
        self.failed > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_doubt_is_heard_once_and_never_counts() {
        let mut tries = Tries::default();
        for _ in 0..5 {
            assert!(tries.in_doubt() && !tries.in_doubt());
            tries.again();
        }
        assert!(!tries.any());
        assert_eq!(tries.failed(), Failure::TryAgain(1));
    }

    #[test]
    fn the_third_failure_is_final_and_one_that_is_heard_twice_counts_once() {
        let mut tries = Tries::default();
        for times in 1..3 {
            assert_eq!(tries.failed(), Failure::TryAgain(times));
            assert_eq!(tries.failed(), Failure::Old);
            tries.again();
        }
        assert_eq!(tries.failed(), Failure::Final);
        assert!(tries.any() && !Tries::default().any());
    }
}
