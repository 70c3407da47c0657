//! What every store has to do.

use crate::{Mason, Store, second};
use journal::{
    Block, Checkpoint, Error, Index, Journal, Key, Mark, Snapshot, TimerChange, VaultRow, memory,
    sqlite, verify,
};
use kernel::{PersonId, Timestamp, VaultId};
use std::collections::{BTreeMap, BTreeSet};

struct InMemory(memory::Memory, memory::Memory, memory::MemoryIndex);

impl Store for InMemory {
    fn journal(&mut self) -> &mut dyn Journal {
        &mut self.1
    }

    fn index(&mut self) -> &mut dyn Index {
        &mut self.2
    }

    fn reopen(&mut self) {
        let copy = self.0.copy();
        *self = InMemory(copy.clone(), copy.journal(), copy.index());
    }

    fn lose_index(&mut self) {
        self.0.lose_index();
    }

    fn break_disk(&mut self) {
        self.0.fail_append(1, false);
    }
}

struct OnDisk(tempfile::TempDir, Option<sqlite::Folder>);

impl Store for OnDisk {
    fn journal(&mut self) -> &mut dyn Journal {
        &mut self.1.as_mut().unwrap().journal
    }

    fn index(&mut self) -> &mut dyn Index {
        &mut self.1.as_mut().unwrap().index
    }

    fn reopen(&mut self) {
        self.1 = None;
        self.1 = Some(sqlite::open(self.0.path()).unwrap());
    }

    fn lose_index(&mut self) {
        self.1 = None;
        std::fs::remove_file(self.0.path().join("index.db")).unwrap();
        self.reopen();
    }

    fn break_disk(&mut self) {
        self.1.as_ref().unwrap().journal.limit_pages(0).unwrap();
    }
}

fn in_memory() -> InMemory {
    let memory = memory::Memory::default();
    InMemory(memory.clone(), memory.journal(), memory.index())
}

fn on_disk() -> OnDisk {
    let folder = tempfile::tempdir().unwrap();
    let opened = sqlite::open(folder.path()).unwrap();
    OnDisk(folder, Some(opened))
}

