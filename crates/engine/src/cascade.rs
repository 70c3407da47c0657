//! What is under way while one command, or one timer, goes through the world.

use crate::live::TimerMove;
use kernel::{Business, Origin, Position};
use std::{collections::VecDeque, sync::Arc};

/// One command, or one timer, on its way through the world.
pub(crate) struct Cascade<B: Business> {
    pub(crate) origin: Arc<Origin>,
    pub(crate) asks: VecDeque<Pending<B>>,
    pub(crate) first_fact: usize,
    pub(crate) first_spent: usize,
    pub(crate) first_position: Position,
    pub(crate) widest: usize,
    pub(crate) decided: usize,
    pub(crate) touched: Vec<B::Stream>,
    pub(crate) timers: Vec<(B::Stream, TimerMove)>,
}

pub(crate) struct Pending<B: Business> {
    pub(crate) command: B::Command,
    pub(crate) by: Option<B::Stream>,
    pub(crate) link: Link,
}

/// Where something hangs in its cascade: under which fact, and how deep.
#[derive(Clone, Copy, Default)]
pub(crate) struct Link {
    pub(crate) cause: Option<Position>,
    pub(crate) depth: u32,
}

/// Why a cascade leaves no trace.
pub(crate) enum Stopped<R> {
    /// By its root, before anything had changed.
    Refused(R),
    Runaway,
    Unreadable(journal::Error),
}

impl<R> From<journal::Error> for Stopped<R> {
    fn from(error: journal::Error) -> Self {
        Stopped::Unreadable(error)
    }
}
