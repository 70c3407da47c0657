//! Runs come and go, and whoever looks for something finds it all the while.

use super::*;

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let mark = "CREATE TABLE mark (one INTEGER PRIMARY KEY, position INTEGER, sum INTEGER)";
    connection.execute_batch(&format!("{TABLES} {mark}")).unwrap();
    connection
}

/// A checkpoint with a hundred keys at one place.
fn check_in(connection: &mut Connection, runs: &Runs, place: Position) {
    let entries = (0..100).map(|key| (Key(key), place)).collect();
    let transaction = connection.transaction().unwrap();
    let mark = Mark { position: place, sum: 0 };
    let added = runs.add(&transaction, entries, mark).unwrap();
    transaction.commit().unwrap();
    runs.publish(added);
}

/// Runs that hear of nothing new, as a reader has them that was interrupted.
fn interrupted(runs: &Runs) -> Runs {
    Runs(Arc::new(Mutex::new(runs.now())))
}

#[test]
fn whoever_was_interrupted_by_a_merge_still_finds_all_that_he_knew() {
    let (mut connection, runs) = (database(), Runs::default());
    for place in 1..=200 {
        let before = interrupted(&runs);
        check_in(&mut connection, &runs, place);
        let places = before.places(&connection, Key(7), 0).unwrap().unwrap();
        assert_eq!(places, (1..place).collect::<Vec<_>>());
    }
}

#[test]
fn what_has_gone_is_missed_and_never_taken_for_another_run() {
    let (mut connection, runs) = (database(), Runs::default());
    (1..=7).for_each(|place| check_in(&mut connection, &runs, place));
    let old = interrupted(&runs);
    (8..=30).for_each(|place| check_in(&mut connection, &runs, place));
    assert_eq!(old.places(&connection, Key(7), 0).unwrap(), None);
    assert_eq!(runs.places(&connection, Key(7), 29).unwrap().unwrap(), [29, 30]);
}

#[test]
fn what_was_merged_leaves_the_file_at_the_next_checkpoint() {
    let (mut connection, runs) = (database(), Runs::default());
    (1..=64).for_each(|place| check_in(&mut connection, &runs, place));
    let count = |connection: &Connection| -> i64 {
        connection
            .query_row("SELECT count(DISTINCT id >> 24) FROM pages", [], |row| row.get(0))
            .unwrap()
    };
    assert!(count(&connection) > 2);
    check_in(&mut connection, &runs, 65);
    assert_eq!(count(&connection), 2, "one of level 2, one of level 0");
}

#[test]
fn a_mark_is_not_seen_before_its_runs() {
    let (mut connection, runs) = (database(), Runs::default());
    let transaction = connection.transaction().unwrap();
    let mark = Mark { position: 5, sum: 9 };
    let added = runs.add(&transaction, vec![(Key(1), 5)], mark).unwrap();
    transaction.commit().unwrap();
    assert_eq!((runs.mark(), runs.may_know(Key(1))), (None, false));
    runs.publish(added);
    assert_eq!((runs.mark(), runs.may_know(Key(1))), (Some(mark), true));
}

#[test]
fn a_filter_that_was_stored_by_an_earlier_release_is_understood() {
    let mut filter = BloomFilter::with_num_bits(128).seed(&SEED).hashes(HASHES);
    [1u64, 2, 3].iter().for_each(|key| {
        filter.insert(key);
    });
    assert_eq!(filter.as_slice(), STORED);
}

/// The bits of the keys 1, 2 and 3: would they change, filters on disk would deny what is there.
const STORED: [u64; 2] = [2_314_850_415_901_950_096, 1_154_047_571_488_931_848];

#[test]
fn what_is_absent_is_known_to_be_so_in_99_of_100_cases() {
    let (mut connection, runs) = (database(), Runs::default());
    let scattered = |n: u64| Key(n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    // 7 runs of level 0, 7 of level 1 and 3 of level 2: about as many as there ever are.
    for round in 0..255 {
        let entries = (0..300).map(|n| (scattered(round * 300 + n), round + 1)).collect();
        let transaction = connection.transaction().unwrap();
        let added = runs.add(&transaction, entries, Mark::default()).unwrap();
        transaction.commit().unwrap();
        runs.publish(added);
    }
    assert_eq!(runs.now().runs.len(), 17);
    let absent = 1_000_000..1_010_000;
    let doubtful = absent.filter(|n| runs.may_know(scattered(*n))).count();
    assert!(doubtful < 150, "{doubtful} of 10000 absent keys need a look");
    assert!((0..255 * 300).all(|n| runs.may_know(scattered(n))));
}
