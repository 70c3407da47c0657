//! A bounded memory of what the journal can tell again.

use kernel::Position;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::{
    collections::{VecDeque, hash_map},
    hash::Hash,
};

/// Evicts what is not used, but never what the index lacks: so whatever is not found here is found
/// there, and the two together always know everything.
///
/// Most of what is new is never used again (an order that was placed), while a few things are used all
/// the time (an article): so what is new has to prove itself in a queue of its own, and what was used
/// more often stays for more rounds (S3-FIFO, Yang et al., SOSP 2023, without its ghosts).
pub(crate) struct Cache<K, V> {
    entries: FxHashMap<K, Entry<V>>,
    /// What is new.
    fresh: VecDeque<K>,
    /// What was used again.
    proven: VecDeque<K>,
    limit: usize,
    settled: Position,
    /// Counts the batches, to tell those apart in which something is used.
    batch: u32,
    worth: fn(&K, &V) -> Worth,
    farewells: Vec<(K, V)>,
    /// Evicted to make room for what is being read.
    gone: Vec<K>,
}

struct Entry<V> {
    value: V,
    /// The position of its last change; 0 while it is as it was read.
    changed: Position,
    /// The batch in which it was used last.
    seen: u32,
    /// Batches in which it was used again, up to [`USES`], less one for each round it has survived.
    used: u8,
}

/// What is to be thought of before something is evicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Worth {
    /// Nobody will want it: however often it was used, it goes first.
    Nothing,
    /// It goes when it is not used.
    ItsUse,
    /// The same, with a word of farewell.
    Farewell,
}

/// Uses that are counted.
const USES: u8 = 3;

impl<K: Clone + Eq + Hash, V> Cache<K, V> {
    pub(crate) fn new(limit: usize) -> Cache<K, V> {
        Cache::by_worth(limit, |_, _| Worth::ItsUse)
    }