/// Each function of the suite as a test of each store.
macro_rules! every_store {
    ($($test:ident)+) => {
        mod memory_store { $(#[test] fn $test() { super::$test(&mut super::in_memory()); })+ }
        mod sqlite_store { $(#[test] fn $test() { super::$test(&mut super::on_disk()); })+ }
    };
}

every_store! {
    positions_have_no_gaps_and_blocks_are_found_by_them
    a_block_is_found_by_time
    vault_rows_come_with_their_block_and_are_forgotten_for_good
    vault_rows_that_are_spent_go_with_the_block_that_spends_them
    a_failing_append_leaves_neither_block_nor_vault_row
    a_block_out_of_turn_is_refused
    an_empty_journal_has_no_tip_and_no_mark
    what_was_stored_is_there_after_reopening
    readers_work_while_the_journal_goes_on
    places_are_those_of_a_naive_map_through_many_merges
    the_newest_snapshot_not_after_a_position_is_found
    timers_set_and_taken_back_are_as_in_a_naive_set
    a_lost_index_is_empty_and_can_be_filled_again
}

fn positions_have_no_gaps_and_blocks_are_found_by_them(store: &mut dyn Store) {
    let mut mason = Mason::default();
    for streams in [&["a/1", "b/1"][..], &["a/1"], &["c/9", "a/1", "b/1"]] {
        store.journal().append(&mason.block(streams), &[]).unwrap();
    }
    let reader = store.journal().reader().unwrap();
    let holding = |position| reader.block_holding(position).unwrap().map(|block| block.first);
    assert_eq!(
        [0, 1, 2, 3, 4, 6, 7].map(holding),
        [None, Some(1), Some(1), Some(3), Some(4), Some(4), None]
    );
    let after = |position| reader.block_after(position).unwrap().map(|block| block.first);
    assert_eq!([0, 1, 2, 3, 4].map(after), [Some(1), Some(3), Some(3), Some(4), None]);
    let verified = verify(&*reader, |_, _| Ok(())).unwrap();
    assert_eq!((verified.blocks, verified.facts, verified.streams), (3, 6, 3));
    let tip = store.journal().tip().unwrap();
    assert_eq!((tip.last, tip.sum, tip.at), (6, mason.sum, second(6)));
}

fn a_block_is_found_by_time(store: &mut dyn Store) {
    let mut mason = Mason::default();
    (0..50).for_each(|_| store.journal().append(&mason.block(&["a/1", "b/1"]), &[]).unwrap());
    let reader = store.journal().reader().unwrap();
    let at = |n| reader.block_at_time(second(n)).unwrap().unwrap().first;
    assert_eq!([0, 1, 2, 3, 40, 41, 100, 1000].map(at), [1, 1, 1, 3, 39, 41, 99, 99]);
}

fn vault_rows_come_with_their_block_and_are_forgotten_for_good(store: &mut dyn Store) {
    let uuid = |n: u8| format!("00000000-0000-4000-8000-0000000000{n:02x}");
    let person: PersonId = uuid(1).parse().unwrap();
    let row = |n: u8, subject| VaultRow {
        id: uuid(n).parse::<VaultId>().unwrap(),
        subject,
        kind: "email".into(),
        content: vec![n],
    };
    let mut mason = Mason::default();
    let rows = [row(2, Some(person)), row(3, Some(person)), row(4, None), row(5, None)];
    store.journal().append(&mason.block(&["a/1"]), &rows).unwrap();
    let reader = store.journal().reader().unwrap();
    assert_eq!(reader.vault(rows[2].id).unwrap(), Some(rows[2].clone()));
    assert_eq!(reader.vault_of(person).unwrap().len(), 2);
    assert_eq!(store.journal().forget(person).unwrap(), 2);
    store.journal().remove(rows[2].id).unwrap();
    let left = rows.each_ref().map(|row| reader.vault(row.id).unwrap().is_some());
    assert_eq!(left, [false, false, false, true]);
}

fn vault_rows_that_are_spent_go_with_the_block_that_spends_them(store: &mut dyn Store) {
    let id = |n: u8| format!("00000000-0000-4000-8000-0000000000{n:02x}").parse().unwrap();
    let row = |n| VaultRow { id: id(n), subject: None, kind: "token".into(), content: vec![n] };
    let left = |store: &mut dyn Store| {
        let reader = store.journal().reader().unwrap();
        [1, 2, 3].map(|n| reader.vault(id(n)).unwrap().is_some())
    };
    let mut mason = Mason::default();
    store.journal().append(&mason.block(&["a/1"]), &[row(1), row(2)]).unwrap();
    // One that comes and goes at once, and one that was never there.
    let gone = [id(1), id(3), id(9)];
    store.journal().append_spending(&mason.block(&["a/1"]), &[row(3)], &gone).unwrap();
    assert_eq!(left(store), [false, true, false]);
    store.reopen();
    assert_eq!(left(store), [false, true, false]);
}

fn a_failing_append_leaves_neither_block_nor_vault_row(store: &mut dyn Store) {
    let mut mason = Mason::default();
    store.journal().append(&mason.block(&["a/1"]), &[]).unwrap();
    let tip = store.journal().tip();
    let rows: Vec<VaultRow> = (0..64u8)
        .map(|n| VaultRow {
            id: format!("00000000-0000-4000-8000-0000000000{n:02x}").parse().unwrap(),
            subject: None,
            kind: "note".into(),
            content: vec![n; 4096],
        })
        .collect();
    store.break_disk();
    assert!(store.journal().append(&mason.block(&["a/1", "b/1"]), &rows).is_err());
    assert_eq!(store.journal().tip(), tip);
    let reader = store.journal().reader().unwrap();
    assert_eq!(reader.block_after(1).unwrap(), None);
    assert!(rows.iter().all(|row| reader.vault(row.id).unwrap().is_none()));
    drop(reader);
    store.reopen();
    assert_eq!(store.journal().tip(), tip);
}

fn a_block_out_of_turn_is_refused(store: &mut dyn Store) {
    let mut mason = Mason::default();
    let (one, two, three) = (mason.block(&["a/1"]), mason.block(&["a/1"]), mason.block(&["a/1"]));
    let stray = Block { previous: 7, ..two.clone() };
    let refused = |store: &mut dyn Store, block| {
        matches!(store.journal().append(block, &[]), Err(Error::OutOfTurn { .. }))
    };
    assert!(refused(store, &two), "before the first");
    store.journal().append(&one, &[]).unwrap();
    assert!(refused(store, &one), "twice");
    assert!(refused(store, &three), "with a gap");
    assert!(refused(store, &stray), "of another chain");
    store.journal().append(&two, &[]).unwrap();
    store.journal().append(&three, &[]).unwrap();
    verify(&*store.journal().reader().unwrap(), |_, _| Ok(())).unwrap();
}

fn an_empty_journal_has_no_tip_and_no_mark(store: &mut dyn Store) {
    assert_eq!(store.journal().tip(), None);
    assert_eq!(store.index().mark(), None);
    let reader = store.journal().reader().unwrap();
    assert_eq!(reader.block_after(0).unwrap(), None);
    assert_eq!(reader.block_at_time(second(0)).unwrap(), None);
    let index = store.index().reader().unwrap();
    assert!(!index.may_know(Key::of_stream("a/1")));
    assert_eq!(index.next_timer(Timestamp::MIN).unwrap(), None);
}

fn what_was_stored_is_there_after_reopening(store: &mut dyn Store) {
    let mut mason = Mason::default();
    (0..200).for_each(|_| store.journal().append(&mason.block(&["a/1", "b/7"]), &[]).unwrap());
    let mark = Mark { position: 400, sum: mason.sum };
    let places = vec![(Key::of_stream("a/1"), 1), (Key::of_stream("a/1"), 399)];
    store.index().write(&Checkpoint { mark, places, ..Checkpoint::default() }).unwrap();
    store.reopen();
    assert_eq!(store.journal().tip().unwrap().last, 400);
    assert_eq!(store.index().mark(), Some(mark));
    let index = store.index().reader().unwrap();
    assert_eq!(index.mark(), Some(mark));
    assert_eq!(index.places(Key::of_stream("a/1"), 0).unwrap(), [1, 399]);
    store.journal().append(&mason.block(&["a/1"]), &[]).unwrap();
    verify(&*store.journal().reader().unwrap(), |_, _| Ok(())).unwrap();
}

fn readers_work_while_the_journal_goes_on(store: &mut dyn Store) {
    let mut mason = Mason::default();
    let reader = store.journal().reader().unwrap();
    let other = reader.another().unwrap();
    for n in 1..=50 {
        store.journal().append(&mason.block(&["a/1"]), &[]).unwrap();
        assert_eq!(reader.block_after(n - 1).unwrap().unwrap().first, n);
        assert!(other.block_holding(n).unwrap().is_some());
    }
}

/// Numbers that look random and are the same in every run.
fn numbers(mut seed: u64) -> impl FnMut(u64) -> u64 {
    move |below| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    }
}

fn places_are_those_of_a_naive_map_through_many_merges(store: &mut dyn Store) {
    let mut next = numbers(7);
    let mut naive: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    let index = store.index().reader().unwrap();
    for round in 0..150u64 {
        let mut places = Vec::new();
        for n in 0..next(400) {
            // A few keys are everywhere, most are rare.
            let key = if next(3) == 0 { next(4) } else { next(5000) };
            let block = round * 1000 + n + 1;
            naive.entry(key).or_default().insert(block);
            places.push((Key(key.wrapping_mul(0x9E37_79B9_7F4A_7C15)), block));
        }
        let mark = Mark { position: (round + 1) * 1000, sum: 0 };
        store.index().write(&Checkpoint { mark, places, ..Checkpoint::default() }).unwrap();
    }
    for n in 0..300 {
        let key = if n < 4 { n } else { next(6000) };
        let from = next(150_000);
        let expected = naive.get(&key).into_iter().flatten().copied();
        let expected: Vec<u64> = expected.filter(|block| *block >= from).collect();
        let key = Key(key.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        assert_eq!(index.places(key, from).unwrap(), expected);
        assert!(expected.is_empty() || index.may_know(key));
    }
    let absent = (0..1000).filter(|n| index.may_know(Key(n * 7919 + 1))).count();
    assert!(absent < 20, "{absent} of 1000 absent keys were not known to be absent");
}

fn the_newest_snapshot_not_after_a_position_is_found(store: &mut dyn Store) {
    let snapshot = |stream: &str, position| Snapshot {
        stream: stream.into(),
        position,
        version: position,
        heard: position * 2,
        block: position - 1,
        state: format!("{{\"n\":{position}}}"),
    };
    for n in 1..=1000 {
        let mark = Mark { position: n * 10, sum: 0 };
        let snapshots = vec![snapshot("a/1", n * 10), snapshot("a/10", n * 10 + 1)];
        store.index().write(&Checkpoint { mark, snapshots, ..Checkpoint::default() }).unwrap();
    }
    let index = store.index().reader().unwrap();
    assert_eq!(index.snapshot("a/1", u64::MAX).unwrap(), Some(snapshot("a/1", 10_000)));
    assert_eq!(index.snapshot("a/1", 10_000).unwrap(), Some(snapshot("a/1", 10_000)));
    assert_eq!(index.snapshot("a/1", 9).unwrap(), None);
    assert_eq!(index.snapshot("a/2", u64::MAX).unwrap(), None);
    for position in [9_999, 9_000, 5_000, 1_000, 100] {
        let found = index.snapshot("a/1", position).unwrap().map_or(0, |found| found.position);
        let age = 10_000 - position;
        assert!(found <= position && position - found <= age.max(10), "{position}: {found}");
    }
}

fn timers_set_and_taken_back_are_as_in_a_naive_set(store: &mut dyn Store) {
    let mut next = numbers(11);
    let mut naive = BTreeSet::new();
    let index = store.index().reader().unwrap();
    for round in 1..=60 {
        let mut timers = Vec::new();
        for _ in 0..next(50) {
            let at = second(next(200_000));
            let (process, name) = (format!("story/{}", next(20)), format!("t{}", next(3)));
            naive.insert((at, process.clone(), name.clone()));
            timers.push(TimerChange { at, process, name, set: true });
        }
        for _ in 0..next(30) {
            let nth = next(naive.len() as u64 + 1) as usize;
            if let Some((at, process, name)) = naive.iter().nth(nth).cloned() {
                naive.remove(&(at, process.clone(), name.clone()));
                timers.push(TimerChange { at, process, name, set: false });
            }
        }
        let mark = Mark { position: round, sum: 0 };
        store.index().write(&Checkpoint { mark, timers, ..Checkpoint::default() }).unwrap();
        let (from, until) = (second(next(100_000)), second(100_000 + next(100_000)));
        let expected: Vec<_> =
            naive.iter().filter(|(at, ..)| from < *at && *at <= until).cloned().collect();
        assert_eq!(index.timers(from, until).unwrap(), expected);
        let expected = naive.iter().map(|(at, ..)| *at).find(|at| *at > from);
        assert_eq!(index.next_timer(from).unwrap(), expected);
    }
}

fn a_lost_index_is_empty_and_can_be_filled_again(store: &mut dyn Store) {
    let write = |store: &mut dyn Store| {
        let mark = Mark { position: 5, sum: 1 };
        let places = vec![(Key(1), 1)];
        store.index().write(&Checkpoint { mark, places, ..Checkpoint::default() }).unwrap();
    };
    write(store);
    store.lose_index();
    assert_eq!(store.index().mark(), None);
    write(store);
    store.index().reset().unwrap();
    assert_eq!(store.index().mark(), None);
    assert!(!store.index().reader().unwrap().may_know(Key(1)));
    write(store);
    assert_eq!(store.index().reader().unwrap().places(Key(1), 0).unwrap(), [1]);
}
