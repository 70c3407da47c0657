//! A backup that is taken while orders are placed holds all of a shop up to one moment, and what is
//! restored from it is that shop, without whoever wanted to be forgotten.

mod trade;

use commerce::{customers::CustomerCommand, orders::OrderFact};
use engine::{
    Ask, Limits,
    handlers::{BoxFuture, Call, Failure, Handler, Request},
};
use flows::{Command as ShopCommand, Fact, Shop};
use gateways::{SimulatedCarrier, SimulatedProvider};
use journal::VaultRow;
use kernel::{CommandId, PersonId, Position, Recorded, Timestamp, VaultId};
use serde_json::Value as Json;
use server::{
    backup::{self, BackupError, MANIFEST, Manifest},
    replay::{self, Progress},
    shop::RunningShop,
    view_tools,
};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::Command,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

const ROWS: usize = 1500;
const PATIENCE: Duration = Duration::from_secs(120);
/// The letter of every order that is placed.
const LETTER: &str = "write-to-nobody";

/// A handler whose requests all become letters.
struct NoMail;

impl Handler<Shop> for NoMail {
    fn name(&self) -> &'static str {
        LETTER
    }

    fn provider(&self) -> &'static str {
        "post"
    }

    fn request(&self, recorded: &Recorded<Shop>) -> Option<Request> {
        let Fact::Order(_, OrderFact::Placed { .. }) = &recorded.fact else { return None };
        let key = recorded.stream().to_string();
        Some(Request { key, body: "thanks".into(), reference: None })
    }

    fn call<'a>(&'a self, _: Call<'a>) -> BoxFuture<'a, Result<Vec<ShopCommand>, Failure>> {
        Box::pin(async { Err(Failure::Permanent("there is no post office".to_owned())) })
    }

    fn gave_up(&self, _: &Request, _: &str) -> Vec<ShopCommand> {
        Vec::new()
    }
}

struct Silent;

impl Progress for Silent {
    fn played(&mut self, _: usize, _: Timestamp) {}
}