    /// What is worth a farewell is kept for [`Cache::farewells`] when it is evicted.
    pub(crate) fn by_worth(limit: usize, worth: fn(&K, &V) -> Worth) -> Cache<K, V> {
        // Never moved again; what is not used of it takes no memory.
        let entries = FxHashMap::with_capacity_and_hasher(limit + limit / 4, FxBuildHasher);
        Cache {
            entries,
            fresh: VecDeque::new(),
            proven: VecDeque::new(),
            limit: limit.max(1),
            settled: 0,
            batch: 0,
            worth,
            farewells: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// What was evicted since the last call and will be missed, as it was.
    pub(crate) fn farewells(&mut self) -> impl Iterator<Item = (K, V)> {
        self.farewells.drain(..)
    }

    /// A new batch begins. The index has seen everything up to `settled`: what has not changed since
    /// may go.
    pub(crate) fn settle(&mut self, settled: Position) {
        (self.settled, self.batch) = (settled, self.batch.wrapping_add(1));
    }

    /// True when there is no room, because too much waits for the index.
    pub(crate) fn is_crowded(&self) -> bool {
        self.entries.len() > self.limit + self.limit / 4
    }

    #[cfg(test)]
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    /// What is in memory anyway; neither a use nor a change.
    pub(crate) fn peek_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// What is not in memory is read, by somebody who is told what has to go for it.
    ///
    /// # Errors
    /// What `read` says; nothing is remembered then.
    pub(crate) fn get<E>(
        &mut self,
        key: &K,
        read: impl FnOnce(&[K]) -> Result<V, E>,
    ) -> Result<&V, E> {
        self.entry(key, read).map(|entry| &entry.value)
    }

    /// For changing: `position` is that of the change.
    ///
    /// # Errors
    /// What `read` says; nothing is remembered then.
    pub(crate) fn change<E>(
        &mut self,
        key: &K,
        position: Position,
        read: impl FnOnce(&[K]) -> Result<V, E>,
    ) -> Result<&mut V, E> {
        let entry = self.entry(key, read)?;
        entry.changed = position;
        Ok(&mut entry.value)
    }

    /// Everything in memory.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, entry)| (key, &entry.value))
    }

    pub(crate) fn forget(&mut self, key: &K) {
        if self.entries.remove(key).is_some() {
            self.fresh.retain(|other| other != key);
            self.proven.retain(|other| other != key);
        }
    }

    fn entry<E>(
        &mut self,
        key: &K,
        read: impl FnOnce(&[K]) -> Result<V, E>,
    ) -> Result<&mut Entry<V>, E> {
        if self.entries.len() >= self.limit && !self.entries.contains_key(key) {
            self.gone.clear();
            self.make_room();
        }
        match self.entries.entry(key.clone()) {
            hash_map::Entry::Occupied(known) => {
                let entry = known.into_mut();
                // Within one batch most things are used only because they are being made.
                if entry.seen != self.batch {
                    (entry.seen, entry.used) = (self.batch, USES.min(entry.used + 1));
                }
                Ok(entry)
            }
            hash_map::Entry::Vacant(new) => {
                let value = read(&self.gone)?;
                self.gone.clear();
                self.fresh.push_back(key.clone());
                Ok(new.insert(Entry { value, changed: 0, seen: self.batch, used: 0 }))
            }
        }
    }

    /// A few steps at a time, so that nobody waits long.
    fn make_room(&mut self) {
        for _ in 0..8 {
            if self.entries.len() < self.limit {
                return;
            }
            let is_fresh = self.fresh.len() > self.limit / 4 || self.proven.is_empty();
            let queue = if is_fresh { &mut self.fresh } else { &mut self.proven };
            let Some(key) = queue.pop_front() else { return };
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            let worth = (self.worth)(&key, &entry.value);
            if entry.used > 0 && worth != Worth::Nothing {
                // Being taken over uses up one use.
                entry.used -= 1;
                self.proven.push_back(key);
            } else if entry.changed > self.settled {
                queue.push_back(key);
            } else if let Some((key, entry)) = self.entries.remove_entry(&key) {
                self.gone.push(key.clone());
                if worth == Worth::Farewell {
                    self.farewells.push((key, entry.value));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn put(cache: &mut Cache<u32, u32>, key: u32, position: Position) {
        let _: Result<_, Infallible> = cache.change(&key, position, |_| Ok(key));
    }

    #[test]
    fn what_the_index_lacks_is_never_evicted() {
        let mut cache = Cache::new(4);
        (1..=100).for_each(|n| put(&mut cache, n, u64::from(n)));
        assert!((1..=100).all(|n| cache.contains(&n)));
        assert!(cache.is_crowded());
        cache.settle(100);
        (101..=200).for_each(|n| put(&mut cache, n, u64::from(n)));
        assert!((1..=96).all(|n| !cache.contains(&n)), "what is settled makes room");
    }

    #[test]
    fn what_is_looked_at_and_then_made_in_one_batch_is_not_used_again() {
        let mut cache = Cache::new(40);
        (0..10).for_each(|key| put(&mut cache, key, 1));
        cache.settle(1);
        (0..10).for_each(|key| put(&mut cache, key, 2));
        for (batch, position) in (3..100).enumerate() {
            let new = 1000 + u32::try_from(batch).expect("few");
            let _: Result<_, Infallible> = cache.get(&new, |_| Ok(0)).map(drop);
            put(&mut cache, new, position);
            cache.settle(position);
        }
        assert!((0..10).all(|key| cache.contains(&key)), "those were used again");
    }

    #[test]
    fn what_nobody_will_want_goes_first_however_often_it_was_used() {
        let worth = |_: &u32, value: &u32| match value % 2 {
            0 => Worth::Nothing,
            _ => Worth::ItsUse,
        };
        let mut cache = Cache::by_worth(40, worth);
        let mut position = 0;
        for _ in 0..3 {
            for key in 0..40 {
                position += 1;
                put(&mut cache, key, position);
            }
            cache.settle(position);
        }
        (100..120).for_each(|key| put(&mut cache, key, position + 1));
        assert!((0..40).filter(|key| key % 2 == 1).all(|key| cache.contains(&key)));
        assert!((0..40).filter(|key| key % 2 == 0).all(|key| !cache.contains(&key)));
    }

    #[test]
    fn what_is_used_again_stays_while_what_is_new_passes_through() {
        let mut cache = Cache::new(40);
        let mut position = 0;
        for round in 0..1000 {
            let hot = round % 3;
            position += 1;
            put(&mut cache, hot, position);
            for n in 0..5 {
                position += 1;
                put(&mut cache, 1000 + round * 5 + n, position);
            }
            cache.settle(position);
            let lost = (0..=round.min(2)).filter(|hot| !cache.contains(hot)).count();
            assert_eq!(lost, 0, "in round {round}");
        }
    }
}
