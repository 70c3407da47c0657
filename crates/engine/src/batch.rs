//! What the sequencer has decided and the writer has yet to store.

use crate::{
    answer::{Answer, Looked, Rejection},
    live::TimerMove,
};
use crossbeam_channel::Sender;
use journal::{Snapshot, VaultRow};
use kernel::{Business, CommandId, Position, Recorded, VaultId};
use std::ops::Range;
use tokio::sync::oneshot;

pub(crate) struct Batch<B: Business> {
    pub(crate) facts: Vec<Recorded<B>>,
    pub(crate) replies: Vec<Reply<B>>,
    /// States that somebody wants to see, as they are when all of this is durable.
    pub(crate) looks: Vec<Look<B>>,
    pub(crate) vault: Vec<VaultRow>,
    /// What the vault need not keep once this is stored.
    pub(crate) spent: Vec<VaultId>,
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) timers: Vec<(B::Stream, TimerMove)>,
    /// Who waits until all of this is safe.
    pub(crate) barrier: Option<Barrier>,
    /// Memory is crowded: write the index soon.
    pub(crate) hurry: bool,
}

/// Somebody waits until this batch has come so far.
pub(crate) struct Barrier {
    pub(crate) done: Sender<()>,
    pub(crate) until: Until,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Until {
    Durable,
    Indexed,
}

/// A state on its way to whoever asked for it.
pub(crate) struct Look<B: Business> {
    pub(crate) to: oneshot::Sender<journal::Result<Looked<B>>>,
    pub(crate) seen: journal::Result<Looked<B>>,
}

pub(crate) struct Reply<B: Business> {
    pub(crate) to: oneshot::Sender<Answer<B>>,
    pub(crate) outcome: Outcome<B>,
}

#[derive(Debug)]
pub(crate) enum Outcome<B: Business> {
    /// Indices of the facts in the batch.
    Caused(Range<usize>),
    /// Obeyed before: its first fact has this position.
    Repeated {
        command: CommandId,
        position: Position,
    },
    Rejected(Rejection<B::Refusal>),
}

impl<B: Business> Default for Batch<B> {
    fn default() -> Self {
        Batch {
            facts: Vec::new(),
            replies: Vec::new(),
            looks: Vec::new(),
            vault: Vec::new(),
            spent: Vec::new(),
            snapshots: Vec::new(),
            timers: Vec::new(),
            barrier: None,
            hurry: false,
        }
    }
}

impl<B: Business> Batch<B> {
    pub(crate) fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.waiting() == 0 && self.barrier.is_none()
    }

    /// How many wait for it to be durable.
    pub(crate) fn waiting(&self) -> usize {
        self.replies.len() + self.looks.len()
    }
}