fn cartage(args: &[&std::ffi::OsStr]) -> Json {
    let done = Command::new(env!("CARGO_BIN_EXE_cartage")).args(args).output();
    let done = done.expect("the program starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("it is JSON")
}

/// A backup by a program of its own, as soon as the journal has grown by so many bytes.
fn back_up_when_grown(data: &Path, to: &Path, more: u64) -> Manifest {
    let size = || journal::sqlite::file_size(&data.join("journal.db"));
    let (before, begin) = (size(), Instant::now());
    while size() < before + more {
        assert!(begin.elapsed() < PATIENCE, "the journal does not grow");
        thread::yield_now();
    }
    let args = ["backup".as_ref(), to.as_os_str(), "--data".as_ref(), data.as_os_str()];
    let told = cartage(&[&args[..], &["--json".as_ref()]].concat());
    serde_json::from_value(told).expect("it tells the manifest")
}

fn lines(data: &Path, until: Position) -> Vec<String> {
    let (reader, _) = journal::sqlite::read(data).expect("there is a journal");
    let (mut lines, mut after) = (Vec::new(), 0);
    while after < until
        && let Some(block) = reader.block_after(after).expect("it can be read")
    {
        lines.extend(block.text().expect("it is whole").lines().map(str::to_owned));
        after = block.last;
    }
    lines
}

fn restored(from: &Path, to: &Path) -> Position {
    let args = ["restore".as_ref(), from.as_os_str(), "--data".as_ref(), to.as_os_str()];
    let told = cartage(&[&args[..], &["--json".as_ref()]].concat());
    told["position"].as_u64().expect("it tells the position")
}

fn letters(data: &Path) -> usize {
    let args = ["letters".as_ref(), "list".as_ref(), "--data".as_ref(), data.as_os_str()];
    let told = cartage(&[&args[..], &["--json".as_ref()]].concat());
    let items = told["items"].as_array().expect("it tells the letters");
    assert!(items.iter().all(|letter| letter["handler"] == LETTER));
    items.len()
}

#[test]
fn backups_under_load_are_the_shop_as_it_was_at_their_positions() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plan = replay::trade::read(&trade::beginning(folder.path(), ROWS), None);
    let plan = plan.expect("the trade can be read");
    let data = folder.path().join("data");
    let outside: server::shop::Outside = vec![
        Arc::new(SimulatedProvider::default()),
        Arc::new(SimulatedCarrier::default()),
        Arc::new(NoMail),
    ];
    let shop = RunningShop::open_with(&data, plan.events[0].at, Limits::default(), outside);
    let shop = shop.expect("the folder is new");
    fs::write(data.join("identity.json"), "{\"key\":\"hash\"}").expect("the folder is writable");
    let names = ["one", "two", "three"];
    let (manifests, orders) = thread::scope(|scope| {
        let playing = scope.spawn(|| {
            let ended = replay::play(&shop, &plan, &AtomicBool::new(false), &mut Silent);
            ended.expect("the shop goes on while it is copied").complete
        });
        let backups = names.map(|name| {
            let manifest = back_up_when_grown(&data, &folder.path().join(name), 10_000);
            assert!(!playing.is_finished(), "the trade is too short for backup {name}");
            manifest
        });
        assert!(playing.join().expect("it does not panic"), "it was not stopped");
        (backups, plan.orders.len())
    });
    shop.settle().expect("handlers and views come level");
    shop.stop().expect("nothing is wrong with it");
    let at_rest = folder.path().join("at-rest");
    back_up_when_grown(&data, &at_rest, 0);
    let whole = lines(&data, Position::MAX);
    for (name, manifest) in names.iter().zip(&manifests) {
        let (from, to) = (folder.path().join(name), folder.path().join(format!("{name}-restored")));
        let position = restored(&from, &to);
        assert_eq!(position, manifest.position);
        assert!(position > 0 && position < whole.len() as Position);
        assert_eq!(lines(&to, Position::MAX), whole[..position as usize], "{name}");
        let (tip, views) = view_tools::list(&to).expect("they were built");
        assert_eq!(tip, position, "restoring adds nothing");
        let level =
            |view: &engine::views::Listed| view.stored.is_some_and(|(at, _)| at == position);
        assert!(views.iter().all(level), "{position}: {views:?}");
        assert_eq!(view_tools::check(&to).expect("they can be read").different, 0);
        assert_eq!(
            fs::read(to.join("identity.json")).expect("it was there"),
            fs::read(data.join("identity.json")).expect("it is there")
        );
    }
    let counts: Vec<usize> =
        names.iter().map(|name| letters(&folder.path().join(format!("{name}-restored")))).collect();
    // How many there were by then depends on the machine.
    assert!(counts.is_sorted() && counts[2] <= orders, "{counts:?} of {orders}");
    let restored_at_rest = folder.path().join("at-rest-restored");
    restored(&at_rest, &restored_at_rest);
    assert_eq!(letters(&restored_at_rest), orders, "a backup at rest has them all");
    assert_eq!(letters(&data), orders, "every order has a letter in the end");
}

fn person(number: u128) -> PersonId {
    PersonId(uuid::Uuid::from_u128(number))
}

fn tell(shop: &RunningShop, person: PersonId, command: CustomerCommand, about: Option<&str>) {
    let id = CommandId(uuid::Uuid::new_v4());
    let mut ask = Ask::by_system(id, ShopCommand::Customer(person, command));
    ask.vault.extend(about.map(|text| VaultRow {
        id: VaultId(uuid::Uuid::new_v4()),
        subject: Some(person),
        kind: "email".to_owned(),
        content: text.as_bytes().to_vec(),
    }));
    shop.engine.ask(ask).expect("it runs").expect("nobody refuses");
}

