//! What can happen to files: each has a clear error with file and remedy, and nothing is lost.

use crate::Mason;
use journal::{Checkpoint, Error, Index, Journal, Key, Mark, VaultRow, sqlite, verify};
use rusqlite::Connection;
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

fn filled(folder: &Path, blocks: usize) -> Mason {
    let mut opened = sqlite::open(folder).unwrap();
    let mut mason = Mason::default();
    (0..blocks).for_each(|_| opened.journal.append(&mason.block(&["a/1", "b/1"]), &[]).unwrap());
    mason
}

fn refusal(folder: &Path) -> Error {
    match sqlite::open(folder) {
        Ok(_) => panic!("{} was opened", folder.display()),
        Err(error) => error,
    }
}

#[test]
fn a_second_program_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = sqlite::open(folder.path()).unwrap();
    let error = refusal(folder.path());
    assert!(matches!(error, Error::InUse { .. }) && error.to_string().contains("another folder"));
}

#[test]
fn a_journal_of_a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 1);
    let file = Connection::open(folder.path().join("journal.db")).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    drop(file);
    assert!(matches!(refusal(folder.path()), Error::NewerFormat { found: 99, .. }));
}

#[test]
fn a_broken_chain_is_refused_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 9);
    let file = Connection::open(folder.path().join("journal.db")).unwrap();
    file.execute("DELETE FROM blocks WHERE first = 5", []).unwrap();
    drop(file);
    assert!(matches!(refusal(folder.path()), Error::BrokenChain { position: 7, .. }));
    let (reader, _) = sqlite::read(folder.path()).unwrap();
    assert!(matches!(verify(&*reader, |_, _| Ok(())), Err(Error::BrokenChain { position: 7, .. })));
}

#[test]
fn a_changed_block_is_refused_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 9);
    let file = Connection::open(folder.path().join("journal.db")).unwrap();
    file.execute("UPDATE blocks SET at = at + 1 WHERE first = 5", []).unwrap();
    drop(file);
    assert!(matches!(refusal(folder.path()), Error::BrokenChain { position: 5, .. }));
}

#[test]
fn a_corrupt_page_is_refused_with_file_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 400);
    let path = folder.path().join("journal.db");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 8192;
    bytes[last..].fill(0xee);
    fs::write(&path, bytes).unwrap();
    let error = refusal(folder.path());
    let text = error.to_string();
    assert!(text.contains("backup"), "{text}");
}

#[test]
fn a_file_that_is_no_journal_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("journal.db"), vec![b'x'; 20_000]).unwrap();
    assert!(matches!(refusal(folder.path()), Error::Damaged { .. }));
}

#[test]
fn an_index_that_is_damaged_or_of_another_format_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 3);
    fs::write(folder.path().join("index.db"), vec![b'x'; 20_000]).unwrap();
    let opened = sqlite::open(folder.path()).unwrap();
    assert!(opened.rebuilt.unwrap().contains("index.db"));
    let file = Connection::open(folder.path().join("index.db")).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    drop((file, opened.journal, opened.index));
    assert!(sqlite::open(folder.path()).unwrap().rebuilt.is_some());
    assert!(sqlite::open(folder.path()).unwrap().rebuilt.is_none());
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let error = refusal(&folder.path().join("file/data"));
    assert!(error.to_string().contains("file/data"), "{error}");
}

#[test]
fn a_full_disk_loses_nothing_that_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut mason = filled(folder.path(), 20);
    {
        let mut opened = sqlite::open(folder.path()).unwrap();
        opened.journal.limit_pages(8).unwrap();
        let mut stored = 40;
        let error = loop {
            let block = mason.block(&["c/1"; 3000]);
            match opened.journal.append(&block, &[]) {
                Ok(()) => stored = block.last,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::DiskFull { .. }), "{error}");
        assert_eq!(opened.journal.tip().unwrap().last, stored);
    }
    let opened = sqlite::open(folder.path()).unwrap();
    verify(&*opened.journal.reader().unwrap(), |_, _| Ok(())).unwrap();
}

