//! A process tells a story that crosses deciders: what was heard, what is asked for next.

use crate::{Business, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Remembers how far a story has come, and asks for what comes next.
///
/// What it hears is in the journal, so hearing it again leads to the same state. What it asks must
/// be idempotent, and it records progress only when a fact says so.
pub trait Process: Default {
    /// The business whose facts it hears.
    type Business: Business;
    /// Which story.
    type Key;

    /// Never fails. `now` is the time of what was heard.
    fn react(
        &mut self,
        key: &Self::Key,
        heard: Heard<'_, Self::Business>,
        now: Timestamp,
    ) -> Vec<Step<Self::Business>>;
}

/// Names a timer within its process.
pub type TimerName = Cow<'static, str>;

/// What reaches a process.
#[derive(Debug)]
pub enum Heard<'a, B: Business> {
    /// Something happened.
    Fact(&'a B::Fact),
    /// A command which this process asked for was refused; now it can compensate.
    Refused {
        /// What it had asked.
        command: &'a B::Command,
        /// Why not.
        refusal: &'a B::Refusal,
    },
    /// A timer which this process had set is due.
    Woke(&'a str),
}

/// What a process hears besides the facts of others: recorded as a fact of its own stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum Told<Command, Refusal> {
    /// What it asked for was refused.
    #[serde(rename = "process/refused@1")]
    Refused {
        /// What it had asked.
        command: Command,
        /// Why not.
        refusal: Refusal,
    },
    /// Its timer rang.
    #[serde(rename = "process/woke@1")]
    Woke {
        /// Which one.
        name: TimerName,
    },
    /// What should have followed from a timer could not be done: put aside for people to look at.
    #[serde(rename = "process/parked@1")]
    Parked {
        /// The timer that rang.
        name: TimerName,
        /// What went wrong.
        reason: String,
    },
}

impl<Command, Refusal> Told<Command, Refusal> {
    /// As the process hears it; what was parked is for people.
    pub fn heard<B>(&self) -> Option<Heard<'_, B>>
    where
        B: Business<Command = Command, Refusal = Refusal>,
    {
        match self {
            Told::Refused { command, refusal } => Some(Heard::Refused { command, refusal }),
            Told::Woke { name } => Some(Heard::Woke(name)),
            Told::Parked { .. } => None,
        }
    }
}

/// What a process wants to happen next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<B: Business> {
    /// Asks for a command, at once and in the same commit.
    Ask(B::Command),
    /// Sets a timer; setting a name again moves it.
    Wake {
        /// When.
        at: Timestamp,
        /// Its name.
        name: TimerName,
    },
    /// Takes a timer back.
    Forget(TimerName),
    /// The story is over: its memory and its timers go.
    Done,
}
