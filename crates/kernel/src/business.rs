//! Everything that the engine needs to know of a business; the one table writes it.

use crate::{Step, Timestamp, Told, VaultId};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, hash::Hash, str::FromStr};

/// A business as plain enums: one variant per decider and process. Written by [`crate::business!`].
pub trait Business: Sized + Clone + fmt::Debug + PartialEq + Send + Sync + 'static {
    /// What may be asked of any decider.
    type Command: Clone + fmt::Debug + PartialEq + Send + Serialize + DeserializeOwned;
    /// What may have happened anywhere.
    type Fact: Clone + fmt::Debug + PartialEq + Send + Sync;
    /// Every reason to say no.
    type Refusal: Clone
        + fmt::Debug
        + fmt::Display
        + PartialEq
        + Send
        + Serialize
        + DeserializeOwned;
    /// A decider or a process; its text is `kind/id`.
    type Stream: Identity;
    /// What a decider or a process remembers.
    type State: Serialize + DeserializeOwned + Clone + PartialEq + fmt::Debug + Send;

    /// Kinds of streams that belong to processes.
    const PROCESSES: &'static [&'static str];

    /// Whom a command is for.
    fn stream_of_command(command: &Self::Command) -> Self::Stream;
    /// Whose fact it is.
    fn stream_of_fact(fact: &Self::Fact) -> Self::Stream;
    /// True for the stream of a process.
    fn is_process(stream: &Self::Stream) -> bool;
    /// The state before the first fact.
    fn blank(stream: &Self::Stream) -> Self::State;
    /// Asks the decider.
    ///
    /// # Errors
    /// The decider's refusal.
    fn decide(
        state: &Self::State,
        command: &Self::Command,
        now: Timestamp,
    ) -> Result<Vec<Self::Fact>, Self::Refusal>;
    /// Tells the decider.
    fn evolve(state: &mut Self::State, fact: &Self::Fact);
    /// What the vault need not keep once this fact is there, as the decider sees it before it is told.
    fn spent(state: &Self::State, fact: &Self::Fact) -> Option<VaultId>;
    /// True for a decider whom hardly anybody will ask again.
    fn is_done(state: &Self::State) -> bool;
    /// The processes that a fact concerns; what a process was told concerns nobody else.
    fn hearers(fact: &Self::Fact) -> impl Iterator<Item = Self::Stream>;
    /// What a process was told, as a fact of its own stream.
    fn tell(process: &Self::Stream, told: Told<Self::Command, Self::Refusal>) -> Self::Fact;
    /// The inverse of [`Business::tell`].
    fn told(fact: &Self::Fact) -> Option<&Told<Self::Command, Self::Refusal>>;
    /// Tells the process.
    fn react(
        state: &mut Self::State,
        process: &Self::Stream,
        fact: &Self::Fact,
        now: Timestamp,
    ) -> Vec<Step<Self>>;

    /// `{"type":…,"body":…}`, the end of a line of the journal.
    ///
    /// # Errors
    /// When the writer fails; a fact itself can always be written.
    fn write_fact(fact: &Self::Fact, out: &mut Vec<u8>) -> serde_json::Result<()>;
    /// Reads `type` and `body` out of a line.
    ///
    /// # Errors
    /// When the line is no fact of this kind of stream.
    fn read_fact(stream: &Self::Stream, json: &str) -> serde_json::Result<Self::Fact>;
}

/// What names a stream.
pub trait Identity:
    Clone + Eq + Hash + Ord + Send + Sync + fmt::Debug + fmt::Display + FromStr<Err = crate::UnknownId>
{
    /// The kind, the part of the text before the first `/`.
    fn kind(&self) -> &'static str;
}
