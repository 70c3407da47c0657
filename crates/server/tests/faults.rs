//! A disk that fails or is full, at any call: the program ends with a clear word, loses nothing that it
//! has acknowledged, and goes on when the disk is well again.

mod trade;

use commerce::customers::CustomerCommand;
use engine::Ask;
use flows::Command as ShopCommand;
use journal::{RawLine, VaultRow};
use kernel::{CommandId, PersonId, Position, VaultId};
use serde_json::{Map, Value as Json};
use server::shop::RunningShop;
use std::{
    collections::BTreeMap,
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/fault.c");
/// Rows of the trade that are played.
const ROWS: usize = 120;
/// Calls at which a replay meets the fault, each with both kinds.
const SWEPT: u64 = 16;
/// The same for the clients who note what they were told.
const SWEPT_CLIENTS: u64 = 12;
/// Calls in which a journal is made, and begins.
const FIRST_CALLS: u64 = 12;
const KINDS: [&str; 2] = ["EIO", "ENOSPC"];
const PATIENCE: Duration = Duration::from_secs(120);
/// A run that has met a fault may take so long to end.
const PATIENCE_AFTER_FAULT: Duration = Duration::from_secs(20);
/// What a run measures is its own; all else must be the same.
const MEASURED: [&str; 9] = [
    "seconds",
    "check_seconds",
    "orders_per_second",
    "facts_per_second",
    "journal_bytes",
    "journal_bytes_per_fact",
    "index_bytes",
    "peak_rss_bytes",
    "complaints",
];

/// The library, compiled here; none where there is no compiler, which CI does not let pass.
fn library(folder: &Path) -> Option<PathBuf> {
    let library = folder.join("fault.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .args([library.as_os_str(), SOURCE.as_ref(), "-ldl".as_ref()])
        .output();
    match compiled {
        Ok(done) => {
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            Some(library)
        }
        Err(error) => {
            assert!(env::var_os("CI").is_none(), "faults cannot be tried without cc: {error}");
            eprintln!("skipped: faults cannot be tried without cc ({error})");
            None
        }
    }
}

/// Which call fails, and how.
#[derive(Clone, Copy, Debug)]
struct Fault {
    /// Counted from 1; 0: none, and all are counted.
    nth: u64,
    kind: &'static str,
    /// All from there on.
    on: bool,
    /// Only of files with this in their path.
    part: &'static str,
}

const NONE: Fault = Fault { nth: 0, kind: "EIO", on: false, part: "" };

/// A spread of faults over so many calls: both kinds, once and for good.
fn spread(calls: u64, swept: u64, part: &'static str) -> Vec<Fault> {
    let faults = (0..swept).flat_map(|step| {
        let nth = 1 + step * calls / swept;
        KINDS.map(|kind| Fault { nth, kind, on: step % 2 == 1, part })
    });
    faults.collect()
}

/// How a run with a fault ended.
struct Ended {
    /// None: it hung, and was killed.
    code: Option<i32>,
    said: String,
    /// The call and the file that failed first, if one has.
    failed: Option<String>,
    /// Calls that were counted.
    calls: u64,
}

fn run_with(mut command: Command, library: &Path, data: &Path, fault: Fault) -> Ended {
    let report = data.with_extension("faults");
    let said = data.with_extension("said");
    let stderr = fs::File::create(&said).expect("the folder is writable");
    let mut child = command
        .env("LD_PRELOAD", library)
        .env("CARTAGE_FAULT_PREFIX", data.join(""))
        .env("CARTAGE_FAULT_PART", fault.part)
        .env("CARTAGE_FAULT_NTH", fault.nth.to_string())
        .env("CARTAGE_FAULT_KIND", fault.kind)
        .env("CARTAGE_FAULT_ON", if fault.on { "1" } else { "" })
        .env("CARTAGE_FAULT_REPORT", &report)
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .expect("the program starts");
    let read = || fs::read_to_string(&report).unwrap_or_default();
    let (begin, mut met) = (Instant::now(), None);
    let code = loop {
        if let Some(status) = child.try_wait().expect("it was started") {
            break Some(status.code().unwrap_or(-1));
        }
        if met.is_none() && read().contains("failed") {
            met = Some(Instant::now());
        }
        assert!(begin.elapsed() < PATIENCE, "{fault:?}: it does not end");
        if met.is_some_and(|met: Instant| met.elapsed() > PATIENCE_AFTER_FAULT) {
            child.kill().expect("it was running");
            child.wait().expect("it was started");
            break None;
        }
        // It is another process that is waited for, and this one has nothing else to do.
        thread::park_timeout(Duration::from_millis(5));
    };
    let report = read();
    let mut lines = report.lines();
    let calls = lines.next().and_then(|calls| calls.parse().ok()).unwrap_or_default();
    let said = fs::read_to_string(&said).expect("it was made");
    Ended { code, said, failed: lines.next().map(str::to_owned), calls }
}

fn replay(trade: &Path, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cartage"));
    command.arg("replay").arg(trade).arg("--data").arg(data);
    command.arg("--report").arg(data.with_extension("json"));
    command
}

fn report_of(data: &Path) -> Map<String, Json> {
    let text = fs::read_to_string(data.with_extension("json")).expect("it has written its report");
    let Json::Object(mut found) = serde_json::from_str(&text).expect("it is JSON") else {
        panic!("the report is no object: {text}");
    };
    MEASURED.iter().for_each(|name| drop(found.remove(*name)));
    found
}

/// Says which file, and what is wrong with it; and nothing that only its makers understand.
fn must_be_clear(fault: Fault, ended: &Ended) {
    let Ended { said, failed, .. } = ended;
    assert!(!said.contains("panicked"), "{fault:?} ({failed:?}): {said}");
    let file = ["journal.db", "index.db", "views.db", "letters.db", "LOCK"];
    assert!(file.iter().any(|file| said.contains(file)), "{fault:?} ({failed:?}): {said}");
    let reason = ["disk I/O error", "no room left on the disk", "disk is full", "os error"];
    assert!(reason.iter().any(|reason| said.contains(reason)), "{fault:?} ({failed:?}): {said}");
}

/// Runs every fault, two at a time.
fn each(faults: &[Fault], run: impl Fn(usize, Fault) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((nth, fault)) =
                    Some(next.fetch_add(1, Relaxed)).and_then(|nth| Some((nth, faults.get(nth)?)))
                {
                    run(nth, *fault);
                }
            });
        }
    });
}