#[test]
fn nothing_but_the_block_and_its_vault_rows_is_written_on_the_way_to_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = sqlite::open(folder.path()).unwrap();
    let mut mason = Mason::default();
    let before = opened.journal.changes();
    opened.journal.append(&mason.block(&["a/1", "b/1", "c/1"]), &[]).unwrap();
    assert_eq!(opened.journal.changes() - before, 1, "one row for the block");
    let id = "00000000-0000-4000-8000-000000000001".parse().unwrap();
    let row = VaultRow { id, subject: None, kind: "note".into(), content: vec![1] };
    opened.journal.append(&mason.block(&["a/1"]), &[row]).unwrap();
    assert_eq!(opened.journal.changes() - before, 3, "one for the block, one for the vault");
}

#[test]
fn a_backup_is_taken_while_writing_goes_on_and_can_be_opened() {
    let (folder, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut opened = sqlite::open(folder.path()).unwrap();
    let mut mason = Mason::default();
    (0..100).for_each(|_| opened.journal.append(&mason.block(&["a/1"; 50]), &[]).unwrap());
    let copy = to.path().join("copy");
    std::thread::scope(|scope| {
        let backup = scope.spawn(|| sqlite::backup(folder.path(), &copy));
        (0..50).for_each(|_| opened.journal.append(&mason.block(&["a/1"; 50]), &[]).unwrap());
        backup.join().unwrap().unwrap();
    });
    let restored = sqlite::open(&copy).unwrap();
    let verified = verify(&*restored.journal.reader().unwrap(), |_, _| Ok(())).unwrap();
    assert!((5_000..=7_500).contains(&verified.facts) && verified.facts.is_multiple_of(50));
    let first = |journal: &sqlite::SqliteJournal| journal.reader().unwrap().block_after(0).unwrap();
    assert_eq!(first(&restored.journal), first(&opened.journal));
    let again = sqlite::backup(folder.path(), &copy);
    assert!(matches!(again, Err(Error::Exists { .. })), "a backup overwrites nothing");
}

#[test]
fn a_backup_is_read_before_anybody_has_opened_it() {
    let (folder, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut opened = sqlite::open(folder.path()).unwrap();
    opened.journal.append(&Mason::default().block(&["a/1"]), &[]).unwrap();
    let copy = to.path().join("copy");
    sqlite::backup(folder.path(), &copy).unwrap();
    let (reader, index) = sqlite::read(&copy).unwrap();
    assert_eq!(verify(&*reader, |_, _| Ok(())).unwrap().facts, 1);
    assert_eq!(index.mark(), None);
    assert!(!copy.join("index.db").exists(), "reading makes nothing");
}

#[test]
fn a_backup_ends_while_writing_never_pauses() {
    let (folder, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut opened = sqlite::open(folder.path()).unwrap();
    let mut mason = Mason::default();
    // More pages than one step of a copy takes, so that commits fall in between.
    let id = |n: u64| format!("00000000-0000-4000-8000-{n:012x}").parse().unwrap();
    let row = |n| VaultRow { id: id(n), subject: None, kind: "a".into(), content: vec![1; 65_536] };
    for part in 0..9 {
        let rows: Vec<_> = (part * 64..part * 64 + 64).map(row).collect();
        opened.journal.append(&mason.block(&["a/1"]), &rows).unwrap();
    }
    let copy = to.path().join("copy");
    let done = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let backup = scope.spawn(|| {
            let copied = sqlite::backup(folder.path(), &copy);
            done.store(true, Relaxed);
            copied
        });
        let mut written = 0;
        // Far more commits than a copy of one moment lasts; a copy that begins anew never gets there.
        while !done.load(Relaxed) && written < 20_000 {
            opened.journal.append(&mason.block(&["a/1"]), &[]).unwrap();
            written += 1;
        }
        backup.join().unwrap().unwrap();
        written
    });
    assert!(written < 20_000, "the copy took as long as the writing");
    let names: Vec<_> = fs::read_dir(&copy).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["journal.db"]);
    let restored = sqlite::open(&copy).unwrap();
    assert!(restored.journal.reader().unwrap().vault(id(0)).unwrap().is_some());
    verify(&*restored.journal.reader().unwrap(), |_, _| Ok(())).unwrap();
}