#[test]
fn whoever_was_forgotten_does_not_come_back_with_an_older_backup() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let (data, from) = (folder.path().join("data"), folder.path().join("backup"));
    let start = "2026-11-20T10:00:00Z".parse().expect("it is a time");
    let shop = RunningShop::open(&data, start).expect("the folder is new");
    let meet = || CustomerCommand::Meet { country: "France".into(), email: None };
    let mails = ["anne@example.org", "bert@example.org", "cleo@example.org"];
    for (number, mail) in (1..).zip(mails) {
        tell(&shop, person(number), meet(), Some(mail));
    }
    tell(&shop, person(1), CustomerCommand::Forget, None);
    backup::make(&data, &from).expect("it can be taken while the shop runs");
    tell(&shop, person(2), CustomerCommand::Forget, None);
    shop.stop().expect("nothing is wrong with it");

    let list = folder.path().join("forgotten.jsonl");
    let exported = Command::new(env!("CARGO_BIN_EXE_cartage"))
        .args(["journal", "export", "--type", "customers/forgotten@1", "--data"])
        .arg(&data)
        .output()
        .expect("the program starts");
    fs::write(&list, exported.stdout).expect("the folder is writable");
    let newer = backup::read_forgotten(&list).expect("it was exported");
    assert_eq!(newer, BTreeSet::from([person(1), person(2)]));

    for (name, newer, left) in
        [("without", BTreeSet::new(), &mails[1..]), ("with", newer, &mails[2..])]
    {
        let to = folder.path().join(name);
        let told = backup::restore(&from, &to, &newer).expect("it is whole");
        assert_eq!(told.rows_deleted, mails.len() - left.len());
        let bytes = fs::read(to.join("journal.db")).expect("it is there");
        for mail in mails {
            let found = bytes.windows(mail.len()).any(|window| window == mail.as_bytes());
            assert_eq!(found, left.contains(&mail), "{mail} {name} the newer list");
        }
    }
}

fn small_backup(folder: &Path) -> std::path::PathBuf {
    let (data, from) = (folder.join("data"), folder.join("backup"));
    let start = "2026-11-20T10:00:00Z".parse().expect("it is a time");
    let shop = RunningShop::open(&data, start).expect("the folder is new");
    let meet = CustomerCommand::Meet { country: "France".into(), email: None };
    tell(&shop, person(1), meet, None);
    shop.stop().expect("nothing is wrong with it");
    backup::make(&data, &from).expect("the folder is at rest");
    from
}

#[test]
fn a_backup_that_is_not_what_it_was_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let from = small_backup(folder.path());
    let to = folder.path().join("restored");
    let none = BTreeSet::new();
    let whole = fs::read(from.join("journal.db")).expect("it is there");
    let mut flipped = whole.clone();
    flipped[5000] ^= 1;
    for damaged in [flipped, whole[..8192].to_vec()] {
        fs::write(from.join("journal.db"), damaged).expect("the folder is writable");
        let refused = backup::restore(&from, &to, &none).expect_err("it is damaged");
        assert!(matches!(refused, BackupError::Differs { .. }), "{refused}");
        assert!(!to.exists());
    }
    fs::write(from.join("journal.db"), whole).expect("the folder is writable");
    let manifest = fs::read_to_string(from.join(MANIFEST)).expect("it is there");
    let escaping = manifest.replace("\"letters.db\"", "\"../letters.db\"");
    for bad in [escaping, manifest.replace("\"format\": 1", "\"format\": 2"), "{".to_owned()] {
        fs::write(from.join(MANIFEST), bad).expect("the folder is writable");
        let refused = backup::restore(&from, &to, &none).expect_err("the manifest is bad");
        assert!(matches!(refused, BackupError::BadManifest { .. }), "{refused}");
    }
    fs::remove_file(from.join(MANIFEST)).expect("it is there");
    let refused = backup::restore(&from, &to, &none).expect_err("it was cut off");
    assert!(matches!(refused, BackupError::NoManifest { .. }), "{refused}");
    let left: Vec<_> = fs::read_dir(folder.path()).expect("it is there").flatten().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn nothing_is_written_over_what_is_there() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let from = small_backup(folder.path());
    let data = folder.path().join("data");
    let again = backup::make(&data, &from).expect_err("there is one already");
    assert!(matches!(again, BackupError::NotEmpty { .. }), "{again}");
    let over = backup::restore(&from, &data, &BTreeSet::new()).expect_err("a shop is there");
    assert!(matches!(over, BackupError::NotEmpty { .. }), "{over}");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("the folder is writable");
    backup::restore(&from, &empty, &BTreeSet::new()).expect("an empty folder is as good as none");
    let nothing = backup::make(&folder.path().join("none"), &folder.path().join("x"));
    assert!(matches!(nothing, Err(BackupError::Journal(journal::Error::NoJournal { .. }))));
    assert!(!folder.path().join("none").exists(), "looking makes nothing");
}