#[test]
fn a_replay_on_a_failing_disk_ends_with_a_clear_word_and_goes_on_when_the_disk_is_well() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let Some(library) = library(folder.path()) else { return };
    let trade = trade::beginning(folder.path(), ROWS);
    let whole = folder.path().join("whole");
    let undisturbed = run_with(replay(&trade, &whole), &library, &whole, NONE);
    assert_eq!(undisturbed.code, Some(0), "{}", undisturbed.said);
    let expected = report_of(&whole);
    let (stopped, hung) = (AtomicUsize::new(0), AtomicUsize::new(0));
    each(&spread(undisturbed.calls, SWEPT, ""), |nth, fault| {
        let data = folder.path().join(format!("torn-{nth}"));
        let ended = run_with(replay(&trade, &data), &library, &data, fault);
        match ended.code {
            // A write that may be tried again was, and nothing is missing.
            Some(0) => assert_eq!(report_of(&data), expected, "{fault:?}: {:?}", ended.failed),
            Some(_) => {
                stopped.fetch_add(1, Relaxed);
                must_be_clear(fault, &ended);
            }
            None => {
                hung.fetch_add(1, Relaxed);
            }
        }
        let again = replay(&trade, &data).output().expect("the program starts");
        let said = String::from_utf8_lossy(&again.stderr);
        assert!(again.status.success(), "{fault:?} ({:?}), then: {said}", ended.failed);
        // Which also says that the journal was verified, and views equal to rebuilt ones.
        assert_eq!(report_of(&data), expected, "{fault:?}: {:?}", ended.failed);
    });
    let (stopped, hung) = (stopped.into_inner(), hung.into_inner());
    assert!(stopped >= SWEPT as usize / 2, "{stopped} runs only have met their fault");
    assert_eq!(hung, 0, "every run ends by itself");
}

/// The mode that a file of SQLite is in stands in its header: 2 where it has a write-ahead log.
fn has_log(file: &Path) -> bool {
    fs::read(file).is_ok_and(|bytes| bytes.get(18..20) == Some(&[2, 2]))
}

#[test]
fn a_journal_is_made_with_its_log_or_not_at_all() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let Some(library) = library(folder.path()) else { return };
    let trade = trade::beginning(folder.path(), 1);
    let first = (1..=FIRST_CALLS)
        .flat_map(|nth| KINDS.map(|kind| Fault { nth, kind, on: false, part: "journal.db" }));
    each(&first.collect::<Vec<_>>(), |nth, fault| {
        let data = folder.path().join(format!("torn-{nth}"));
        let ended = run_with(replay(&trade, &data), &library, &data, fault);
        match ended.code {
            Some(0) => assert!(has_log(&data.join("journal.db")), "{fault:?}: {:?}", ended.failed),
            Some(_) => must_be_clear(fault, &ended),
            None => panic!("{fault:?} ({:?}): it hangs", ended.failed),
        }
    });
}

