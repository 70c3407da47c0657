//! What a store does: blocks are the truth; the index follows them and may be lost.

use crate::{Block, Key, Result};
use kernel::{PersonId, Position, Timestamp, VaultId};

/// Where a journal ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tip {
    /// Position of the last fact.
    pub last: Position,
    /// Checksum of the last block.
    pub sum: u32,
    /// When the last fact happened.
    pub at: Timestamp,
}

/// Something about a person, or a secret: never in a block, deletable for good.
#[derive(Clone, Debug, PartialEq)]
pub struct VaultRow {
    /// By what facts refer to it.
    pub id: VaultId,
    /// Whom it is about.
    pub subject: Option<PersonId>,
    /// `email`, `address`, `payment_token`, …
    pub kind: String,
    /// As the writer of this kind understands it.
    pub content: Vec<u8>,
}

/// The writing end; has one owner.
pub trait Journal: Send {
    /// Block and vault rows, all or nothing, on disk when it returns. A block that does not follow the
    /// last one is refused.
    ///
    /// # Errors
    /// When they are not; memory is then ahead of the disk and the program has to end.
    fn append(&mut self, block: &Block, vault: &[VaultRow]) -> Result<()> {
        self.append_spending(block, vault, &[])
    }
    /// The same, and deletes with it the vault rows that nobody needs once this block is there; those
    /// that are not there are no error. As with [`Journal::remove`], a store's own log may keep them
    /// for a while.
    ///
    /// # Errors
    /// As [`Journal::append`].
    fn append_spending(
        &mut self,
        block: &Block,
        vault: &[VaultRow],
        spent: &[VaultId],
    ) -> Result<()>;
    /// Where it ends; none while it is empty.
    fn tip(&self) -> Option<Tip>;
    /// A reader, which sees what is committed while the journal goes on.
    ///
    /// # Errors
    /// When the store cannot be opened once more.
    fn reader(&self) -> Result<Box<dyn Reader>>;
    /// Deletes a vault row, as after the use of a payment token. A store's own log may keep it until
    /// that log has come round, at the latest until the next opening.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn remove(&mut self, id: VaultId) -> Result<()>;
    /// Deletes all of a person's vault rows for good, also from the store's own log; says how many
    /// there were.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn forget(&mut self, subject: PersonId) -> Result<usize>;
    /// Tells at any time, on any thread, how much room is left where it is stored.
    fn room(&self) -> Box<dyn Room> {
        Box::new(Unlimited)
    }
}

/// How much can still be stored.
pub trait Room: Send + Sync {
    /// Bytes that are free; none where nobody knows, or it does not matter.
    fn free_bytes(&self) -> Option<u64>;
}

/// Room that nobody counts.
#[derive(Clone, Copy, Debug)]
struct Unlimited;

impl Room for Unlimited {
    fn free_bytes(&self) -> Option<u64> {
        None
    }
}

/// Sees what is committed.
pub trait Reader: Send {
    /// The block that holds a position.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn block_holding(&self, position: Position) -> Result<Option<Block>>;
    /// The first block that begins after a position.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn block_after(&self, position: Position) -> Result<Option<Block>>;
    /// The first block whose last fact happened at this time or later; else the last block.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn block_at_time(&self, time: Timestamp) -> Result<Option<Block>>;
    /// A row of the vault; none once it was forgotten.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn vault(&self, id: VaultId) -> Result<Option<VaultRow>>;
    /// All rows about a person.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn vault_of(&self, subject: PersonId) -> Result<Vec<VaultRow>>;
    /// A further reader of the same journal.
    ///
    /// # Errors
    /// When the store cannot be opened once more.
    fn another(&self) -> Result<Box<dyn Reader>>;
}

/// How far the index has followed, and of which journal.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mark {
    /// Position of the last fact that it knows.
    pub position: Position,
    /// Checksum of the block that ends there.
    pub sum: u32,
}

/// A state, so that what led to it need not be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Of whom.
    pub stream: String,
    /// After this fact.
    pub position: Position,
    /// Facts in its own stream.
    pub version: u64,
    /// Facts that have moved it.
    pub heard: u64,
    /// First position of the block with that fact: where to read on.
    pub block: Position,
    /// JSON.
    pub state: String,
}

/// A timer set or taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct TimerChange {
    /// When it is due.
    pub at: Timestamp,
    /// Whose.
    pub process: String,
    /// Its name.
    pub name: String,
    /// False: taken back.
    pub set: bool,
}

/// What the index has to know of some blocks, written at once.
#[derive(Clone, Debug, Default)]
pub struct Checkpoint {
    /// Where they end.
    pub mark: Mark,
    /// Which key occurs in the block that begins at which position.
    pub places: Vec<(Key, Position)>,
    /// Snapshots taken meanwhile.
    pub snapshots: Vec<Snapshot>,
    /// In the order in which they happened.
    pub timers: Vec<TimerChange>,
}

/// The writing end of what follows the blocks; may be lost and is then built again.
pub trait Index: Send {
    /// All or nothing; need not be on disk when it returns.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn write(&mut self, checkpoint: &Checkpoint) -> Result<()>;
    /// How far it has come; none at the beginning.
    fn mark(&self) -> Option<Mark>;
    /// Forgets everything, because it belongs to another journal.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn reset(&mut self) -> Result<()>;
    /// A reader, which sees what is written while the index goes on.
    ///
    /// # Errors
    /// When the store cannot be opened once more.
    fn reader(&self) -> Result<Box<dyn IndexReader>>;
}

/// Finds.
pub trait IndexReader: Send {
    /// How far it has come.
    fn mark(&self) -> Option<Mark>;
    /// False when a key certainly occurs nowhere; answers from memory.
    fn may_know(&self, key: Key) -> bool;
    /// First positions of the blocks with a key, ascending, from that of `from` on.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn places(&self, key: Key, from: Position) -> Result<Vec<Position>>;
    /// The newest snapshot that is not after a position.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn snapshot(&self, stream: &str, until: Position) -> Result<Option<Snapshot>>;
    /// Timers after `from` and not after `until` that are still set, in order of time.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn timers(&self, from: Timestamp, until: Timestamp)
    -> Result<Vec<(Timestamp, String, String)>>;
    /// A time not before the next timer after `from`, and near to it; none when there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn next_timer(&self, from: Timestamp) -> Result<Option<Timestamp>>;
    /// A further reader of the same index.
    ///
    /// # Errors
    /// When the store cannot be opened once more.
    fn another(&self) -> Result<Box<dyn IndexReader>>;
}
