//! A journal and an index in memory: for tests and simulations, which can look into them and harm them.

use crate::{
    Block, BlockBuilder, Checkpoint, Error, Index, IndexReader, Journal, Key, LineReader,
    LineWriter, Mark, Reader, Result, Room, Snapshot, Tip, VaultRow,
};
use kernel::{Business, PersonId, Position, Timestamp, VaultId};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// Outlives the engine that uses it, not the program.
#[derive(Clone, Default)]
pub struct Memory(Arc<(Mutex<Stored>, Condvar)>);

#[derive(Clone, Default)]
struct Stored {
    blocks: BTreeMap<Position, Block>,
    vault: BTreeMap<VaultId, VaultRow>,
    indexed: Indexed,
    /// The n-th append from now on fails, before or after it has been stored.
    fail: Option<(u32, bool)>,
    held: bool,
    free_bytes: Option<u64>,
}

#[derive(Clone, Default)]
struct Indexed {
    mark: Option<Mark>,
    places: BTreeSet<(Key, Position)>,
    snapshots: BTreeMap<(String, Position), Snapshot>,
    timers: BTreeSet<(Timestamp, String, String)>,
}

impl Memory {
    /// The writing end of the journal.
    pub fn journal(&self) -> Memory {
        self.clone()
    }

    /// The writing end of the index.
    pub fn index(&self) -> MemoryIndex {
        MemoryIndex(self.clone())
    }

    /// Everything as a crash at this moment would leave it.
    pub fn copy(&self) -> Memory {
        let stored = Stored { fail: None, held: false, ..self.stored().clone() };
        Memory(Arc::new((Mutex::new(stored), Condvar::new())))
    }

    /// The facts up to a position, without an index: as an older release may have left them.
    ///
    /// # Errors
    /// When a line is no fact of this business.
    pub fn copy_until<B: Business>(&self, position: Position) -> Result<Memory> {
        let (mut reader, mut writer) = (LineReader::<B>::default(), LineWriter::default());
        let mut builder = BlockBuilder::default();
        let copy = Memory::default();
        let mut sum = 0;
        for block in self.stored().blocks.values() {
            let mut any = false;
            for line in block.text()?.lines() {
                let recorded = reader.read(line)?;
                if recorded.position <= position {
                    let mut text = Vec::new();
                    let name = recorded.stream().to_string();
                    writer.write(&recorded, &name, &mut text)?;
                    let mut keys = vec![Key::of_stream(&name)];
                    let hearers = B::hearers(&recorded.fact);
                    keys.extend(hearers.map(|hearer| Key::of_stream(&hearer.to_string())));
                    keys.extend(recorded.origin.command.map(Key::of_command));
                    builder.push(recorded.position, recorded.at(), &text, &keys)?;
                    any = true;
                }
            }
            if any {
                let block = builder.seal(sum)?;
                sum = block.sum;
                copy.stored().blocks.insert(block.first, block);
            }
        }
        Ok(copy)
    }

    /// The index is gone.
    pub fn lose_index(&self) {
        self.stored().indexed = Indexed::default();
    }

    /// The `n`-th append from now on (1 is the next) fails; `stored` when the block is there all the same.
    pub fn fail_append(&self, n: u32, stored: bool) {
        self.stored().fail = Some((n, stored));
    }

    /// So much is free on its disk, or nobody knows.
    pub fn set_free_bytes(&self, free: Option<u64>) {
        self.stored().free_bytes = free;
    }

    /// Appends wait while this is on.
    pub fn hold_appends(&self, held: bool) {
        self.stored().held = held;
        self.0.1.notify_all();
    }

    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room for Memory {
    fn free_bytes(&self) -> Option<u64> {
        self.stored().free_bytes
    }
}

impl Journal for Memory {
    fn room(&self) -> Box<dyn Room> {
        Box::new(self.clone())
    }

    fn append_spending(
        &mut self,
        block: &Block,
        vault: &[VaultRow],
        spent: &[VaultId],
    ) -> Result<()> {
        let mut stored = self.stored();
        while stored.held {
            stored = self.0.1.wait(stored).unwrap_or_else(PoisonError::into_inner);
        }
        let fails = match &mut stored.fail {
            Some((n, after)) => {
                *n -= 1;
                (*n == 0).then_some(*after)
            }
            None => None,
        };
        let (last, sum) = stored.blocks.last_key_value().map_or((0, 0), |(_, b)| (b.last, b.sum));
        if !block.follows(last, sum) {
            return Err(Error::OutOfTurn { first: block.first, last });
        }
        if fails != Some(false) {
            stored.blocks.insert(block.first, block.clone());
            stored.vault.extend(vault.iter().map(|row| (row.id, row.clone())));
            spent.iter().for_each(|id| drop(stored.vault.remove(id)));
        }
        if fails.is_some() {
            stored.fail = None;
            return Err(Error::Planted("append"));
        }
        Ok(())
    }

