//! Dead letters: requests that could not be done, with what people did about them.

use super::Request;
use kernel::{CommandId, Position, Timestamp};
use serde::{Deserialize, Serialize};

/// Notes kept of one letter; of more, the first and the newest.
const NOTES: usize = 100;

/// A request with where it came from and how often it was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errand {
    /// The fact's position.
    pub position: Position,
    /// When the fact happened.
    pub at: Timestamp,
    /// What the caller calls the whole affair.
    pub correlation: Option<CommandId>,
    /// What is asked for.
    pub request: Request,
    /// How often it was tried in all.
    pub attempts: u32,
    /// How often people have edited it.
    pub revision: u32,
}

impl Errand {
    /// `<position>`, and `.1`, `.2`… after it was edited: another request is reported anew.
    pub(super) fn reference(&self) -> String {
        self.revised(self.position.to_string())
    }

    /// What the provider knows it by; edited it is another request and needs another key.
    pub(super) fn key(&self) -> String {
        let known = self.request.reference.clone();
        self.revised(known.unwrap_or_else(|| self.position.to_string()))
    }

    fn revised(&self, reference: String) -> String {
        match self.revision {
            0 => reference,
            revision => format!("{reference}.{revision}"),
        }
    }
}

/// A request that could not be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// `<handler>/<position>`.
    pub id: String,
    /// Whose request it is.
    pub handler: String,
    /// What it is.
    pub errand: Errand,
    /// Why it could not be done, the last time.
    pub reason: String,
    /// What is being done about it.
    pub state: LetterState,
    /// Its story was told that it is given up; it may still be tried again.
    pub told: bool,
    /// When it became a letter.
    pub since: Timestamp,
    /// What was done about it, oldest first.
    pub notes: Vec<Note>,
}

/// What is being done about a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// Awaits a decision; later requests with its key wait.
    Parked,
    /// Awaits a decision, but its story was told that it is given up, and its key goes on.
    Told,
    /// Being tried again.
    Retrying,
    /// Being dropped: its story is being told.
    Dropping,
    /// Done after all.
    Delivered,
    /// Dropped; its story was told.
    Dropped,
}

impl LetterState {
    /// Nothing is left to be done.
    pub fn is_settled(self) -> bool {
        matches!(self, LetterState::Delivered | LetterState::Dropped)
    }
}

/// Something that was done about a letter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// By whom: `system`, `staff/…`.
    pub who: String,
    /// What, and why.
    pub what: String,
    /// The body as it was before an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
}

impl Letter {
    /// Notes down what was done.
    pub(super) fn note(&mut self, at: Timestamp, who: &str, what: String) -> &mut Note {
        if self.notes.len() >= NOTES {
            self.notes.remove(1);
        }
        self.notes.push(Note { at, who: who.to_owned(), what, before: None });
        self.notes.last_mut().expect("it was pushed just now")
    }
}

/// What retrying, or dropping, a letter would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview<C> {
    /// What would be asked for.
    pub request: Request,
    /// With which key.
    pub idempotency_key: String,
    /// The provider would first be asked what became of it.
    pub uncertain: bool,
    /// What the story would be told if it were dropped.
    pub if_dropped: Vec<C>,
}

/// Why nothing was done about a letter.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LetterError {
    /// There is no such letter that awaits a decision.
    #[error("no letter {0} awaits a decision")]
    Unknown(String),
    /// Somebody has decided just now.
    #[error("letter {0} is being retried or dropped: wait for the outcome")]
    Busy(String),
    /// Order is kept per key.
    #[error("letter {first} has the same key and comes first")]
    NotFirst {
        /// The letter to decide first.
        first: String,
    },
    /// Its handler is no longer part of the business.
    #[error("nobody handles {0} any more")]
    NoHandler(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::spec::NOW;

    #[test]
    fn a_request_with_a_name_keeps_it_whichever_fact_asks_until_it_is_edited() {
        let errand = |position, name: Option<&str>, revision| Errand {
            position,
            at: NOW,
            correlation: None,
            request: Request {
                key: "a".to_owned(),
                body: "as asked".into(),
                reference: name.map(str::to_owned),
            },
            attempts: 0,
            revision,
        };
        assert_eq!(errand(7, None, 0).key(), "7");
        assert_eq!(errand(7, None, 2).key(), "7.2");
        for position in [7, 8] {
            assert_eq!(errand(position, Some("refund/1"), 0).key(), "refund/1");
            assert_eq!(errand(position, Some("refund/1"), 1).key(), "refund/1.1");
            // What comes of it is still reported fact by fact.
            assert_eq!(errand(position, Some("refund/1"), 0).reference(), position.to_string());
        }
    }
}
