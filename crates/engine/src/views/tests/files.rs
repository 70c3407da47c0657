//! The file may be lost, damaged or somebody else's: it is built again.

use super::toy::*;
use crate::views::*;
use std::{
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::PathBuf,
    thread,
};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("views.db")
    }

    fn store(&self) -> Store {
        Store::open(&self.file()).unwrap()
    }
}

/// A house over a file with 300 facts in it.
fn house(folder: &Folder) -> House {
    let mut house = House::over(folder.store());
    let mut runner = house.runner(&views());
    house.happens(chance(1, 300));
    house.catch_up(&mut runner);
    house
}

/// The program ends, something happens to the file, and the program starts again.
fn again(folder: &Folder, mut house: House, harm: impl FnOnce()) -> House {
    house.store = Store::in_memory().unwrap();
    harm();
    house.store = folder.store();
    house
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let folder = Folder::new();
    let house = house(&folder);
    let sum = house.reader().checksum::<Jars>().unwrap();
    let house = again(&folder, house, || {});
    assert_eq!(house.store.rebuilt(), None);
    let mut runner = house.runner(&views());
    assert_eq!(runner.position(), 300);
    house.catch_up(&mut runner);
    assert_eq!(house.reader().checksum::<Jars>().unwrap(), sum);
    assert_eq!(Reader::open(&folder.file()).unwrap().checksum::<Jars>().unwrap(), sum);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn a_missing_file_is_built_again() {
    let folder = Folder::new();
    let house = house(&folder);
    let house = again(&folder, house, || fs::remove_file(folder.file()).unwrap());
    let mut runner = house.runner(&views());
    assert_eq!(runner.position(), 0);
    house.catch_up(&mut runner);
    assert_eq!(house.reader().position::<Labels>().unwrap(), 300);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn a_damaged_file_is_deleted_and_built_again() {
    for (at, what) in [(0, "no header"), (100, "no schema")] {
        let folder = Folder::new();
        let house = house(&folder);
        let house = again(&folder, house, || {
            let mut file = OpenOptions::new().write(true).open(folder.file()).unwrap();
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(&[0x5a; 4000]).unwrap();
        });
        assert!(house.store.rebuilt().unwrap().contains("views.db"), "{what}");
        let mut runner = house.runner(&views());
        assert!(house.alarm("views_rebuilt").is_some());
        house.catch_up(&mut runner);
        house.assert_equal_to_rebuilt(&views());
    }
}

#[test]
fn a_file_of_another_format_is_deleted_and_built_again() {
    for harm in ["PRAGMA user_version = 99", "DROP TABLE \"jars@1\"", "DROP TABLE views"] {
        let folder = Folder::new();
        let house = house(&folder);
        house.meddle(harm);
        let house = again(&folder, house, || {});
        assert!(house.store.rebuilt().is_some(), "{harm}");
        let mut runner = house.runner(&views());
        house.catch_up(&mut runner);
        house.assert_equal_to_rebuilt(&views());
    }
}

#[test]
fn damage_that_shows_while_writing_condemns_the_file() {
    let folder = Folder::new();
    let house = house(&folder);
    let damaged = || Error::Damaged { file: folder.file(), what: "a page".to_owned() };
    assert!(house.store.write::<()>(|_| Err(damaged())).is_err());
    let house = again(&folder, house, || {});
    assert!(house.store.rebuilt().is_some());
    let mut runner = house.runner(&views());
    house.catch_up(&mut runner);
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn views_of_another_journal_are_built_again() {
    let mut house = House::new();
    let mut runner = house.runner(&views());
    house.happens([filled(1, 5), filled(2, 5)]);
    house.catch_up(&mut runner);
    for facts in [vec![filled(1, 5)], vec![filled(9, 9), filled(2, 5)]] {
        let mut restored = House::over(house.store.clone());
        restored.happens(facts);
        let mut runner = restored.runner(&views());
        assert!(restored.alarm("views_rebuilt").unwrap().contains("not in this journal"));
        restored.catch_up(&mut runner);
        restored.assert_equal_to_rebuilt(&views());
    }
}

#[test]
fn a_file_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    let file = folder.0.path().join("nowhere/views.db");
    let Err(error) = Store::open(&file) else { panic!("it cannot be made") };
    assert!(error.to_string().contains("nowhere/views.db"), "{error}");
}

#[test]
fn a_view_that_the_program_no_longer_has_is_forgotten() {
    let house = House::new();
    drop(house.runner(&views()));
    drop(house.runner(&Views::new().with::<Labels>()));
    assert!(matches!(house.reader().get::<Jars>(""), Err(Error::NotBuilt { .. })));
}

#[test]
fn many_read_while_one_writes() {
    let folder = Folder::new();
    let mut house = house(&folder);
    let mut runner = house.runner(&views());
    let reader = house.reader();
    thread::scope(|scope| {
        let walk = || {
            for _ in 0..20 {
                let (mut keys, query) = (Vec::new(), Query::new().descending("amount"));
                reader.list::<Jars>(&query).unwrap();
                reader.all::<Jars>(|key, _| keys.push(key)).unwrap();
                assert!(keys.is_sorted());
            }
        };
        let readers = [scope.spawn(walk), scope.spawn(walk)];
        for round in 0..20 {
            house.happens(chance(round, 50));
            house.catch_up(&mut runner);
            if round == 10 {
                runner.rebuild("jars").unwrap();
            }
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
    house.assert_equal_to_rebuilt(&views());
}

#[test]
fn a_file_that_was_being_written_when_the_machine_went_down_is_built_again() {
    let folder = Folder::new();
    let mark = folder.0.path().join("views.db-boot");
    let mut first = house(&folder);
    if !mark.exists() {
        println!("skipped: this machine does not tell its starts apart, and the file is synced");
        return;
    }
    let views = views();
    let mut runner = first.runner(&views);
    first.catch_up(&mut runner);
    // The program ends, however it does: what it wrote is there.
    let boot = fs::read_to_string(&mark).unwrap();
    assert_eq!(folder.store().rebuilt(), None);
    // The machine does.
    fs::write(&mark, "another start").unwrap();
    let store = folder.store();
    assert!(store.rebuilt().unwrap().contains("went down"), "{:?}", store.rebuilt());
    assert_eq!(fs::read_to_string(&mark).unwrap(), boot);
    first.store = store;
    let mut runner = first.runner(&views);
    first.catch_up(&mut runner);
    first.assert_equal_to_rebuilt(&views);
}

#[test]
fn a_file_that_was_closed_outlives_the_machine() {
    let folder = Folder::new();
    let mut house = house(&folder);
    let mut runner = house.runner(&views());
    house.catch_up(&mut runner);
    drop(runner);
    house.store = Store::in_memory().unwrap();
    assert!(!folder.0.path().join("views.db-boot").exists());
    assert_eq!(folder.store().rebuilt(), None);
}
