//! Given, when, then: tests of deciders and processes that read like a specification.

use crate::{Business, Decider, Heard, Process, Step, Timestamp};
use std::fmt::Debug;

/// The one moment at which every specification plays: 2026-11-20T10:00:00Z.
pub const NOW: Timestamp = Timestamp::from_micros(1_795_168_800_000_000);

/// A decider after these facts.
pub fn given<D: Decider>(facts: impl IntoIterator<Item = D::Fact>) -> Given<D> {
    let mut decider = D::default();
    facts.into_iter().for_each(|fact| decider.evolve(&fact));
    Given { decider, now: NOW }
}

/// A decider about to be asked.
pub struct Given<D> {
    decider: D,
    now: Timestamp,
}

impl<D: Decider> Given<D> {
    /// Plays at another moment than [`NOW`].
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Given { now, ..self }
    }

    /// Asks.
    #[must_use]
    pub fn when(self, command: D::Command) -> Outcome<D> {
        Outcome(self.decider.decide(&command, self.now))
    }

    /// What it remembers.
    pub fn state(&self) -> &D {
        &self.decider
    }
}

/// What a decider said.
pub struct Outcome<D: Decider>(Result<Vec<D::Fact>, D::Refusal>);

impl<D: Decider<Fact: PartialEq + Debug, Refusal: PartialEq + Debug>> Outcome<D> {
    /// Exactly these facts.
    #[track_caller]
    pub fn then(self, facts: impl IntoIterator<Item = D::Fact>) {
        assert_eq!(self.0, Ok(facts.into_iter().collect()));
    }

    /// Old news: no facts, no refusal.
    #[track_caller]
    pub fn then_nothing_happened(self) {
        assert_eq!(self.0, Ok(vec![]));
    }

    /// Exactly this refusal.
    #[track_caller]
    pub fn refused(self, refusal: D::Refusal) {
        assert_eq!(self.0, Err(refusal));
    }
}

/// A process before it has heard anything.
pub fn story<P: Process>(key: P::Key) -> Story<P> {
    Story { process: P::default(), key, now: NOW, steps: Vec::new() }
}

/// A process after what it has heard, with the steps that the last thing led to.
pub struct Story<P: Process> {
    process: P,
    key: P::Key,
    now: Timestamp,
    steps: Vec<Step<P::Business>>,
}

impl<P: Process> Story<P> {
    /// What is heard from now on is heard at this time.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Story { now, ..self }
    }

    /// A fact is heard.
    #[must_use]
    pub fn hears(self, fact: <P::Business as Business>::Fact) -> Self {
        self.told(Heard::Fact(&fact))
    }

    /// What it asked for is refused.
    #[must_use]
    pub fn is_refused(
        self,
        command: <P::Business as Business>::Command,
        refusal: <P::Business as Business>::Refusal,
    ) -> Self {
        self.told(Heard::Refused { command: &command, refusal: &refusal })
    }

    /// A timer rings.
    #[must_use]
    pub fn wakes(self, name: &str) -> Self {
        self.told(Heard::Woke(name))
    }

    fn told(mut self, heard: Heard<'_, P::Business>) -> Self {
        self.steps = self.process.react(&self.key, heard, self.now);
        self
    }

    /// The steps which the last thing led to.
    pub fn steps(&self) -> &[Step<P::Business>] {
        &self.steps
    }

    /// Exactly these steps came of the last thing heard.
    #[track_caller]
    pub fn then(self, steps: impl IntoIterator<Item = Step<P::Business>>) -> Self {
        assert_eq!(self.steps, Vec::from_iter(steps));
        self
    }
}