#[test]
fn a_backup_that_was_interrupted_is_not_taken_for_one() {
    let (folder, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(folder.path(), 3);
    fs::write(to.path().join("journal.db.partial"), "half").unwrap();
    sqlite::backup(folder.path(), to.path()).unwrap();
    assert_eq!(sqlite::open(to.path()).unwrap().journal.tip().unwrap().last, 6);
    let damaged = tempfile::tempdir().unwrap();
    filled(damaged.path(), 9);
    let file = Connection::open(damaged.path().join("journal.db")).unwrap();
    file.execute("DELETE FROM blocks WHERE first = 5", []).unwrap();
    drop(file);
    let other = to.path().join("other");
    assert!(sqlite::backup(damaged.path(), &other).is_err());
    assert_eq!(fs::read_dir(other).unwrap().count(), 0, "nothing that looks like a backup");
}

#[test]
fn what_was_forgotten_stands_in_no_file_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = sqlite::open(folder.path()).unwrap();
    let mut mason = Mason::default();
    let person = "00000000-0000-4000-8000-000000000001".parse().unwrap();
    let secret = b"ada.lovelace@example.org";
    let id = "00000000-0000-4000-8000-000000000002".parse().unwrap();
    let row =
        VaultRow { id, subject: Some(person), kind: "email".into(), content: secret.repeat(500) };
    opened.journal.append(&mason.block(&["a/1"]), &[row]).unwrap();
    let stands = || {
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        files
            .filter(|file| {
                fs::read(file).unwrap().windows(secret.len()).any(|bytes| bytes == secret)
            })
            .count()
    };
    assert!(stands() > 0);
    assert_eq!(opened.journal.forget(person).unwrap(), 1);
    assert_eq!(stands(), 0);
    opened.journal.append(&mason.block(&["a/1"]), &[]).unwrap();
}

#[test]
fn a_folder_is_in_use_until_journal_and_index_have_both_ended() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite::Folder { journal, index, .. } = sqlite::open(folder.path()).unwrap();
    drop(journal);
    assert!(matches!(refusal(folder.path()), Error::InUse { .. }));
    drop(index);
    let sqlite::Folder { journal, index, .. } = sqlite::open(folder.path()).unwrap();
    drop(index);
    assert!(matches!(refusal(folder.path()), Error::InUse { .. }));
    drop(journal);
    sqlite::open(folder.path()).unwrap();
}

fn checkpoint(position: u64) -> Checkpoint {
    let places = (0..3000).map(|key| (Key(key), position)).collect();
    let mark = Mark { position, sum: 0 };
    Checkpoint { mark, places, ..Checkpoint::default() }
}

#[test]
fn damage_that_is_met_in_an_index_in_use_is_mended_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = sqlite::open(folder.path()).unwrap();
    opened.index.write(&checkpoint(1)).unwrap();
    let file = Connection::open(folder.path().join("index.db")).unwrap();
    file.execute("DELETE FROM pages WHERE id & 0xffffff = 3", []).unwrap();
    let reader = opened.index.reader().unwrap();
    assert_eq!(reader.places(Key(1), 0).unwrap(), [1]);
    assert!(matches!(reader.places(Key(1000), 0), Err(Error::Damaged { .. })));
    drop((file, reader, opened));
    let again = sqlite::open(folder.path()).unwrap();
    assert!(again.rebuilt.unwrap().contains("index.db"));
    assert_eq!(again.index.mark(), None);
    drop((again.journal, again.index));
    assert!(sqlite::open(folder.path()).unwrap().rebuilt.is_none());
}

#[test]
fn another_program_reads_on_while_the_owner_merges() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = sqlite::open(folder.path()).unwrap();
    (1..=7).for_each(|position| opened.index.write(&checkpoint(position)).unwrap());
    let (_, alone) = sqlite::read(folder.path()).unwrap();
    assert_eq!(alone.mark().unwrap().position, 7);
    (8..=30).for_each(|position| opened.index.write(&checkpoint(position)).unwrap());
    assert_eq!(alone.mark().unwrap().position, 7, "as far as it knows the places");
    let places = alone.places(Key(1000), 0).unwrap();
    assert_eq!(places[..7], [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(alone.mark().unwrap().position, places.len() as u64);
}
