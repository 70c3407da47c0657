//! The envelope of a fact: where it lies, when it happened, who and what caused it.

use crate::{Business, Timestamp, ids::as_text};
use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr, sync::Arc};
use uuid::Uuid;

/// Place of a fact in its partition's journal; the first is 1, and there are no gaps.
pub type Position = u64;

/// The partition of everything while one machine runs alone.
pub const PARTITION: u16 = 0;

/// Names a command for ever; the same id again finds the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub Uuid);

/// The namespace of derived command ids; part of the stored form, so it never changes.
const COMMANDS: Uuid = Uuid::from_u128(0x6f2d_2f0e_9c5b_4f0c_a3f1_5d1b_7c86_20aa);

impl CommandId {
    /// Always the same id from the same caller and key (name-based UUID, RFC 9562 version 5).
    pub fn derive(caller: &str, key: &str) -> CommandId {
        let mut name = Vec::with_capacity(caller.len() + key.len() + 9);
        // The length keeps ("a", "bc") and ("ab", "c") apart.
        name.extend((caller.len() as u64).to_le_bytes());
        name.extend(caller.as_bytes());
        name.extend(key.as_bytes());
        CommandId(Uuid::new_v5(&COMMANDS, &name))
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl FromStr for CommandId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<CommandId, uuid::Error> {
        Uuid::try_parse(text).map(CommandId)
    }
}

as_text!(CommandId);

/// Who did it: `system`, `person/…`, `staff/…`, `worker/…`, `provider/…`. Never a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor(CompactString);

impl Actor {
    /// Cartage itself: a timer, a handler.
    pub const SYSTEM: Actor = Actor(CompactString::const_new("system"));

    /// A kind of actor and a reference that is no name.
    pub fn new(kind: &str, reference: impl fmt::Display) -> Actor {
        Actor(compact_str::format_compact!("{kind}/{reference}"))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Actor {
    fn from(text: &str) -> Actor {
        Actor(text.into())
    }
}

/// What all facts of one cascade share.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// When it was decided.
    pub at: Timestamp,
    /// The command at its root; none where a timer rang.
    pub command: Option<CommandId>,
    /// What the caller calls the whole affair; the command's id where he said nothing.
    pub correlation: Option<CommandId>,
    /// Who asked.
    pub actor: Actor,
    /// Keyed fingerprint of the raw request, so that another request under this id is noticed.
    pub fingerprint: Option<u64>,
}

/// A fact in its envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded<B: Business> {
    /// Where it lies in the journal.
    pub position: Position,
    /// Counted from 1 within its stream.
    pub version: u64,
    /// The position of the fact whose hearing led to this one.
    pub cause: Option<Position>,
    /// What it shares with all that followed from the same root.
    pub origin: Arc<Origin>,
    /// What happened.
    pub fact: B::Fact,
}

impl<B: Business> Recorded<B> {
    /// Whose fact it is.
    pub fn stream(&self) -> B::Stream {
        B::stream_of_fact(&self.fact)
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        self.origin.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_id_depends_on_caller_and_key_and_on_nothing_else() {
        assert_eq!(CommandId::derive("cart/1", "k"), CommandId::derive("cart/1", "k"));
        assert_ne!(CommandId::derive("a", "bc"), CommandId::derive("ab", "c"));
        assert_eq!(
            CommandId::derive("cart/1", "k").to_string(),
            CommandId::derive("cart/1", "k").to_string().parse::<CommandId>().unwrap().to_string()
        );
    }
}