    fn tip(&self) -> Option<Tip> {
        let stored = self.stored();
        let (_, block) = stored.blocks.last_key_value()?;
        Some(Tip { last: block.last, sum: block.sum, at: block.at })
    }

    fn reader(&self) -> Result<Box<dyn Reader>> {
        Ok(Box::new(self.clone()))
    }

    fn remove(&mut self, id: VaultId) -> Result<()> {
        self.stored().vault.remove(&id);
        Ok(())
    }

    fn forget(&mut self, subject: PersonId) -> Result<usize> {
        let vault = &mut self.stored().vault;
        let before = vault.len();
        vault.retain(|_, row| row.subject != Some(subject));
        Ok(before - vault.len())
    }
}

impl Reader for Memory {
    fn block_holding(&self, position: Position) -> Result<Option<Block>> {
        let stored = self.stored();
        let found = stored.blocks.range(..=position).next_back().map(|(_, block)| block);
        Ok(found.filter(|block| block.last >= position).cloned())
    }

    fn block_after(&self, position: Position) -> Result<Option<Block>> {
        Ok(self.stored().blocks.range(position + 1..).next().map(|(_, block)| block.clone()))
    }

    fn block_at_time(&self, time: Timestamp) -> Result<Option<Block>> {
        let stored = self.stored();
        let found = stored.blocks.values().find(|block| block.at >= time);
        Ok(found.or_else(|| stored.blocks.values().next_back()).cloned())
    }

    fn vault(&self, id: VaultId) -> Result<Option<VaultRow>> {
        Ok(self.stored().vault.get(&id).cloned())
    }

    fn vault_of(&self, subject: PersonId) -> Result<Vec<VaultRow>> {
        let stored = self.stored();
        Ok(stored.vault.values().filter(|row| row.subject == Some(subject)).cloned().collect())
    }

    fn another(&self) -> Result<Box<dyn Reader>> {
        self.reader()
    }
}

/// The index of a [`Memory`].
#[derive(Clone)]
pub struct MemoryIndex(Memory);

impl Index for MemoryIndex {
    fn write(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let indexed = &mut self.0.stored().indexed;
        indexed.mark = Some(checkpoint.mark);
        indexed.places.extend(&checkpoint.places);
        for snapshot in &checkpoint.snapshots {
            let key = (snapshot.stream.clone(), snapshot.position);
            indexed.snapshots.insert(key, snapshot.clone());
        }
        for change in &checkpoint.timers {
            let timer = (change.at, change.process.clone(), change.name.clone());
            match change.set {
                true => indexed.timers.insert(timer),
                false => indexed.timers.remove(&timer),
            };
        }
        Ok(())
    }

    fn mark(&self) -> Option<Mark> {
        self.0.stored().indexed.mark
    }

    fn reset(&mut self) -> Result<()> {
        self.0.lose_index();
        Ok(())
    }

    fn reader(&self) -> Result<Box<dyn IndexReader>> {
        Ok(Box::new(self.clone()))
    }
}

impl IndexReader for MemoryIndex {
    fn mark(&self) -> Option<Mark> {
        Index::mark(self)
    }

    fn may_know(&self, key: Key) -> bool {
        let stored = self.0.stored();
        stored.indexed.places.range((key, 0)..=(key, Position::MAX)).next().is_some()
    }

    fn places(&self, key: Key, from: Position) -> Result<Vec<Position>> {
        let stored = self.0.stored();
        let places = stored.indexed.places.range((key, from)..=(key, Position::MAX));
        Ok(places.map(|(_, position)| *position).collect())
    }

    fn snapshot(&self, stream: &str, until: Position) -> Result<Option<Snapshot>> {
        let stored = self.0.stored();
        let range = (stream.to_owned(), 0)..=(stream.to_owned(), until);
        Ok(stored.indexed.snapshots.range(range).next_back().map(|(_, kept)| kept.clone()))
    }

    fn timers(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(Timestamp, String, String)>> {
        let stored = self.0.stored();
        let timers = stored.indexed.timers.iter().filter(|(at, ..)| from < *at && *at <= until);
        Ok(timers.cloned().collect())
    }

    fn next_timer(&self, from: Timestamp) -> Result<Option<Timestamp>> {
        let stored = self.0.stored();
        Ok(stored.indexed.timers.iter().map(|(at, ..)| *at).find(|at| *at > from))
    }

    fn another(&self) -> Result<Box<dyn IndexReader>> {
        self.reader()
    }
}
