//! A memory with a limit: what came first is forgotten first.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// What is known by a name; no more of it than this.
pub(super) struct Limited<K, V> {
    known: HashMap<K, V>,
    oldest: VecDeque<K>,
    most: usize,
}

impl<K: Clone + Eq + Hash, V> Limited<K, V> {
    pub(super) fn to(most: usize) -> Limited<K, V> {
        Limited { known: HashMap::new(), oldest: VecDeque::new(), most }
    }

    pub(super) fn get<Q>(&self, name: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.known.get(name)
    }

    pub(super) fn get_mut(&mut self, name: &K) -> Option<&mut V> {
        self.known.get_mut(name)
    }

    /// What is known by this name, or from now on.
    pub(super) fn or_insert(&mut self, name: K, make: impl FnOnce() -> V) -> &mut V {
        if !self.known.contains_key(&name) {
            if self.oldest.len() >= self.most
                && let Some(oldest) = self.oldest.pop_front()
            {
                self.known.remove(&oldest);
            }
            self.oldest.push_back(name.clone());
        }
        self.known.entry(name).or_insert_with(make)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_first_is_forgotten_first() {
        let mut memory = Limited::to(2);
        for name in ["a", "b", "a", "c"] {
            *memory.or_insert(name, || 0) += 1;
        }
        assert_eq!((memory.get("a"), memory.get("b"), memory.get("c")), (None, Some(&1), Some(&1)));
    }
}
