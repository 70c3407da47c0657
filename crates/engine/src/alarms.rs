//! What a person should look at: kept in memory, bounded, newest last.

use kernel::Timestamp;
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

const KEPT: usize = 1000;

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// When it was raised.
    pub at: Timestamp,
    /// Stable, snake case: `runaway`, `panic`, `clock_jump`, `view_failed`, `dead_letter`, …
    pub kind: &'static str,
    /// What is wrong, where, and what to do.
    pub text: String,
}

/// The last alarms.
#[derive(Debug, Default)]
pub struct Alarms(Mutex<VecDeque<Alarm>>);

impl Alarms {
    /// Raises one; the oldest of too many is dropped.
    pub fn raise(&self, at: Timestamp, kind: &'static str, text: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Alarm { at, kind, text });
    }

    /// Takes those of a kind back whose text begins so: what they told of is over.
    pub fn lower(&self, kind: &str, about: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|alarm| alarm.kind != kind || !alarm.text.starts_with(about));
    }

    /// All that are kept.
    pub fn all(&self) -> Vec<Alarm> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