const CLIENTS: u128 = 3;
const COMMANDS: u128 = 60;

/// Not a test but a program of its own, when the one below starts it: clients who note what they were
/// told, until they are told nothing more.
#[test]
fn clients_note_what_was_acknowledged() {
    let Some(data) = env::var_os("CARTAGE_FAULT_DATA") else { return };
    let notes = env::var_os("CARTAGE_FAULT_NOTES").expect("it is set with the other");
    let start = "2026-11-20T10:00:00Z".parse().expect("it is a time");
    let Ok(shop) = RunningShop::open(Path::new(&data), start) else { return };
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (shop, notes) = (&shop, &notes);
            scope.spawn(move || {
                let notes = fs::File::options().create(true).append(true).open(notes);
                let mut notes = notes.expect("it lies on a disk that is well");
                for nth in 0..COMMANDS {
                    let person = PersonId(uuid::Uuid::from_u128(client * COMMANDS + nth + 1));
                    if shop.engine.ask(meet(person)).is_err() {
                        return;
                    }
                    notes.write_all(format!("{person}\n").as_bytes()).expect("its disk is well");
                }
            });
        }
    });
}

fn meet(person: PersonId) -> Ask<flows::Shop> {
    let command = CustomerCommand::Meet { country: "France".into(), email: None };
    let mut ask = Ask::by_system(CommandId(person.0), ShopCommand::Customer(person, command));
    ask.vault.push(VaultRow {
        id: VaultId(person.0),
        subject: Some(person),
        kind: "email".to_owned(),
        content: b"somebody@example.org".to_vec(),
    });
    ask
}

fn clients(data: &Path) -> Command {
    let mut command = Command::new(env::current_exe().expect("this is a program"));
    command.args(["--exact", "clients_note_what_was_acknowledged"]);
    command.env("CARTAGE_FAULT_DATA", data);
    command.env("CARTAGE_FAULT_NOTES", data.with_extension("notes"));
    command
}

/// How often each person was met, as the journal tells; each with what the vault has of him.
fn met(data: &Path) -> BTreeMap<PersonId, usize> {
    // What the log has is brought home, as at every start.
    drop(journal::sqlite::open(data).expect("the disk is well again"));
    let (reader, _) = journal::sqlite::read(data).expect("there is a journal");
    let (mut met, mut after): (BTreeMap<PersonId, usize>, Position) = (BTreeMap::new(), 0);
    while let Some(block) = reader.block_after(after).expect("it can be read") {
        for line in block.text().expect("it is whole").lines() {
            let fact = RawLine::read(line).expect("it is a fact");
            let person = fact.stream.strip_prefix("person/").expect("nothing else happens");
            let person = person.parse().expect("it is an id");
            *met.entry(person).or_default() += 1;
            assert_eq!(reader.vault_of(person).expect("it can be read").len(), 1, "{person}");
        }
        after = block.last;
    }
    met
}

#[test]
fn nothing_that_was_acknowledged_is_lost_on_a_failing_disk() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let Some(library) = library(folder.path()) else { return };
    let whole = folder.path().join("whole");
    let counted = Fault { part: "journal.db", ..NONE };
    let undisturbed = run_with(clients(&whole), &library, &whole, counted);
    let noted = |data: &Path| -> Vec<PersonId> {
        let notes = fs::read_to_string(data.with_extension("notes")).unwrap_or_default();
        notes.lines().map(|line| line.parse().expect("it was noted whole")).collect()
    };
    assert_eq!(noted(&whole).len() as u128, CLIENTS * COMMANDS, "{}", undisturbed.said);
    let cut_short = AtomicUsize::new(0);
    each(&spread(undisturbed.calls, SWEPT_CLIENTS, "journal.db"), |nth, fault| {
        let data = folder.path().join(format!("torn-{nth}"));
        let ended = run_with(clients(&data), &library, &data, fault);
        let noted = noted(&data);
        cut_short.fetch_add(usize::from((noted.len() as u128) < CLIENTS * COMMANDS), Relaxed);
        let met = met(&data);
        for person in &noted {
            let count = met.get(person).copied();
            assert_eq!(count, Some(1), "{fault:?} ({:?}): {person}", ended.failed);
        }
        assert!(met.values().all(|count| *count == 1), "{fault:?}: somebody was met twice");
    });
    let cut_short = cut_short.into_inner();
    assert!(cut_short >= SWEPT_CLIENTS as usize, "{cut_short} runs only were cut short");
}
