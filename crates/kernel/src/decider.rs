//! A decider guards the rules of one thing: an order, a SKU's stock, a payment.

use crate::{Timestamp, VaultId};

/// Guards one consistency boundary: says which facts a command causes, or why it is refused.
///
/// `Default` is the thing before its first fact. A command that was already obeyed causes no facts
/// again (`Ok(vec![])`), so that whoever asks may ask twice.
pub trait Decider: Default {
    /// Which one; its text is the last part of the stream's name.
    type Id;
    /// What may be asked, in the imperative.
    type Command;
    /// What may have happened, in the past tense.
    type Fact;
    /// The business's reasons to say no.
    type Refusal;

    /// The rules: pure, never waits.
    ///
    /// # Errors
    /// The business's reason; nothing has changed.
    fn decide(
        &self,
        command: &Self::Command,
        now: Timestamp,
    ) -> Result<Vec<Self::Fact>, Self::Refusal>;

    /// Remembers a fact; never fails and re-checks nothing.
    fn evolve(&mut self, fact: &Self::Fact);

    /// The row of the vault that nobody needs once this fact is there; it is deleted with the same
    /// commit. Asked before [`Decider::evolve`].
    fn spent(&self, _fact: &Self::Fact) -> Option<VaultId> {
        None
    }

    /// True when hardly anybody will ask for it again: it goes first where memory is short. Nothing
    /// else follows from it.
    fn is_done(&self) -> bool {
        false
    }
}
