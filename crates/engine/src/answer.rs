//! What a caller asks, and what he is told.

use crate::feed::Committed;
use journal::VaultRow;
use kernel::{Actor, Business, CommandId, Position, Recorded};
use std::{ops::Range, sync::Arc};

/// A command with everything that comes with it.
#[derive(Clone, Debug)]
pub struct Ask<B: Business> {
    /// The same id again finds the same answer.
    pub id: CommandId,
    /// What is asked.
    pub command: B::Command,
    /// Who asks.
    pub actor: Actor,
    /// What the caller calls the whole affair.
    pub correlation: Option<CommandId>,
    /// Keyed fingerprint of the raw request, taken before any look-up.
    pub fingerprint: Option<u64>,
    /// What the vault has to keep if the command is accepted.
    pub vault: Vec<VaultRow>,
    /// Only if the one who decides has just so many facts: what the caller saw is what he changes.
    pub if_version: Option<u64>,
}

impl<B: Business> Ask<B> {
    /// Asked by Cartage itself, with nothing for the vault.
    pub fn by_system(id: CommandId, command: B::Command) -> Ask<B> {
        let actor = Actor::SYSTEM;
        Ask {
            id,
            command,
            actor,
            correlation: None,
            fingerprint: None,
            vault: Vec::new(),
            if_version: None,
        }
    }
}

/// The outcome of a command, or why there is none.
pub type Answer<B> = Result<Caused<B>, Rejection<<B as Business>::Refusal>>;

/// Everything that followed from a command at once; durable by the time one reads it.
#[derive(Clone, Debug)]
pub struct Caused<B: Business> {
    block: Arc<Committed<B>>,
    range: Range<usize>,
    /// True when this command was obeyed before, and these are its facts of that time.
    pub repeated: bool,
}

impl<B: Business> Caused<B> {
    pub(crate) fn of(block: Arc<Committed<B>>, range: Range<usize>, repeated: bool) -> Caused<B> {
        Caused { block, range, repeated }
    }

    /// The facts, in order; none where the command was old news.
    pub fn facts(&self) -> &[Recorded<B>] {
        &self.block.facts[self.range.clone()]
    }

    /// The position of the last fact.
    pub fn position(&self) -> Option<Position> {
        self.facts().last().map(|recorded| recorded.position)
    }
}

/// What a decider or a process remembers; all of it durable by the time one reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked<B: Business> {
    /// Its state.
    pub state: B::State,
    /// Facts in its own stream; 0 where there is none.
    pub version: u64,
    /// The newest fact that moved it.
    pub position: Position,
}

/// Why a command changed nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejection<R> {
    /// The business says no.
    #[error("{0}")]
    Refused(R),
    /// This id was used for another request.
    #[error("this idempotency key was used for another request: use a new key")]
    OtherRequest,
    /// It has changed since the caller looked at it.
    #[error("it has changed meanwhile: this is version {version} now")]
    Stale {
        /// Facts in its stream.
        version: u64,
    },
    /// More followed than the limits allow: taken for two processes that answer each other for ever.
    #[error("more followed from this command than the limits allow; nothing was changed")]
    Runaway,
    /// A rule panicked; the alarm says which.
    #[error("a rule failed on this command; nothing was changed")]
    Panicked,
    /// What it needed could not be read back from the journal.
    #[error("the journal could not be read: {0}; nothing was changed")]
    Unreadable(String),
}
